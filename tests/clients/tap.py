"""A relay between a client and the gateway that lets every byte pass and remembers what was said, and when."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httptools
from backports import zstd
from websockets.protocol import Side

from tests.backend.scripted_server import Peer, ScriptedServer

from .frames import FrameReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


UPGRADE = re.compile(rb"(?<=\r\n)(?:upgrade|connection): (?:upgrade|websocket)\r\n", re.IGNORECASE)


@dataclass
class Exchange:
    """One request and its answer. Names of headers are in lower case; times are in seconds, of the monotonic clock.

    A request that opens a WebSocket has, instead of bodies, the messages that the client said and heard.
    """

    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    asked_s: float = 0.0
    status: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    said: list[Any] = field(default_factory=list)
    heard: list[Any] = field(default_factory=list)

    @property
    def document(self) -> Any:
        """The decoded body of the request."""
        return json.loads(zstd.decompress(self.body) if self.headers.get("content-encoding") == "zstd" else self.body)

    @property
    def answer(self) -> bytes:
        """The body of the answer, as far as it came."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def event_types(self) -> list[str]:
        """The types of the answer's stream events, or of the messages."""
        if self.heard:
            return [message["type"] for message in self.heard]
        return [line[7:].decode() for line in self.answer.split(b"\n") if line.startswith(b"event: ")]

    @property
    def seconds(self) -> float:
        """How long it took, from the whole request to the last piece of the answer."""
        return self.pieces[-1][0] - self.asked_s if self.pieces else 0.0

    @property
    def longest_silence_s(self) -> float:
        """The longest time between two pieces of the answer, the wait for the first one included."""
        times = [self.asked_s, *(when for when, _ in self.pieces)]
        return max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)


class _RequestReader:
    """What httptools calls while it reads the client's bytes."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges
        self._parser = httptools.HttpRequestParser(self)
        self._upgrading = False
        self._frames: FrameReader | None = None
        self.answer: _AnswerReader | None = None

    def feed(self, data: bytes) -> None:
        if self._upgrading:  # and granted: before that, a client says nothing more
            agreed = self._exchange.answer_headers.get("sec-websocket-extensions", "")
            self._frames = self._frames or FrameReader(Side.SERVER, agreed, self._exchange.said)
            self._frames.feed(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrading = True

    def on_message_begin(self) -> None:
        self._exchange = Exchange()

    def on_url(self, url: bytes) -> None:
        self._exchange.path += url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._exchange.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._exchange.body += body

    def on_message_complete(self) -> None:
        self._exchange.method = self._parser.get_method().decode()
        self._exchange.asked_s = time.monotonic()
        self._exchanges.append(self._exchange)
        self.answer = _AnswerReader(self._exchange)  # one for each answer: an answer to HEAD has a length and no body


class _AnswerReader:
    """What httptools calls while it reads the gateway's bytes."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._parser = httptools.HttpResponseParser(self)
        self._frames: FrameReader | None = None

    def feed(self, data: bytes) -> None:
        if self._frames is not None:
            self._frames.feed(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            agreed = self._exchange.answer_headers.get("sec-websocket-extensions", "")
            self._frames = FrameReader(Side.CLIENT, agreed, self._exchange.heard)
            self._frames.feed(data[upgrade.args[0] :])

    def on_header(self, name: bytes, value: bytes) -> None:
        self._exchange.answer_headers[name.decode().lower()] = value.decode()

    def on_headers_complete(self) -> None:
        self._exchange.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._exchange.pieces.append((time.monotonic(), body))


@contextlib.asynccontextmanager
async def tapping(port: int, exchanges: list[Exchange], *, upgrades: bool = True) -> AsyncIterator[str]:
    """Relay to `port` of the loopback, append what passes to `exchanges`, and yield the URL to come in by.

    Without `upgrades` it is a proxy that has never heard of WebSockets, and passes such a request on without its wish.
    """

    async def relay(peer: Peer) -> None:
        requests = _RequestReader(exchanges)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def pass_requests() -> None:
            while data := await peer.reader.read(65536):
                if not upgrades:
                    data = UPGRADE.sub(b"", data)
                requests.feed(data)
                writer.write(data)
                await writer.drain()

        async def pass_answers() -> None:
            while data := await reader.read(65536):
                if requests.answer is not None:
                    requests.answer.feed(data)
                await peer.send(data)

        ways = [asyncio.ensure_future(pass_requests()), asyncio.ensure_future(pass_answers())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writer.close()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async with ScriptedServer(relay) as server:
        yield server.url
