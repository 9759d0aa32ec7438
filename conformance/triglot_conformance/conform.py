"""`conform` and `report`: a run against a live server, its gate, and what is written of it."""

from __future__ import annotations

import asyncio
import os
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
from triglot_conformance.live.knowledge import Knowledge
from triglot_conformance.live.probe import probe
from triglot_conformance.live.runner import DECLARED, LiveSettings, run_live
from triglot_conformance.live.target import TargetError, parse_target
from triglot_conformance.outputs import find_outputs, read_results, write
from triglot_conformance.reports import terminal
from triglot_conformance.reports.counts import is_stopped, lacks, visible
from triglot_conformance.results import RunResult, TargetFacts
from triglot_conformance.stopping import Stop

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from triglot_conformance.baseline import Change, Comparison
    from triglot_conformance.case import Case
    from triglot_conformance.known import KnownFailure
    from triglot_conformance.live.target import Target
    from triglot_conformance.results import CaseResult

DIALECTS: Final = tuple(PATHS)
_COLUMNS: Final = 100
_NO_RESULT: Final = 2


def run(suite: Sequence[Case], options: argparse.Namespace) -> int:
    """Run the cases that the options choose against the server that they name, and write the reports; gives the exit status.

    Raises:
        CaseError: no case is left to run, or there are no specs.
        KnownFailingError, OSError, OutputError, ResultsError: a file cannot be read or written, or is wrong.
        TargetError: the address or the key cannot be used.
        UnreachableError: there is no server.
    """
    suite = [case for case in suite if case.live]
    cases = choose_cases(suite, options.filter or ("*",), options.dialect or DIALECTS)
    _check_needs(options, suite)
    if options.list:
        print("\n".join(f"{case.id}\t{case.level}\t{case.requirement}" for case in cases))  # noqa: T201
        return 0
    target = parse_target(options.url, key=_key(options), model=options.model, timeout_s=options.timeout, extra=dict(options.header))
    known = read_known_failing(options.known_failing)
    then = read_results(options.baseline) if options.baseline else None
    if not (options.specs / "chat" / "openapi.yaml").is_file():
        raise CaseError(f"{options.specs} holds no specs: there is no chat/openapi.yaml")
    outputs = find_outputs(options)
    colour = terminal.wants_colour(sys.stderr, os.environ)
    progress = terminal.Progress(sys.stderr, len(cases), width=_width(sys.stderr), colour=colour, shown=not options.no_progress)
    stop = Stop(progress.say)
    with stop.heeded():
        try:
            result = asyncio.run(_run(cases, suite, target, known, options, progress, stop))
        except asyncio.CancelledError:
            if stop.status is None:
                raise
            print("No case was judged.", file=sys.stderr)  # noqa: T201
            return stop.status
        finally:
            progress.close()
        unused = [failure.pattern for failure in known if not any(failure.matches(case.id) for case in suite)]
        status = _finish(result, then, unused, outputs, options)
    return stop.status if is_stopped(result) and stop.status is not None else status


def _finish(
    result: RunResult, then: RunResult | None, unused: Sequence[str], outputs: Mapping[str, Path], options: argparse.Namespace
) -> int:
    """Say and write what came of a run; gives the exit status of one that was not stopped."""
    missing = lacks(result)
    result.notes += [*missing, *(_doubts(then) if then else ())]
    red = gate(result, options.level, then)
    try:
        print(_show(result, verbose=options.verbose, changes=compare(result, then) if then else None))  # noqa: T201
        print(_verdict(red, unused, missing, options.level))  # noqa: T201
    finally:  # whatever has happened, what was found is kept
        write(outputs, [result])
    return _NO_RESULT if missing else 1 if red or unused else 0


