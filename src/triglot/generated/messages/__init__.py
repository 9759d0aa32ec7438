# Generated from specs/messages (sha256 101bfdf087e9). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
