"""A slow reader of a long stream: more than the sockets between can hold, so that the gateway has to wait, and must lose nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from triglot_conformance.replay.backend import Script, ScriptedBackend
from triglot_conformance.replay.gateway import run_gateway
from triglot_conformance.replay.readers import exchange_slowly
from triglot_conformance.wire.http1 import HttpError, Message, Request, parse_head
from triglot_conformance.wire.sse import parse_stream

from .conftest import ROOT

pytestmark = pytest.mark.usefixtures("child_path")

RELAY = Path(__file__).with_name("relay_gateway.py")
GATEWAY = [
    sys.executable,
    "-m",
    "triglot",
    "serve",
    "--backend",
    "http://127.0.0.1:{backend_port}",
    "--port",
    "{port}",
    "--state",
    "memory",
]
HEAD = parse_head(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked")
WORDS = [f"{number} {'word ' * 60}" for number in range(12_000)]
PIECE = 2_000  # events, close to a megabyte: far more than the socket of the relay takes at once
SAME = {"created": 1795160610, "id": "chatcmpl-S3VwkoXVUItoNOhO141exATyqMBhQCVX", "model": "tiny", "object": "chat.completion.chunk"}
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi!"}]}),
    "responses": ("/v1/responses", {"input": "Hi!", "store": False}),
    "messages": ("/v1/messages", {"max_tokens": 100_000, "messages": [{"role": "user", "content": "Hi!"}]}),
}


def long_answer() -> Script:
    choices = [{"index": 0, "delta": {"role": "assistant", "content": None}, "finish_reason": None}]
    choices += [{"index": 0, "delta": {"content": words}, "finish_reason": None} for words in WORDS]
    choices += [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    events = [json.dumps({"choices": [choice], **SAME}) for choice in choices] + ["[DONE]"]
    pieces = [f"data: {event}\n\n".encode() for event in events]
    return Script(Message(HEAD, b"".join(pieces)), [b"".join(pieces[start : start + PIECE]) for start in range(0, len(pieces), PIECE)])


def read_slowly(command: list[str], dialect: str) -> list[str]:
    """What the client gets: the texts of the deltas."""

    async def run() -> Message:
        path, body = ASKED[dialect]
        request = Request(
            "POST", path, {"Content-Type": "application/json"}, json.dumps({"model": "tiny", "stream": True, **body}).encode()
        )
        async with (
            ScriptedBackend(ROOT / "conformance" / "recordings" / "llama-server-b11549") as backend,
            run_gateway(command, {}, backend.port, 60) as gateway,
        ):
            backend.play(long_answer())
            return await exchange_slowly("127.0.0.1", gateway.port, request, 120, "1", largest_sip=20_000)

    answer = asyncio.run(run())
    data = [json.loads(frame.data) for frame in parse_stream(answer.body) if frame.data not in (None, "[DONE]")]
    return [text for event in data if (text := text_of(event))]


def text_of(event: dict[str, Any]) -> str | None:
    match event:
        case {"choices": [{"delta": {"content": str(text)}}]}:
            return text
        case {"type": "response.output_text.delta", "delta": str(text)} | {"delta": {"type": "text_delta", "text": str(text)}}:
            return text
        case _:
            return None


@pytest.mark.parametrize("dialect", ASKED)
def test_nothing_is_lost_when_the_reader_is_slower_than_the_backend(dialect: str) -> None:
    assert "".join(read_slowly(GATEWAY, dialect)) == "".join(WORDS)


def test_it_shows_what_loses_something() -> None:
    assert read_slowly([sys.executable, str(RELAY), "{backend_port}", "{port}", "none"], "chat") == WORDS
    told = read_slowly([sys.executable, str(RELAY), "{backend_port}", "{port}", "drops what is not taken"], "chat")
    assert WORDS[0] in told
    assert len(told) < len(WORDS)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "inside the body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", "and then comes b'd'"),
        (None, "no complete answer within 0.2 s"),
    ],
)
def test_an_answer_that_is_none_is_told(sent: bytes | None, words: str) -> None:
    async def run() -> None:
        ended = asyncio.Event()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            if sent is None:
                await reader.read()
            else:
                writer.write(sent)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            ended.set()

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(HttpError, match=words):
                await exchange_slowly("127.0.0.1", port, Request("GET", "/"), 0.2 if sent is None else 5, "1")
            await ended.wait()

    asyncio.run(run())
