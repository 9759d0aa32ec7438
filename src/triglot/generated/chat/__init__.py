# Generated from specs/chat (sha256 73b59bf4d407). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
