# Generated from specs/responses (sha256 60adc999a86f). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
