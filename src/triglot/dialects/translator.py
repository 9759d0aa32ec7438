"""What every dialect's stream translator is, and how its events become bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

import msgspec

from triglot.events import BackendEvent
from triglot.sse import encode_event

NewId: TypeAlias = Callable[[str], str]
"""Makes a new id that begins with the given prefix, such as `msg_`."""

StreamEvent: TypeAlias = Mapping[str, Any]


class Translator(Protocol):
    """One streamed answer of a dialect: neutral events in, dialect events out. It writes nothing."""

    def receive(self, event: BackendEvent) -> list[StreamEvent]:
        """Return the dialect events that `event` makes, oldest first."""


def encode_events(events: Iterable[StreamEvent]) -> bytes:
    """The events as server-sent events, each with its event line."""
    return b"".join([encode_event(event["type"], msgspec.json.encode(event)) for event in events])
