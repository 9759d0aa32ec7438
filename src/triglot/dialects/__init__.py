"""The three dialects: requests into chat requests, neutral events into dialect events. Pure: no I/O, no clock, no randomness of its own."""
