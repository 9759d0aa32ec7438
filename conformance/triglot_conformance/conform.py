"""`conform` and `report`: a run against a live server, its gate, and what is written of it."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import sys
import time
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final, TextIO

from triglot_conformance.baseline import compare, gate
from triglot_conformance.case import PATHS, CaseError
from triglot_conformance.contract.contract import Contract
from triglot_conformance.known import read_known_failing
from triglot_conformance.live.probe import probe
from triglot_conformance.live.runner import DECLARED, LiveSettings, run_live
from triglot_conformance.live.target import TargetError, parse_target
from triglot_conformance.reports import badge, html, junit, markdown, terminal
from triglot_conformance.reports.counts import visible
from triglot_conformance.results import ResultsError, RunResult, TargetFacts, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from triglot_conformance.baseline import Change, Comparison
    from triglot_conformance.case import Case
    from triglot_conformance.known import KnownFailure
    from triglot_conformance.live.target import Target
    from triglot_conformance.results import CaseResult

DIALECTS: Final = tuple(PATHS)
_COLUMNS: Final = 100
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REPORTS: Final[dict[str, Callable[[Sequence[RunResult]], str]]] = {
    "junit": junit.render,
    "markdown": markdown.render,
    "html": html.render,
    "badge": lambda runs: badge.render(runs[0]),
}


def positive(text: str) -> int:
    """A number of things, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 on")
    return int(text)


def seconds(text: str) -> float:
    """A time, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 86_400:  # noqa: PLR2004 - a day
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value


def header(text: str) -> tuple[str, str]:
    """A header, for argparse."""
    name, colon, value = text.partition(":")
    if not colon or not _HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
        raise argparse.ArgumentTypeError(f"{name or 'nothing'} is not followed by a colon and a value")
    return name, value.strip()


def run(suite: Sequence[Case], options: argparse.Namespace) -> int:
    """Run the cases that the options choose against the server that they name, and write the reports; gives the exit status.

    Raises:
        CaseError: no case is left to run.
        KnownFailingError, OSError, ResultsError: a file cannot be read or written, or is wrong.
        TargetError: the address or the key cannot be used.
        UnreachableError: there is no server.
    """
    suite = [case for case in suite if case.live]
    live = choose_cases(suite, options.filter or ("*",), options.dialect or DIALECTS)
    _check_needs(options.without, suite)
    if strange := [need for need in options.having if need not in DECLARED]:
        raise CaseError(f"--with takes {' or '.join(sorted(DECLARED))}, not {strange[0]}: other needs are found out")
    if options.list:
        print("\n".join(f"{case.id}\t{case.level}\t{case.requirement}" for case in live))  # noqa: T201
        return 0
    target = parse_target(options.url, key=_key(options), model=options.model, timeout_s=options.timeout, extra=dict(options.header))
    known = read_known_failing(options.known_failing)
    then = _read(options.baseline) if options.baseline else None
    _check_files(options)
    result = asyncio.run(_run(live, suite, target, known, options))
    red = gate(result, options.level, then)
    print(_show(result, verbose=options.verbose, changes=compare(result, then) if then else None))  # noqa: T201
    unused = [failure.pattern for failure in known if not any(failure.matches(case.id) for case in suite)]
    print(_verdict(red, unused, options.level))  # noqa: T201
    _write(result, options)
    return 1 if red or unused else 0


def choose_cases(suite: Sequence[Case], globs: Sequence[str], dialects: Sequence[str]) -> list[Case]:
    """The cases of some dialects whose ids fit one of some patterns.

    Raises:
        CaseError: there is none.
    """
    chosen = [case for case in suite if case.dialect in dialects and any(fnmatchcase(case.id, glob) for glob in globs)]
    if not chosen:
        raise CaseError(f"no case matches {' or '.join(globs)} and runs against a live server")
    return chosen


def _verdict(red: Sequence[Change], unused: Sequence[str], level: str) -> str:
    """What the exit status says, in words: which cases turn the gate red, and why."""
    reasons = [f"{change.case.id}: {visible(change.why)}" for change in red]
    reasons += [f"the known failure {pattern} fits no case" for pattern in unused]
    if not reasons:
        return f"gate of {level} and above: green"
    return "\n".join([f"gate of {level} and above: red", *(f"  {reason}" for reason in reasons)])


def report(options: argparse.Namespace) -> int:
    """Write reports of earlier runs; gives the exit status.

    Raises:
        OSError, ResultsError: a file cannot be read or written, or is wrong.
    """
    runs = [_read(path) for path in options.results]
    if not any(getattr(options, name) for name in _REPORTS):
        print("\n\n".join(map(_show, runs)))  # noqa: T201
    _write_reports(runs, options)
    return 0


def _show(result: RunResult, *, verbose: bool = False, changes: Comparison | None = None) -> str:
    colour = terminal.wants_colour(sys.stdout, os.environ)
    return terminal.render(result, width=_width(sys.stdout), colour=colour, verbose=verbose, changes=changes)


async def _run(
    cases: Sequence[Case], suite: Sequence[Case], target: Target, known: Sequence[KnownFailure], options: argparse.Namespace
) -> RunResult:
    started, started_at = time.perf_counter(), datetime.now(UTC)
    slots = parse_target(options.slots_url, timeout_s=options.timeout) if options.slots_url else target
    dialects = options.dialect or sorted({case.dialect for case in cases}, key=DIALECTS.index)
    found = await probe(target, dialects, slots)
    results: list[CaseResult] = []
    settings = LiveSettings(Contract(options.specs), slots, frozenset(options.without), options.jobs, frozenset(options.having))
    progress = (
        None
        if options.no_progress
        else terminal.Progress(sys.stderr, len(cases), width=_width(sys.stderr), colour=terminal.wants_colour(sys.stderr, os.environ))
    )

    def take(result: CaseResult) -> None:
        result.known = next((failure.reason for failure in known if failure.matches(result.id)), None)
        results.append(result)
        if progress:
            progress.add(result)

    try:
        knowledge = await run_live(cases, found, settings, take, suite)
    finally:
        if progress:
            progress.close()
    places = {case.id: place for place, case in enumerate(cases)}
    return RunResult(
        target=TargetFacts(options.name or target.url, target.url, found.software, found.target.model),
        suite_version=suite_version(),
        started_at=started_at.isoformat(timespec="seconds"),
        duration_s=round(time.perf_counter() - started, 1),
        options=_told_options(options),
        capabilities=knowledge.capabilities(settings, {need for case in cases for need in case.needs}),
        notes=found.notes,
        cases=sorted(results, key=lambda result: places[result.id]),
    )


def suite_version() -> str:
    """The version of the suite: the one of the package that it ships with."""
    try:
        return version("triglot")
    except PackageNotFoundError:
        return "unknown"


def _width(stream: TextIO) -> int:
    """Columns of the terminal that a stream goes to, or of the usual one."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except (OSError, ValueError):
        return shutil.get_terminal_size((_COLUMNS, 24)).columns


