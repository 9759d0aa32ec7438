# Generated from specs/messages (sha256 f649167f4c93). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
