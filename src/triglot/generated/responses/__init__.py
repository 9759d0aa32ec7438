# Generated from specs/responses (sha256 ce789bf57e31). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
