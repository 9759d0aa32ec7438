"""A strict HTTP client that keeps what came and when, also of an answer that broke off.

It can read slowly, write in small pieces, and hang up early, as clients in the field do.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from triglot_conformance.wire.http1 import Head, HttpError, Message, Request, read_body, read_head
from triglot_conformance.wire.sse import Frame, parse_stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from triglot_conformance.live.steps import Leaving
    from triglot_conformance.live.target import Target

_STREAM: Final = "text/event-stream"
_STATUS_LINE: Final = re.compile(r"HTTP/1\.[01] ([1-9][0-9]{2})(?: .*)?", re.DOTALL)
_INTERIM: Final = {100, *range(102, 200)}
_HEAD_LIMIT: Final = 1 << 20
_SLOW_BYTES, _SLOW_PAUSE_S, _SLOW_BUFFER = 64, 0.001, 2048
_SPLIT_BYTES: Final = 7
_BODY_LIMIT: Final = 1 << 24
_LINE_LIMIT: Final = 1 << 18
_CONNECT_S: Final = 10.0
_GOODBYE_S: Final = 2.0
_NOT_TLS: Final = "WRONG_VERSION_NUMBER"


@dataclass(frozen=True)
class TimedFrame:
    """A frame of an event stream, and when its last byte was there, in milliseconds from the sending of the request."""

    frame: Frame
    at_ms: float


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    Attributes:
        status: 0 where there was no answer.
        frames: of an event stream; only the last can be incomplete.
        head_ms, end_ms: when the head and the last byte were there; `head_ms` is None for no answer.
        error: why the answer is not whole; None where it is.
        unreachable: there was no connection, or no answer within the time.
        left: the client hung up, as the case says.
    """

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    frames: list[TimedFrame] = field(default_factory=list)
    head_ms: float | None = None
    end_ms: float = 0.0
    error: str | None = None
    unreachable: bool = False
    left: bool = False

    @property
    def media_type(self) -> str:
        """Content type without parameters, in lower case; empty where there is none."""
        return Message(Head("", tuple(self.headers))).media_type


class Manner:
    """How the client behaves; see `steps.LiveStep`."""

    def __init__(self, *, reads_slowly: bool = False, writes_split: bool = False, leaves: Leaving | None = None) -> None:
        self.reads_slowly = reads_slowly
        self.writes_split = writes_split
        self.leaves = leaves


async def send(target: Target, request: Request, manner: Manner | None = None) -> Answer:
    """Send a request on a connection of its own and take what comes. Never raises for what a server does."""
    exchange = _Exchange(target, request, manner or Manner())
    try:
        async with asyncio.timeout(target.timeout_s):
            await exchange.run()
    except TimeoutError:
        begun = "whole answer" if exchange.head else "answer" if exchange.is_sent else "connection"
        exchange.fail(f"no {begun} within {target.timeout_s:g} s", unreachable=exchange.head is None)
    except HttpError as error:
        exchange.fail(str(error))
    except (OSError, ssl.SSLError) as error:
        words = f"the connection broke: {error}" if exchange.is_sent else f"cannot connect: {_why(error)}"
        exchange.fail(words, unreachable=not exchange.is_sent)
    return exchange.answer()


