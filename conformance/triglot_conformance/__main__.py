"""`python -m triglot_conformance` is `triglot conform` and its sisters, without the gateway."""

import sys

from triglot_conformance.cli import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m triglot_conformance"))
