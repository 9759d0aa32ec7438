"""What the specs say, and checks against it; nothing here does I/O but reading specs."""
