# Generated from specs/messages (sha256 80c586091cc4). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
