"""Command line: `conform`, `report` and `record` (also as `triglot conform` ...), and for the suite itself `check`, `replay` and `fuzz`.

Exit status: 0 when all is as expected, 1 when a case is not, 2 when the run itself could not be done.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
import traceback
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from triglot_conformance import conform, locations
from triglot_conformance.arguments import header, positive, seconds
from triglot_conformance.baseline import LEVELS
from triglot_conformance.case import CaseError, load_cases
from triglot_conformance.contract.contract import Contract
from triglot_conformance.fuzz import FuzzError
from triglot_conformance.fuzz import command as fuzz
from triglot_conformance.known import KnownFailingError, read_known_failing
from triglot_conformance.live.probe import UnreachableError
from triglot_conformance.live.target import TargetError
from triglot_conformance.outputs import OutputError
from triglot_conformance.record import command as recorder
from triglot_conformance.replay.cuts import CUTS, READERS
from triglot_conformance.replay.gateway import GatewayError
from triglot_conformance.replay.oracle import check_expectations
from triglot_conformance.replay.replay import replay
from triglot_conformance.replay.report import Report
from triglot_conformance.replay.runner import Settings
from triglot_conformance.replay.setups import load_setups
from triglot_conformance.reports.counts import visible
from triglot_conformance.results import ResultsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot_conformance.case import Case

_NO_RESULT, _INTERRUPTED, _UNREAD = 2, 130, 141  # the last two as shells tell it
_PROBLEMS = (CaseError, FuzzError, GatewayError, KnownFailingError, OutputError, ResultsError, TargetError, UnreachableError)


def main(arguments: Sequence[str] | None = None, *, prog: str = "triglot") -> int:
    """Run the command line and return its exit status; `prog` is what the user has called."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # findings hold whatever a server has sent
    try:
        try:
            return _run(_parse(arguments, prog), prog)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _UNREAD


def _run(options: argparse.Namespace, prog: str) -> int:
    name = f"{prog} {options.command}"
    try:
        return int(options.run(options))
    except BrokenPipeError:
        raise
    except OSError as error:
        words = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    except _PROBLEMS as error:
        words = str(error)
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)  # noqa: T201
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a bug of the suite; nobody is helped by its traceback unasked
        if options.verbose:
            traceback.print_exc()
        words = f"the suite itself failed, which is a fault of its own: {type(error).__name__}: {error}"
        words += "" if options.verbose else "; -v shows where"
    print(f"{name}: {visible(words)}", file=sys.stderr)  # noqa: T201
    return _NO_RESULT


def _select(options: argparse.Namespace) -> list[Case]:
    return load_cases(options.cases, options.filter or ("*",))


def _conform(options: argparse.Namespace) -> int:
    return conform.run(load_cases(options.cases), options)


def _report(options: argparse.Namespace) -> int:
    return conform.report(options)


def _check(options: argparse.Namespace) -> int:
    """Hold the cases' own expectations against the contract; no server is needed."""
    contract = Contract(options.specs)
    cases = _select(options)
    report = Report(cases, [], verbose=options.verbose)
    for case in cases:
        report.add(case, [("expected", finding) for finding in check_expectations(case, contract)])
    return report.finish("checked")


def _replay(options: argparse.Namespace) -> int:
    known = read_known_failing(options.known_failing)
    cases = [case for case in _select(options) if case.steps]
    settings = Settings(
        command=options.gateway,
        recordings=options.recordings,
        contract=Contract(options.specs),
        cuts=options.cut or (*CUTS, *READERS),
        seed=options.seed,
        setups=load_setups(options.setups, cases),
        jobs=options.jobs,
        timeout_s=options.timeout,
    )
    report = Report(cases, known, verbose=options.verbose)
    started = time.monotonic()
    tracebacks = asyncio.run(replay(cases, settings, lambda result: report.add(result.case, result.findings, result.exchanges)))
    report.add_tracebacks(tracebacks)
    return report.finish(f"replayed in {time.monotonic() - started:.1f} s, seed {options.seed}")


