# Generated from specs/chat (sha256 900236b9b5ed). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
