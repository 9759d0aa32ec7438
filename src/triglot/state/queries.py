"""What each operation of the store does in SQL: functions of a connection within a transaction.

Something lives as long as it was used lately, and a response also as long as it runs; what does not live any longer is nowhere to be seen,
whether or not it was deleted already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from triglot.state.store import RUNNING, Item, Page, StoredConversation, StoredResponse

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

LEASE_S: Final = 30.0
_MAX_INTEGER: Final = 2**63 - 1
_MAX_LINKS: Final = 100_000  # a chain that bites its own tail ends too

_LIVE: Final = "(r.used_at > :horizon OR EXISTS (SELECT 1 FROM leases WHERE leases.response = r.key AND leases.ends_at > :now))"


class Access(NamedTuple):
    """An owner's access to the database, at one moment and within one transaction.

    Attributes:
        db: the connection.
        owner: who asks; nothing of anybody else is to be seen.
        now: Unix time in seconds.
        horizon: what was last used then or earlier lives no longer.
        stale: what was last used earlier is marked as used when it is. Something in frequent use is not written anew each time.
    """

    db: sqlite3.Connection
    owner: str
    now: float
    horizon: float
    stale: float

    def values(self, **more: object) -> dict[str, object]:
        """The parameters of a statement that names them."""
        return {"owner": self.owner, "now": self.now, "horizon": self.horizon, **more}


def find_response(at: Access, response_id: str) -> int | None:
    """The key of a response that lives."""
    query = f"SELECT key FROM responses AS r WHERE owner = :owner AND id = :id AND {_LIVE}"
    row = at.db.execute(query, at.values(id=response_id)).fetchone()
    return None if row is None else row[0]


def find_conversation(at: Access, conversation_id: str) -> int | None:
    """The key of a conversation that lives."""
    query = "SELECT key FROM conversations WHERE owner = :owner AND id = :id AND used_at > :horizon"
    row = at.db.execute(query, at.values(id=conversation_id)).fetchone()
    return None if row is None else row[0]


def save_response(at: Access, response: StoredResponse, given: Sequence[Item], made: Sequence[Item]) -> None:
    """See `Store.save_response`."""
    key = find_response(at, response.id)
    runs, ran = response.status in RUNNING, True
    if key is None:
        if response.background and not runs:
            return  # it was deleted while it ran
        delete_response(at, response.id)  # what may be left of one that lives no longer
        key = at.db.execute(
            "INSERT INTO responses (owner, id, status, created_at, background, previous_id, conversation_id, used_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(at.owner, response.id, response.status, response.created_at),
                *(response.background, response.previous_id, response.conversation_id, at.now),
            ),
        ).lastrowid
    else:
        [status] = at.db.execute("SELECT status FROM responses WHERE key = ?", (key,)).fetchone()
        ran = status in RUNNING
        at.db.execute(
            "UPDATE responses SET status = ?, created_at = ?, background = ?, previous_id = ?, conversation_id = ?, used_at = ?"
            " WHERE key = ?",
            (
                *(response.status, response.created_at, response.background),
                *(response.previous_id, response.conversation_id, at.now, key),
            ),
        )
        at.db.execute("DELETE FROM items WHERE response = ?", (key,))
    at.db.execute("INSERT OR REPLACE INTO bodies (response, body) VALUES (?, ?)", (key, response.body))
    for side, items in enumerate((given, made)):
        at.db.executemany(
            "INSERT INTO items (owner, id, response, made, position, body) VALUES (?, ?, ?, ?, ?, ?)",
            [(at.owner, item.id, key, side, position, item.body) for position, item in enumerate(items)],
        )
    if runs:
        at.db.execute(
            "INSERT INTO leases (response, ends_at) VALUES (?, ?) ON CONFLICT (response) DO UPDATE SET ends_at = excluded.ends_at",
            (key, at.now + LEASE_S),
        )
        return
    at.db.execute("DELETE FROM leases WHERE response = ?", (key,))
    if ran and response.status != "failed" and response.conversation_id is not None:
        append_items(at, response.conversation_id, [*given, *made])


def load_response(at: Access, response_id: str) -> StoredResponse | None:
    """See `Store.load_response`."""
    row = at.db.execute(
        "SELECT status, body, created_at, previous_id, conversation_id, background, ends_at"
        " FROM responses AS r JOIN bodies ON bodies.response = r.key LEFT JOIN leases ON leases.response = r.key"
        f" WHERE owner = :owner AND id = :id AND {_LIVE}",
        at.values(id=response_id),
    ).fetchone()
    if row is None:
        return None
    status, body, created_at, previous_id, conversation_id, background, ends_at = row
    return StoredResponse(
        response_id,
        status,
        body,
        created_at,
        background=bool(background),
        previous_id=previous_id,
        conversation_id=conversation_id,
        lost=status in RUNNING and ends_at <= at.now,
    )


def delete_response(at: Access, response_id: str) -> bool:
    """See `Store.delete_response`."""
    lives = find_response(at, response_id) is not None
    at.db.execute("DELETE FROM responses WHERE owner = ? AND id = ?", (at.owner, response_id))
    return lives


class Loaded(NamedTuple):
    """Items, and the keys of the responses or conversations that have to be marked as used."""

    items: list[Item]
    stale: list[int]


def load_chain(at: Access, response_id: str) -> Loaded | None:
    """The chain that ends with a response, `None` if a link is missing."""
    links = at.db.execute(
        f"""
        WITH RECURSIVE chain (key, previous_id, used_at, depth) AS (
            SELECT r.key, r.previous_id, r.used_at, 0 FROM responses AS r
            WHERE r.owner = :owner AND r.id = :id AND {_LIVE}
            UNION ALL
            SELECT r.key, r.previous_id, r.used_at, chain.depth + 1 FROM chain
            JOIN responses AS r ON r.owner = :owner AND r.id = chain.previous_id
            WHERE {_LIVE}
            LIMIT {_MAX_LINKS}
        )
        SELECT key, previous_id, used_at FROM chain ORDER BY depth DESC
        """,
        at.values(id=response_id),
    ).fetchall()
    if not links or links[0][1] is not None:
        return None
    items: list[Item] = []
    for key, _, _ in links:
        rows = at.db.execute("SELECT id, body FROM items WHERE response = ? ORDER BY made, position", (key,))
        items.extend(Item(*row) for row in rows)
    return Loaded(items, [key for key, _, used_at in links if used_at < at.stale])


def touch(at: Access, table: str, keys: Iterable[int]) -> None:
    """Mark responses or conversations as used, unless they have ceased to live."""
    at.db.executemany(f"UPDATE {table} SET used_at = ? WHERE key = ? AND used_at > ?", [(at.now, key, at.horizon) for key in keys])


def list_given(at: Access, response_id: str, *, after: str | None, limit: int, newest_first: bool) -> Page | None:
    """See `Store.list_given`."""
    key = find_response(at, response_id)
    return (
        None
        if key is None
        else _page(at, "response = :key AND made = 0", at.values(key=key, after=after), limit, newest_first=newest_first)
    )


def list_items(at: Access, conversation_id: str, *, after: str | None, limit: int, newest_first: bool) -> Page | None:
    """See `Store.list_items`."""
    key = find_conversation(at, conversation_id)
    return None if key is None else _page(at, "conversation = :key", at.values(key=key, after=after), limit, newest_first=newest_first)


def _page(at: Access, place: str, values: dict[str, object], limit: int, *, newest_first: bool) -> Page:
    """Where the id `after` stands several times, the one farthest on counts, so that pages always come to an end."""
    farthest, beyond, order = ("min", "<", "DESC") if newest_first else ("max", ">", "ASC")
    start = _MAX_INTEGER if newest_first else -1
    if values["after"] is not None:
        query = f"SELECT {farthest}(position) FROM items WHERE owner = :owner AND id = :after AND {place}"
        [start] = at.db.execute(query, values).fetchone()
        if start is None:
            return Page((), has_more=False)
    query = f"SELECT id, body FROM items WHERE {place} AND position {beyond} :start ORDER BY position {order} LIMIT :limit"
    rows = at.db.execute(query, values | {"start": start, "limit": _integer(limit + 1)}).fetchall()
    return Page(tuple(Item(*row) for row in rows[:limit]), has_more=len(rows) > limit)


def find_items(at: Access, item_ids: Iterable[str]) -> dict[str, bytes]:
    """See `Store.find_items`."""
    found: dict[str, bytes] = {}
    for item_id in dict.fromkeys(item_ids):
        row = at.db.execute(
            "SELECT body FROM items LEFT JOIN responses AS r ON r.key = items.response"
            " LEFT JOIN conversations AS c ON c.key = items.conversation"
            f" WHERE items.owner = :owner AND items.id = :id AND (c.used_at > :horizon OR {_LIVE}) ORDER BY items.key DESC LIMIT 1",
            at.values(id=item_id),
        ).fetchone()
        if row is not None:
            found[item_id] = row[0]
    return found


def append_events(at: Access, response_id: str, events: Sequence[tuple[int, bytes]]) -> bool:
    """See `Store.append_events`."""
    key = find_response(at, response_id)
    if key is None:
        return False
    at.db.executemany(
        "INSERT OR REPLACE INTO events (response, number, body) VALUES (?, ?, ?)", [(key, number, body) for number, body in events]
    )
    at.db.execute("UPDATE leases SET ends_at = ? WHERE response = ?", (at.now + LEASE_S, key))
    return at.db.execute("SELECT 1 FROM leases WHERE response = ? AND NOT cancelled", (key,)).fetchone() is not None


def load_events(at: Access, response_id: str, *, after: int, limit: int) -> list[tuple[int, bytes]]:
    """See `Store.load_events`."""
    key = find_response(at, response_id)
    return at.db.execute(
        "SELECT number, body FROM events WHERE response = ? AND number > ? ORDER BY number LIMIT ?", (key, _integer(after), _integer(limit))
    ).fetchall()


def cancel_response(at: Access, response_id: str) -> bool:
    """See `Store.cancel_response`."""
    key = find_response(at, response_id)
    return at.db.execute("UPDATE leases SET cancelled = 1 WHERE response = ? AND ends_at > ?", (key, at.now)).rowcount > 0


def create_conversation(at: Access, conversation: StoredConversation, items: Sequence[Item]) -> None:
    """See `Store.create_conversation`."""
    delete_conversation(at, conversation.id)
    at.db.execute(
        "INSERT INTO conversations (owner, id, created_at, metadata, used_at) VALUES (?, ?, ?, ?, ?)",
        (at.owner, conversation.id, conversation.created_at, conversation.metadata, at.now),
    )
    append_items(at, conversation.id, items)


def load_conversation(at: Access, conversation_id: str) -> StoredConversation | None:
    """See `Store.load_conversation`."""
    row = at.db.execute(
        "SELECT id, created_at, metadata FROM conversations WHERE owner = ? AND id = ? AND used_at > ?",
        (at.owner, conversation_id, at.horizon),
    ).fetchone()
    return None if row is None else StoredConversation(*row)


def update_conversation(at: Access, conversation_id: str, metadata: bytes) -> StoredConversation | None:
    """See `Store.update_conversation`."""
    key = find_conversation(at, conversation_id)
    at.db.execute("UPDATE conversations SET metadata = ?, used_at = ? WHERE key = ?", (metadata, at.now, key))
    return load_conversation(at, conversation_id)


def delete_conversation(at: Access, conversation_id: str) -> bool:
    """See `Store.delete_conversation`."""
    lives = find_conversation(at, conversation_id) is not None
    at.db.execute("DELETE FROM conversations WHERE owner = ? AND id = ?", (at.owner, conversation_id))
    return lives


def load_conversation_items(at: Access, conversation_id: str) -> Loaded | None:
    """See `Store.load_conversation_items`."""
    row = at.db.execute(
        "SELECT key, used_at FROM conversations WHERE owner = ? AND id = ? AND used_at > ?", (at.owner, conversation_id, at.horizon)
    ).fetchone()
    if row is None:
        return None
    key, used_at = row
    rows = at.db.execute("SELECT id, body FROM items WHERE conversation = ? ORDER BY position", (key,))
    return Loaded([Item(*row) for row in rows], [key] if used_at < at.stale else [])


def append_items(at: Access, conversation_id: str, items: Sequence[Item]) -> bool:
    """See `Store.append_items`."""
    key = find_conversation(at, conversation_id)
    if key is None:
        return False
    [start] = at.db.execute("SELECT coalesce(max(position), -1) + 1 FROM items WHERE conversation = ?", (key,)).fetchone()
    at.db.executemany(
        "INSERT INTO items (owner, id, conversation, made, position, body) VALUES (?, ?, ?, 0, ?, ?)",
        [(at.owner, item.id, key, position, item.body) for position, item in enumerate(items, start)],
    )
    touch(at, "conversations", [key])
    return True


def load_item(at: Access, conversation_id: str, item_id: str) -> bytes | None:
    """See `Store.load_item`."""
    row = at.db.execute(
        "SELECT body FROM items JOIN conversations AS c ON c.key = items.conversation"
        " WHERE items.owner = ? AND items.id = ? AND c.id = ? AND c.used_at > ? ORDER BY items.key DESC LIMIT 1",
        (at.owner, item_id, conversation_id, at.horizon),
    ).fetchone()
    return None if row is None else row[0]


def delete_item(at: Access, conversation_id: str, item_id: str) -> bool:
    """See `Store.delete_item`."""
    key = find_conversation(at, conversation_id)
    return at.db.execute("DELETE FROM items WHERE owner = ? AND id = ? AND conversation = ?", (at.owner, item_id, key)).rowcount > 0


def _integer(number: int) -> int:
    """A number that SQLite can hold; those beyond mean the same."""
    return max(-_MAX_INTEGER, min(number, _MAX_INTEGER))
