# Generated from specs/messages (sha256 190617ef26c4). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
