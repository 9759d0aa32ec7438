# Generated from specs/chat (sha256 99d4e1910881). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