class _Exchange:
    """One request and what has come so far."""

    def __init__(self, target: Target, request: Request, manner: Manner) -> None:
        self._target = target
        self._request = request
        self._manner = manner
        self._sent_at = time.perf_counter()
        self._body = bytearray()
        self._arrivals: list[tuple[int, float]] = []  # how much of the body was there, and when
        self._lines = 0
        self._error: str | None = None
        self._unreachable = False
        self._left = False
        self._head_ms: float | None = None
        self._end_ms: float | None = None
        self.head: Head | None = None
        self.is_sent = False

    async def run(self) -> None:
        async with _connect(self._target, self._manner) as (reader, writer):
            self._sent_at = time.perf_counter()
            data = self._request.encode(self._target.authority)
            if self._manner.writes_split:
                await _write_split(writer, data)
            else:
                writer.write(data)
            self.is_sent = True
            leaves = self._manner.leaves
            if leaves is None or leaves.after_s is None:
                await self._read(reader)
                return
            try:
                async with asyncio.timeout(leaves.after_s):
                    await self._read(reader)
            except TimeoutError:
                self._left = True

    def fail(self, error: str, *, unreachable: bool = False) -> None:
        self._error, self._unreachable = error, unreachable

    def answer(self) -> Answer:
        end_ms = self._now_ms() if self._end_ms is None else self._end_ms
        mask = self._target.mask
        error = None if self._error is None else mask(self._error)
        if self.head is None:
            return Answer(error=error, end_ms=end_ms, unreachable=self._unreachable, left=self._left)
        status = Message(self.head).status
        body = mask(self._body.decode("latin-1")).encode("latin-1")
        headers = [(name, mask(value)) for name, value in self.head.lines]
        is_stream = Message(self.head).media_type == _STREAM
        frames = self._timed_frames(body) if is_stream else []
        return Answer(status, headers, body, frames, self._head_ms, end_ms, error, self._unreachable, self._left)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        head = await read_head(reader)
        while _status(head) in _INTERIM:
            head = await read_head(reader)
        assert head is not None  # noqa: S101 - it has a status
        self._head_ms = self._now_ms()
        self.head = head
        if self._request.method != "HEAD" and Message(head).status not in (204, 304):
            await read_body(reader, head, is_answer=True, taken=self._take)
        self._end_ms = self._now_ms()

    def _take(self, data: bytes) -> bool:
        self._body += data
        self._arrivals.append((len(self._body), self._now_ms()))
        if len(self._body) > _BODY_LIMIT:
            raise HttpError(f"the answer has more than {_BODY_LIMIT >> 20} MB")
        self._lines += data.count(b"\n")
        if self._lines > _LINE_LIMIT:
            raise HttpError(f"the answer has more than {_LINE_LIMIT} lines")
        leaves = self._manner.leaves
        if leaves is not None and leaves.after_events is not None and _count_events(bytes(self._body)) >= leaves.after_events:
            self._left = True
        return self._left

    def _timed_frames(self, body: bytes) -> list[TimedFrame]:
        timed: list[TimedFrame] = []
        arrivals = iter(self._arrivals)
        there, at_ms = 0, 0.0
        end = 0
        for frame in _frames(body):
            end += len(frame.raw)
            while there < end:
                there, at_ms = next(arrivals, (end, at_ms))
            timed.append(TimedFrame(frame, at_ms))
        return timed

    def _now_ms(self) -> float:
        return round((time.perf_counter() - self._sent_at) * 1000, 2)


def _status(head: Head | None) -> int:
    """The status of an answer.

    Raises:
        HttpError: it has none.
    """
    if head is None:
        raise HttpError("the connection was closed without an answer")
    found = _STATUS_LINE.fullmatch(head.start_line)
    if found is None:
        raise HttpError(f"not the first line of an answer: {head.start_line[:80]!r}")
    return int(found[1])


def _frames(body: bytes) -> list[Frame]:
    """The frames of a stream; none where it is not text, which is judged elsewhere."""
    try:
        return parse_stream(body)
    except UnicodeDecodeError:
        return []


def _count_events(body: bytes) -> int:
    return sum(1 for frame in _frames(body) if frame.complete and frame.data is not None)


async def _write_split(writer: asyncio.StreamWriter, data: bytes) -> None:
    place = 0
    while place < len(data):
        size = place % _SPLIT_BYTES + 1
        writer.write(data[place : place + size])
        await writer.drain()
        await asyncio.sleep(0)
        place += size


def secure(target: Target) -> ssl.SSLContext | None:
    """How to connect to a target: whom the system trusts is trusted; None for no TLS."""
    return _trust() if target.scheme == "https" else None


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


@contextlib.asynccontextmanager
async def _connect(target: Target, manner: Manner) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    limit = _SLOW_BYTES if manner.reads_slowly else _HEAD_LIMIT
    reader, writer = await _open(target, limit)
    pump: asyncio.Task[None] | None = None
    try:
        connection = writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if manner.reads_slowly:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_BUFFER)
            slow = asyncio.StreamReader(limit=_HEAD_LIMIT)
            pump = asyncio.create_task(_read_slowly(reader, slow))
            reader = slow
        yield reader, writer
    finally:
        if pump is not None:
            pump.cancel()
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), _GOODBYE_S)


async def _open(target: Target, limit: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(_CONNECT_S):
            return await asyncio.open_connection(target.host, target.port, ssl=secure(target), limit=limit)
    except TimeoutError:
        raise OSError(f"nobody takes the connection within {_CONNECT_S:g} s") from None


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}; SSL_CERT_FILE names one to trust"
    if isinstance(error, ssl.SSLError) and error.reason == _NOT_TLS:
        return "what answers does not speak TLS: is it http:// and not https://?"
    return str(error)


async def _read_slowly(source: asyncio.StreamReader, sink: asyncio.StreamReader) -> None:
    try:
        while data := await source.read(_SLOW_BYTES):
            sink.feed_data(data)
            await asyncio.sleep(_SLOW_PAUSE_S)
    except OSError as error:
        sink.set_exception(error)
        return
    sink.feed_eof()
