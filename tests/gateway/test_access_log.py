"""One line is logged for each request: what it was, how it went, and nothing of what was said."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect

from .harness import HEAD, REQUESTS, Connection, Gateway, chunk, playing, start_gateway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

DIALECTS = list(REQUESTS)
OPERATIONS = {"chat": "create_chat_completion", "responses": "create_response", "messages": "create_message"}
SITUATIONS = [(dialect, stream) for dialect in DIALECTS for stream in (True, False)]
COUNTS = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
USAGE = {**COUNTS, "prompt_tokens_details": {"cached_tokens": 10}, "completion_tokens_details": {"reasoning_tokens": 2}}
TOKENS = {"prompt_tokens": 12, "cached_tokens": 10, "completion_tokens": 5, "reasoning_tokens": 2}
KEYS = {"chat": "chat-key-1234", "responses": "responses-key-1234"}
SECRET = "hello"  # what the requests say


@pytest.fixture(scope="module")
def watched() -> Iterator[Gateway]:
    with start_gateway("--log-level", "info", "--log-format", "json", "--heartbeat-s", "0.3") as running:
        yield running
        running.stop()
        assert all("time" in json.loads(line) for line in running.log)


def lines_after(gateway: Gateway, before: int, count: int = 1) -> list[dict[str, Any]]:
    """The access lines after the first `before` lines, once there are so many; not one more may be there."""
    deadline = time.monotonic() + 60
    while len(found := _access(gateway.log[before:])) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(found) == count
    return found


def _access(log: list[str]) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, log) if line["logger"] == "triglot.access"]


async def answer(connection: Connection, finish: str = "stop") -> None:
    """Say something, and how many tokens it took, each in a piece of its own."""
    usage = json.dumps({"choices": [], "usage": USAGE, "id": "chatcmpl-1", "created": 1, "model": "m"}).encode()
    await connection.send(HEAD)
    await connection.send_chunk(chunk({"role": "assistant", "content": None}) + chunk({"content": "Hel"}))
    await connection.send_chunk(chunk({}, finish) + b"data: " + usage + b"\n\n")
    await connection.send_chunk(b"data: [DONE]\n\n")
    await connection.send(b"0\r\n\r\n")


class Endless:
    """Begins an answer, and waits for the gateway to leave."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.left = asyncio.Event()

    async def play(self, connection: Connection) -> None:
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"role": "assistant", "content": None}) + chunk({"content": "Hel"}))
        self.begun.set()
        await connection.closed()
        self.left.set()


def run(test: Awaitable[Any]) -> Any:
    async def in_time() -> Any:
        return await asyncio.wait_for(test, 60)

    return asyncio.run(in_time())


async def with_backend(gateway: Gateway, play: Callable[[Connection], Awaitable[None]], dialect: str, **fields: Any) -> Any:
    async with playing(gateway, play):
        return await gateway.ask(dialect, **fields)


@pytest.mark.parametrize(("dialect", "stream"), SITUATIONS)
def test_an_answer(watched: Gateway, dialect: str, stream: bool) -> None:
    before = len(watched.log)
    reply = run(with_backend(watched, answer, dialect, stream=stream))
    [line] = lines_after(watched, before)
    path, _ = REQUESTS[dialect]
    assert list(line)[:4] == ["time", "level", "logger", "request_id"]
    assert line["request_id"] == reply.headers["request-id" if dialect == "messages" else "x-request-id"]
    told = {name: line[name] for name in ("method", "path", "dialect", "operation", "model", "status", "streamed", "reason")}
    assert told == {
        "method": "POST",
        "path": path,
        "dialect": dialect,
        "operation": OPERATIONS[dialect],
        "model": "m",
        "status": 200,
        "streamed": stream,
        "reason": "stop",
    }
    assert {name: line[name] for name in TOKENS} == TOKENS
    assert 0 <= line["queue_ms"] <= line["first_byte_ms"] <= line["first_token_ms"] <= line["total_ms"]
    assert "queue_position" not in line
    assert "owner" not in line
    assert SECRET not in json.dumps(line)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_that_is_cut(watched: Gateway, dialect: str) -> None:
    before = len(watched.log)
    run(with_backend(watched, lambda connection: answer(connection, "length"), dialect, stream=True))
    assert lines_after(watched, before)[0]["reason"] == "length"


def test_the_backend_gets_the_id_of_the_line(watched: Gateway) -> None:
    heads: list[str] = []

    async def play(connection: Connection) -> None:
        heads.append(connection.head.lower())
        await answer(connection)

    before = len(watched.log)
    run(with_backend(watched, play, "chat", stream=True))
    [line] = lines_after(watched, before)
    assert f"x-request-id: {line['request_id']}\r\n" in heads[0]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("fields", "reason", "status"), [({"temperature": "hot"}, "invalid_request", 400), ({"stream": "yes"}, "invalid_request", 400)]
)
def test_a_request_that_is_refused(watched: Gateway, dialect: str, fields: dict[str, Any], reason: str, status: int) -> None:
    before = len(watched.log)
    run(watched.ask(dialect, **{"stream": False, **fields}))
    [line] = lines_after(watched, before)
    assert (line["reason"], line["status"], line["streamed"], line["model"]) == (reason, status, False, "m")
    assert "queue_ms" not in line


