"""The places where answers are made: which are free, who used them last, and whose turn it is.

A place is a slot of the backend. It keeps the prompt that it read last, so a request is sent where its conversation was before.
"""

from __future__ import annotations

import itertools
import logging
import sys
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from triglot.service.affinity import Affinity

log = logging.getLogger("triglot")

POLL_S: Final = 0.05
"""How often a process in which requests wait looks for places that nobody told it of: whoever held them was killed."""


class Claim(NamedTuple):
    """What decides between two who wait: the smaller one is served first.

    Attributes:
        served: when its owner was served last; 0 for never.
        arrived: when it came.
    """

    served: int
    arrived: int


class Places(Protocol):
    """Places that requests take and give back, alone or beside other processes. Nothing here waits."""

    def resize(self, count: int) -> None:
        """Have `count` places from now on. One that is in use and is no more stays in use until it is given back."""

    def take(self, affinity: Affinity | None, width: int = 1) -> int | None:
        """The index of a place that is the caller's from now on, or `None` if there are not as many free as it needs.

        It is the best of `rank_places`.

        Args:
            affinity: of the request.
            width: how many places the request needs. The others are the first that are free, as llama-server has it, and go with the one.
        """

    def give(self, place: int) -> None:
        """Give back a place that was taken, and those that came with it."""

    def arrive(self) -> int:
        """A moment, later than every one before it."""

    def last_served(self, owner: str) -> int:
        """When a request of the owner was served last; 0 for never."""

    def serve(self, owner: str) -> None:
        """A request of the owner is served now."""

    def claim(self, claim: Claim | None) -> int:
        """Tell other processes who is to be served next in this one, `None` for nobody; return how many of them have an earlier claim.

        A claim holds for a moment only: who still waits repeats it every `POLL_S`.
        """

    def offer(self) -> None:
        """Tell the other process with the earliest claim that a place may be free."""

    def watch(self, callback: Callable[[], None]) -> bool:
        """Call `callback` whenever another process offers a place; false if there are no other processes."""

    def close(self) -> None:
        """Let go of everything, also of places that are taken."""


class Use(NamedTuple):
    """The last use of a place: the marks of the request, 0 for none, and when it began or ended."""

    conversation: int = 0
    kin: int = 0
    at: int = 0


class OwnPlaces:
    """The places of one process, chosen as by `rank_places` without looking at all of them: a backend may have a thousand."""

    def __init__(self) -> None:
        self._count = 0
        self._free: dict[int, None] = {}  # in the order of their last uses, the oldest first
        self._knowing: dict[tuple[str, int], dict[int, None]] = {}  # the free places by marks of their last use, in the same order
        self._taken: set[int] = set()
        self._affinities: dict[int, Affinity | None] = {}
        self._others: dict[int, tuple[int, ...]] = {}  # the further places of wide requests, by their first
        self._served: dict[str, int] = {}
        self._moments = itertools.count(1)

    def resize(self, count: int) -> None:
        """See `Places`."""
        new = [place for place in range(self._count, count) if place not in self._taken]
        for place in [place for place in self._free if place >= count]:
            self._leave_free(place)
        self._free = {**dict.fromkeys(new), **self._free}  # what was never used comes first
        self._count = count

    def take(self, affinity: Affinity | None, width: int = 1) -> int | None:
        """See `Places`."""
        if len(self._free) < width:
            return None
        place = self._find(affinity)
        self._take_one(place, affinity)
        if width > 1:
            self._others[place] = others = tuple(sorted(self._free)[: width - 1])
            for other in others:
                self._take_one(other, None)
        return place

    def give(self, place: int) -> None:
        """See `Places`."""
        for other in self._others.pop(place, ()):
            self.give(other)
        if place in self._taken:
            self._taken.remove(place)
            affinity = self._affinities.pop(place)
            if place < self._count:
                self._free[place] = None
                self._affinities[place] = affinity
                for mark in _marks(affinity):
                    self._knowing.setdefault(mark, {})[place] = None

    def _take_one(self, place: int, affinity: Affinity | None) -> None:
        self._leave_free(place)
        self._taken.add(place)
        self._affinities[place] = affinity

    def _find(self, affinity: Affinity | None) -> int:
        if affinity is not None:
            if conversation := self._knowing.get(("conversation", affinity.conversation)):
                return next(reversed(conversation))
            if kin := self._knowing.get(("kin", affinity.kin)):
                return next(iter(kin))
        return next(iter(self._free))

    def _leave_free(self, place: int) -> None:
        del self._free[place]
        for mark in _marks(self._affinities.pop(place, None)):
            del self._knowing[mark][place]
            if not self._knowing[mark]:
                del self._knowing[mark]

    def arrive(self) -> int:
        """See `Places`."""
        return next(self._moments)

    def last_served(self, owner: str) -> int:
        """See `Places`."""
        return self._served.get(owner, 0)

    def serve(self, owner: str) -> None:
        """See `Places`."""
        self._served[owner] = next(self._moments)

    def claim(self, claim: Claim | None) -> int:  # noqa: ARG002
        """See `Places`: there is nobody else."""
        return 0

    def offer(self) -> None:
        """See `Places`: there is nobody else."""

    def watch(self, callback: Callable[[], None]) -> bool:  # noqa: ARG002
        """See `Places`: there is nobody else."""
        return False

    def close(self) -> None:
        """See `Places`."""


def open_places(directory: Path | None) -> Places:
    """The places of a gateway.

    Args:
        directory: where its processes meet, or `None` if it has only one. Windows has no locks that end with their process.
    """
    if directory is not None and sys.platform != "win32":
        from triglot.service.shared_places import SharedPlaces  # noqa: PLC0415 - Windows cannot import it

        try:
            return SharedPlaces(directory / "slots")
        except OSError as error:
            log.warning("this process counts the requests to the backend by itself: %s cannot be used: %s", directory, error)
    return OwnPlaces()


def rank_places(free: Mapping[int, Use], affinity: Affinity | None) -> list[int]:
    """The free places from the best to the worst for a request.

    First come those that the conversation used last, the latest of them at the front: they know most of the prompt. Then those used last by
    its kin, which know its beginning, then all others. Of both the one unused for longest is at the front, as nobody may come back for what
    it knows.

    Args:
        free: their last uses.
        affinity: of the request.
    """
    if len(free) == 1:
        return [*free]
    conversation, kin = affinity or _UNLIKE_ANY

    def rank(place: int) -> tuple[int, int]:
        use = free[place]
        if use.conversation == conversation:
            return 0, -use.at
        return 1 if kin and use.kin == kin else 2, use.at

    return sorted(free, key=rank)


def _marks(affinity: Affinity | None) -> tuple[tuple[str, int], ...]:
    if affinity is None:
        return ()
    conversation = ("conversation", affinity.conversation)
    return (conversation, ("kin", affinity.kin)) if affinity.kin else (conversation,)


_UNLIKE_ANY: Final = (-1, -1)
