"""A backend that a test plays itself, and the clients of a gateway in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

PROPS = {"default_generation_settings": {"n_ctx": 4096}, "total_slots": 1000}
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "hello"}]}),
    "responses": ("/v1/responses", {"model": "m", "input": "hello"}),
    "messages": ("/v1/messages", {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}),
}
PATIENT = ["--early-start-s", "60"]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Gateway:
    """A running gateway, the socket its backend listens on, and what it has logged."""

    port: int
    listener: socket.socket
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)

    def logged(self, before: int) -> list[str]:
        """The lines that were logged after the first `before`, once there is one."""
        deadline = time.monotonic() + 60
        while len(self.log) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.log[before:]

    async def send(self, path: str, body: dict[str, Any], *headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send one request on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        payload = json.dumps(body).encode()
        head = [f"POST {path} HTTP/1.1", "host: localhost", "content-type: application/json", f"content-length: {len(payload)}", *headers]
        writer.write("\r\n".join([*head, "", ""]).encode() + payload)
        await writer.drain()
        return reader, writer

    async def ask(self, dialect: str, *, stream: bool, **fields: Any) -> Reply:
        """Send the dialect's request, with `fields` changed, and read its whole answer."""
        path, body = REQUESTS[dialect]
        reader, writer = await self.send(path, {**body, "stream": stream, **fields}, "connection: close")
        head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        status, _, lines = head.decode().partition("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines.split("\r\n"))
        return Reply(int(status.split(" ")[1]), headers, unchunk(rest) if "transfer-encoding" in headers else rest)

    def tell_to_stop(self, number: int = signal.SIGTERM) -> None:
        """Send the process a signal that ends it; only the first counts: one more may meet an interpreter that is nearly gone."""
        if not self._told:
            self._told = True
            self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Send the process a signal that ends it, unless it has got one, and wait for it."""
        self.tell_to_stop(number)
        self.process.wait(timeout=30)
        self._lines.join(timeout=60)

    def __post_init__(self) -> None:
        self._told = False
        self._lines = threading.Thread(target=self._collect_lines, daemon=True)
        self._lines.start()

    def _collect_lines(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)


@contextlib.contextmanager
def start_gateway(*flags: str, patient: bool = False) -> Iterator[Gateway]:
    """Run a gateway whose backend listens already, but answers only while a test plays it.

    A patient one begins no stream before its backend has answered, so that a status is certain on a busy machine too.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        backend = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, "-X", "dev", "-m", "triglot", "serve", "--port", "0", "--backend", backend]
        command += [*(PATIENT if patient else []), "--log-level", "warning", *flags]  # without a line for each request
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stderr is not None
        with process, process.stdout, process.stderr:
            banner = ""
            while not (found := re.search(r"Messages\s+http://127.0.0.1:(\d+)", banner)):
                line = process.stdout.readline()
                assert line, f"the gateway ended at its start: {process.stderr.read()}"
                banner += line
            running = Gateway(int(found[1]), listener, process)
            try:
                yield running
            finally:
                running.stop()


@dataclass
class Reply:
    """A whole answer of the gateway."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[Any]:
        """The decoded data of each event."""
        return [json.loads(line[6:]) for line in self.body.decode().split("\n") if line.startswith("data: {")]


@contextlib.contextmanager
def hung_port(port: int = 0) -> Iterator[int]:
    """A port that neither accepts nor refuses connections: the queue of those who want one is full, and nobody looks after it."""
    with socket.create_server(("127.0.0.1", port), backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def unchunk(data: bytes) -> bytes:
    """A chunked body, put together; it must be complete."""
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return body
        body += data[:length]
        data = data[length + 2 :]


class Connection:
    """The backend's side of one request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.head = ""
        self.body: Any = None

    async def receive(self) -> str:
        """Read one request; return its path."""
        self.head = head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        if length:
            self.body = json.loads(await self._reader.readexactly(int(length[1])))
        return head.split(" ")[1]

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def send_chunk(self, data: bytes) -> None:
        """Send one chunk of a chunked body."""
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def send_json(self, document: Any) -> None:
        """Send a whole JSON answer."""
        body = json.dumps(document).encode()
        await self.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async def closed(self) -> None:
        """Return once the gateway has closed the connection."""
        with contextlib.suppress(ConnectionError):
            await self._reader.read()

    def reset(self) -> None:
        """Cut the connection."""
        self._writer.transport.abort()


async def tell_facts(connection: Connection) -> None:
    """Answer the question what the backend is."""
    await connection.send_json(PROPS)


@contextlib.asynccontextmanager
async def playing(
    gateway: Gateway,
    play: Callable[[Connection], Awaitable[None]],
    *,
    can_count: bool = True,
    facts: Callable[[Connection], Awaitable[None]] = tell_facts,
) -> AsyncIterator[None]:
    """Serve the gateway's backend for a while; `play` answers each chat request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        try:
            while True:
                match await connection.receive():
                    case "/props":
                        await facts(connection)
                    case "/v1/chat/completions/input_tokens" if not can_count:
                        await connection.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    case "/v1/chat/completions/input_tokens":
                        await connection.send_json({"input_tokens": len(json.dumps(connection.body["messages"]))})
                    case _:
                        await play(connection)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the gateway is done with the connection, or the test with the server
        finally:
            writer.close()

    server = await asyncio.start_server(serve, sock=gateway.listener.dup(), backlog=1024)
    try:
        yield
    finally:
        server.close()


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    """One event of a llama-server's stream."""
    document = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "id": "chatcmpl-1", "object": "chat.completion.chunk"}
    return b"data: " + json.dumps(document).encode() + b"\n\n"