@pytest.mark.parametrize(("dialect", "stream"), SITUATIONS)
def test_an_answer_that_breaks_off(watched: Gateway, dialect: str, stream: bool) -> None:
    async def play(connection: Connection) -> None:
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"content": "Hel"}))
        connection.reset()

    before = len(watched.log)
    reply = run(with_backend(watched, play, dialect, stream=stream))
    [line] = lines_after(watched, before)
    assert (line["reason"], line["status"], line["streamed"]) == ("backend_failed", reply.status, stream)
    assert (reply.status == 200) == stream
    others = [json.loads(text) for text in watched.log[before:]]
    warnings = [other for other in others if other["logger"] == "triglot"]
    if stream:
        [warning] = warnings
        assert warning["level"] == "warning"
        assert warning["request_id"] == line["request_id"]
        assert "the answer broke off: " in warning["message"]
    else:
        assert warnings == []


@pytest.mark.parametrize(("dialect", "stream"), SITUATIONS)
def test_a_client_that_leaves(watched: Gateway, dialect: str, stream: bool) -> None:
    async def leave() -> None:
        backend = Endless()
        async with playing(watched, backend.play):
            path, body = REQUESTS[dialect]
            reader, writer = await watched.send(path, {**body, "stream": stream})
            await backend.begun.wait()
            if stream:
                await reader.readuntil(b"Hel")
            writer.transport.abort()
            await backend.left.wait()

    before = len(watched.log)
    run(leave())
    [line] = lines_after(watched, before)
    assert (line["reason"], line["status"], line["streamed"]) == ("client_gone", 200 if stream else 499, stream)
    assert "completion_tokens" not in line


@pytest.mark.parametrize(("dialect", "stream"), SITUATIONS)
def test_a_request_that_is_cancelled_by_its_id(watched: Gateway, dialect: str, stream: bool) -> None:
    async def cancel() -> None:
        backend = Endless()
        async with playing(watched, backend.play):
            asking = asyncio.create_task(watched.ask(dialect, stream=stream, cancel_id="mine"))
            await backend.begun.wait()
            reader, writer = await watched.send("/api/inference/cancel", {"cancel_id": "mine"}, "connection: close")
            await reader.read()
            writer.close()
            await asking

    before = len(watched.log)
    run(cancel())
    lines = {line["operation"]: line for line in lines_after(watched, before, 2)}
    line = lines[OPERATIONS[dialect]]
    assert line["reason"] == "cancelled"
    if not stream:
        assert line["status"] == 499
    assert (lines["cancel_inference"]["dialect"], lines["cancel_inference"]["reason"]) == ("control", "answered")


def test_what_has_no_effect_is_named(watched: Gateway) -> None:
    before = len(watched.log)
    run(with_backend(watched, answer, "messages", stream=True, container="none", inference_geo="us"))
    [line] = lines_after(watched, before)
    assert line["losses"] == ["container", "inference_geo"]


