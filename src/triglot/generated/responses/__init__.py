# Generated from specs/responses (sha256 4bbc7d39bcbb). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
