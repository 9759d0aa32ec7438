# Generated from specs/responses (sha256 e8119a41d62a). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
