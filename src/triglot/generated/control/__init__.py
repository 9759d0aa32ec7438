# Generated from specs/control (sha256 af041321b349). DO NOT EDIT.
# Regenerate: nox -s generate
"""Control of triglot."""
