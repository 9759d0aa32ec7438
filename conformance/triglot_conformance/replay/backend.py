"""A scripted llama-server: plays recorded answers on a real socket and notes what it was asked."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

from triglot_conformance.wire.http1 import Head, HttpError, Message, parse_recording, read_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GENERATION_PATH = "/v1/chat/completions"
COUNT_PATH = "/v1/chat/completions/input_tokens"

Ending = Literal["complete", "broken", "no-answer", "left"]

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
    f"POST {COUNT_PATH}": "input_tokens.http",
}


class Received:
    """What the client has received of one answer so far; the backend can wait for it."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._changed = asyncio.Event()
        self._ended = False

    def take(self, data: bytes) -> None:
        """Add bytes that the client has received."""
        self._data += data
        self._changed.set()

    def end(self) -> None:
        """The client has all it will get; nothing waits any longer."""
        self._ended = True
        self._changed.set()

    async def wait_for(self, text: bytes | None, times: int) -> None:
        """Wait until the client has received `text` so many times, or, for None, until its last answer has ended."""
        while not self._ended and (text is None or self._data.count(text) < times):
            self._changed.clear()
            await self._changed.wait()


@dataclass(frozen=True)
class Hold:
    """The backend falls silent until the client has received something.

    Attributes:
        event: the number of the event of the backend's answer that is held back; 0 holds the head back too.
        until: what the client must have received, None for the end of its answer.
        times: and how often.
    """

    event: int
    until: str | None
    times: int = 1


@dataclass(frozen=True)
class Script:
    """What the next generation request is answered with.

    Attributes:
        answer: the recording; None where no generation request may come at all.
        pieces: its body, cut; each piece is written, and in a stream framed, on its own.
        ending: `complete`; `broken` closes the connection after the last piece, the body unfinished; `no-answer` closes it before the head;
            `left` never ends: the gateway has to hang up.
        holds: where the backend falls silent; they need a body that is cut into events.
        standing: answers to other requests in place of the standing ones, by the name of the recording.
    """

    answer: Message | None = None
    pieces: list[bytes] = field(default_factory=list)
    ending: Ending = "complete"
    holds: Sequence[Hold] = ()
    standing: Mapping[str, Message] = field(default_factory=dict)


class ScriptedBackend:
    """Serves on 127.0.0.1. `play` sets the script.

    Args:
        recordings: folders with the standing recordings; a later folder wins.

    Attributes:
        requests: the generation requests since the script was set.
        counts: the requests for a count of tokens since then.
        received: what the client has received since then; the runner fills it.
        left: set when the gateway has hung up on an answer that ends in `left`.
    """

    def __init__(self, *recordings: Path) -> None:
        self._recordings = {name: _read_last(recordings, name) for name in (*STANDING.values(), "unknown.http")}
        self._script = Script()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.requests: list[Message] = []
        self.counts: list[Message] = []
        self.received = Received()
        self.left = asyncio.Event()
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
        self.received.end()
        self._script = script
        self.requests = []
        self.counts = []
        self.received = Received()
        self.left = asyncio.Event()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a connection handler always runs in a task
        self._connections.add(task)
        try:
            while (request := await read_message(reader, is_answer=False)) and await self._answer(request, reader, writer):
                pass
        except (HttpError, ConnectionError, asyncio.CancelledError):
            pass  # the gateway went away, or the run is over
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open."""
        if (request.method, request.path) == ("POST", GENERATION_PATH):
            self.requests.append(request)
            script, left = self._script, self.left
            if script.ending != "left":
                return await _send(writer, script, self.received)
            await _send_until_left(reader, writer, script, self.received)
            left.set()
            return False
        if (request.method, request.path) == ("POST", COUNT_PATH):
            self.counts.append(request)
        name = STANDING.get(f"{request.method} {request.path}", "unknown.http")
        answer = self._script.standing.get(name) or self._recordings[name]
        return await _send(writer, Script(answer, [answer.body]), self.received)


def _read_last(folders: Sequence[Path], name: str) -> Message:
    path = next((folder / name for folder in reversed(folders) if (folder / name).is_file()), folders[0] / name)
    return parse_recording(path.read_bytes())


async def _send_until_left(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, script: Script, received: Received) -> None:
    """Send what there is, without an end, and return as soon as the other side has hung up."""
    sending = asyncio.ensure_future(_send(writer, script, received))
    try:
        with suppress(ConnectionError):
            await reader.read()
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _send(writer: asyncio.StreamWriter, script: Script, received: Received) -> bool:
    await _hold(script, 0, received)
    if script.answer is None or script.ending == "no-answer":
        return False
    head = script.answer.head
    chunked = (head.get("transfer-encoding") or "").lower() == "chunked"
    if not chunked:
        head = Head(head.start_line, (*head.without("content-length").lines, ("Content-Length", str(len(script.answer.body)))))
    writer.write(head.encode())
    for number, piece in enumerate(script.pieces):
        if number:
            await _hold(script, number, received)
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
        await asyncio.sleep(0)  # lets the reader see this piece alone
    if script.ending in ("broken", "left"):
        return False
    if chunked:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return (head.get("connection") or "").lower() != "close"


async def _hold(script: Script, event: int, received: Received) -> None:
    for hold in script.holds:
        if hold.event == event:
            await received.wait_for(None if hold.until is None else hold.until.encode(), hold.times)
