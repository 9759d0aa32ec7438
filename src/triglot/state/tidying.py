"""Deletes what lives no longer, and what was not used for longest when there is too much; a little at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

    from triglot.state.queries import Access

_STEP_S: Final = 0.01  # a transaction of deletions takes about that long; others can write in between
_FAR: Final = 1.1  # that much beyond the limit, tidying takes more steps than one before anybody may write again
_PUSH_S: Final = 0.1

# The one that was not used for longest, unless it runs.
_OLDEST: Final = """
    SELECT * FROM (SELECT 'DELETE FROM responses WHERE key = ?', key, used_at FROM responses WHERE NOT EXISTS
        (SELECT 1 FROM leases WHERE leases.response = responses.key AND leases.ends_at > :now) ORDER BY used_at LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT 'DELETE FROM conversations WHERE key = ?', key, used_at FROM conversations ORDER BY used_at LIMIT 1)
    ORDER BY 3 LIMIT 1
"""


def tidy(at: Access, max_bytes: int) -> bool:
    """Delete a little of what has to go; says whether there is more of it.

    Raises:
        sqlite3.Error: it cannot be done; a transaction may be open.
    """
    end = time.monotonic() + (_PUSH_S if used_bytes(at.db) > max_bytes * _FAR else 0.0)
    while _next(at, max_bytes) is not None:
        at.db.execute("BEGIN IMMEDIATE")
        more = _delete(at, max_bytes)
        at.db.execute("COMMIT")
        if not more or time.monotonic() > end:
            return more
    return False


def _delete(at: Access, max_bytes: int) -> bool:
    """Delete for the time of one step; says whether there is more."""
    end = time.monotonic() + _STEP_S
    while (victim := _next(at, max_bytes)) is not None:
        at.db.execute(*victim)
        if time.monotonic() > end:
            return True
    return False


def used_bytes(db: sqlite3.Connection) -> int:
    """What the file holds, without its free pages."""
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size"))
    return int((pages - free) * size)


def _next(at: Access, max_bytes: int) -> tuple[str, tuple[int]] | None:
    """The statement that deletes what has to go next, and its parameters."""
    oldest = at.db.execute(_OLDEST, {"now": at.now}).fetchone()
    if oldest is None:
        return None
    statement, key, used_at = oldest
    return (statement, (key,)) if used_at <= at.horizon or used_bytes(at.db) > max_bytes else None
