"""Sends what no case has thought of, with checks for event order and error shape."""
