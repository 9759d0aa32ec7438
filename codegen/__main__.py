"""The command line: `python -m codegen [--check] [--specs DIR] [--out DIR] [--dialect NAME]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codegen.generate import generate_tree
from codegen.place import InvalidDialectError, SpecError
from codegen.write import NotGeneratedError, compare_tree, write_tree

_ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Generate, or compare; gives the exit status: 0 all is well, 1 the tree differs or a spec is wrong."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description="Generate src/triglot/generated from specs.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the tree on disk differs")
    parser.add_argument("--specs", type=Path, default=_ROOT / "specs", metavar="DIR", help="where the dialects are")
    parser.add_argument("--out", type=Path, default=_ROOT / "src" / "triglot" / "generated", metavar="DIR", help="where the packages go")
    parser.add_argument("--dialect", action="append", metavar="NAME", help="only this dialect; may be repeated")
    options = parser.parse_args(arguments)
    try:
        files, covered = generate_tree(options.specs, options.dialect)
        if options.check:
            return _check(options.out, files, covered)
        write_tree(options.out, files, covered)
    except (SpecError, InvalidDialectError, NotGeneratedError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _check(out: Path, files: dict[str, bytes], covered: list[str]) -> int:
    differences = list(compare_tree(out, files, covered))
    for difference in differences:
        sys.stdout.write(f"{difference}\n")
    if differences:
        sys.stdout.write("The generated tree is not what the specs give: run nox -s generate.\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
