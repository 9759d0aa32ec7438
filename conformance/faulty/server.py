"""A small HTTP/1.1 server for the dialects, with a hook at each place where servers go wrong.

It keeps connections open, sends streams frame by frame with a pause between them, and stops working when the client hangs up.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self, TypeVar

from faulty import routing
from faulty.exchange import Dialect, Refusal, Reply, Request, Stream
from faulty.framing import LAST_CHUNK, Head, Whole, chunk, dump, frame, frames
from faulty.host import Host
from faulty.reading import as_request, decode, read_body, read_head
from faulty.websocket import Socket, accept
from triglot_conformance.wire.http1 import HttpError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable

    from faulty.exchange import Event

Value = TypeVar("Value")

_LINES = 1 << 20  # most bytes of a head
_LINGER_S = 20.0  # how long a defective server works on for nobody, or keeps a finished answer open
_GOODBYE_S = 1.0
_LOOK_S = 0.02  # how often a busy server looks whether the client is there


class Gone(Exception):  # noqa: N818 - nobody is left to be told
    """The client has hung up."""


class FaultyServer:
    """A running server.

    ```python
    async with FaultyServer(["messages/blocks-overlap"]) as server:
        print(server.url)
    ```
    """

    def __init__(
        self, defects: Iterable[str] = (), *, port: int = 0, host: str = "127.0.0.1", gap_s: float = 0.002, api_key: str | None = None
    ) -> None:
        self._host = Host(defects, gap_s=gap_s, api_key=api_key)
        modules = [import_module(f"faulty.{name}") for name in ("chat", "messages", "responses") if find_spec(f"faulty.{name}")]
        self._dialects: list[Dialect] = [module.dialect(self._host) for module in modules if hasattr(module, "dialect")]
        self._address = (host, port)
        self._connections: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, *self._address, limit=_LINES)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._host.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Address of its root."""
        return f"http://{self._address[0]}:{self.port}"

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - we are in one
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError, Gone):
            while await _Connection(self._host, self._dialects, reader, writer).serve():
                pass
            await _let_finish(reader, writer)
        writer.close()


