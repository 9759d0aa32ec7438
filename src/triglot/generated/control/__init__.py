# Generated from specs/control (sha256 47596356eba5). DO NOT EDIT.
# Regenerate: nox -s generate
"""Control of triglot."""
