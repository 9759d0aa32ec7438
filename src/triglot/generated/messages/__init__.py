# Generated from specs/messages (sha256 84de6b3b0e48). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
