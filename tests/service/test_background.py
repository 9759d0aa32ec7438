"""What a background run keeps, with a store that fails now and then."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from triglot.service.responses.background import BackgroundRuns, Run
from triglot.state.store import StoreError

if TYPE_CHECKING:
    import pytest


class MoodyStore:
    """Keeps events, unless it is told to fail."""

    def __init__(self) -> None:
        self.fails = False
        self.kept: list[tuple[int, bytes]] = []

    async def append_events(self, _owner: str, _response_id: str, events: Any) -> bool:
        await asyncio.sleep(0)
        if self.fails:
            raise StoreError("the disk is full")
        self.kept += events
        return True


def a_run() -> Run:
    turn: Any = SimpleNamespace(owner="", request_id="req_1", response={"id": "resp_1", "status": "in_progress"})
    context: Any = None
    return Run(turn, context)


def events(*numbers: int) -> list[dict[str, Any]]:
    return [{"type": "response.in_progress", "sequence_number": number} for number in numbers]


def test_events_that_could_not_be_written_are_written_with_the_next(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        store = MoodyStore()
        made_by: Any = None
        kept: Any = store
        runs = BackgroundRuns(made_by, kept)
        run = a_run()
        run.add(events(0, 1))
        store.fails = True
        assert await runs._write(run)
        store.fails = False
        run.add(events(2))
        await asyncio.gather(runs._write(run), runs._write(run), runs._write(run, [b"last"]))
        assert [number for number, _ in store.kept] == [0, 1, 2, 3]
        assert store.kept[-1] == (3, b"last")

    asyncio.run(work())
    assert "the disk is full" in caplog.text
