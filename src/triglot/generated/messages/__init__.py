# Generated from specs/messages (sha256 0e7dc7d9694c). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
