# Generated from specs/messages (sha256 0644ca4619cb). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
