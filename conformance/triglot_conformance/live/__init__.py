"""Runs cases against any server and says what holds."""
