# Generated from specs/messages (sha256 f75f5f747cf2). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
