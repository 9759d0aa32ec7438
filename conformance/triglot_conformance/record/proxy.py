"""A relay between a client and a server: every byte passes at once, and what was said is remembered.

Of a request only the `Host` header changes, and its path where the server has one of its own; of an answer nothing does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from triglot_conformance.record.frames import FrameError, FrameReader
from triglot_conformance.record.session import Exchange, header
from triglot_conformance.wire.http1 import Head, HttpError, parse_head

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_LIMIT: Final = 1 << 20
_PIECE: Final = 1 << 16
_SWITCHING: Final = 101
_LONGEST_NUMBER: Final = 18  # digits of a length that there can be
_BODILESS: Final = (204, 304)

Framing: TypeAlias = int | Literal["chunked", "to-end"]
Connection: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ProxyError(Exception):
    """The proxy cannot be set up as asked."""


class _Reader(asyncio.StreamReader):
    """A reader that tells when its peer has gone, also while nobody reads."""

    def __init__(self) -> None:
        super().__init__(limit=_LIMIT)
        self.ended = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.ended.set()

    def set_exception(self, exc: BaseException) -> None:
        super().set_exception(exc)  # type: ignore[arg-type]
        self.ended.set()


class Proxy:
    """Relays to one server; an asynchronous context manager.

    Args:
        to: the server's URL, `http` or `https`; a path in it goes before that of each request.
        host: the address to listen on.
        port: 0 takes a free one.
        report: called with each exchange when it is over.
        tls: whom to trust behind an `https` URL; default: those whom the system trusts.

    Attributes:
        exchanges: what has passed, in the order in which it began.

    Raises:
        ProxyError: the URL is not one.
    """

    def __init__(
        self,
        to: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        report: Callable[[Exchange], None] = lambda _: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        try:
            parts = urlsplit(to)
            port_there = parts.port
        except ValueError as error:
            raise ProxyError(f"not a URL: {to} ({error})") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ProxyError(f"not the URL of a server: {to}")
        self._server_host = parts.hostname
        self._server_port = port_there or (443 if parts.scheme == "https" else 80)
        self._authority = parts.netloc.rpartition("@")[2]
        self._prefix = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")  # requests bring it themselves
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._host, self._port, self._report = host, port, report
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self.exchanges: list[Exchange] = []

    async def __aenter__(self) -> Self:
        def accept() -> asyncio.StreamReaderProtocol:
            return asyncio.StreamReaderProtocol(_Reader(), self._accept)

        try:
            self._listener = await asyncio.get_running_loop().create_server(accept, self._host, self._port)
        except OSError as error:
            raise ProxyError(f"cannot listen on {self._host}:{self._port}: {error.strerror or error}") from error
        self._port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._listener is not None:
            self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def to(self) -> str:
        """Where requests go, without credentials."""
        return f"{'http' if self._tls is None else 'https'}://{self._authority}{self._prefix}"

    @property
    def url(self) -> str:
        """Where clients come in."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(reader, _Reader)  # noqa: S101
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        """All requests of one connection; they have one connection to the server."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(_close, writer)
            server: Connection | None = None
            with contextlib.suppress(HttpError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while (raw := await _read_head(reader)) is not None:
                    head = parse_head(raw)
                    exchange = _begin(head)
                    self.exchanges.append(exchange)
                    began = time.monotonic()
                    try:
                        if server is None or server[0].at_eof():
                            server = await self._connect(exchange, writer)
                            stack.push_async_callback(_close, server[1])
                        stays = await self._relay(exchange, head, (reader, writer), server)
                    finally:
                        exchange.seconds = time.monotonic() - began
                        self._report(exchange)
                    if not stays:
                        return

    async def _connect(self, exchange: Exchange, writer: asyncio.StreamWriter) -> Connection:
        """A connection to the server; where there is none, the client is told and HttpError is raised."""
        try:
            return await asyncio.open_connection(self._server_host, self._server_port, ssl=self._tls, limit=_LIMIT)
        except OSError as error:
            exchange.notes.append(f"the server cannot be reached: {error.strerror or error}")
            writer.write(_bad_gateway(exchange.notes[-1]))
            raise HttpError(exchange.notes[-1]) from error

    async def _relay(self, exchange: Exchange, head: Head, client: tuple[_Reader, asyncio.StreamWriter], server: Connection) -> bool:
        """Relay one request and its answer; return whether another can follow on the same connections."""
        (reader, writer), (server_reader, server_writer) = client, server
        method, target, version = head.start_line.split(" ", 2)
        lines = tuple((name, self._authority if name.lower() == "host" else value) for name, value in head.lines)
        server_writer.write(Head(f"{method} {self._prefix}{target} {version}", lines).encode())

        async def ask() -> None:
            await _pass_body(reader, server_writer, _framing(exchange.headers, 0), exchange.body)

        asking = asyncio.ensure_future(ask())
        answering = asyncio.ensure_future(_pass_answer(exchange, server_reader, writer))
        leaving = asyncio.ensure_future(reader.ended.wait())
        try:
            await asyncio.wait({asking, answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done() and asking.exception() is None:
                await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                exchange.notes.append("the client hung up before the answer was over")
                return False
            stays = answering.result()
            if exchange.status == _SWITCHING:
                await _pass_messages(exchange, client, server)
                return False
            return stays and asking.done() and asking.exception() is None
        except ConnectionError as error:
            exchange.notes.append(f"a connection broke before the answer was over: {error.strerror or error}")
            return False
        except (HttpError, asyncio.IncompleteReadError) as error:
            exchange.notes.append(f"the answer broke off: {error}")
            if not exchange.status:
                writer.write(_bad_gateway(exchange.notes[-1]))
            return False
        finally:
            for task in (asking, answering, leaving):
                task.cancel()
            await asyncio.gather(asking, answering, leaving, return_exceptions=True)


def _begin(head: Head) -> Exchange:
    try:
        method, target, _ = head.start_line.split(" ", 2)
    except ValueError:
        raise HttpError(f"not the first line of a request: {head.start_line[:80]!r}") from None
    if not target.startswith("/"):
        raise HttpError("a request to a proxy of the web; this one stands before one server")
    return Exchange(method, target, list(head.lines))


async def _pass_answer(exchange: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Relay an answer; return whether another can follow it."""
    while True:
        raw = await _read_head(reader)
        if raw is None:
            raise HttpError("the server closed the connection without an answer")
        head = parse_head(raw)
        writer.write(raw + b"\r\n\r\n")
        parts = head.start_line.split(" ", 2)
        if len(parts) < 2 or not parts[1].isdecimal() or len(parts[1]) != 3:  # noqa: PLR2004
            raise HttpError(f"not the first line of an answer: {head.start_line[:80]!r}")
        status = int(parts[1])
        if status >= 200 or status == _SWITCHING:  # noqa: PLR2004
            break
    exchange.status, exchange.answer_headers = status, list(head.lines)
    framing: Framing = 0 if exchange.method == "HEAD" or status in (*_BODILESS, _SWITCHING) else _framing(exchange.answer_headers, "to-end")
    await _pass_body(reader, writer, framing, exchange.answer)
    closes = [header(lines, "connection") or "" for lines in (exchange.headers, exchange.answer_headers)]
    return framing != "to-end" and not any("close" in value.lower() for value in closes) and head.start_line.startswith("HTTP/1.1")


