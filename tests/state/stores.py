"""The stores that the contract is tried on, and a clock that stands still unless it is told to go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from triglot.state.sqlite import SqliteStore
from triglot.state.store import Item, StoredConversation, StoredResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from triglot.state.store import Status, Store

KINDS = ("sqlite-file", "sqlite-memory")
OWNER, OTHER = "key-1", "key-2"
TTL_S = 1000.0
PRECISION_S = TTL_S / 10  # of a use
LEASE_S = 30.0


class Clock:
    """Unix time in seconds, as tests want it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def open_store(kind: str, directory: Path, clock: Callable[[], float], *, ttl_s: float = TTL_S, max_bytes: int = 2**30) -> Store:
    """A new store of a kind; those in one directory share what they keep, unless it is in memory."""
    file = directory / "state.sqlite3" if kind == "sqlite-file" else None
    return SqliteStore(file, ttl_s=ttl_s, max_bytes=max_bytes, clock=clock)


def tell(store: Store, story: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
    """Run a story in a loop of its own, and close the store."""

    async def whole() -> None:
        try:
            await asyncio.wait_for(story(store), 60)
        finally:
            await store.aclose()

    asyncio.run(whole())


def response(name: str, status: Status = "completed", **more: Any) -> StoredResponse:
    return StoredResponse(id=name, status=status, body=f'{{"id":"{name}","status":"{status}"}}'.encode(), created_at=1_800_000_000, **more)


def conversation(name: str) -> StoredConversation:
    return StoredConversation(id=name, created_at=1_800_000_000, metadata=b"{}")


def item(name: str, text: str = "") -> Item:
    return Item(id=name, body=f'{{"id":"{name}","text":"{text}"}}'.encode())


def items(*names: str) -> list[Item]:
    return [item(name) for name in names]