def _check_needs(without: Sequence[str], cases: Sequence[Case]) -> None:
    known = sorted({need for case in cases for need in case.needs})
    for need in without:
        if need not in known:
            raise CaseError(f"no case needs {need}; --without takes one of {', '.join(known)}")


def _key(options: argparse.Namespace) -> str | None:
    if options.api_key_env is None:
        return options.api_key  # type: ignore[no-any-return]
    key = os.environ.get(options.api_key_env)
    if not key:
        raise TargetError(f"the environment variable {options.api_key_env} holds no key")
    return key


def _told_options(options: argparse.Namespace) -> dict[str, str]:
    """The options that change what was run, as text."""
    told = {
        "dialect": ",".join(options.dialect or ()),
        "filter": " ".join(options.filter or ()),
        "without": ",".join(options.without),
        "with": ",".join(options.having),
        "jobs": str(options.jobs),
        "timeout": f"{options.timeout:g}",
    }
    return {name: value for name, value in told.items() if value}


def _read(path: Path) -> RunResult:
    try:
        return from_json(path.read_text(encoding="utf-8-sig"))
    except (ResultsError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path}: {error}") from None


def _check_files(options: argparse.Namespace) -> None:
    """Find out before a run of minutes whether its results can be written, and whether the specs are there.

    Raises:
        CaseError: there are no specs.
        OSError: a file cannot be written.
    """
    if not (options.specs / "chat" / "openapi.yaml").is_file():
        raise CaseError(f"{options.specs} holds no specs: there is no chat/openapi.yaml")
    for path in filter(None, (getattr(options, name) for name in ("json", *_REPORTS))):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_fifo():
            continue  # its reader would take this for all there is
        is_new = not path.exists()
        with path.open("a", encoding="utf-8"):
            pass
        if is_new:
            path.unlink()


def _write(result: RunResult, options: argparse.Namespace) -> None:
    if options.json:
        _write_text(options.json, to_json(result))
    _write_reports([result], options)


def _write_reports(runs: Sequence[RunResult], options: argparse.Namespace) -> None:
    for name, render in _REPORTS.items():
        if path := getattr(options, name):
            _write_text(path, render(runs))


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
