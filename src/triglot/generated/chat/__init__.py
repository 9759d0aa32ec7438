# Generated from specs/chat (sha256 bcb568af2f89). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
