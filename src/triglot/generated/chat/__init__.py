# Generated from specs/chat (sha256 8f09057dfa5b). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
