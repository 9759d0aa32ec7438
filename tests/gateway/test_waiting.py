"""What waits for a slot hears signs of life, may leave in every way, and chains come back to the slot that knows them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, Reply, chunk, playing, start_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

DIALECTS = list(REQUESTS)


@pytest.fixture(scope="module")
def narrow() -> Iterator[Gateway]:
    with start_gateway("--slots", "2", "--heartbeat-s", "0.2") as running:
        yield running


class Backend:
    """Answers one request for each permit, the oldest first."""

    def __init__(self) -> None:
        self.asked = asyncio.Queue[Any]()
        self.permits = asyncio.Semaphore(0)

    async def play(self, connection: Connection) -> None:
        self.asked.put_nowait(connection.body)
        await self.permits.acquire()
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"content": "Hello"}) + chunk({}, "stop") + b"data: [DONE]\n\n")
        await connection.send(b"0\r\n\r\n")

    async def next_body(self) -> Any:
        return await asyncio.wait_for(self.asked.get(), 60)


def ask(gateway: Gateway, dialect: str = "messages", *, stream: bool = True, **fields: Any) -> asyncio.Task[Reply]:
    return asyncio.create_task(gateway.ask(dialect, stream=stream, **fields))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_waits_is_told_its_position_and_beats(narrow: Gateway, dialect: str) -> None:
    beat = {"chat": b'"choices":[]', "responses": b"response.in_progress", "messages": b"ping"}[dialect]

    async def run() -> None:
        backend = Backend()
        path, body = REQUESTS[dialect]
        async with playing(narrow, backend.play):
            first = [ask(narrow), ask(narrow)]
            await backend.next_body()
            await backend.next_body()
            reader, writer = await narrow.send(path, {**body, "stream": True}, "connection: close")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert b"x-triglot-queue-position: 1\r\n" in head.lower()
            for _ in range(3):
                assert b"Hello" not in await asyncio.wait_for(reader.readuntil(beat), 60)
            assert backend.asked.empty()
            backend.permits.release()
            backend.permits.release()
            await asyncio.gather(*first)
            await backend.next_body()
            backend.permits.release()
            assert b"Hello" in await asyncio.wait_for(reader.read(), 60)
            writer.close()

    asyncio.run(run())


def test_several_answers_wait_for_as_many_slots(narrow: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        path, body = REQUESTS["chat"]
        async with playing(narrow, backend.play):
            first = ask(narrow)
            await backend.next_body()
            waiting = []
            for number, wanted in enumerate((5, 1), 1):
                reader, writer = await narrow.send(path, {**body, "stream": True, "n": wanted}, "connection: close")
                begun = await asyncio.wait_for(reader.readuntil(b"choices"), 60)
                assert f"x-triglot-queue-position: {number}".encode() in begun
                waiting.append((reader, writer))
            assert backend.asked.empty()
            for _ in range(3):
                backend.permits.release()
            await first
            for reader, writer in waiting:
                assert b"Hello" in await asyncio.wait_for(reader.read(), 60)
                writer.close()
            assert [(await backend.next_body())["n"] for _ in waiting] == [5, 1]

    asyncio.run(run())


def test_a_session_comes_back_to_its_slot(narrow: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(narrow, backend.play):
            slots: dict[str, set[int]] = {"one": set(), "two": set()}
            for turn in range(6):
                session = ("one", "two")[turn % 2]
                waiting = ask(narrow, messages=[{"role": "user", "content": f"I am {session}"}], session_id=session)
                slots[session].add((await backend.next_body())["id_slot"])
                backend.permits.release()
                await waiting
            assert sorted(map(len, slots.values())) == [1, 1]
            assert slots["one"] != slots["two"]

    asyncio.run(run())


def test_a_chain_comes_back_to_its_slot(narrow: Gateway) -> None:
    """A request of a chain holds only its end, so what it says is no help."""

    async def run() -> None:
        backend = Backend()
        async with playing(narrow, backend.play):
            slots: dict[str, set[int]] = {"one": set(), "two": set()}
            latest: dict[str, str] = {}
            for turn in range(6):
                chain = ("one", "two")[turn % 2]
                begun: Any = {"previous_response_id": latest[chain]} if chain in latest else {}
                text = "And?" if begun else f"I am {chain}, and there is much to say of me. " * 40
                waiting = ask(narrow, "responses", stream=False, input=text, **begun)
                slots[chain].add((await backend.next_body())["id_slot"])
                backend.permits.release()
                latest[chain] = json.loads((await waiting).body)["id"]
            assert sorted(map(len, slots.values())) == [1, 1]
            assert slots["one"] != slots["two"]

    asyncio.run(run())


@pytest.mark.parametrize("how", ["leaves", "is cancelled", "is late"])
def test_who_leaves_the_queue_blocks_nobody(narrow: Gateway, how: str) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(narrow, backend.play):
            taken = [ask(narrow) for _ in range(2)]
            await backend.next_body()
            await backend.next_body()
            path, body = REQUESTS["messages"]
            limit = "x-triglot-timeout: queue=1.5" if how == "is late" else "x-other: 1"
            reader, writer = await narrow.send(path, {**body, "stream": True, "cancel_id": "mine"}, "connection: close", limit)
            await asyncio.wait_for(reader.readuntil(b"message_start"), 60)
            if how == "leaves":
                writer.transport.abort()
            elif how == "is cancelled":
                _, stopper = await narrow.send("/api/inference/cancel", {"cancel_id": "mine"}, "connection: close")
                assert b"message_stop" in await asyncio.wait_for(reader.read(), 60)
                stopper.close()
            else:
                assert b"--queue-timeout-s" in await asyncio.wait_for(reader.read(), 60)
            writer.close()
            behind = ask(narrow)
            for _ in range(3):
                backend.permits.release()
            await asyncio.wait_for(asyncio.gather(*taken, behind), 60)
            await backend.next_body()
            assert backend.asked.empty()

    asyncio.run(run())
