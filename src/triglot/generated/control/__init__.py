# Generated from specs/control (sha256 9b6f18c8f053). DO NOT EDIT.
# Regenerate: nox -s generate
"""Control of triglot."""
