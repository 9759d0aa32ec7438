# Generated from specs/control (sha256 8582d43768eb). DO NOT EDIT.
# Regenerate: nox -s generate
"""Control of triglot."""
