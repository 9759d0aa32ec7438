"""One timer for all the waits of an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_NEVER: Final = float("inf")
_CLOCK_RESOLUTION_S: Final = 0.001


class Deadline:
    """Calls `on_expiry` once the latest `start` is older than its seconds.

    A stream waits thousands of times, so `start` only writes down when patience ends and leaves an earlier timer in place; a timer
    that fires too early is set again for the rest. `on_expiry` decides whether anyone is still waiting.
    """

    __slots__ = ("_armed_at", "_at", "_handle", "_loop", "_on_expiry")

    def __init__(self, loop: asyncio.AbstractEventLoop, on_expiry: Callable[[], None]) -> None:
        self._loop = loop
        self._on_expiry: Callable[[], None] | None = on_expiry
        self._handle: asyncio.TimerHandle | None = None
        self._armed_at = self._at = _NEVER

    def start(self, seconds: float | None) -> None:
        """Wait at most `seconds` from now; None means for ever."""
        self._at = _NEVER if seconds is None else self._loop.time() + seconds
        if self._at < self._armed_at:
            self._arm()

    def cancel(self) -> None:
        """Never expire again. Lets go of `on_expiry`, whose owner owns this object."""
        self._on_expiry = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._armed_at = self._at
        self._handle = self._loop.call_at(self._at, self._fire)

    def _fire(self) -> None:
        self._handle = None
        self._armed_at = _NEVER
        if self._loop.time() + _CLOCK_RESOLUTION_S < self._at:
            if self._at < _NEVER:
                self._arm()
        elif self._on_expiry is not None:
            self._on_expiry()
