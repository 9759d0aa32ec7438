# Generated from toy/parrot (sha256 4284ed7fb6eb). DO NOT EDIT.
# Regenerate: nox -s generate
"""The parrot."""
