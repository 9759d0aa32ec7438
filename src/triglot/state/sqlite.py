"""The embedded store: an SQLite file that all processes of a machine share, or a private one in memory."""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from triglot.state import queries
from triglot.state.queries import Access
from triglot.state.schema import connect, explain, prepare
from triglot.state.store import StoreError
from triglot.state.tidying import tidy
from triglot.state.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from triglot.state.queries import Loaded
    from triglot.state.store import Item, Page, StoredConversation, StoredResponse

log = logging.getLogger("triglot")

T = TypeVar("T")
P = ParamSpec("P")

_PRECISION_S: Final = 3600.0
_START_S: Final = 1.0  # what tidying may take at the start; the rest is done in the background


class SqliteStore:
    """A `Store` in SQLite.

    All writing is done by one thread, all reading by another, so that a slow disk holds up neither the event loop nor those who read.

    Args:
        file: where it is kept; None is in memory, for this process alone.
        ttl_s: how long something lives after its last use. A use counts with a precision of a tenth of it, an hour at most.
        max_bytes: how large all of it may be; what was not used for longest goes first, and nothing that runs.
        clock: Unix time in seconds. Processes that share a file share it too.

    Raises:
        StoreError: the file cannot be used, and why.
    """

    def __init__(self, file: Path | None, *, ttl_s: float, max_bytes: int, clock: Callable[[], float] = time.time) -> None:
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._clock = clock
        if file is not None:
            prepare(file)
            self._tidy_at_start(file)
        open_, say = partial(connect, file), partial(explain, file)
        self._writer = Worker("state-writer", open_, begin="BEGIN IMMEDIATE", explain=say, tidy=self._tidy)
        # What is in memory is seen by its own connection alone.
        self._reader = self._writer if file is None else Worker("state-reader", open_, begin="BEGIN", explain=say)

    async def save_response(self, owner: str, response: StoredResponse, given: Sequence[Item], made: Sequence[Item]) -> None:
        """See `Store`."""
        await self._write(owner, queries.save_response, response, given, made)

    async def load_response(self, owner: str, response_id: str) -> StoredResponse | None:
        """See `Store`."""
        return await self._read(owner, queries.load_response, response_id)

    async def delete_response(self, owner: str, response_id: str) -> bool:
        """See `Store`."""
        return await self._write(owner, queries.delete_response, response_id)

    async def load_chain(self, owner: str, response_id: str) -> list[Item] | None:
        """See `Store`."""
        loaded = await self._read(owner, queries.load_chain, response_id)
        return await self._use(owner, "responses", loaded)

    async def list_given(self, owner: str, response_id: str, *, after: str | None, limit: int, newest_first: bool) -> Page | None:
        """See `Store`."""
        return await self._read(owner, queries.list_given, response_id, after=after, limit=limit, newest_first=newest_first)

    async def find_items(self, owner: str, item_ids: Sequence[str]) -> dict[str, bytes]:
        """See `Store`."""
        return await self._read(owner, queries.find_items, item_ids)

    async def append_events(self, owner: str, response_id: str, events: Sequence[tuple[int, bytes]]) -> bool:
        """See `Store`."""
        return await self._write(owner, queries.append_events, response_id, events)

    async def load_events(self, owner: str, response_id: str, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Store`."""
        return await self._read(owner, queries.load_events, response_id, after=after, limit=limit)

    async def cancel_response(self, owner: str, response_id: str) -> bool:
        """See `Store`."""
        return await self._write(owner, queries.cancel_response, response_id)

    async def create_conversation(self, owner: str, conversation: StoredConversation, items: Sequence[Item]) -> None:
        """See `Store`."""
        await self._write(owner, queries.create_conversation, conversation, items)

    async def load_conversation(self, owner: str, conversation_id: str) -> StoredConversation | None:
        """See `Store`."""
        return await self._read(owner, queries.load_conversation, conversation_id)

    async def update_conversation(self, owner: str, conversation_id: str, metadata: bytes) -> StoredConversation | None:
        """See `Store`."""
        return await self._write(owner, queries.update_conversation, conversation_id, metadata)

    async def delete_conversation(self, owner: str, conversation_id: str) -> bool:
        """See `Store`."""
        return await self._write(owner, queries.delete_conversation, conversation_id)

    async def load_conversation_items(self, owner: str, conversation_id: str) -> list[Item] | None:
        """See `Store`."""
        loaded = await self._read(owner, queries.load_conversation_items, conversation_id)
        return await self._use(owner, "conversations", loaded)

    async def append_items(self, owner: str, conversation_id: str, items: Sequence[Item]) -> bool:
        """See `Store`."""
        return await self._write(owner, queries.append_items, conversation_id, items)

    async def list_items(self, owner: str, conversation_id: str, *, after: str | None, limit: int, newest_first: bool) -> Page | None:
        """See `Store`."""
        return await self._read(owner, queries.list_items, conversation_id, after=after, limit=limit, newest_first=newest_first)

    async def load_item(self, owner: str, conversation_id: str, item_id: str) -> bytes | None:
        """See `Store`."""
        return await self._read(owner, queries.load_item, conversation_id, item_id)

    async def delete_item(self, owner: str, conversation_id: str, item_id: str) -> bool:
        """See `Store`."""
        return await self._write(owner, queries.delete_item, conversation_id, item_id)

    async def aclose(self) -> None:
        """See `Store`."""
        await self._reader.aclose()
        await self._writer.aclose()

    async def _write(self, owner: str, query: Callable[Concatenate[Access, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._writer.run(lambda db: query(self._access(db, owner), *args, **kwargs))

    async def _read(self, owner: str, query: Callable[Concatenate[Access, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._reader.run(lambda db: query(self._access(db, owner), *args, **kwargs))

    async def _use(self, owner: str, table: str, loaded: Loaded | None) -> list[Item] | None:
        """What was loaded, once it is marked as used; where that cannot be written, reading goes on."""
        if loaded is None:
            return None
        if loaded.stale:
            try:
                await self._write(owner, queries.touch, table, loaded.stale)
            except StoreError as error:
                log.warning("what was read is not marked as used: %s", error)
        return loaded.items

    def _access(self, db: sqlite3.Connection, owner: str = "") -> Access:
        now = self._clock()
        return Access(db, owner, now, now - self._ttl_s, now - min(_PRECISION_S, self._ttl_s / 10))

    def _tidy(self, db: sqlite3.Connection) -> bool:
        return tidy(self._access(db), self._max_bytes)

    def _tidy_at_start(self, file: Path) -> None:
        """Delete what should have been deleted while nothing ran."""
        end = time.monotonic() + _START_S
        try:
            with closing(connect(file)) as db:
                while self._tidy(db) and time.monotonic() < end:
                    pass
        except sqlite3.Error as error:
            raise StoreError(explain(file, error)) from None
