# Generated from specs/messages (sha256 ad05ee8b649a). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
