"""What takes too long ends as an error of its dialect that names the phase. Requests lower the limits by a header."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, chunk, hung_port, playing, start_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

DIALECTS = list(REQUESTS)


async def ask(gateway: Gateway, dialect: str, *, stream: bool, limits: str) -> tuple[int, bytes]:
    path, body = REQUESTS[dialect]
    reader, writer = await gateway.send(path, {**body, "stream": stream}, "connection: close", f"x-triglot-timeout: {limits}")
    head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split(b" ")[1]), rest


async def silent(connection: Connection) -> None:
    await connection.closed()


async def half(connection: Connection) -> None:
    """Says something, then only shows that it is alive."""
    await connection.send(HEAD)
    await connection.send_chunk(chunk({"content": "Hel"}))
    while True:
        await asyncio.sleep(0.05)
        await connection.send_chunk(b":\n\n")


async def endless(connection: Connection) -> None:
    await connection.send(HEAD)
    while True:
        await connection.send_chunk(chunk({"content": "la "}))
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("play", "timeout", "flag"),
    [
        (silent, "first_token={}", "--first-token-timeout-s"),
        (half, "idle={}", "--idle-timeout-s"),
        (endless, "total={}", "--total-timeout-s"),
    ],
    ids=["first token", "idle", "total"],
)
def test_each_phase_has_its_limit(lively: Gateway, play: Any, timeout: str, flag: str, dialect: str, stream: bool) -> None:
    limits = timeout.format(1 if stream else 0.3)  # a stream has begun by then

    async def run() -> tuple[int, bytes]:
        async with playing(lively, play):
            return await asyncio.wait_for(ask(lively, dialect, stream=stream, limits=limits), 60)

    status, body = asyncio.run(run())
    assert flag.encode() in body
    assert status == (200 if stream else 504)


@pytest.fixture(scope="module")
def hung() -> Iterator[Gateway]:
    """A gateway whose backend takes no connection."""
    flags = ("--backend-profile", "openai", "--state", "memory", "--heartbeat-s", "0.1")
    with hung_port() as port, start_gateway("--backend", f"http://127.0.0.1:{port}", *flags) as running:
        yield running


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue refuses")
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_connecting_has_its_limit_and_streams_begin_meanwhile(hung: Gateway, dialect: str, stream: bool) -> None:
    status, body = asyncio.run(asyncio.wait_for(ask(hung, dialect, stream=stream, limits="connect=1.5" if stream else "connect=0.5"), 120))
    assert b"--connect-timeout-s" in body
    assert status == (200 if stream else 504)
    if stream:
        life = {"chat": b'"choices":[]', "responses": b"response.in_progress", "messages": b"event: ping"}
        assert body.count(life[dialect]) > 2


@pytest.mark.parametrize("header", ["queue", "soon=5", "total=0", "total=-1", "total=x", "total=inf", "total=nan"])
def test_a_header_that_makes_no_sense_is_refused(gateway: Gateway, header: str) -> None:
    status, body = asyncio.run(ask(gateway, "chat", stream=False, limits=header))
    assert status == 400
    assert json.loads(body)["error"]["param"] == "x-triglot-timeout"


def test_limits_are_never_raised(gateway: Gateway) -> None:
    async def run() -> tuple[int, bytes]:
        async def play(connection: Connection) -> None:
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hello"}) + chunk({}, "stop") + b"data: [DONE]\n\n")
            await connection.send(b"0\r\n\r\n")

        async with playing(gateway, play):
            return await ask(
                gateway, "messages", stream=False, limits="queue=99999, connect=99999, first-token=99999, idle=99999, total=20"
            )

    status, _ = asyncio.run(run())
    assert status == 200
