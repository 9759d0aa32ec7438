# Generated from specs/responses (sha256 c9e40114c41b). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
