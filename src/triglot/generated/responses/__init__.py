# Generated from specs/responses (sha256 472f3651a54b). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
