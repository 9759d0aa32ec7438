"""A request that is cancelled by one of its ids lets the backend go and ends in its dialect's own way."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, Reply, chunk, playing, start_gateway

DIALECTS = list(REQUESTS)


class Backend:
    """Says one thing and goes on for ever, until the gateway leaves."""

    def __init__(self, phase: str) -> None:
        self.phase = phase
        self.asked = asyncio.Queue[None]()
        self.gone = asyncio.Queue[None]()

    async def play(self, connection: Connection) -> None:
        if self.phase == "decode":
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"role": "assistant", "content": None}) + chunk({"content": "Hel"}))
        self.asked.put_nowait(None)
        await connection.closed()
        self.gone.put_nowait(None)


async def cancel(gateway: Gateway, **target: str) -> Any:
    reader, writer = await gateway.send("/api/inference/cancel", target, "connection: close")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert head.split(b" ")[1] == b"200"
    return json.loads(body)


def last_word(dialect: str, reply: Reply) -> Any:
    """How the stream ended."""
    match dialect:
        case "chat":
            assert reply.body.rstrip().endswith(b"data: [DONE]")
            return reply.events[-1]["choices"][0]["finish_reason"]
        case "responses":
            return reply.events[-1]["response"]["status"]
        case _:
            assert reply.events[-1]["type"] == "message_stop"
            return reply.events[-2]["delta"]["stop_reason"]


ENDS = {"chat": "stop", "responses": "cancelled", "messages": "end_turn"}


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["cancel_id", "session_id"])
def test_by_a_name_of_the_client(gateway: Gateway, name: str, dialect: str, stream: bool, phase: str) -> None:
    async def run() -> tuple[Reply, Any]:
        backend = Backend(phase)
        async with playing(gateway, backend.play):
            asking = asyncio.create_task(gateway.ask(dialect, stream=stream, **{name: "mine"}))
            await asyncio.wait_for(backend.asked.get(), 60)
            told = await cancel(gateway, **{name: "mine"})
            reply = await asyncio.wait_for(asking, 60)
            await asyncio.wait_for(backend.gone.get(), 60)
            return reply, told

    reply, told = asyncio.run(run())
    assert told["cancelled"] == 1
    if stream and phase == "decode":
        assert reply.status == 200
        assert last_word(dialect, reply) == ENDS[dialect]
    else:  # a stream that has not begun has a status, too
        assert reply.status == 499
        assert b"cancelled" in reply.body


@pytest.mark.parametrize("dialect", DIALECTS)
def test_by_the_id_of_the_answer(gateway: Gateway, dialect: str) -> None:
    async def run() -> None:
        backend = Backend("decode")
        async with playing(gateway, backend.play):
            path, body = REQUESTS[dialect]
            reader, writer = await gateway.send(path, {**body, "stream": True}, "connection: close")
            while not (line := await asyncio.wait_for(reader.readline(), 60)).startswith(b"data: {"):
                assert line
            event = json.loads(line[6:])
            match dialect:
                case "chat":
                    target = {"completion_id": event["id"]}
                case "responses":
                    target = {"response_id": event["response"]["id"]}
                case _:
                    target = {"message_id": event["message"]["id"]}
            assert (await cancel(gateway, **target))["cancelled"] == 1
            await asyncio.wait_for(reader.read(), 60)
            await asyncio.wait_for(backend.gone.get(), 60)
            assert (await cancel(gateway, **target))["cancelled"] == 0
            writer.close()

    asyncio.run(run())


def test_all_requests_of_a_session_stop_and_no_other(gateway: Gateway) -> None:
    async def run() -> None:
        backend = Backend("decode")
        async with playing(gateway, backend.play):
            mine = [asyncio.create_task(gateway.ask(dialect, stream=True, session_id="mine")) for dialect in DIALECTS]
            other = asyncio.create_task(gateway.ask("chat", stream=True, session_id="other"))
            for _ in range(4):
                await asyncio.wait_for(backend.asked.get(), 60)
            assert (await cancel(gateway, session_id="mine"))["cancelled"] == 3
            await asyncio.wait_for(asyncio.gather(*mine), 60)
            assert not other.done()
            assert (await cancel(gateway))["cancelled"] == 0
            assert not other.done()
            assert (await cancel(gateway, session_id="other"))["cancelled"] == 1
            await asyncio.wait_for(other, 60)

    asyncio.run(run())


def test_a_cancel_that_comes_first_is_remembered(gateway: Gateway) -> None:
    async def run() -> Reply:
        backend = Backend("decode")
        async with playing(gateway, backend.play):
            assert (await cancel(gateway, cancel_id="early"))["cancelled"] == 0
            return await asyncio.wait_for(gateway.ask("messages", stream=False, cancel_id="early"), 60)

    assert asyncio.run(run()).status == 499


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_cancel_between_a_refused_request_and_its_next_try_is_remembered(dialect: str) -> None:
    async def run(gateway: Gateway) -> tuple[Reply, Any, Reply]:
        backend = Backend("decode")
        async with playing(gateway, backend.play):
            holding = asyncio.create_task(gateway.ask("chat", stream=True, cancel_id="first"))
            await asyncio.wait_for(backend.asked.get(), 60)
            refused = await gateway.ask(dialect, stream=False, cancel_id="mine")
            told = await cancel(gateway, cancel_id="mine")
            again = await gateway.ask(dialect, stream=False, cancel_id="mine")
            await cancel(gateway, cancel_id="first")
            await asyncio.wait_for(holding, 60)
            return refused, told, again

    with start_gateway("--slots", "1", "--queue-limit", "0") as gateway:
        refused, told, again = asyncio.run(run(gateway))
    assert refused.status in (429, 529)
    assert told == {"cancelled": 0}
    assert again.status == 499
