"""Stopping a request by one of its names, whatever connection it came on.

Everything belongs to an owner, as in the store: what another owner runs does not exist. Names are no secrets and need not be unique; all
requests that have the name are stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol, Self, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind: TypeAlias = Literal["cancel_id", "session_id", "completion_id", "message_id", "response_id"]
REMEMBERED_S: Final = 30.0
"""How long a cancel waits for a request that is still on its way."""
LONGEST_NAME: Final = 256
"""Characters of a name that a client may give."""


class Names(msgspec.Struct, frozen=True):
    """What a request is called, or what a cancel is looking for.

    Attributes:
        owner: whose request.
        cancel_id: given by the client to one request.
        session_id: given by the client to all requests of a session.
        completion_id, message_id, response_id: given by us to an answer.
    """

    owner: str
    cancel_id: str | None = None
    session_id: str | None = None
    completion_id: str | None = None
    message_id: str | None = None
    response_id: str | None = None

    def ids(self) -> Iterator[tuple[Kind, str]]:
        """The names that are there."""
        for kind in KINDS:
            if (name := getattr(self, kind)) is not None:
                yield kind, name


KINDS: Final[tuple[Kind, ...]] = ("cancel_id", "session_id", "completion_id", "message_id", "response_id")


class Registration(Protocol):
    """A request that can be stopped, until `close`.

    Attributes:
        cancelled: it has been told to stop.
    """

    cancelled: bool

    def add(self, kind: Kind, name: str) -> None:
        """Give the request a further name, such as the id of its answer."""

    def close(self, *, answered: bool = True) -> None:
        """The request has ended. May be called again.

        Args:
            answered: whether its answer had begun. If not, its client may try again with the same `cancel_id`, and a cancel that comes
                before that is remembered.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class CancelRegistry(Protocol):
    """The requests that run, by name."""

    def register(self, names: Names, cancel: Callable[[], None]) -> Registration:
        """Let a request be stopped. Called before the request waits for anything.

        Args:
            names: of the request.
            cancel: stops it: returns at once and raises nothing. It is called once at most; before `register` returns if a cancel for the
                request's `cancel_id` has come first.
        """

    async def cancel(self, target: Names) -> int:
        """Stop every request of the owner that has one of the names, in all processes. If `cancel_id` is given it alone counts.

        A `cancel_id` that nobody has had lately, or only requests that were refused, is remembered for `REMEMBERED_S`, and stops the first
        request that comes with it.

        Returns:
            How many requests were told; each is told once.
        """

    async def start(self) -> None:
        """Become reachable for other processes. Called in the event loop, before the first request."""

    async def aclose(self) -> None:
        """Let go of what it holds."""
