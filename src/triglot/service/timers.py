"""The clocks of one request: at most one timer for its phase, one for idleness and one for all of it, whatever the number of tokens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from triglot.service.phases import Phases


class Timers:
    """Says when a request has run into one of its limits. The time for all of it runs from the start.

    Args:
        phases: the limits.
        expire: called with the name of the phase that took too long; more than once if it does not `close` this.
    """

    __slots__ = ("_expire", "_idle", "_is_awaited", "_is_closed", "_loop", "_phase", "_phases", "_progress_at", "_total")

    def __init__(self, phases: Phases, expire: Callable[[str], None]) -> None:
        self._is_closed = False
        self._phases = phases
        self._expire = expire
        self._loop = asyncio.get_running_loop()
        self._phase: asyncio.TimerHandle | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._total = self._after(phases.total, "total")
        self._progress_at: float | None = None
        self._is_awaited = True

    def sent(self, *, in_one_piece: bool) -> None:
        """The request is on its way to the backend."""
        self._phase = self._after(self._phases.whole, "whole") if in_one_piece else self._after(self._phases.first_token, "first_token")

    def begun(self) -> None:
        """An answer in one piece has begun; its phase goes on to its end."""
        self.heard()
        self._watch_idleness()

    def heard(self) -> None:
        """More of an answer in one piece has come."""
        self._progress_at = self._loop.time()

    def progressed(self) -> bool:
        """The model has written something, which now goes to the client; whether it is the first."""
        self._is_awaited = False
        if self._progress_at is not None:
            return False
        if self._phase is not None:
            self._phase.cancel()
            self._phase = None
        self._progress_at = self._loop.time()
        self._watch_idleness()
        return True

    def resumed(self) -> None:
        """The client has taken what there was: from now on it is the backend that is waited for."""
        if not self._is_awaited:
            self._is_awaited = True
            self._progress_at = self._loop.time()

    def close(self) -> None:
        """Nothing is too late any more, whatever is still told."""
        self._is_closed = True
        self._expire = _ignore  # who is told holds this: the two would wait for the collector
        for timer in (self._phase, self._idle, self._total):
            if timer is not None:
                timer.cancel()
        self._phase = self._idle = self._total = None

    def _after(self, seconds: float | None, phase: str) -> asyncio.TimerHandle | None:
        return None if seconds is None or self._is_closed else self._loop.call_later(seconds, self._expire, phase)

    def _watch_idleness(self) -> None:
        """Look again when the answer has been idle for as long as it may."""
        limit = self._phases.idle
        if limit is None or self._is_closed:
            return
        now = self._loop.time()
        since = self._progress_at if self._is_awaited and self._progress_at is not None else now
        if now - since >= limit:
            self._expire("idle")
        else:
            self._idle = self._loop.call_later(since + limit - now, self._watch_idleness)


def _ignore(_phase: str) -> None:
    """Nobody is told any more."""
