# Generated from specs/messages (sha256 5c63d58274fd). DO NOT EDIT.
# Regenerate: nox -s generate
"""triglot Anthropic Messages."""
