"""Whatever happens to the backend, the client gets an honest end in its own dialect, and the log one line."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, chunk, playing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .harness import Reply

DIALECTS = list(REQUESTS)


def ask(gateway: Gateway, play: Callable[[Connection], Awaitable[None]], dialect: str, *, stream: bool) -> Reply:
    async def run() -> Reply:
        async with playing(gateway, play):
            return await asyncio.wait_for(gateway.ask(dialect, stream=stream), 60)

    return asyncio.run(run())


def answering(status: str, content_type: str, body: bytes, *headers: str) -> Callable[[Connection], Awaitable[None]]:
    async def play(connection: Connection) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
        await connection.send("\r\n".join([*lines, "", ""]).encode() + body)

    return play


def error_of(dialect: str, document: Any) -> tuple[str, str]:
    """Type and message, from the place where the dialect's SDK looks for them."""
    if dialect == "messages":
        assert document["type"] == "error"
        assert document["request_id"].startswith("req_")
    else:
        assert {"param", "code"} <= document["error"].keys()
    return document["error"]["type"], document["error"]["message"]


async def die_in_mid_stream(connection: Connection) -> None:
    await connection.send(HEAD)
    await connection.send_chunk(chunk({"role": "assistant", "content": None}) + chunk({"content": "Hel"}) + b'data: {"choi')
    connection.reset()


async def end_without_finish_reason(connection: Connection) -> None:
    await connection.send(HEAD)
    await connection.send_chunk(chunk({"content": "Hel"}))
    await connection.send(b"0\r\n\r\n")


async def report_an_error_in_the_stream(connection: Connection) -> None:
    await connection.send(HEAD)
    await connection.send_chunk(
        chunk({"content": "Hel"}) + b'data: {"error":{"code":500,"message":"out of memory","type":"server_error"}}\n\n'
    )
    await connection.send(b"0\r\n\r\n")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("play", [die_in_mid_stream, end_without_finish_reason, report_an_error_in_the_stream])
def test_a_broken_stream_ends_with_the_error_of_its_dialect(gateway: Gateway, play: Any, dialect: str) -> None:
    before = len(gateway.log)
    reply = ask(gateway, play, dialect, stream=True)
    assert reply.status == 200
    assert b"Hel" in reply.body
    assert b'{"choi\n' not in reply.body
    last = reply.events[-1]
    if dialect == "responses":
        assert last["type"] == "response.failed"
        assert last["response"]["status"] == "failed"
        assert last["response"]["error"]["message"]
        assert last["response"]["output"] == []
    elif dialect == "chat" and play is report_an_error_in_the_stream:  # relayed as the backend wrote it
        assert last["error"]["message"] == "out of memory"
    else:
        assert error_of(dialect, last)[1]
    assert b"[DONE]" not in reply.body
    if play is report_an_error_in_the_stream:
        assert "out of memory" in json.dumps(last)
    if not (dialect == "chat" and play is report_an_error_in_the_stream):  # relayed: the backend itself has told the client
        [line] = gateway.logged(before)
        assert "broke off" in line


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("play", [die_in_mid_stream, end_without_finish_reason])
def test_an_answer_that_is_not_streamed_fails_with_a_status(gateway: Gateway, play: Any, dialect: str) -> None:
    reply = ask(gateway, play, dialect, stream=False)
    assert reply.status == 502
    assert error_of(dialect, json.loads(reply.body))[1]


def test_a_relayed_body_that_breaks_off_fails_with_a_status(gateway: Gateway) -> None:
    async def die_in_the_body(connection: Connection) -> None:
        await connection.send(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"choices":')
        connection.reset()

    reply = ask(gateway, die_in_the_body, "chat", stream=False)
    assert reply.status == 502
    assert error_of("chat", json.loads(reply.body))[0] == "server_error"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_backend_at_all_is_a_502_that_says_what_to_do(gateway: Gateway, dialect: str, stream: bool) -> None:
    async def hang_up(connection: Connection) -> None:
        connection.reset()

    reply = ask(gateway, hang_up, dialect, stream=stream)
    assert reply.status == 502
    kind, message = error_of(dialect, json.loads(reply.body))
    assert kind == ("api_error" if dialect == "messages" else "server_error")
    assert "backend" in message


FAULTS = [
    (
        "500 Internal Server Error",
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
        400,
        400,
    ),
    ("500 Internal Server Error", "something broke", 500, 500),
    ("400 Bad Request", "Invalid tool_choice: sometimes", 400, 400),
    ("401 Unauthorized", "Invalid API Key", 401, 401),
    ("429 Too Many Requests", "slow down", 429, 429),
    ("503 Service Unavailable", "Loading model", 503, 529),
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("answer", "text", "openai_status", "messages_status"), FAULTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_backends_status_is_kept_and_its_words_told(
    gateway: Gateway, dialect: str, answer: str, text: str, openai_status: int, messages_status: int, stream: bool
) -> None:
    error = {"error": {"code": int(answer[:3]), "message": text, "type": "server_error"}}
    reply = ask(gateway, answering(answer, "application/json", json.dumps(error).encode()), dialect, stream=stream)
    assert reply.status == (messages_status if dialect == "messages" else openai_status)
    _, message = error_of(dialect, json.loads(reply.body))
    assert text in message or "loading its model" in message
    assert ("retry-after" in reply.headers) == (openai_status in (429, 503))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("answer", ["200 OK", "502 Bad Gateway"])
def test_a_web_page_in_place_of_an_answer_is_a_bad_gateway(gateway: Gateway, answer: str, dialect: str, stream: bool) -> None:
    reply = ask(gateway, answering(answer, "text/html", b"<html>proxy</html>"), dialect, stream=stream)
    assert reply.status == 502
    assert "text/html" in error_of(dialect, json.loads(reply.body))[1]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_context_overflow_is_worded_as_clients_read_it(gateway: Gateway, dialect: str, stream: bool) -> None:
    error = {"message": "too long", "type": "exceed_context_size_error", "code": 400, "n_prompt_tokens": 18008, "n_ctx": 4096}
    reply = ask(gateway, answering("400 Bad Request", "application/json", json.dumps({"error": error}).encode()), dialect, stream=stream)
    assert reply.status == 400
    document = json.loads(reply.body)
    if dialect == "messages":
        assert error_of(dialect, document) == ("invalid_request_error", "prompt is too long: 18008 tokens > 4096 maximum")
    else:
        assert document["error"]["code"] == "context_length_exceeded"
