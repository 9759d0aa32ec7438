# Generated from specs/control (sha256 670e4c7268ab). DO NOT EDIT.
# Regenerate: nox -s generate
"""Control of triglot."""
