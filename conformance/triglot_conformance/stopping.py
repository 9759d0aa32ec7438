"""Ends a run early where somebody asks for it, so that what was found so far can still be told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_BY_SIGNAL: Final = 128


class Stop:
    """Heeds the first SIGINT or SIGTERM: it cancels what may be cancelled then. From there on both end the process at once.

    The handlers are plain ones, not those of a loop: they are called also while the loop is busy.

    Args:
        told: called with what the user should know when something is cancelled.

    Attributes:
        signal: its number; None as long as nobody asked.
    """

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._cancel: Callable[[], object] | None = None
        self.signal: int | None = None

    @property
    def status(self) -> int | None:
        """The exit status, as shells tell it; None as long as nobody asked."""
        return None if self.signal is None else _BY_SIGNAL + self.signal

    @contextlib.contextmanager
    def heeded(self) -> Iterator[None]:
        """Heed the signals within this context: nothing in it is cut short but what `ends` names. One that is ignored so far stays so."""
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        heeded = [number for number in _SIGNALS if before[number] is not signal.SIG_IGN]

        def heed(number: int, _: Any) -> None:
            self.signal = number
            for each in heeded:
                signal.signal(each, signal.SIG_DFL)
            if self._cancel is not None:
                self._cancel()

        for number in heeded:
            signal.signal(number, heed)
        try:
            yield
        finally:
            if self.signal is None:
                for number in heeded:
                    signal.signal(number, before[number] or signal.SIG_DFL)

    @contextlib.contextmanager
    def ends(self, task: asyncio.Task[Any] | None) -> Iterator[None]:
        """Let a signal cancel a task of the running loop as long as this context lasts; one that has come before does so at once."""
        loop = asyncio.get_running_loop()

        def cancel() -> None:
            self._told("Stopping; what was judged is told. Once more ends at once.")
            if task is not None:
                task.cancel()

        self._cancel = partial(loop.call_soon_threadsafe, cancel)
        if self.signal is not None:
            self._cancel()
        try:
            yield
        finally:
            self._cancel = None
