# Generated from specs/messages (sha256 ae408b7f4728). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
