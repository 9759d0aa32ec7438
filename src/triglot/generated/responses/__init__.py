# Generated from specs/responses (sha256 f4051eb16780). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
