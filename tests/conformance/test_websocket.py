"""The suite's WebSocket client against the server of another maker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.server import serve

from triglot_conformance.wire.http1 import HttpError, Request
from triglot_conformance.wire.websocket import open_socket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from websockets.asyncio.server import ServerConnection

    from triglot_conformance.wire.websocket import WebSocket


def talk(server: Callable[[ServerConnection], Awaitable[None]], client: Callable[[WebSocket], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with serve(server, "127.0.0.1", 0, ping_interval=None) as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            socket = await open_socket("127.0.0.1", port, Request("GET", "/v1/responses", {"x-key": "1"}), 5)
            try:
                return await client(socket)
            finally:
                socket.close()

    return asyncio.run(asyncio.wait_for(run(), 120))


async def echo(connection: ServerConnection) -> None:
    assert connection.request is not None
    assert (connection.request.path, connection.request.headers["x-key"]) == ("/v1/responses", "1")
    async for message in connection:
        await connection.send(message)


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_texts_of_every_length_go_both_ways(size: int) -> None:
    async def client(socket: WebSocket) -> str:
        socket.send(b"x" * size)
        return await socket.receive()

    assert talk(echo, client) == "x" * size


def test_a_message_in_pieces_with_a_ping_between_is_one() -> None:
    async def server(connection: ServerConnection) -> None:
        async def pieces() -> Any:
            yield "Grü"
            await (await connection.ping())
            yield "ße"

        await connection.send(pieces())

    async def client(socket: WebSocket) -> str:
        return await socket.receive()

    assert talk(server, client) == "Grüße"


def test_the_end_of_a_connection_is_told_with_its_code() -> None:
    async def server(connection: ServerConnection) -> None:
        await connection.close(1001, "going")

    async def client(socket: WebSocket) -> None:
        await socket.receive()

    with pytest.raises(HttpError, match=r"closed the connection with 1001 'going'"):
        talk(server, client)


def test_a_binary_message_is_no_text() -> None:
    async def server(connection: ServerConnection) -> None:
        await connection.send(b"\x00")
        await connection.wait_closed()

    async def client(socket: WebSocket) -> None:
        await socket.receive()

    with pytest.raises(HttpError, match="opcode 2"):
        talk(server, client)


def test_what_nobody_waits_for_breaks_the_silence() -> None:
    async def server(connection: ServerConnection) -> None:
        await connection.ping()
        await connection.recv()
        await connection.send("one")
        await connection.send("two")
        await connection.wait_closed()

    async def client(socket: WebSocket) -> None:
        await socket.check_silence()
        socket.send(b"go")
        assert await socket.receive() == "one"
        await socket.check_silence()

    with pytest.raises(HttpError, match="unexpected: b'two'"):
        talk(server, client)


def test_a_refused_handshake_is_told() -> None:
    async def run() -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        try:
            await open_socket("127.0.0.1", server.sockets[0].getsockname()[1], Request("GET", "/"), 5)
        finally:
            server.close()

    with pytest.raises(HttpError, match=r"refused: HTTP/1\.1 426"):
        asyncio.run(run())
