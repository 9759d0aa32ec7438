"""The cancel registry of one process."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final, Self

import msgspec

from triglot.state.cancels import REMEMBERED_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from triglot.state.cancels import Kind, Names

log = logging.getLogger("triglot")

_MOST_IDS: Final = 1024
"""Cancel ids remembered for an owner. Beyond them the oldest is forgotten."""


class Told(msgspec.Struct, frozen=True):
    """What a cancel has met in one process.

    Attributes:
        count: requests that were told to stop.
        known: whether the cancel has done its work: its `cancel_id` runs here or did lately.
    """

    count: int = 0
    known: bool = False


class LocalCancels:
    """Implements `CancelRegistry` for requests of this process.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._running: dict[tuple[str, Kind, str], dict[LocalRegistration, None]] = {}
        self._early = RecentIds(clock)
        self._ended = RecentIds(clock)

    def register(self, names: Names, cancel: Callable[[], None]) -> LocalRegistration:
        """Let a request be stopped."""
        registration = LocalRegistration(self, names.owner, cancel)
        for kind, name in names.ids():
            registration.add(kind, name)
        if names.cancel_id is not None and self._early.take(names.owner, names.cancel_id):
            registration.cancel()
        return registration

    async def cancel(self, target: Names) -> int:
        """Stop what has one of the names."""
        return self.tell(target).count

    def tell(self, target: Names) -> Told:
        """Stop what has one of the names, and remember a `cancel_id` that is not known yet."""
        if target.cancel_id is None:
            return Told(sum(self._stop(target.owner, kind, name) for kind, name in target.ids()))
        if count := self._stop(target.owner, "cancel_id", target.cancel_id):
            return Told(count, known=True)
        if self._ended.has(target.owner, target.cancel_id):  # a stop that came too late must not meet the next request
            return Told(known=True)
        self._early.add(target.owner, target.cancel_id)
        return Told()

    def forget(self, target: Names) -> None:
        """A `cancel_id` has met its request elsewhere."""
        if target.cancel_id is not None:
            self._early.take(target.owner, target.cancel_id)

    async def start(self) -> None:
        """There is nobody else."""

    async def aclose(self) -> None:
        """Nothing is held."""

    def _stop(self, owner: str, kind: Kind, name: str) -> int:
        return sum([registration.cancel() for registration in list(self._running.get((owner, kind, name), ()))])

    def _add(self, key: tuple[str, Kind, str], registration: LocalRegistration) -> None:
        self._running.setdefault(key, {})[registration] = None

    def _remove(self, key: tuple[str, Kind, str], registration: LocalRegistration, *, answered: bool) -> None:
        of_name = self._running[key]
        del of_name[registration]
        if not of_name:
            del self._running[key]
        if key[1] == "cancel_id" and answered:
            self._ended.add(key[0], key[2])
        elif key[1] == "cancel_id":
            self._ended.take(key[0], key[2])


class LocalRegistration:
    """Implements `Registration`. Once it is told to stop it has no names any more."""

    __slots__ = ("_cancel", "_keys", "_owner", "_registry", "cancelled")

    def __init__(self, registry: LocalCancels, owner: str, cancel: Callable[[], None]) -> None:
        self._registry = registry
        self._owner = owner
        self._cancel: Callable[[], None] | None = cancel
        self._keys: list[tuple[str, Kind, str]] = []
        self.cancelled = False

    def add(self, kind: Kind, name: str) -> None:
        """Give the request a further name, unless it has ended."""
        key = (self._owner, kind, name)
        if self._cancel is not None and key not in self._keys:
            self._keys.append(key)
            self._registry._add(key, self)  # noqa: SLF001 - the other half of the same thing

    def cancel(self) -> bool:
        """Stop the request. Tells whether it was still running."""
        cancel = self._cancel
        self.close()
        if cancel is None:
            return False
        self.cancelled = True
        try:
            cancel()
        except Exception:  # one that fails must not keep the others from being stopped
            log.exception("a request could not be stopped")
        return True

    def close(self, *, answered: bool = True) -> None:
        """Take all names away."""
        self._cancel = None
        keys, self._keys = self._keys, []
        for key in keys:
            self._registry._remove(key, self, answered=answered)  # noqa: SLF001

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RecentIds:
    """Ids of owners, each kept for `REMEMBERED_S`, and at most 1024 for an owner. There are as many owners as keys.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: dict[str, dict[str, float]] = {}

    def add(self, owner: str, name: str) -> None:
        """Keep an id from now on."""
        kept = self._until.setdefault(owner, {})
        kept.pop(name, None)  # so that the order of the ids is the order of their ends
        kept[name] = self._clock() + REMEMBERED_S
        self._tidy(owner)

    def has(self, owner: str, name: str) -> bool:
        """Whether an id is kept."""
        self._tidy(owner)
        return name in self._until.get(owner, ())

    def take(self, owner: str, name: str) -> bool:
        """Stop keeping an id. Tells whether it was kept."""
        found = self.has(owner, name)
        if found:
            del self._until[owner][name]
            self._tidy(owner)
        return found

    def _tidy(self, owner: str) -> None:
        kept = self._until.get(owner)
        if kept is None:
            return
        now = self._clock()
        while kept and (len(kept) > _MOST_IDS or kept[next(iter(kept))] <= now):
            del kept[next(iter(kept))]
        if not kept:
            del self._until[owner]
