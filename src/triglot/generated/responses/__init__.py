# Generated from specs/responses (sha256 aefc3a7263d9). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
