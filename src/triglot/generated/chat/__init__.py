# Generated from specs/chat (sha256 59054c07084a). DO NOT EDIT.
# Regenerate: nox -s generate
"""Chat Completions on a local model."""
