# Generated from specs/control (sha256 1a55ee120ef4). DO NOT EDIT.
# Regenerate: nox -s generate
"""Control of triglot."""
