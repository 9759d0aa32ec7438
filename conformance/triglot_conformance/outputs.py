"""Reads the results of runs, and writes the reports that are asked for; whether they can be written is found out before a run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from triglot_conformance.reports import badge, html, junit, markdown
from triglot_conformance.results import ResultsError, RunResult, from_json, to_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_REPORTS: Final[dict[str, Callable[[Sequence[RunResult]], str]]] = {
    "json": lambda runs: to_json(runs[0]),
    "junit": junit.render,
    "markdown": markdown.render,
    "html": html.render,
    "badge": lambda runs: badge.render(runs[0]),
}
_OF_ONE_RUN: Final = {"json", "badge"}


class OutputError(Exception):
    """What is asked for cannot be written in this way."""


def find_outputs(options: argparse.Namespace, runs: int = 1) -> dict[str, Path]:
    """The reports that the options of a command line ask for: option and file.

    Args:
        options: as they were read.
        runs: how many are reported.

    Raises:
        OSError: a file cannot be written.
        OutputError: two go to one file, or a report that has room for one run is asked for more.
    """
    outputs = {name: path for name in _REPORTS if (path := getattr(options, name, None))}
    for name in _OF_ONE_RUN & outputs.keys():
        if runs > 1:
            raise OutputError(f"--{name} shows one run, and here are {runs}: call it for each of them")
    places: dict[Path, str] = {}
    for name, path in outputs.items():
        if path.exists() and not path.is_file():
            continue  # a device or a pipe takes all of them, and a folder is refused below
        other = places.setdefault(path.resolve(), name)
        if other != name:
            raise OutputError(f"--{other} and --{name} name one file: {path}")
    for path in outputs.values():
        with _named(path):
            _check_place(path)
    return outputs


def _check_place(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_fifo():
        return  # its reader would take this for all there is
    is_new = not path.exists()
    with path.open("a", encoding="utf-8"):
        pass
    if is_new:
        path.unlink()


def write(outputs: Mapping[str, Path], runs: Sequence[RunResult]) -> None:
    """Write reports. One that fails keeps no other from being written.

    Raises:
        Exception: that of the first that failed.
    """
    failures: list[Exception] = []
    for name, path in outputs.items():
        try:
            text = _REPORTS[name](runs)
            with _named(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        except Exception as error:  # noqa: BLE001 - raised below
            failures.append(error)
    if failures:
        raise failures[0]


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let errors of the system name the file, as not all do."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def read_results(path: Path) -> RunResult:
    """Read the results of a run.

    Raises:
        OSError: the file cannot be read.
        ResultsError: it does not hold any; the message names it.
    """
    try:
        return from_json(path.read_text(encoding="utf-8-sig"))
    except (ResultsError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path}: {error}") from None
