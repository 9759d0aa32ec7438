"""A client that takes nothing: it holds up no other, can be cancelled like any other, and is let go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect

from .harness import HEAD, REQUESTS, Connection, Gateway, chunk, playing, start_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

DIALECTS = list(REQUESTS)
STUCK_AFTER_S = 0.3
FLOOD = chunk({"content": "x" * 60_000})
LONG = 24 * 1024 * 1024


@pytest.fixture(scope="module")
def patient() -> Iterator[Gateway]:
    """One slot, and more patience with clients than any test has."""
    with start_gateway("--slots", "1", "--write-timeout-s", "1000", "--shutdown-grace-s", "0.1", "--state", "memory") as running:
        yield running


@pytest.fixture(scope="module")
def strict() -> Iterator[Gateway]:
    with start_gateway("--slots", "1", "--write-timeout-s", "1", "--state", "memory") as running:
        yield running
        running.stop()
        assert running.log
        assert all("--write-timeout-s" in line for line in running.log)


class Flood:
    """Has more to say than all buffers on the way hold; a request that asks for it is told one word."""

    def __init__(self) -> None:
        self.stuck = asyncio.Event()
        self.gone = asyncio.Event()

    async def play(self, connection: Connection) -> None:
        if "shortly" in json.dumps(connection.body["messages"]):
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hi"}) + chunk({}, "stop") + b"data: [DONE]\n\n")
            await connection.send(b"0\r\n\r\n")
            return
        try:
            await connection.send(HEAD)
            while True:
                sending = asyncio.ensure_future(connection.send_chunk(FLOOD))
                await asyncio.wait((sending,), timeout=STUCK_AFTER_S)
                if not sending.done():
                    self.stuck.set()
                await sending
        finally:
            self.gone.set()


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 120))


@contextlib.asynccontextmanager
async def deaf(gateway: Gateway, dialect: str, *headers: str, **fields: Any) -> AsyncIterator[asyncio.StreamReader]:
    """A client that has asked and does not read; on the way out it reads on, if anything is left."""
    path, body = REQUESTS[dialect]
    reader, writer = await gateway.send(path, {**body, "stream": True, **fields}, *headers)
    writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's
    try:
        yield reader
    finally:
        writer.transport.abort()


async def is_served(gateway: Gateway) -> None:
    """See that the only slot is free."""
    reply = await gateway.ask("chat", stream=False, messages=[{"role": "user", "content": "Answer shortly."}])
    assert reply.status == 200


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_is_cancelled_like_any_other(patient: Gateway, dialect: str) -> None:
    async def test() -> None:
        flood = Flood()
        async with playing(patient, flood.play), deaf(patient, dialect, cancel_id=f"deaf {dialect}"):
            await flood.stuck.wait()
            reader, writer = await patient.send("/api/inference/cancel", {"cancel_id": f"deaf {dialect}"}, "connection: close")
            assert b'{"cancelled":1}' in await reader.read()
            writer.close()
            await flood.gone.wait()
            await is_served(patient)

    run(test())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_its_time_is_over_like_that_of_any_other(patient: Gateway, dialect: str) -> None:
    async def test() -> None:
        flood = Flood()
        async with playing(patient, flood.play), deaf(patient, dialect, "x-triglot-timeout: total=1"):
            await flood.gone.wait()
            await is_served(patient)

    run(test())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_is_let_go_after_a_time(strict: Gateway, dialect: str) -> None:
    async def test() -> None:
        flood = Flood()
        async with playing(strict, flood.play), deaf(strict, dialect) as reader:
            await flood.gone.wait()
            await is_served(strict)
            reader._transport.resume_reading()  # type: ignore[attr-defined]
            with contextlib.suppress(ConnectionError):
                assert not (await reader.read()).endswith(b"0\r\n\r\n")

    run(test())


def test_it_is_let_go_on_a_websocket_too(strict: Gateway) -> None:
    async def test() -> None:
        flood = Flood()
        async with playing(strict, flood.play):
            client = await connect(f"ws://127.0.0.1:{strict.port}/v1/responses")
            client.transport.pause_reading()
            await client.send(json.dumps({"type": "response.create", "model": "m", "input": "hello"}))
            await flood.gone.wait()
            await is_served(strict)
            client.transport.abort()

    run(test())


def test_a_whole_answer_that_is_not_taken_holds_no_slot_and_is_dropped(strict: Gateway) -> None:
    async def long(connection: Connection) -> None:
        if "shortly" in json.dumps(connection.body["messages"]):
            await Flood().play(connection)
            return
        await connection.send(HEAD)
        for _ in range(LONG // len(FLOOD)):
            await connection.send_chunk(FLOOD)
        await connection.send_chunk(chunk({}, "stop") + b"data: [DONE]\n\n")
        await connection.send(b"0\r\n\r\n")

    async def test() -> None:
        async with playing(strict, long), deaf(strict, "responses", stream=False) as reader:
            await is_served(strict)
            before = len(strict.log)
            await asyncio.to_thread(strict.logged, before)
            reader._transport.resume_reading()  # type: ignore[attr-defined]
            with contextlib.suppress(ConnectionError):
                assert len(await reader.read()) < LONG

    run(test())


def test_a_slow_client_is_waited_for(strict: Gateway) -> None:
    """It takes a little, again and again, for longer than it may take nothing."""

    async def test() -> None:
        loop = asyncio.get_running_loop()
        flood = Flood()
        async with playing(strict, flood.play):
            path, body = REQUESTS["chat"]
            payload = json.dumps({**body, "stream": True}).encode()
            head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(payload)}\r\n\r\n"
            with socket.socket() as slow:
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
                slow.setblocking(False)
                await loop.sock_connect(slow, ("127.0.0.1", strict.port))
                await loop.sock_sendall(slow, head.encode() + payload)
                await flood.stuck.wait()
                until = loop.time() + 2
                while loop.time() < until:
                    assert await loop.sock_recv(slow, 16384)
                    await asyncio.sleep(0.1)
                assert not flood.gone.is_set()
            await flood.gone.wait()

    run(test())


@pytest.mark.parametrize("dialect", [*DIALECTS, "websocket"])
def test_a_server_that_stops_does_not_wait_for_it(dialect: str) -> None:
    async def test(gateway: Gateway) -> None:
        flood = Flood()
        async with playing(gateway, flood.play), contextlib.AsyncExitStack() as stack:
            if dialect == "websocket":
                client = await connect(f"ws://127.0.0.1:{gateway.port}/v1/responses")
                client.transport.pause_reading()
                stack.callback(client.transport.abort)
                await client.send(json.dumps({"type": "response.create", "model": "m", "input": "hello"}))
            else:
                await stack.enter_async_context(deaf(gateway, dialect))
            await flood.stuck.wait()
            gateway.tell_to_stop()
            assert await asyncio.to_thread(gateway.process.wait, 15) == 0

    with start_gateway("--slots", "1", "--shutdown-grace-s", "0.3") as gateway:
        run(test(gateway))
        gateway.stop()
        assert [line for line in gateway.log if "broke off" not in line and "Cancel 1 running task" not in line] == []
