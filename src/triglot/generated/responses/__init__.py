# Generated from specs/responses (sha256 46539c42a4cd). DO NOT EDIT.
# Regenerate: nox -s generate
"""Responses on a local model."""
