"""A client that goes away is noticed at once, and the backend's socket is closed."""

from __future__ import annotations

import asyncio

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, chunk, playing

CLIENTS = 200


SITUATIONS = [(dialect, phase, stream) for dialect in REQUESTS for phase in ("prefill", "decode") for stream in (True, False)]


@pytest.mark.parametrize(("dialect", "phase", "stream"), SITUATIONS)
def test_every_backend_connection_is_closed(gateway: Gateway, dialect: str, phase: str, stream: bool) -> None:
    """In prefill the backend has not even sent its headers."""
    path, body = REQUESTS[dialect]

    async def run() -> None:
        busy = 0
        open_connections = 0
        all_busy, all_closed = asyncio.Event(), asyncio.Event()

        async def play(connection: Connection) -> None:
            nonlocal busy, open_connections
            if phase == "decode":
                await connection.send(HEAD)
                await connection.send_chunk(chunk({"role": "assistant", "content": None}) + chunk({"content": "Hel"}))
            busy += 1
            open_connections += 1
            if busy == CLIENTS:
                all_busy.set()
            await connection.closed()
            open_connections -= 1
            if open_connections == 0:
                all_closed.set()

        async with playing(gateway, play):
            clients = [await gateway.send(path, {**body, "stream": stream}) for _ in range(CLIENTS)]
            await asyncio.wait_for(all_busy.wait(), 60)
            if phase == "decode" and stream:
                await asyncio.gather(*(reader.readuntil(b"Hel") for reader, _ in clients))
            for _, writer in clients:
                writer.transport.abort()
            await asyncio.wait_for(all_closed.wait(), 60)

    before = len(gateway.log)
    asyncio.run(run())
    assert gateway.log[before:] == []


def test_a_client_that_does_not_read_is_noticed_when_it_goes(gateway: Gateway) -> None:
    """The backend always has more to say, so the gateway is never waiting for it: only for the client."""

    async def run() -> None:
        closed = asyncio.Event()

        async def play(connection: Connection) -> None:
            await connection.send(HEAD)
            flood = chunk({"content": "x" * 60_000})
            try:
                while True:
                    await connection.send_chunk(flood)
            except ConnectionError:
                closed.set()
                raise

        async with playing(gateway, play):
            path, body = REQUESTS["messages"]
            _, writer = await gateway.send(path, {**body, "stream": True})
            await asyncio.sleep(1)  # long enough for every buffer on the way to fill
            assert not closed.is_set()
            writer.transport.abort()
            await asyncio.wait_for(closed.wait(), 60)

    asyncio.run(run())