def _framing(lines: list[tuple[str, str]], without: Framing) -> Framing:
    if "chunked" in (header(lines, "transfer-encoding") or "").lower():
        return "chunked"
    length = header(lines, "content-length")
    if length is None:
        return without
    if not length.isdecimal() or len(length) > _LONGEST_NUMBER:
        raise HttpError(f"not a content length: {length[:80]!r}")
    return int(length)


async def _pass_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framing: Framing, kept: bytearray) -> None:
    """Relay a body as it comes, and keep it without its transfer coding."""
    if framing == "chunked":
        while size := await _pass_chunk_size(reader, writer):
            await _pass_bytes(reader, writer, size, kept)
            await _pass_bytes(reader, writer, 2, bytearray())
        while True:  # trailers, and the blank line
            line = await reader.readuntil(b"\r\n")
            writer.write(line)
            if line == b"\r\n":
                break
        await writer.drain()
    else:
        await _pass_bytes(reader, writer, None if framing == "to-end" else framing, kept)


async def _pass_chunk_size(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    line = await reader.readuntil(b"\r\n")
    try:
        size = int(line.partition(b";")[0], 16)
    except ValueError:
        raise HttpError(f"not a chunk size: {line[:40]!r}") from None
    writer.write(line)
    return size


async def _pass_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int | None, kept: bytearray) -> None:
    while size is None or size > 0:
        piece = await reader.read(_PIECE if size is None else min(_PIECE, size))
        if not piece:
            if size is not None:
                raise HttpError(f"the connection ended {size} bytes too early")
            return
        writer.write(piece)
        await writer.drain()
        kept += piece
        size = None if size is None else size - len(piece)


async def _pass_messages(exchange: Exchange, client: Connection, server: Connection) -> None:
    """Relay a WebSocket until one side goes; messages that cannot be read pass unrecorded, which is noted."""
    extensions = header(exchange.answer_headers, "sec-websocket-extensions") or ""
    said = FrameReader(exchange.said, extensions, from_client=True)
    heard = FrameReader(exchange.heard, extensions, from_client=False)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frames: FrameReader | None) -> None:
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
            try:
                if frames is not None:
                    frames.feed(data)
            except FrameError as error:
                exchange.notes.append(f"from there on the WebSocket is not recorded: {error}")
                frames = None

    ways = [asyncio.ensure_future(relay(client[0], server[1], said)), asyncio.ensure_future(relay(server[0], client[1], heard))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _read_head(reader: asyncio.StreamReader) -> bytes | None:
    """The bytes of a head, without its blank line; None where the connection ended before."""
    try:
        return (await reader.readuntil(b"\r\n\r\n"))[:-4]
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise HttpError("the connection ended inside the headers") from None
        return None


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _bad_gateway(words: str) -> bytes:
    body = json.dumps({"error": {"type": "recorder_error", "message": words}}).encode()
    lines = (("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close"))
    return Head("HTTP/1.1 502 Bad Gateway", lines).encode() + body
