# Generated from specs/responses (sha256 ed837c786357). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
