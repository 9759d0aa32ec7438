"""Turns what passes between a client and a server into cases."""