def _parse(arguments: Sequence[str] | None, prog: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=prog, description="Conformance of Chat Completions, Responses and Messages servers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    cases = _case_options()
    conforming = commands.add_parser("conform", parents=[cases], help="say what a server gets right and wrong")
    _add_target_options(conforming)
    _add_gate_options(conforming)
    _add_output_options(conforming)
    conforming.set_defaults(run=_conform)
    reporting = commands.add_parser("report", help="show the results of several runs side by side")
    reporting.add_argument("results", nargs="+", type=Path, metavar="RESULTS.json", help="written by `conform --json`")
    _add_output_options(reporting, json=False)
    _add_verbose(reporting, "every finding and every case in the terminal; and where, if the suite itself fails")
    reporting.set_defaults(run=_report)
    recording = commands.add_parser("record", help="turn what a client asks a server into cases, without its secrets")
    recorder.add_options(recording)
    _add_verbose(recording, "say where, if the suite itself fails")
    check = commands.add_parser("check", parents=[cases], help="hold the cases themselves against the contract")
    check.set_defaults(run=_check)
    _add_replay(commands.add_parser("replay", parents=[cases], help="play recorded backend bytes through a gateway"))
    fuzzing = commands.add_parser("fuzz", help="send made-up requests, valid and broken, and look what is answered")
    fuzz.add_options(fuzzing)
    _add_verbose(fuzzing, "say where, if the suite itself fails")
    options = parser.parse_args(arguments)
    if options.run is _conform and options.url is None and not options.list:
        conforming.error("the following arguments are required: URL")
    return options


def _case_options() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--filter", action="append", metavar="GLOB", help="only cases whose id matches; may be repeated")
    shared.add_argument("--cases", type=Path, default=locations.CASES, metavar="DIR", help="other cases than the suite's own")
    shared.add_argument("--specs", type=Path, default=locations.SPECS, metavar="DIR", help="another contract than the suite's own")
    _add_verbose(shared, "every finding, not only the first ones of each case; and where, if the suite itself fails")
    return shared


def _add_verbose(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument("-v", "--verbose", action="store_true", help=words)


def _add_target_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", nargs="?", metavar="URL", help="base URL of the server, such as http://localhost:8080")
    parser.add_argument("--name", metavar="NAME", help="what reports call the server (default: its URL)")
    parser.add_argument("--model", default="", metavar="NAME", help="the model to ask for (default: the first one listed)")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--api-key", metavar="KEY", help="sent with each request; --api-key-env keeps it out of the process list")
    keys.add_argument("--api-key-env", metavar="VARIABLE", help="environment variable that holds the key")
    parser.add_argument(
        "--header", action="append", default=[], type=header, metavar="NAME:VALUE", help="sent with each request; may be repeated"
    )
    parser.add_argument("--dialect", action="append", choices=conform.DIALECTS, help="only this dialect; may be repeated")
    parser.add_argument("--without", action="append", default=[], metavar="NEED", help="what the server does not have; may be repeated")
    parser.add_argument(
        "--with", action="append", default=[], metavar="NEED", dest="having", help="what the server is set up for, such as small-context"
    )
    parser.add_argument("--slots-url", metavar="URL", help="the llama-server behind the server: do stopped requests end there?")
    parser.add_argument("--jobs", type=positive, default=4, metavar="N", help="cases side by side (default 4)")
    parser.add_argument("--timeout", type=seconds, default=60.0, metavar="SECONDS", help="for one answer (default 60)")
    parser.add_argument("--list", action="store_true", help="list the cases and end; no URL is needed")


def _add_gate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--level", choices=LEVELS, default="SHOULD", help="failures of this level and above make the exit status 1 (default SHOULD)"
    )
    parser.add_argument("--known-failing", type=Path, metavar="FILE", help="patterns of cases that fail, each with its reason above it")
    parser.add_argument("--baseline", type=Path, metavar="RESULTS.json", help="only what got worse since this run makes the exit status 1")


def _add_output_options(parser: argparse.ArgumentParser, *, json: bool = True) -> None:
    if json:
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the results, with every request and event")
        parser.add_argument("--no-progress", action="store_true", help="no progress bar")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write a summary in Markdown")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with everything in it")
    parser.add_argument("--badge", type=Path, metavar="FILE", help="write a badge as SVG")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=positive, default=1, metavar="N", help="gateways to run side by side (default 1)")
    parser.add_argument("--cut", action="append", choices=(*CUTS, *READERS), help="only this cut, or way to read; may be repeated")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="for what is left to chance (default 1)")
    parser.add_argument("--timeout", type=seconds, default=10.0, metavar="SECONDS", help="for one answer (default 10)")
    parser.add_argument("--known-failing", type=Path, metavar="FILE", help="patterns of cases that fail, each with its reason above it")
    parser.add_argument("--recordings", type=Path, default=locations.RECORDINGS, metavar="DIR")
    parser.add_argument("--setups", type=Path, default=locations.SETUPS, metavar="FILE", help="how the server is set up for some cases")
    parser.add_argument("gateway", nargs="+", metavar="COMMAND", help="starts the gateway; {backend_port} and {port} are put in")
    parser.set_defaults(run=_replay)
