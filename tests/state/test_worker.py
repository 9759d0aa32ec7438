"""The thread that a database belongs to."""

from __future__ import annotations

import asyncio
import sqlite3
import weakref

from triglot.state.worker import Worker


class Text:
    pass


def test_a_worker_that_waits_holds_nothing_of_what_it_has_done():
    async def run() -> None:
        worker = Worker("test", lambda: sqlite3.connect(":memory:", isolation_level=None), begin="BEGIN", explain=str)
        text = Text()
        released = asyncio.Event()
        weakref.finalize(text, asyncio.get_running_loop().call_soon_threadsafe, released.set)
        await worker.run(lambda _, text=text: None)
        del text
        await asyncio.wait_for(released.wait(), 60)
        await worker.aclose()

    asyncio.run(run())
