"""Plays recorded bytes of a backend through a whole gateway and compares every byte."""
