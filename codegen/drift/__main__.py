# ruff: noqa: T201 - a command line prints
"""Command line of the drift check. Exit codes: 0 the specs match, 1 they drifted, 2 the input is broken."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codegen.drift.allow import read_allowances, sift
from codegen.drift.extract import Extractor
from codegen.drift.outline import outline
from codegen.drift.report import compare_all
from codegen.drift.roots import load_type, read_roots, version_complaints
from codegen.drift.shape import BrokenInputError
from codegen.place import SpecError

MATCHES, DRIFTED, BROKEN = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Compares the specs with the installed SDKs, or shows one SDK type.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m codegen.drift", description="Compare the specs with the types of the official SDKs.")
    parser.add_argument("--specs", type=Path, default=Path("specs"), help="the folder of the specs (default: specs)")
    parser.add_argument("--roots", type=Path, default=Path(__file__).with_name("roots.toml"), help="which SDK type belongs where")
    parser.add_argument("--dialect", help="compare only this one")
    parser.add_argument("--all", action="store_true", help="list the allowed differences too")
    parser.add_argument("--show", metavar="MODULE:TYPE", help="print an SDK type as YAML, to start a schema from")
    options = parser.parse_args(arguments)
    try:
        return show(options.show) if options.show else check(options)
    except (BrokenInputError, SpecError) as error:
        print(f"broken input: {error}", file=sys.stderr)
        return BROKEN


def show(name: str) -> int:
    """Prints the outline of an SDK type, such as `openai.types.responses:FunctionToolParam`."""
    print(outline(Extractor().shape(load_type(name), name), name.rpartition(":")[2]), end="")
    return MATCHES


def check(options: argparse.Namespace) -> int:
    """Prints what differs, one line each, and a summary."""
    complaints = version_complaints(options.specs / "upstream.toml")
    for complaint in complaints:
        print(f"{'sdk-version':<18} {complaint}")
    findings = compare_all(options.specs, read_roots(options.roots), options.dialect)
    allowances = read_allowances(options.specs / "drift-allow.toml")
    if options.dialect:
        allowances = [allowance for allowance in allowances if allowance.pointer.startswith(f"{options.dialect}/")]
    drift, stale = sift(findings.differences, allowances)
    for difference in findings.differences if options.all else drift:
        print(difference if difference in drift else f"(allowed) {difference}")
    for allowance in stale:
        print(f"{'stale-allowance':<18} drift-allow.toml: {allowance}: matches nothing any more")
    allowed = len(findings.differences) - len(drift)
    red = bool(drift or stale or complaints)
    print(
        f"{'drift' if red else 'no drift'}: {findings.compared} fields compared, {len(drift)} differences, {allowed} allowed, "
        f"{len(stale)} stale allowances, {len(complaints)} wrong SDK versions"
    )
    return DRIFTED if red else MATCHES


if __name__ == "__main__":
    sys.exit(main())
