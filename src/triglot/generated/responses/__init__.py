# Generated from specs/responses (sha256 6445880842a7). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
