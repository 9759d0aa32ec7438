"""A small HTTP and WebSocket client and the parsers that a strict check needs."""