async def _let_finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take what the client still sends: a connection that is closed before takes the answer with it."""
    writer.write_eof()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GOODBYE_S):
            while await reader.read(_LINES):
                pass


class _Connection:
    """One request on a connection."""

    def __init__(self, host: Host, dialects: list[Dialect], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.host = host
        self.dialects = dialects
        self.reader = reader
        self.writer = writer
        self.keep = True

    async def serve(self) -> bool:
        """Read and answer one request. Returns whether the connection stays open."""
        request = Request("", "", id=self.host.new_id("req_"))
        dialect = self.dialects[0]
        try:
            head = await read_head(self.reader)
            if head is None:
                return False
            request = as_request(head, request.id)
            self.keep = request.headers.get("connection", "").lower() != "close" and head.start_line.endswith("HTTP/1.1")
            dialect = routing.dialect_of(request, self.dialects)
            request = self.host.apply("incoming", replace(request, dialect=dialect.name), request)
            if reply := self._own(request):
                await self._reply(reply, dialect, request)
                return self.keep
            if request.headers.get("upgrade", "").lower() == "websocket" and request.path in dialect.sockets:
                self._check_key(request)
                self.writer.write(accept(request))
                await dialect.sockets[request.path](request, Socket(self.reader, self.writer))
                return False
            dialect, request, answer = await self._handle(request)
        except HttpError as error:
            self.keep = False
            answer = dialect.error(Refusal(400, f"Not HTTP/1.1: {error}"), request)
        except Refusal as refusal:
            self.keep = False  # the body has not been read
            answer = self.host.apply(f"{dialect.name}.error", dialect.error(refusal, request), request)
        if isinstance(answer, Stream):
            await self._stream(answer, dialect, request)
        else:
            await self._reply(answer, dialect, request)
        return self.keep

    def _own(self, request: Request) -> Reply | None:
        """Answers that belong to no dialect."""
        if request.method not in {"GET", "HEAD"}:
            return None
        match request.path:
            case "/" | "/health" | "/v1/health":
                return Reply({"status": "ok"})
            case "/slots":
                return Reply(self.host.slots())
            case _:
                return None

    async def _handle(self, request: Request) -> tuple[Dialect, Request, Reply | Stream]:
        """Route, read, check and handle; refusals of the handler become replies."""
        dialect = routing.dialect_of(request, self.dialects)
        try:
            if "100-continue" in request.headers.get("expect", "").lower():
                self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await self._read(request)
            self._check_key(request)
            dialect, route, params = routing.find(request, self.dialects)
            request = replace(request, dialect=dialect.name, operation=route.operation, params=params)
            decoded = decode(request, body) if request.method == "POST" else None
            request = replace(request, json=self.host.apply(f"{dialect.name}.request", decoded, request))
            answer = await self._while_there(route.handle(request))
        except Refusal as refusal:
            reply = self.host.apply(f"{dialect.name}.error", dialect.error(refusal, request), request)
            buries = self.host.has("http/errors-in-stream") and isinstance(request.json, dict) and request.json.get("stream") is True
            return dialect, request, Stream([reply.body]) if buries else reply
        if isinstance(answer, Reply):
            body_out = self.host.apply(f"{dialect.name}.object", answer.body, request)
            if answer.tokens:
                await self._while_there(self._work(answer.tokens))
            return dialect, request, replace(answer, body=body_out)
        if isinstance(answer.events, list):
            answer = replace(answer, events=self.host.apply(f"{dialect.name}.events", answer.events, request))
        return dialect, request, answer

    async def _read(self, request: Request) -> bytes:
        try:
            if self.host.has("http/reads-once"):
                return await self.reader.read(int(request.headers.get("content-length", "0")))
            return await read_body(self.reader, request)
        except Refusal:
            self.keep = False  # the rest of the body is still on its way
            raise

    def _check_key(self, request: Request) -> None:
        key = self.host.api_key
        shown = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
        if key is not None and not hmac.compare_digest(shown.encode(), key.encode()):
            raise Refusal(401, "The API key is missing or wrong", code="invalid_api_key", headers={"www-authenticate": "Bearer"})

    async def _work(self, tokens: int) -> None:
        async with self.host.slot():
            for _ in range(tokens):
                await self.host.pause()

    async def _while_there(self, work: Coroutine[Any, Any, Value] | Any) -> Any:
        """Wait for something, but not longer than the client does.

        Raises:
            Gone: the client has hung up; the work is cancelled, unless a defect lets it go on.
        """
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=_LOOK_S))[0]:
                if self.reader.at_eof() and not self.host.has("http/ignores-disconnect"):
                    raise Gone
            return task.result()
        finally:
            task.cancel()

    async def _reply(self, reply: Reply, dialect: Dialect, request: Request) -> None:
        body = dump(reply.body) if reply.body is not None else b""
        headers = {"content-type": "application/json", "content-length": str(len(body)), dialect.id_header: request.id, **reply.headers}
        whole = self.host.apply("whole", Whole(Head(reply.status, headers), body), request)
        self.keep = self.keep and whole.head.headers["content-length"] == str(len(whole.body))
        self._close_after(whole.head)
        self.writer.write(whole.head.encode() + (b"" if request.method == "HEAD" else whole.body))
        await self.writer.drain()

    def _close_after(self, head: Head) -> None:
        if not self.keep:
            head.headers["connection"] = "close"

    async def _stream(self, stream: Stream, dialect: Dialect, request: Request) -> None:
        headers = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
            "transfer-encoding": "chunked",
            dialect.id_header: request.id,
            **stream.headers,
        }
        head = self.host.apply("opening", Head(200, headers), request)
        self._close_after(head)
        self.writer.write(head.encode())
        if isinstance(stream.events, list):
            async with self.host.slot():
                await self._send(self._paced(self.host.apply("frames", frames(stream.events, dialect), request)))
        else:
            await self._send(self._framed(stream.events, dialect, request))
        while self.host.has("http/hangs-after-the-end") and not self.reader.at_eof():  # noqa: ASYNC110 - a reader has no such event
            await asyncio.sleep(_LOOK_S)
        if self.host.has("http/no-last-chunk"):
            raise Gone
        self.writer.write(LAST_CHUNK)
        await self.writer.drain()

    async def _paced(self, parts: list[bytes]) -> AsyncIterator[bytes]:
        for part in parts:
            await self.host.pause()
            yield part

    async def _framed(self, events: AsyncIterator[Event], dialect: Dialect, request: Request) -> AsyncIterator[bytes]:
        async for event in events:
            for part in self.host.apply("frames", [frame(event, dialect)], request):
                yield part
        if dialect.sentinel:
            yield f"data: {dialect.sentinel}\n\n".encode()

    async def _send(self, parts: AsyncIterator[bytes]) -> None:
        """Send frames as they come, or all at once at the end where a defect buffers them.

        Raises:
            Gone: the client has hung up.
        """
        held: list[bytes] = []
        async for part in parts:
            if self.reader.at_eof():
                if self.host.has("http/ignores-disconnect"):
                    await asyncio.sleep(_LINGER_S)
                raise Gone
            if self.host.has("http/buffers"):
                held.append(part)
            elif part:
                self.writer.write(chunk(part))
                await self.writer.drain()
        if held:
            self.writer.write(chunk(b"".join(held)))
