"""One connection: requests are read, routed, checked and handled one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faulty import routing
from faulty.exchange import Refusal, Reply, Request, Stream
from faulty.reading import as_request, decode, read_body, read_head
from faulty.sending import Gone, Sender
from faulty.websocket import Socket, accept
from triglot_conformance.wire.http1 import HttpError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from faulty.exchange import Dialect
    from faulty.host import Host

_GOODBYE_S = 1.0
_LOOK_S = 0.02  # how often a busy server looks whether the client is there
_PIECE = 1 << 16  # bytes


async def let_finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take what the client still sends: a connection that is closed before takes the answer with it."""
    writer.write_eof()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GOODBYE_S):
            while await reader.read(_PIECE):
                pass


class Connection:
    """A connection with a client."""

    def __init__(self, host: Host, dialects: Sequence[Dialect], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.host = host
        self.dialects = dialects
        self.reader = reader
        self.writer = writer
        self.sender = Sender(host, reader, writer)

    async def serve(self) -> bool:
        """Read and answer one request. Returns whether the connection stays open."""
        request = Request("", "", id=self.host.new_id("req_"))
        dialect = self.dialects[0]
        try:
            head = await read_head(self.reader)
            if head is None:
                return False
            request = as_request(head, request.id)
            self.sender.keep = request.headers.get("connection", "").lower() != "close" and head.start_line.endswith("HTTP/1.1")
            dialect = routing.dialect_of(request, self.dialects)
            request = self.host.apply("incoming", replace(request, dialect=dialect.name), request)
            if reply := self._own(request):
                await self.sender.reply(reply, dialect, request)
                return self.sender.keep
            if request.headers.get("upgrade", "").lower() == "websocket" and request.path in dialect.sockets:
                self._check_key(request)
                self.writer.write(accept(request))
                await dialect.sockets[request.path](request, Socket(self.reader, self.writer))
                return False
            dialect, request, answer = await self._handle(request)
        except HttpError as error:
            self.sender.keep = False
            answer = dialect.error(Refusal(400, f"Not HTTP/1.1: {error}"), request)
        except Refusal as refusal:
            self.sender.keep = False  # the body has not been read
            answer = self.host.apply(f"{dialect.name}.error", dialect.error(refusal, request), request)
        if isinstance(answer, Stream):
            await self.sender.stream(answer, dialect, request)
        else:
            await self.sender.reply(answer, dialect, request)
        return self.sender.keep

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
            self.sender.keep = False  # the rest of the body is still on its way
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

    async def _while_there(self, work: Awaitable[Any]) -> Any:
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
