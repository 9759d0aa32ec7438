"""At most as many requests are with the backend as it has slots; the others wait their turn, are told their position, and may leave."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .answers import Answers
from .harness import REQUESTS, Connection, Gateway, playing, start_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIALECTS = list(REQUESTS)
PATIENCE_S = 20


@pytest.fixture(scope="module")
def narrow() -> Iterator[Gateway]:
    """One slot, and one that may wait."""
    with start_gateway("--slots", "1", "--queue-limit", "1", "--state", "memory") as running:
        yield running


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    state: Path = tmp_path_factory.mktemp("state") / "state.sqlite3"
    with start_gateway("--slots", "2", "--workers", "3", "--queue-limit", "100", "--state", str(state)) as running:
        yield running


class Holding(Answers):
    """Answers when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Queue[Any]()
        self.go = asyncio.Semaphore(0)
        self.at_once = 0
        self.most_at_once = 0

    async def play(self, connection: Connection) -> None:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        self.asked.put_nowait(connection.body)
        try:
            await self.go.acquire()
        finally:
            self.at_once -= 1
        await super().play(connection)

    async def next_body(self) -> Any:
        return await asyncio.wait_for(self.asked.get(), PATIENCE_S)


async def begin(gateway: Gateway, dialect: str) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for a stream, and return when its head has come: it starts early, though the request waits."""
    path, body = REQUESTS[dialect]
    reader, writer = await gateway.send(path, {**body, "stream": True}, "connection: close")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
    return head.decode(), reader, writer


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_queue_is_told_and_bounded(narrow: Gateway, dialect: str, stream: bool) -> None:
    async def run() -> None:
        backend = Holding()
        async with playing(narrow, backend.play):
            first = asyncio.create_task(narrow.ask(dialect, stream=stream))
            await backend.next_body()
            head, reader, writer = await begin(narrow, dialect)
            assert re.search(r"^x-triglot-queue-position: 1\r$", head, re.MULTILINE | re.IGNORECASE)
            refused = await narrow.ask(dialect, stream=stream)
            assert refused.status == (529 if dialect == "messages" else 429)
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            error = json.loads(refused.body)["error"]
            assert "1 requests wait" in error["message"]
            assert error["type"] == ("overloaded_error" if dialect == "messages" else "rate_limit_error")
            assert backend.asked.empty()
            backend.go.release()
            assert (await asyncio.wait_for(first, PATIENCE_S)).status == 200
            await backend.next_body()
            backend.go.release()
            assert b"answer 2" in await asyncio.wait_for(reader.read(), PATIENCE_S)
            writer.close()
            assert backend.most_at_once == 1

    asyncio.run(run())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_client_that_goes_leaves_the_queue(narrow: Gateway, dialect: str) -> None:
    async def run() -> None:
        backend = Holding()
        async with playing(narrow, backend.play):
            first = asyncio.create_task(narrow.ask(dialect, stream=False))
            await backend.next_body()
            _, _, writer = await begin(narrow, dialect)
            writer.transport.abort()
            head = "HTTP/1.1 429"
            while " 429" in head or " 529" in head:  # until the gateway has noticed
                writer.close()
                head, reader, writer = await begin(narrow, dialect)
            assert "x-triglot-queue-position: 1" in head.lower()
            backend.go.release()
            await asyncio.wait_for(first, PATIENCE_S)
            await backend.next_body()
            backend.go.release()
            assert b"answer 2" in await asyncio.wait_for(reader.read(), PATIENCE_S)
            writer.close()

    asyncio.run(run())


def test_a_conversation_keeps_its_slot() -> None:
    conversations = [[{"role": "user", "content": text}] for text in ("Apples", "Pears", "Plums")]

    async def run(gateway: Gateway) -> list[Any]:
        backend = Answers()
        async with playing(gateway, backend.play):
            for number in (0, 1, 2, 2, 0, 1, 1):
                conversation = conversations[number]
                reply = await gateway.ask("chat", stream=False, messages=conversation, tools=[])
                conversation += [json.loads(reply.body)["choices"][0]["message"], {"role": "user", "content": "More."}]
            await gateway.ask("chat", stream=False, id_slot=17)
        return [request["id_slot"] for request in backend.requests]

    with start_gateway("--slots", "3", "--state", "memory") as gateway:
        slots = asyncio.run(run(gateway))
    assert sorted(slots[:3]) == [0, 1, 2]
    assert slots[3:] == [slots[2], slots[0], slots[1], slots[1], 17]


@pytest.mark.skipif(sys.platform == "win32", reason="each process counts for itself there")
def test_all_workers_share_the_slots(wide: Gateway) -> None:
    async def run() -> None:
        backend = Holding()
        async with playing(wide, backend.play):
            asking = [asyncio.create_task(wide.ask("chat", stream=False)) for _ in range(12)]
            slots = [(await backend.next_body())["id_slot"] for _ in range(2)]
            assert sorted(slots) == [0, 1]
            for _ in asking[2:]:
                backend.go.release()
                assert (await backend.next_body())["id_slot"] in (0, 1)
            backend.go.release()
            backend.go.release()
            replies = await asyncio.wait_for(asyncio.gather(*asking), PATIENCE_S)
            assert {reply.status for reply in replies} == {200}
            assert backend.most_at_once == 2

    asyncio.run(run())
