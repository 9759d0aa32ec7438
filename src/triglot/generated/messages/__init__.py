# Generated from specs/messages (sha256 393ade51f304). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
