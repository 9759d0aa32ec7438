# Generated from specs/messages (sha256 82752a8d49d8). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
