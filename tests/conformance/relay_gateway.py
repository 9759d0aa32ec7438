"""A gateway that relays chat completions and can be wrong in one way: `python relay_gateway.py BACKEND_PORT PORT DEFECT`."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from contextlib import suppress

from triglot_conformance.wire.http1 import Message, Request, read_message

SEND_BUFFER = 65_536  # bytes; what is written at once can be more than the system takes at once, whatever its settings


class Relay:
    def __init__(self, backend_port: int, defect: str) -> None:
        self._backend_port = backend_port
        self._defect = defect

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        with suppress(ConnectionError):
            await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_message(reader, is_answer=False)
        if request is not None:
            if request.method == "GET":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            else:
                with suppress(asyncio.IncompleteReadError):  # the client has left
                    await self._relay(request, reader, writer)
            await writer.drain()

    async def _relay(self, request: Message, client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._defect == "logs a traceback":
            sys.stderr.write("Traceback (most recent call last):\n")
        if self._defect == "asks twice":
            _, upstream = await self._ask(request)
            upstream.close()
        reader, upstream = await self._ask(request)
        watch = asyncio.create_task(self._leave_with(client, upstream))
        text = await reader.readuntil(b"\r\n\r\n")
        head = text.replace(b"text/event-stream", b"text/plain") if self._defect == "wrong content type" else text
        head = head.replace(b" 200 ", b" 201 ") if self._defect == "wrong status" else head
        writer.write(head)
        full = False
        while size := int(await reader.readuntil(b"\r\n"), 16):
            chunk = self._spoil((await reader.readexactly(size + 2))[:-2])
            if chunk and not full:
                writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            if self._defect == "drops what is not taken":  # not the rest of a chunk, which anybody would see, but the next one
                full = not full and writer.transport.get_write_buffer_size() > 0
            else:
                await writer.drain()
        watch.cancel()
        upstream.close()
        if self._defect == "does not end":
            await asyncio.Event().wait()
        if self._defect == "ends by itself":
            await writer.drain()
            os._exit(3)
        if self._defect != "breaks off":
            writer.write(b"0\r\n\r\n")

    async def _leave_with(self, client: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await client.read()
        if self._defect != "stays":
            upstream.close()

    async def _ask(self, request: Message) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # asked for so that the backend notices at once when nobody listens any more
        asked = {} if self._defect == "rewrites the request" else {"return_progress": True}
        body = json.dumps({**json.loads(request.body), **asked}).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._backend_port)
        writer.write(Request("POST", request.path, {}, body).encode("backend"))
        return reader, writer

    def _spoil(self, chunk: bytes) -> bytes:  # noqa: PLR0911 - a table
        match self._defect:
            case "decodes each read":
                return chunk.decode(errors="replace").encode()
            case "loses [DONE]":
                return chunk.replace(b"data: [DONE]\n\n", b"")
            case "loses the finish":
                return chunk.replace(b'"finish_reason":"stop"', b'"finish_reason":null')
            case "adds event lines":
                return chunk.replace(b"data: {", b"event: chunk\ndata: {")
            case "takes one event of a write":
                return chunk[: chunk.find(b"\n\n") + 2 or None]
            case "knows line feeds alone":
                return chunk.replace(b"\r", b"")
            case "changes the id":
                return chunk.replace(b'"id":"chatcmpl-f', b'"id":"chatcmpl-g', 1)
            case _:
                return chunk


async def main() -> None:
    relay = Relay(int(sys.argv[1]), sys.argv[3])
    if relay._defect == "does not start":
        sys.exit("no port for me")
    server = await asyncio.start_server(relay.accept, "127.0.0.1", int(sys.argv[2]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
