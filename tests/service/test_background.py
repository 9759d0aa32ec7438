"""What a background run keeps, with a store that fails now and then."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from triglot.service.responses import background
from triglot.service.responses.background import BackgroundRuns, Run, RunStream
from triglot.state.queries import LEASE_S
from triglot.state.sqlite import SqliteStore
from triglot.state.store import StoredResponse, StoreError
from triglot.web import ClientConnection, RequestContext

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


def test_the_end_is_saved_behind_the_last_events_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads in another process that a response has ended finds all its events."""
    monkeypatch.setattr(background, "_FLUSH_EVERY_S", 0)
    saved: list[str] = []

    async def work() -> None:
        run = a_run()
        statuses = ["queued", "queued", "in_progress", "in_progress", "completed", "completed"]
        run.turn.response["status"] = statuses.pop(0)
        over = asyncio.Event()

        class Turns:
            async def save(self, turn: Any) -> None:
                saved.append(turn.response["status"])

        class Store:
            async def append_events(self, _owner: str, _response_id: str, _events: Any) -> bool:
                if statuses:
                    run.turn.response["status"] = statuses.pop(0)
                else:
                    over.set()
                return True

        turns: Any = Turns()
        store: Any = Store()
        flusher = asyncio.create_task(BackgroundRuns(turns, store)._flush_regularly(run))
        await over.wait()
        flusher.cancel()

    asyncio.run(asyncio.wait_for(work(), 120))
    assert saved == ["in_progress"]


def test_a_response_that_is_lost_between_its_last_event_and_its_end_has_failed() -> None:
    now = 1_800_000_000.0

    async def work() -> None:
        nonlocal now
        store = SqliteStore(None, ttl_s=1000, max_bytes=2**20, clock=lambda: now)
        queued = StoredResponse("resp_1", "queued", b'{"id":"resp_1","status":"queued"}', int(now), background=True)
        await store.save_response("", queued, [], [])
        await store.append_events("", "resp_1", [(0, b'{"type":"response.created"}'), (1, b'{"type":"response.completed"}')])
        now += LEASE_S + 1
        told = b"".join([piece async for piece in RunStream(store, "", "resp_1", after=-1, run=None)])
        await store.aclose()
        assert told.count(b"event: ") == 2
        assert b"response.created" in told
        assert b'{"type":"response.failed","sequence_number":1,' in told

    asyncio.run(asyncio.wait_for(work(), 120))


def test_a_stream_of_a_response_that_is_deleted_elsewhere_has_an_end() -> None:
    async def work() -> None:
        store = SqliteStore(None, ttl_s=1000, max_bytes=2**20)
        queued = StoredResponse("resp_1", "queued", b'{"id":"resp_1","status":"queued"}', 1_800_000_000, background=True)
        await store.save_response("", queued, [], [])
        await store.append_events("", "resp_1", [(0, b'{"type":"response.created"}')])
        stream = RunStream(store, "", "resp_1", after=-1, run=None)
        assert b"response.created" in await anext(stream)
        await store.delete_response("", "resp_1")
        last = await anext(stream)
        assert b'{"type":"response.incomplete","sequence_number":1,"response":{"id":"resp_1","status":"cancelled"}}' in last
        assert [piece async for piece in stream] == []
        await store.aclose()

    asyncio.run(asyncio.wait_for(work(), 120))


def test_a_run_that_cannot_be_stopped_does_not_keep_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_STOP_S", 0.01)

    async def work() -> None:
        run = a_run()
        run.context = RequestContext("responses", "create_response", "req_1", {}, ClientConnection(None))
        deaf = asyncio.create_task(asyncio.Event().wait())
        nobody: Any = None
        runs = BackgroundRuns(nobody, nobody)
        stuck: Any = deaf
        runs._runs["resp_1"] = (run, stuck)
        await runs.aclose()
        assert deaf.cancelled()

    asyncio.run(asyncio.wait_for(work(), 120))
