"""Answers as bytes: heads, frames and chunks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faulty.exchange import Dialect, Event


@dataclass(frozen=True)
class Head:
    """Status and headers of an answer, before they are written."""

    status: int
    headers: dict[str, str]

    def encode(self) -> bytes:
        """The head as bytes, blank line included."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Overloaded"
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


@dataclass(frozen=True)
class Whole:
    """An answer that is no stream, before it is written."""

    head: Head
    body: bytes


def dump(value: Any) -> bytes:
    """JSON as the API servers write it: compact, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def frame(event: Event, dialect: Dialect) -> bytes:
    """One event as a frame of an event stream."""
    line = f"event: {event['type']}\n".encode() if dialect.event_line and "type" in event else b""
    return line + b"data: " + dump(event) + b"\n\n"


def frames(events: list[Event], dialect: Dialect) -> list[bytes]:
    """A whole stream: its events, and the closing frame unless it failed."""
    failed = bool(events) and "error" in events[-1]
    closing = [f"data: {dialect.sentinel}\n\n".encode()] if dialect.sentinel and not failed else []
    return [*(frame(event, dialect) for event in events), *closing]


def chunk(data: bytes) -> bytes:
    """A piece of a body in chunked transfer coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
