"""A llama-server as far as the gateway asks, which does with each request what its `model` says: one of the faults, or an answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

from tests.gateway.harness import PROPS, Connection, hung_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

HEALTHY: Final = "healthy"
TEXT: Final = "Hello there, you."
_HEAD: Final = {"created": 7, "id": "chatcmpl-1", "model": "tiny", "system_fingerprint": "b0", "object": "chat.completion.chunk"}
_USAGE: Final = {"completion_tokens": 4, "prompt_tokens": 9, "total_tokens": 13}
_END: Final = b"0\r\n\r\n"


def event(document: Any) -> bytes:
    """One event of a stream."""
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    """One chunk of an answer."""
    return event({"choices": [{"finish_reason": finish, "index": 0, "delta": delta}], **_HEAD, **more})


ROLE: Final = chunk({"role": "assistant", "content": None})
HALF: Final = ROLE + chunk({"content": TEXT[:5]})
REST: Final = chunk({"content": TEXT[5:11]}) + chunk({"content": TEXT[11:]})
FINISH: Final = chunk({}, "stop", usage=_USAGE)
DONE: Final = b"data: [DONE]\n\n"
STREAM: Final = HALF + REST + FINISH + DONE
BODY: Final = json.dumps(
    {
        "choices": [{"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": TEXT}}],
        **_HEAD,
        "object": "chat.completion",
        "usage": _USAGE,
    }
).encode()
HALF_BODY: Final = BODY[: len(BODY) // 2]


class Request(Connection):
    """The backend's side of one request, with the forms of a whole answer to it."""

    served = 0

    @property
    def streams(self) -> bool:
        """Whether a stream is asked for."""
        return bool(self.body.get("stream"))

    @property
    def content_type(self) -> str:
        """That of the answer that is asked for."""
        return "text/event-stream" if self.streams else "application/json"

    @property
    def answer(self) -> bytes:
        """The answer that is asked for, without its framing."""
        return STREAM if self.streams else BODY

    @property
    def half(self) -> bytes:
        """The beginning of it."""
        return HALF if self.streams else HALF_BODY

    async def begin(self, *headers: str) -> None:
        """Send the head of a chunked answer."""
        lines = ["HTTP/1.1 200 OK", f"Content-Type: {self.content_type}", "Transfer-Encoding: chunked", *headers]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def begin_half(self) -> None:
        """Send the head and the beginning of an answer."""
        await self.begin()
        await self.send_chunk(self.half)

    async def answer_with(self, body: bytes, *headers: str) -> None:
        """Send a whole chunked answer."""
        await self.begin(*headers)
        if body:
            await self.send_chunk(body)
        await self.send(_END)

    async def reply(self, status: str, content_type: str, body: bytes, *headers: str) -> None:
        """Send a whole answer with its length."""
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
        await self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def reset(self) -> None:
        """Cut the connection with a reset instead of an end."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def hang_up(self) -> None:
        """Close the connection."""
        self._writer.close()

    def end_writing(self) -> None:
        """Close the backend's half of the connection."""
        self._writer.write_eof()


class FaultyBackend:
    """Serves one port.

    Args:
        find: the fault of a model's name: it plays the request, and the connection is closed when it returns, unless it returns True.

    Attributes:
        open: the connections that are open, and whether each waits for its next request.
        requests: how many chat requests have come.
    """

    def __init__(self, find: Callable[[str], Callable[[Request], Awaitable[Any]]]) -> None:
        self._find = find
        self._server: asyncio.Server | None = None
        self.open: dict[Request, bool] = {}
        self.port = 0
        self.requests = 0

    async def listen(self) -> None:
        """Accept connections, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=listener, backlog=1024)

    async def refuse(self) -> None:
        """Accept no connection any more, and close those that are idle."""
        if self._server is not None:
            self._server.close()
        self.close_idle()
        await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def hanging(self) -> AsyncIterator[None]:
        """Neither accept nor refuse connections for a while."""
        async with self.refusing():
            with hung_port(self.port):
                yield

    @contextlib.asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Refuse connections for a while."""
        await self.refuse()
        try:
            yield
        finally:
            await self.listen()

    def close_idle(self) -> None:
        """Close the connections that carry no request, as every server does at some time."""
        for request, idle in self.open.items():
            if idle:
                request.hang_up()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = Request(reader, writer)
        try:
            reusable = True
            while reusable:
                self.open[request] = True
                path = await request.receive()
                self.open[request] = False
                match path:
                    case "/props":
                        await request.send_json(PROPS)
                    case "/v1/chat/completions/input_tokens":
                        await request.send_json({"input_tokens": 9})
                    case _:
                        self.requests += 1
                        request.served += 1
                        reusable = await self._find(request.body["model"])(request) is True
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the gateway is done with the connection
        finally:
            del self.open[request]
            writer.close()
