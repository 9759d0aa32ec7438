"""Ends a run early where somebody asks for it, so that what was found so far can still be told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_BY_SIGNAL: Final = 128


class Stop:
    """Cancels a task at the first SIGINT or SIGTERM. From then on both end the process at once.

    The handlers are plain ones, not those of the loop: they are called also while the loop is busy.

    Args:
        told: called with what the user should know when it happens.

    Attributes:
        signal: its number; None as long as nobody asked.
    """

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self.signal: int | None = None

    @property
    def status(self) -> int | None:
        """The exit status, as shells tell it; None as long as nobody asked."""
        return None if self.signal is None else _BY_SIGNAL + self.signal

    @contextlib.contextmanager
    def ends(self, task: asyncio.Task[Any]) -> Iterator[None]:
        """Heed the signals within this context. One that the process was started to ignore is ignored on."""
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        heeded = [number for number in _SIGNALS if before[number] is not signal.SIG_IGN]

        def cancel() -> None:
            self._told("Stopping; what was judged is told. Once more ends at once.")
            task.cancel()

        def heed(number: int, _: Any) -> None:
            self.signal = number
            for each in heeded:
                signal.signal(each, signal.SIG_DFL)
            loop.call_soon_threadsafe(cancel)

        for number in heeded:
            signal.signal(number, heed)
        try:
            yield
        finally:
            if self.signal is None:
                for number in heeded:
                    signal.signal(number, before[number] or signal.SIG_DFL)
