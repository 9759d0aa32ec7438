"""Tells an engine that hangs from one that is busy."""

from __future__ import annotations

from triglot.backend import procfs

LONGEST_INTERVAL_S = 5.0
IDLE_SHARE = 0.02
"""An engine that uses less of one core than this does nothing: waking up for its timers takes a tenth of it."""


class Pulse:
    """Watches one process.

    No answer to a health check proves nothing by itself: a llama-server has few threads for HTTP, and long answers may keep all of them.
    An engine with answers under way uses its processor, though; so an engine hangs when it does neither. Where the system does not tell
    the CPU time, no engine is ever taken to hang.

    Args:
        patience_s: for how long it must do neither.
    """

    def __init__(self, patience_s: float) -> None:
        self.interval_s = min(LONGEST_INTERVAL_S, patience_s / 4)
        self._patience_s = patience_s
        self._silent_since: tuple[float, float] | None = None

    def has_stopped(self, pid: int, *, beats: bool, now: float) -> bool:
        """Whether the process hangs, by a look at it now.

        Args:
            pid: the process.
            beats: whether it answered to a health check.
            now: a monotonic clock, in seconds.
        """
        used_s = procfs.cpu_s(pid)
        if beats or used_s is None:
            self._silent_since = None
            return False
        if self._silent_since is None:
            self._silent_since = (now, used_s)
            return False
        since, used_before_s = self._silent_since
        if used_s - used_before_s > IDLE_SHARE * max(now - since, self.interval_s):
            self._silent_since = (now, used_s)
            return False
        return now - since >= self._patience_s
