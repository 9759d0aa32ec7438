"""A backend that keeps silent does not silence the gateway. A lively gateway beats after 0.1 s."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, chunk, playing

ENDING = chunk({}, "stop") + b"data: [DONE]\n\n"


async def read_event(reader: asyncio.StreamReader) -> Any:
    """The data of the next event."""
    while not (line := await asyncio.wait_for(reader.readline(), 60)).startswith(b"data: "):
        assert line
    return json.loads(line[6:])


async def open_stream(gateway: Gateway, dialect: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    path, body = REQUESTS[dialect]
    reader, writer = await gateway.send(path, {**body, "stream": True})
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    return reader, writer


async def learn(gateway: Gateway) -> None:
    """Let it know what its backend is before it is in a hurry: it asks when it counts."""
    body = {"model": "m", "messages": REQUESTS["messages"][1]["messages"]}
    reader, writer = await gateway.send("/v1/messages/count_tokens", body, "connection: close")
    assert b'{"input_tokens":' in await asyncio.wait_for(reader.read(), 60)
    writer.close()


@pytest.mark.parametrize(
    ("dialect", "opening", "beat", "last"),
    [
        ("messages", ["message_start"], "ping", "message_stop"),
        ("responses", ["response.created", "response.in_progress"], "response.in_progress", "response.completed"),
    ],
)
def test_a_stream_starts_and_beats_before_the_backend_answers(
    lively: Gateway, dialect: str, opening: list[str], beat: str, last: str
) -> None:
    async def run() -> None:
        answer = asyncio.Event()

        async def play(connection: Connection) -> None:
            await answer.wait()
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hello"}) + ENDING)
            await connection.send(b"0\r\n\r\n")

        async with playing(lively, play):
            await learn(lively)
            reader, writer = await open_stream(lively, dialect)
            events = [await read_event(reader) for _ in opening]
            assert [event["type"] for event in events] == opening
            if dialect == "messages":
                expected = len(json.dumps(REQUESTS["messages"][1]["messages"]))
                assert events[0]["message"]["usage"]["input_tokens"] == expected
            assert [(await read_event(reader))["type"] for _ in range(2)] == [beat, beat]
            answer.set()
            rest = [await read_event(reader)]
            while rest[-1]["type"] != last:
                rest.append(await read_event(reader))
            assert "Hello" in json.dumps(rest)
            writer.close()

    asyncio.run(run())


def test_a_chat_stream_beats_before_the_backend_answers_and_while_it_only_comments(lively: Gateway) -> None:
    """Engines may comment each second, and some clients do not count that as life."""

    async def run() -> None:
        answer, go_on = asyncio.Event(), asyncio.Event()

        async def play(connection: Connection) -> None:
            await answer.wait()
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"role": "assistant", "content": None}) + chunk({"content": "Hel"}) + b'data: {"choi')
            await go_on.wait()
            await connection.send_chunk(b'ces":[]}\n\n')
            go_on.clear()
            while not go_on.is_set():
                await connection.send_chunk(b":\n\n")
                await asyncio.sleep(0.02)
            await connection.send_chunk(chunk({"content": "lo"}) + ENDING)
            await connection.send(b"0\r\n\r\n")

        async with playing(lively, play):
            reader, writer = await open_stream(lively, "chat")
            early = [await read_event(reader) for _ in range(2)]
            assert [(event["choices"], event["id"]) for event in early] == [([], "")] * 2
            answer.set()
            pieces = []
            while len(pieces) < 2:  # further signs of life may come before the backend is heard
                if (event := await read_event(reader))["choices"]:
                    pieces.append(event["choices"][0]["delta"].get("content"))
            assert pieces == [None, "Hel"]
            beat = await read_event(reader)  # while an event has come by half
            assert (beat["choices"], beat["id"]) == ([], "chatcmpl-1")
            go_on.set()
            beats = [await read_event(reader) for _ in range(3)]  # one of these may be the backend's own
            assert [event["choices"] for event in beats] == [[]] * 3
            go_on.set()
            while not (event := await read_event(reader))["choices"]:
                pass
            assert event["choices"][0]["delta"] == {"content": "lo"}
            writer.close()

    asyncio.run(run())


def test_a_stream_beats_while_an_answer_pauses(lively: Gateway) -> None:
    async def run() -> None:
        go_on = asyncio.Event()

        async def play(connection: Connection) -> None:
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hel"}))
            await go_on.wait()
            await connection.send_chunk(chunk({"content": "lo"}) + ENDING)
            await connection.send(b"0\r\n\r\n")

        async with playing(lively, play):
            reader, writer = await open_stream(lively, "messages")
            assert [(await read_event(reader))["type"] for _ in range(3)] == ["message_start", "content_block_start", "content_block_delta"]
            assert [(await read_event(reader))["type"] for _ in range(2)] == ["ping", "ping"]
            go_on.set()
            assert (await read_event(reader))["type"] in ("content_block_delta", "ping")
            writer.close()

    asyncio.run(run())


def test_a_stream_beats_while_the_model_thinks_unseen(lively: Gateway) -> None:
    async def run() -> None:
        stop = asyncio.Event()

        async def play(connection: Connection) -> None:
            await connection.send(HEAD)
            while not stop.is_set():
                await connection.send_chunk(chunk({"reasoning_content": "hm "}))
                await asyncio.sleep(0.02)

        async with playing(lively, play):
            reader, writer = await open_stream(lively, "messages")
            kinds = [(await read_event(reader))["type"] for _ in range(3)]
            assert kinds == ["message_start", "ping", "ping"]
            stop.set()
            writer.close()

    asyncio.run(run())


@pytest.mark.parametrize("dialect", REQUESTS)
def test_a_failure_after_an_early_start_is_told_in_the_stream(lively: Gateway, dialect: str) -> None:
    async def run() -> None:
        answer = asyncio.Event()

        async def play(connection: Connection) -> None:
            await answer.wait()
            body = b'{"error":{"code":500,"message":"out of memory","type":"server_error"}}'
            head = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            await connection.send(head % len(body) + body)

        async with playing(lively, play):
            reader, writer = await open_stream(lively, dialect)
            await read_event(reader)
            answer.set()
            event = await read_event(reader)
            while event.get("type") in ("ping", "response.in_progress") or event.get("choices") == []:
                event = await read_event(reader)
            assert event.get("type") == {"messages": "error", "responses": "response.failed", "chat": None}[dialect]
            assert "out of memory" in json.dumps(event)
            writer.close()

    asyncio.run(run())


def test_a_prompt_that_does_not_fit_is_refused_before_the_stream_starts(lively: Gateway) -> None:
    """The backend would say so too, but only when its slot is free."""

    async def never(connection: Connection) -> None:
        await connection.closed()

    async def run() -> None:
        async with playing(lively, never):
            await learn(lively)
            messages = [{"role": "user", "content": "x" * 5000}]
            reply = await asyncio.wait_for(lively.ask("messages", stream=True, messages=messages), 60)
            assert reply.status == 400
            assert "prompt is too long" in json.loads(reply.body)["error"]["message"]

    asyncio.run(run())


def test_a_prompt_that_cannot_be_counted_holds_nothing_up(lively: Gateway) -> None:
    async def never(connection: Connection) -> None:
        await connection.closed()

    async def run() -> None:
        async with playing(lively, never, can_count=False):
            reader, writer = await open_stream(lively, "messages")
            start = await read_event(reader)
            assert (start["type"], start["message"]["usage"]["input_tokens"]) == ("message_start", 0)
            assert (await read_event(reader))["type"] == "ping"
            writer.close()

    asyncio.run(run())
