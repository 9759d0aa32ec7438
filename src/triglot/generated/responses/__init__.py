# Generated from specs/responses (sha256 edbec081952e). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
