"""Everything that knows the server behind triglot: its wire format, its failures, its process."""
