# Generated from specs/control (sha256 739b7352c6d9). DO NOT EDIT.
# Regenerate: nox -s generate
"""Control of triglot."""