def choose_cases(suite: Sequence[Case], globs: Sequence[str], dialects: Sequence[str]) -> list[Case]:
    """The cases of some dialects whose ids fit one of some patterns.

    Raises:
        CaseError: there is none.
    """
    chosen = [case for case in suite if case.dialect in dialects and any(fnmatchcase(case.id, glob) for glob in globs)]
    if not chosen:
        raise CaseError(f"no case matches {' or '.join(globs)} and runs against a live server")
    return chosen


def _verdict(red: Sequence[Change], unused: Sequence[str], missing: Sequence[str], level: str) -> str:
    """What the exit status says, in words: why there is no result, and which cases turn the gate red."""
    reasons = [visible(reason) for reason in missing]
    reasons += [f"{change.case.id}: {visible(change.why)}" for change in red]
    reasons += [f"the known failure {pattern} fits no case" for pattern in unused]
    word = "no result" if missing else "red" if reasons else "green"
    return "\n".join([f"gate of {level} and above: {word}", *(f"  {reason}" for reason in reasons)])


def _doubts(then: RunResult) -> list[str]:
    """Why a comparison with an earlier run says less than it could."""
    found = [f"the baseline is no result: {reason}" for reason in lacks(then)]
    if then.suite_version != suite_version():
        found.append(f"the baseline was made by suite {then.suite_version}: its cases can differ from these")
    return found


def report(options: argparse.Namespace) -> int:
    """Write reports of earlier runs; gives the exit status.

    Raises:
        OSError, OutputError, ResultsError: a file cannot be read or written, or is wrong.
    """
    runs = [read_results(path) for path in options.results]
    outputs = find_outputs(options, len(runs))
    if not outputs:
        print("\n\n".join(_show(run, verbose=options.verbose) for run in runs))  # noqa: T201
    write(outputs, runs)
    return 0


def _show(result: RunResult, *, verbose: bool = False, changes: Comparison | None = None) -> str:
    colour = terminal.wants_colour(sys.stdout, os.environ)
    return terminal.render(result, width=_width(sys.stdout), colour=colour, verbose=verbose, changes=changes)


async def _run(  # noqa: PLR0913, PLR0917 - a run
    cases: Sequence[Case],
    suite: Sequence[Case],
    target: Target,
    known: Sequence[KnownFailure],
    options: argparse.Namespace,
    progress: terminal.Progress,
    stop: Stop,
) -> RunResult:
    """Run cases, all or those that were judged before a signal came.

    Raises:
        asyncio.CancelledError: it came before the first.
        TargetError, UnreachableError: as `run`.
    """
    started, started_at = time.perf_counter(), datetime.now(UTC)
    slots = parse_target(options.slots_url, timeout_s=options.timeout) if options.slots_url else target
    dialects = options.dialect or sorted({case.dialect for case in cases}, key=DIALECTS.index)
    with stop.ends(asyncio.current_task()):
        found = await probe(target, dialects, slots)
    trace = progress.say if options.verbose else _ignore
    settings = LiveSettings(Contract(options.specs), slots, frozenset(options.without), options.jobs, frozenset(options.having), trace)
    results: list[CaseResult] = []
    knowledge = Knowledge()

    def take(result: CaseResult) -> None:
        result.known = next((failure.reason for failure in known if failure.matches(result.id)), None)
        results.append(result)
        progress.add(result)

    running = asyncio.create_task(run_live(cases, found, settings, take, suite, knowledge=knowledge))
    try:
        with stop.ends(running):
            await running
    except asyncio.CancelledError:
        if stop.signal is None:
            raise
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
        planned=len(cases),
    )


def _ignore(_: str) -> None:
    """Nobody wants to know."""


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


def _check_needs(options: argparse.Namespace, cases: Sequence[Case]) -> None:
    known = sorted({need for case in cases for need in case.needs})
    for need in options.without:
        if need not in known:
            raise CaseError(f"no case needs {need}; --without takes one of {', '.join(known)}")
    for need in options.having:
        if need not in DECLARED:
            raise CaseError(f"--with takes {' or '.join(sorted(DECLARED))}, not {need}: other needs are found out")


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
