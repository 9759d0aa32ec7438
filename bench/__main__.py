"""Runs the benchmark: `python -m bench`, or `nox -s bench`.

Every number is CPU time of the gateway's process, user and system, unless its name says otherwise. Rounds go over all subjects in turn, so
that a disturbance hits all of them alike, and the table shows medians; `x` is the ratio to nginx, which relays the same chat stream in the
same run. Compare within a run only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import statistics
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from bench import measure, processes, traffic
from bench.machine import RESULTS, describe
from bench.report import Key, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.processes import Subject

    Step: TypeAlias = tuple[Key, Callable[[], float]]


def main() -> None:
    """Measure, print, write."""
    options = _parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    samples: dict[Key, list[float]] = {}
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(contextlib.closing(processes.Told("bench.upstream")))
        clients = stack.enter_context(contextlib.closing(processes.Told("bench.load")))
        port = upstream.greeting["port"]
        subjects = [stack.enter_context(contextlib.closing(processes.start_triglot(port)))]
        if processes.find_nginx():
            subjects.insert(0, stack.enter_context(contextlib.closing(processes.start_nginx(port))))
        else:
            print("nginx is not installed: no ratios. On Debian: apt-get install nginx-light")
        steps = list(_steps(measure.Stand(upstream, clients), subjects, port, options))
        for step_round in range(options.rounds):
            for i, (key, take) in enumerate(steps):
                _progress(f"round {step_round + 1}/{options.rounds}, {i + 1}/{len(steps)}: {' '.join(key)}")
                samples.setdefault(key, []).append(take())
        _progress("")
    print(render({key: statistics.median(values) for key, values in samples.items()}))
    print(f"\nwritten to {_write(samples, options)}")


def _steps(stand: measure.Stand, subjects: list[Subject], upstream: int, options: argparse.Namespace) -> Iterator[Step]:
    """Every measurement of one round; subjects that are compared come one after the other."""
    parts: dict[str, Iterator[Step]] = {
        "events": _event_steps(stand, subjects),
        "requests": _request_steps(stand, subjects, options.requests),
        "first": _first_token_steps(stand, subjects, upstream, options.requests),
        "memory": _memory_steps(stand, upstream),
    }
    for name, steps in parts.items():
        if options.only in ("all", name):
            yield from steps


def _event_steps(stand: measure.Stand, subjects: list[Subject]) -> Iterator[Step]:
    for load in measure.LOADS:
        for subject, dialect in _pairs(subjects):
            for kind in ("text",) if dialect == "chat" else traffic.KINDS:
                key = Key("event µs", load.name, subject.name, dialect, kind)
                yield key, partial(stand.event_us, subject, dialect, kind, load)


def _request_steps(stand: measure.Stand, subjects: list[Subject], count: int) -> Iterator[Step]:
    for stream in (True, False):
        for size in (1_000, 60_000):
            for subject, dialect in _pairs(subjects):
                key = Key("request µs", f"{size // 1000} kB {'stream' if stream else 'JSON'}", subject.name, dialect, "text")
                yield key, partial(stand.request_us, subject, dialect, measure.Request(stream, size), count)


def _first_token_steps(stand: measure.Stand, subjects: list[Subject], upstream: int, count: int) -> Iterator[Step]:
    yield Key("first token ms", "", "none", "chat", "text"), partial(stand.first_token_ms, upstream, "chat", count=count)
    for subject, dialect in _pairs(subjects):
        yield Key("first token ms", "", subject.name, dialect, "text"), partial(stand.first_token_ms, subject.port, dialect, count=count)


def _memory_steps(stand: measure.Stand, upstream: int) -> Iterator[Step]:
    for dialect in traffic.PATHS:
        yield Key("kB per idle stream", "", "triglot", dialect, "text"), partial(_fresh_memory, stand, upstream, dialect)


def _fresh_memory(stand: measure.Stand, upstream: int, dialect: str) -> float:
    with contextlib.closing(processes.start_triglot(upstream)) as subject:
        return stand.idle_stream_kb(subject, dialect)


def _pairs(subjects: list[Subject]) -> list[tuple[Subject, str]]:
    return [(subject, dialect) for subject in subjects for dialect in (("chat",) if subject.name == "nginx" else traffic.PATHS)]


def _write(samples: dict[Key, list[float]], options: argparse.Namespace) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / time.strftime("%Y%m%dT%H%M%S.json", time.gmtime())
    rows = [{**key._asdict(), "median": statistics.median(values), "samples": values} for key, values in samples.items()]
    path.write_text(json.dumps({"machine": describe(), "rounds": options.rounds, "results": rows}, indent=1) + "\n")
    return path


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (default: 3)")
    parser.add_argument("--requests", type=int, default=400, help="requests for each set-up measurement (default: 400)")
    parser.add_argument("--only", choices=["all", "events", "requests", "first", "memory"], default="all", help="one part of it")
    return parser.parse_args()


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
