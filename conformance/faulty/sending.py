"""Writes answers: bodies whole, streams frame by frame for as long as the client listens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from faulty.framing import LAST_CHUNK, Head, Whole, chunk, dump, frame, frames

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from faulty.exchange import Dialect, Event, Reply, Request, Stream
    from faulty.host import Host

_LINGER_S = 20.0  # how long a defective server works on for nobody
_LOOK_S = 0.02


class Gone(Exception):  # noqa: N818 - nobody is left to be told
    """The client has hung up."""


class Sender:
    """Writes to one connection.

    Attributes:
        keep: the connection stays open behind the answer.
    """

    def __init__(self, host: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.host = host
        self.reader = reader
        self.writer = writer
        self.keep = True

    async def reply(self, reply: Reply, dialect: Dialect, request: Request) -> None:
        """Write an answer in one piece."""
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

    async def stream(self, stream: Stream, dialect: Dialect, request: Request) -> None:
        """Write a stream.

        Raises:
            Gone: the client has hung up.
        """
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
            parts = self.host.apply("frames", frames(stream.events, dialect), request)
            async with self.host.slot():
                await self._send(self._paced(parts, stream.reads, dialect, request))
        else:
            await self._send(self._framed(stream.events, dialect, request))
        while self.host.has("http/hangs-after-the-end") and not self.reader.at_eof():  # noqa: ASYNC110 - a reader has no such event
            await asyncio.sleep(_LOOK_S)
        if self.host.has("http/no-last-chunk"):
            raise Gone
        self.writer.write(LAST_CHUNK)
        await self.writer.drain()

    async def _paced(self, parts: list[bytes], reads: int, dialect: Dialect, request: Request) -> AsyncIterator[bytes]:
        """Frame by frame, until the context is full: behind the first the prompt is read, or before it where a defect starts late."""
        with self.host.room() as has_room:
            for number, part in enumerate(parts):
                await self.host.pause()
                if number == (0 if self.host.has("messages/starts-late") else 1):
                    await self.host.read(reads)
                if not has_room():
                    event = self.host.apply(f"{dialect.name}.break", dialect.breaks(number), request)
                    if event is not None:
                        yield frame(event, dialect)
                    return
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
