# Generated from specs/responses (sha256 ccad8f02f184). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
