# Generated from specs/messages (sha256 7420ddc54574). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
