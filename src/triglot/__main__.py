"""`python -m triglot` is the `triglot` command."""

from triglot.cli import main

main()
