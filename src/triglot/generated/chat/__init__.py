# Generated from specs/chat (sha256 fe5402ac3fb3). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
