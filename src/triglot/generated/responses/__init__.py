# Generated from specs/responses (sha256 54e290b72b2e). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
