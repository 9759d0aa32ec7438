"""The relay remembers what passes, whatever form it has."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from .tap import Exchange, tapping


@pytest.mark.parametrize("compression", ["deflate", None])
def test_both_sides_of_a_websocket(compression: str | None) -> None:
    exchanges: list[Exchange] = []
    words = {"type": "words", "text": "the same again, " * 100}

    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async def converse() -> None:
        async with serve(echo, "127.0.0.1", 0, compression=compression) as server:
            port = server.sockets[0].getsockname()[1]
            async with (
                tapping(port, exchanges) as url,
                connect(f"{url.replace('http', 'ws')}/v1/responses", compression=compression) as connection,
            ):
                for message in (words, {**words, "type": "more"}):
                    await connection.send(iter([json.dumps(message)[:50], json.dumps(message)[50:]]))
                    assert json.loads(await connection.recv()) == message

    asyncio.run(converse())
    [exchange] = exchanges
    assert (exchange.method, exchange.path, exchange.status) == ("GET", "/v1/responses", 101)
    assert [message["type"] for message in exchange.said] == exchange.event_types == ["words", "more"]
    assert exchange.heard == exchange.said
