"""A server over a real socket that does exactly what a test tells it, and a way to run a test in both event loops."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING, Any, Self

import pytest
import uvloop

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

OK = b"HTTP/1.1 200 OK\r\n"


def in_both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run the coroutine function as a test in asyncio's loop and in uvloop; none may take longer than 20 s or leave a task behind."""

    @pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
    @functools.wraps(test)
    def run(loop_factory: Callable[[], asyncio.AbstractEventLoop], **arguments: Any) -> None:
        async def guarded() -> None:
            complaints: list[dict[str, Any]] = []
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            await asyncio.wait_for(test(**arguments), 60)
            await asyncio.sleep(0)
            assert not complaints
            assert asyncio.all_tasks() == {asyncio.current_task()}

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(guarded())

    parameters = [inspect.Parameter("loop_factory", inspect.Parameter.KEYWORD_ONLY), *inspect.signature(test).parameters.values()]
    run.__signature__ = inspect.Signature([parameters[i] for i in (*range(1, len(parameters)), 0)])  # type: ignore[attr-defined]
    return run


class Peer:
    """The server's side of one connection."""

    def __init__(self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.number = len(server.peers)
        self.closed = asyncio.Event()

    async def request(self) -> tuple[bytes, bytes]:
        """Head and body of the next request; also kept in `server.requests`."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        body = await self.reader.readexactly(length)
        self.server.requests.append((head, body))
        self.server.requested.set()
        return head, body

    async def send(self, *pieces: bytes) -> None:
        """Write each piece in a write of its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def closed_by_client(self) -> None:
        """Wait until the client has closed or reset the connection."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass


class ScriptedServer:
    """Runs `script` for each connection and closes the connection when it returns."""

    def __init__(
        self, script: Callable[[Peer], Awaitable[None]], *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._script = script
        self._tls = tls
        self._host = host
        self.requests: list[tuple[bytes, bytes]] = []
        self.requested = asyncio.Event()
        self.peers: list[Peer] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, self.port, ssl=self._tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        peer = Peer(self, reader, writer)
        self.peers.append(peer)
        try:
            await self._script(peer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            peer.closed.set()


def chunked(*pieces: bytes) -> bytes:
    """A complete chunked body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def answering(*responses: bytes) -> Callable[[Peer], Awaitable[None]]:
    """A script that answers each request of a connection with the next response, the last one again and again."""

    async def script(peer: Peer) -> None:
        for i in range(10_000):
            await peer.request()
            await peer.send(responses[min(i, len(responses) - 1)])

    return script
