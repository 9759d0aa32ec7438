# Generated from specs/chat (sha256 2d6ca2389273). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
