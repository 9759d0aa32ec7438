# Generated from specs/chat (sha256 82f9e2cd9a02). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
