# Generated from specs/responses (sha256 b8a4ac61896b). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
