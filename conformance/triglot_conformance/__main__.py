"""Command line: `python -m triglot_conformance check` and `... replay -- COMMAND`.

Exit status: 0 when all is as expected, 1 when a case is not, 2 when the run itself could not be done.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from triglot_conformance import locations
from triglot_conformance.case import CaseError, load_cases
from triglot_conformance.contract.contract import Contract
from triglot_conformance.known import KnownFailingError, parse_known_failing
from triglot_conformance.replay.cuts import CUTS
from triglot_conformance.replay.gateway import GatewayError
from triglot_conformance.replay.oracle import check_expectations
from triglot_conformance.replay.replay import replay
from triglot_conformance.replay.runner import Settings
from triglot_conformance.replay.setups import load_setups
from triglot_conformance.report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

from triglot_conformance.case import Case


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parse(arguments)
    try:
        cases = _select(load_cases(options.cases), options.filter)
        return int(options.run(cases, options))
    except (CaseError, GatewayError, KnownFailingError, OSError) as error:
        print(f"triglot_conformance: {error}", file=sys.stderr)  # noqa: T201
        return 2


def _select(cases: list[Case], globs: list[str] | None) -> list[Case]:
    selected = [case for case in cases if not globs or any(fnmatchcase(case.id, glob) for glob in globs)]
    if not selected:
        raise CaseError(f"no case matches {' or '.join(globs or [])}")
    return selected


def _check(cases: list[Case], options: argparse.Namespace) -> int:
    """Hold the cases' own expectations against the contract; no server is needed."""
    contract = Contract(options.specs)
    report = Report(cases, [], verbose=options.verbose)
    for case in cases:
        report.add(case, [("expected", finding) for finding in check_expectations(case, contract)])
    return report.finish("checked")


def _replay(cases: list[Case], options: argparse.Namespace) -> int:
    known = parse_known_failing(options.known_failing.read_text(encoding="utf-8")) if options.known_failing else []
    settings = Settings(
        command=options.command,
        recordings=options.recordings,
        contract=Contract(options.specs),
        cuts=options.cut or CUTS,
        setups=load_setups(options.setups, cases),
        jobs=options.jobs,
        timeout_s=options.timeout,
    )
    cases = [case for case in cases if case.steps]
    report = Report(cases, known, verbose=options.verbose)
    started = time.monotonic()
    tracebacks = asyncio.run(replay(cases, settings, lambda result: report.add(result.case, result.findings, result.exchanges)))
    report.add_tracebacks(tracebacks)
    return report.finish(f"replayed in {time.monotonic() - started:.1f} s")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--filter", action="append", metavar="GLOB", help="only cases whose id matches; may be repeated")
    shared.add_argument("--cases", type=Path, default=locations.CASES, metavar="DIR")
    shared.add_argument("--specs", type=Path, default=locations.SPECS, metavar="DIR")
    shared.add_argument("-v", "--verbose", action="store_true", help="every finding, not only the first of each case")
    parser = argparse.ArgumentParser(
        prog="triglot_conformance", description="Conformance of Chat Completions, Responses and Messages servers."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", parents=[shared], help="hold the cases themselves against the contract")
    check.set_defaults(run=_check)
    run = commands.add_parser("replay", parents=[shared], help="play recorded backend bytes through a gateway")
    run.add_argument("--jobs", type=int, default=1, metavar="N", help="gateways to run side by side (default 1)")
    run.add_argument("--cut", action="append", choices=CUTS, help="only this cut of the backend's bytes; may be repeated")
    run.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="for one answer (default 10)")
    run.add_argument("--known-failing", type=Path, metavar="FILE", help="patterns of cases that fail, each with its reason above it")
    run.add_argument("--recordings", type=Path, default=locations.RECORDINGS, metavar="DIR")
    run.add_argument("--setups", type=Path, default=locations.SETUPS, metavar="FILE", help="how the server is set up for some cases")
    run.add_argument("command", nargs="+", help="starts the gateway; {backend_port} and {port} are put in")
    run.set_defaults(run=_replay)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