def test_a_path_that_nobody_serves(watched: Gateway) -> None:
    async def get() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", watched.port)
        writer.write(b"GET /nothing%0Aforged?key=secret HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        await reader.read()
        writer.close()

    before = len(watched.log)
    run(get())
    [line] = lines_after(watched, before)
    assert (line["method"], line["path"], line["status"], line["reason"]) == ("GET", "/nothing\nforged", 404, "not_found")
    assert "secret" not in json.dumps(line)
    assert "dialect" not in line


def test_each_response_on_a_websocket(watched: Gateway) -> None:
    create = {"type": "response.create", "model": "m", "input": "hello"}

    async def converse() -> None:
        async with playing(watched, answer), connect(f"ws://127.0.0.1:{watched.port}/v1/responses") as client:
            for event in (create, {**create, "temperature": "hot"}, create):
                await client.send(json.dumps(event))
                while json.loads(await client.recv())["type"] not in ("response.completed", "error"):
                    pass

    before = len(watched.log)
    run(converse())
    *responses, connection = lines_after(watched, before, 4)
    opened = connection["request_id"]
    assert (connection["method"], connection["operation"], connection["status"]) == ("WS", "converse_responses", 101)
    assert [line["request_id"] for line in responses] == [f"{opened}_{number}" for number in (1, 2, 3)]
    assert [(line["status"], line["reason"]) for line in responses] == [(200, "stop"), (400, "invalid_request"), (200, "stop")]
    assert all((line["method"], line["operation"], line["streamed"]) == ("WS", "create_response", True) for line in responses)
    assert responses[0]["model"] == "m"
    assert {name: responses[2][name] for name in TOKENS} == TOKENS


def test_a_client_that_leaves_a_websocket(watched: Gateway) -> None:
    async def leave() -> None:
        backend = Endless()
        async with playing(watched, backend.play):
            client = await connect(f"ws://127.0.0.1:{watched.port}/v1/responses")
            await client.send(json.dumps({"type": "response.create", "model": "m", "input": "hello"}))
            await backend.begun.wait()
            client.transport.abort()
            await backend.left.wait()

    before = len(watched.log)
    run(leave())
    response, _ = lines_after(watched, before, 2)
    assert response["reason"] == "client_gone"


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_background_response(watched: Gateway, cancelled: bool) -> None:
    async def make() -> None:
        backend = Endless()
        async with playing(watched, backend.play if cancelled else answer):
            reply = await watched.ask("responses", stream=False, background=True)
            if cancelled:
                await backend.begun.wait()
                path = f"/v1/responses/{json.loads(reply.body)['id']}/cancel"
                reader, writer = await watched.send(path, {}, "connection: close")
                await reader.read()
                writer.close()
            await asyncio.to_thread(lines_after, watched, before, 3 if cancelled else 2)

    before = len(watched.log)
    run(make())
    found = lines_after(watched, before, 3 if cancelled else 2)
    asked = next(line for line in found if line.get("status") == 200 and line["operation"] == "create_response")
    made = next(line for line in found if line.get("background"))
    assert (asked["reason"], made["reason"]) == ("answered", "cancelled" if cancelled else "stop")
    assert asked["request_id"] == made["request_id"]
    assert "status" not in made
    if not cancelled:
        assert {name: made[name] for name in TOKENS} == TOKENS
        assert "first_token_ms" in made


def test_keys_have_names_and_are_not_told() -> None:
    with start_gateway("--log-level", "info", "--log-format", "json", "--api-keys", ",".join(KEYS.values())) as gateway:

        async def ask() -> None:
            async with playing(gateway, answer):
                for key in (*KEYS.values(), KEYS["chat"], "wrong-key-1234"):
                    path, body = REQUESTS["chat"]
                    reader, writer = await gateway.send(path, body, f"authorization: Bearer {key}", "connection: close")
                    await reader.read()
                    writer.close()

        run(ask())
        one, other, one_again, stranger = lines_after(gateway, 0, 4)
        assert one["owner"] == one_again["owner"] != other["owner"]
        assert "owner" not in stranger
        assert (stranger["reason"], stranger["status"]) == ("authentication", 401)
        assert not any("key-1234" in line for line in gateway.log)


def test_keys_and_content_are_not_told_at_the_level_debug_either() -> None:
    with start_gateway("--log-level", "debug", "--api-keys", KEYS["chat"]) as gateway:

        async def talk() -> None:
            headers = {"authorization": f"Bearer {KEYS['chat']}"}
            address = f"ws://127.0.0.1:{gateway.port}/v1/responses?key={KEYS['chat']}"
            async with playing(gateway, answer), connect(address, additional_headers=headers) as client:
                await client.send(json.dumps({"type": "response.create", "model": "m", "input": SECRET, "store": False}))
                while json.loads(await client.recv())["type"] != "response.completed":
                    pass

        run(talk())
        gateway.stop()
        assert any("create_response" in line for line in gateway.log)
        assert [line for line in gateway.log if KEYS["chat"] in line or SECRET in line] == []


def test_a_wait_in_the_queue_is_told() -> None:
    with start_gateway("--log-level", "info", "--log-format", "json", "--slots", "1") as gateway:

        async def ask() -> None:
            go_on, first = asyncio.Event(), asyncio.Event()

            async def play(connection: Connection) -> None:
                first.set()
                await go_on.wait()
                await answer(connection)

            async with playing(gateway, play):
                asking = asyncio.create_task(gateway.ask("chat", stream=True))
                await first.wait()
                path, body = REQUESTS["messages"]
                reader, writer = await gateway.send(path, {**body, "stream": True}, "connection: close")
                await reader.readuntil(b"message_start")  # the stream has begun, a quarter of a second after the wait
                go_on.set()
                await reader.read()
                writer.close()
                await asking

        run(ask())
        lines = {line["dialect"]: line for line in lines_after(gateway, 0, 2)}
        assert lines["messages"]["queue_position"] == 1
        assert lines["messages"]["queue_ms"] >= 200
        assert "queue_position" not in lines["chat"]


def test_the_console_has_a_line_for_people() -> None:
    with start_gateway("--log-level", "info") as gateway:
        run(with_backend(gateway, answer, "messages", stream=True))
        [line] = gateway.logged(0)
        assert "INFO triglot.access: req_" in line
        assert " POST /v1/messages 200 stop " in line
        assert "m, create_message, streamed, first byte " in line
        assert "read 12 tokens (10 cached), wrote 5 tokens (2 reasoning)" in line
        assert SECRET not in line


def test_a_quiet_log_has_no_lines(gateway: Gateway) -> None:
    """The level of the other tests is warning."""
    before = len(gateway.log)
    run(with_backend(gateway, answer, "chat", stream=True))
    assert gateway.log[before:] == []
