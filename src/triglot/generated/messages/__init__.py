# Generated from specs/messages (sha256 12e6ef67f1b6). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
