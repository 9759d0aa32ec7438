"""The measurements: each puts one subject under one load and returns one number."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bench.processes import Subject, Told

_SETTLE_S = 0.25
_IDLE_SHARE = 0.01


class Load(NamedTuple):
    """How events come: `rate` a second on each of `streams`, or as fast as they are read when `rate` is None."""

    name: str
    streams: int
    rate: float | None
    events: int


PACED_50 = Load("paced 50", 50, 40.0, 100)
PACED_500 = Load("paced 500", 500, 10.0, 25)
FLAT_OUT = Load("flat out", 8, None, 6000)
LOADS = (PACED_50, PACED_500, FLAT_OUT)


class Request(NamedTuple):
    """What a client asks: whether for a stream, and with how many bytes of body."""

    stream: bool
    size: int


class Stand:
    """One subject at a time between the upstream and the clients."""

    def __init__(self, upstream: Told, clients: Told) -> None:
        self._upstream = upstream
        self._clients = clients

    def event_us(self, subject: Subject, dialect: str, kind: str, load: Load) -> float:
        """CPU microseconds for each event that passes, without the opening and the end of the streams."""
        self._upstream("mode", instant=False, kind=kind)
        self._clients("open", port=subject.port, dialect=dialect, streams=load.streams)
        before = _settled_cpu_s(subject)
        order = {"do": "flood"} if load.rate is None else {"do": "pace", "rate": load.rate}
        sent: int = self._upstream(**order, events=load.events)["sent"]
        used = _settled_cpu_s(subject) - before
        self._upstream("finish")
        self._check(self._clients("end", dialect=dialect, events=load.events), subject, "streams")
        return used / sent * 1e6

    def request_us(self, subject: Subject, dialect: str, request: Request, count: int) -> float:
        """CPU microseconds for each request with an answer of one piece."""
        self._upstream("mode", instant=True, kind="text")
        load = {"port": subject.port, "dialect": dialect, **request._asdict()}
        self._clients("requests", **load, count=40)
        before = subject.cpu_s()
        result = self._clients("requests", **load, count=count)
        used = subject.cpu_s() - before
        self._check(result, subject, "requests")
        return used / count * 1e6

    def first_token_ms(self, port: int, dialect: str, *, count: int) -> float:
        """Median milliseconds from a request to the first piece of its answer."""
        self._upstream("mode", instant=True, kind="text")
        self._clients("first_tokens", port=port, dialect=dialect, count=20)
        delays: list[float] = self._clients("first_tokens", port=port, dialect=dialect, count=count)["delays"]
        return statistics.median(delays) * 1e3

    def idle_stream_kb(self, subject: Subject, dialect: str, *, size: int = 1000, streams: int = 500) -> float:
        """Resident kilobytes for each further stream that has begun and is silent."""
        self._upstream("mode", instant=False, kind="text")
        self._clients("open", port=subject.port, dialect=dialect, streams=50, size=size)
        time.sleep(_SETTLE_S)
        before = subject.resident_bytes()
        self._clients("open", port=subject.port, dialect=dialect, streams=streams, size=size)
        time.sleep(_SETTLE_S)
        used = subject.resident_bytes() - before
        self._upstream("finish")
        self._check(self._clients("end", dialect=dialect, events=0), subject, "streams")
        return used / streams / 1024

    @staticmethod
    def _check(result: dict[str, int], subject: Subject, what: str) -> None:
        if result["whole"] != result[what]:
            raise SystemExit(f"{subject.name}: {result[what] - result['whole']} of {result[what]} {what} were not whole")


def _settled_cpu_s(subject: Subject) -> float:
    """CPU time used, once the subject has nothing left to do: what was sent may still wait in socket buffers."""
    used = -1.0
    while (now := subject.cpu_s()) - used > _IDLE_SHARE * _SETTLE_S:
        used = now
        time.sleep(_SETTLE_S)
    return now
