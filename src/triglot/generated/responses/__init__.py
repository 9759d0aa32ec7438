# Generated from specs/responses (sha256 be880ea8b0b9). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
