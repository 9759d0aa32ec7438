# Generated from toy/parrot (sha256 e658ca97a450). DO NOT EDIT.
# Regenerate: nox -s generate
"""The parrot."""
