"""A scripted llama-server: plays recorded answers on a real socket and notes what it was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

from triglot_conformance.http1 import Head, HttpError, Message, parse_recording, read_message

if TYPE_CHECKING:
    from pathlib import Path

GENERATION_PATH = "/v1/chat/completions"

Ending = Literal["complete", "broken", "no-answer"]

# Recordings that answer what a gateway may ask at any time, by request line. What is not here gets llama-server's own 404.
STANDING = {
    "GET /health": "health.http",
    "GET /v1/health": "health.http",
    "GET /props": "props.http",
    "GET /slots": "slots.http",
    "GET /metrics": "metrics.http",
    "GET /models": "models.http",
    "GET /v1/models": "models.http",
    "POST /tokenize": "tokenize.http",
    "POST /apply-template": "apply_template.http",
    "POST /v1/chat/completions/input_tokens": "input_tokens.http",
}


@dataclass(frozen=True)
class Script:
    """What the next generation request is answered with.

    Attributes:
        answer: the recording; None where no generation request may come at all.
        pieces: its body, cut; each piece is written, and in a stream framed, on its own.
        ending: `complete`; `broken` closes the connection after the last piece, the body unfinished; `no-answer` closes it before the head.
    """

    answer: Message | None = None
    pieces: list[bytes] = field(default_factory=list)
    ending: Ending = "complete"


class ScriptedBackend:
    """Serves on 127.0.0.1. `play` sets the script, `requests` holds the generation requests that came since."""

    def __init__(self, recordings: Path) -> None:
        self._standing = {line: parse_recording((recordings / name).read_bytes()) for line, name in STANDING.items()}
        self._unknown = parse_recording((recordings / "unknown.http").read_bytes())
        self._script = Script()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.requests: list[Message] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def play(self, script: Script) -> None:
        """Answer generation requests with this script from now on, and forget those received before."""
        self._script = script
        self.requests = []

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a connection handler always runs in a task
        self._connections.add(task)
        try:
            while (request := await read_message(reader, is_answer=False)) and await self._answer(request, writer):
                pass
        except (HttpError, ConnectionError, asyncio.CancelledError):
            pass  # the gateway went away, or the run is over
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, request: Message, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open."""
        if (request.method, request.path) != ("POST", GENERATION_PATH):
            answer = self._standing.get(f"{request.method} {request.path}", self._unknown)
            return await _send(writer, Script(answer, [answer.body]))
        self.requests.append(request)
        return await _send(writer, self._script)


async def _send(writer: asyncio.StreamWriter, script: Script) -> bool:
    if script.answer is None or script.ending == "no-answer":
        return False
    head = script.answer.head
    chunked = (head.get("transfer-encoding") or "").lower() == "chunked"
    if not chunked:
        head = Head(head.start_line, (*head.without("content-length").lines, ("Content-Length", str(len(script.answer.body)))))
    writer.write(head.encode())
    for piece in script.pieces:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
        await asyncio.sleep(0)  # lets the reader see this piece alone
    if script.ending == "broken":
        return False
    if chunked:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return (head.get("connection") or "").lower() != "close"
