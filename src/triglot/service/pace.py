"""When a stream speaks though nothing has come."""

from __future__ import annotations

from typing import NamedTuple


class Pace(NamedTuple):
    """Seconds.

    Attributes:
        early_start_s: a stream begins after this long even if the backend has not: until then its status can still be an error's.
        heartbeat_s: longest silence of a stream before its client gets a sign of life.
    """

    early_start_s: float
    heartbeat_s: float
