"""What outlives a request: stored responses and conversations, and the keys that seal what clients keep for us."""
