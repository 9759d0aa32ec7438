"""The client of one played case: asks, polls, hangs up, and talks over WebSockets, and tells the backend what it has received."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from triglot_conformance.contract.paths import look_up, show
from triglot_conformance.replay.readers import exchange_slowly
from triglot_conformance.wire.http1 import Head, HttpError, Message, exchange
from triglot_conformance.wire.sse import parse_stream
from triglot_conformance.wire.websocket import as_frame, open_socket

if TYPE_CHECKING:
    from triglot_conformance.case import Step
    from triglot_conformance.replay.backend import Received, ScriptedBackend
    from triglot_conformance.wire.http1 import Request
    from triglot_conformance.wire.sse import Frame
    from triglot_conformance.wire.websocket import WebSocket

_HOST = "127.0.0.1"
_PATIENCE_S = 0.5  # of a client that leaves anyway


class Client:
    """Sends the requests of one case; every wait raises HttpError when its time is over.

    Attributes:
        exchanges: how many requests and messages it has sent.
    """

    def __init__(self, backend: ScriptedBackend, port: int, timeout_s: float) -> None:
        self._backend = backend
        self._port = port
        self._timeout_s = timeout_s
        self._sockets: dict[str, WebSocket] = {}
        self.exchanges = 0

    def close(self) -> None:
        """Say goodbye on every WebSocket."""
        for socket in self._sockets.values():
            socket.close()

    async def ask(self, step: Step, request: Request) -> Message:
        """The answer to a step's request; of a poll, the first that is not as those before; of a step that leaves, what it waits for."""
        taker = _Taker(self._backend.received, count_frames(step) if step.leaves else None)
        for _ in range(step.poll.tries if step.poll else 1):
            answer = await exchange(_HOST, self._port, request, self._timeout_s, taker.take)
            self.exchanges += 1
            if step.poll is None or (value := _field(answer, step.poll.field)) not in step.poll.values:
                return replace(answer, body=taker.cut(answer.body))
        raise HttpError(f"{step.poll and step.poll.field} is still {show(value)} after {step.poll and step.poll.tries} tries")

    async def ask_slowly(self, request: Request, seed: str) -> Message:
        """The answer, read a few bytes at a time."""
        self.exchanges += 1
        return await exchange_slowly(_HOST, self._port, request, self._timeout_s, seed)

    async def leave(self, request: Request, enough: int) -> None:
        """Hang up behind so many events, or sooner where they do not come."""
        self.exchanges += 1
        with suppress(HttpError):  # who waits in vain leaves as well
            await exchange(_HOST, self._port, request, min(_PATIENCE_S, self._timeout_s), _Taker(self._backend.received, enough).take)

    async def converse(self, step: Step, request: Request) -> Message:
        """Send the body as a message on the step's WebSocket, and gather as many as are expected, each told as an event of a stream."""
        name = step.socket or ""
        if name not in self._sockets:
            self._sockets[name] = await open_socket(_HOST, self._port, request, self._timeout_s)
        socket = self._sockets.pop(name) if step.leaves else self._sockets[name]
        socket.send(request.body)
        self.exchanges += 1
        messages: list[bytes] = []
        wanted = count_frames(step)
        try:
            async with asyncio.timeout(self._timeout_s):
                while len(messages) < wanted:
                    messages.append(as_frame(await socket.receive()))
                    self._backend.received.take(messages[-1])
        except TimeoutError:
            last = messages[-1].decode() if messages else ""
            raise HttpError(f"{len(messages)} of {wanted} messages within {self._timeout_s:g} s; the last is {last[:160]!r}") from None
        if step.leaves:
            socket.close()
        return Message(Head("HTTP/1.1 200 OK", (("Content-Type", "text/event-stream"),)), b"".join(messages))

    async def check_silence(self) -> None:
        """On a WebSocket nothing more may come than what was waited for."""
        try:
            async with asyncio.timeout(self._timeout_s):
                for socket in self._sockets.values():
                    await socket.check_silence()
        except TimeoutError:
            raise HttpError("no pong") from None


class _Taker:
    """Tells the backend what has come, and the reader when to hang up: with `enough` frames, or never."""

    def __init__(self, received: Received, enough: int | None) -> None:
        self._received = received
        self._enough = enough
        self._data = b""

    def take(self, data: bytes) -> bool:
        """Take in bytes; True when there are enough."""
        self._received.take(data)
        self._data += data
        return self._enough is not None and len(self._frames()) >= self._enough

    def cut(self, body: bytes) -> bytes:
        """The body without what came behind the last frame that was waited for."""
        return body if self._enough is None else b"".join(frame.raw for frame in self._frames()[: self._enough])

    def _frames(self) -> list[Frame]:
        return [frame for frame in parse_stream(self._data) if frame.complete]


def count_frames(step: Step) -> int:
    """How many frames are expected."""
    return len(parse_stream((step.stream or "").encode()))


def _field(answer: Message, path: str) -> object:
    try:
        return look_up(json.loads(answer.body), path)
    except ValueError:
        return None
