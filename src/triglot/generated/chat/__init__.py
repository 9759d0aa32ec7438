# Generated from specs/chat (sha256 6db6b1d22feb). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
