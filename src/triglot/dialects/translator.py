"""What every dialect's stream translator is, and how its events become bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import msgspec

from triglot.sse import encode_event

if TYPE_CHECKING:
    from triglot.events import BackendEvent

NewId: TypeAlias = Callable[[str], str]
"""Makes a new id that begins with the given prefix, such as `msg_`."""

Event = TypeVar("Event", bound=Mapping[str, Any])
Event_co = TypeVar("Event_co", bound=Mapping[str, Any], covariant=True)


class Translator(Protocol[Event_co]):
    """One streamed answer of a dialect: neutral events in, dialect events out. It writes nothing.

    Attributes:
        ended: whether the last event has been made; the backend may still be writing, where its answer could not be told.
    """

    ended: bool

    def start(self, prompt_tokens: int | None) -> Sequence[Event_co]:
        """Begin the stream before the backend does, with the size of the prompt as far as it is known."""

    def idle(self) -> Sequence[Event_co]:
        """A sign of life for a client that has heard nothing for a while."""

    def receive(self, event: BackendEvent) -> Sequence[Event_co]:
        """Return the dialect events that `event` makes, oldest first."""


def encode_events(events: Iterable[Mapping[str, Any]]) -> bytes:
    """The events as server-sent events, each with its event line."""
    return b"".join([encode_event(event["type"], msgspec.json.encode(event)) for event in events])
