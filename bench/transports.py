"""Compares upstream clients under the smallest relay: `python -m bench.transports`. For docs/decisions/0003-upstream-transport.md."""

from __future__ import annotations

import contextlib
import importlib.util
import statistics
from functools import partial
from typing import TYPE_CHECKING

from bench import measure, processes
from bench.relay import CLIENTS
from bench.report import Key, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.processes import Subject

_ROUNDS = 3


def main() -> None:
    """Measure all clients in turn, several times, and print the medians."""
    samples: dict[Key, list[float]] = {}

    def note(value: float, measured: str, subject: str, load: str = "") -> None:
        samples.setdefault(Key(measured, load, subject, "chat", "text"), []).append(value)

    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(contextlib.closing(processes.Told("bench.upstream")))
        clients = stack.enter_context(contextlib.closing(processes.Told("bench.load")))
        stand, port = measure.Stand(upstream, clients), upstream.greeting["port"]
        subjects = [stack.enter_context(contextlib.closing(start())) for start in _starts(port)]
        for _ in range(_ROUNDS):
            note(stand.first_token_ms(port, "chat", count=200), "first token ms", "none")
            for subject in subjects:
                note(stand.first_token_ms(subject.port, "chat", count=200), "first token ms", subject.name)
                for size in (1_000, 60_000):
                    request = measure.Request(stream=True, size=size)
                    note(stand.request_us(subject, "chat", request, 400), "request µs", subject.name, f"{size // 1000} kB stream")
                for load in measure.LOADS:
                    note(stand.event_us(subject, "chat", "text", load), "event µs", subject.name, load.name)
        for start in _starts(port):
            with contextlib.closing(start()) as fresh:
                note(stand.idle_stream_kb(fresh, "chat"), "kB per idle stream", fresh.name)
    print(render({key: statistics.median(values) for key, values in samples.items()}))


def _starts(upstream: int) -> list[Callable[[], Subject]]:
    names = [name for name in CLIENTS if name != "httpx-aiohttp" or importlib.util.find_spec("httpx_aiohttp")]
    starts: list[Callable[[], Subject]] = [partial(processes.start_relay, upstream, name) for name in names]
    if processes.find_nginx():
        starts.insert(0, partial(processes.start_nginx, upstream))
    return starts


if __name__ == "__main__":
    main()
