# Generated from specs/messages (sha256 d322d85ad68a). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
