"""When a connection counts as stuck. tests/gateway/test_stuck_client.py looks at it from outside."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest

from triglot.write_limit import WriteLimit

PATIENCE_S = 0.03


class Protocol:
    """What there is of uvicorn's."""

    def __init__(self, *, transport: Any) -> None:
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.told: list[str] = []

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, _exc: Exception | None) -> None:
        self.told.append("lost")


class Limited(WriteLimit, Protocol):
    pass


class Transport:
    """Holds `left` bytes that are not taken."""

    def __init__(self) -> None:
        self.left = 100
        self.looked = 0
        self.taken_at_a_time = 0
        self.aborted = asyncio.Event()

    def get_write_buffer_size(self) -> int:
        self.looked += 1
        self.left -= self.taken_at_a_time
        return self.left

    def get_extra_info(self, _name: str) -> None:
        return None

    def abort(self) -> None:
        self.aborted.set()


def limit(transport: Transport) -> Limited:
    return Limited(transport=transport, write_timeout_s=PATIENCE_S)


async def until_looked(transport: Transport, times: int) -> None:
    async with asyncio.timeout(60):
        while transport.looked < times:  # noqa: ASYNC110 - a timer of the limit does it
            await asyncio.sleep(PATIENCE_S)


def run(scenario: Any) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 120))


def test_a_connection_that_takes_nothing_is_closed_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        limited = limit(transport := Transport())
        limited.pause_writing()
        limited.watch_writing()  # it is watched already
        await transport.aborted.wait()
        limited.connection_lost(None)
        assert limited.told == ["pause", "lost"]
        assert transport.looked == 2

    with caplog.at_level(logging.WARNING, "triglot"):
        run(scenario)
    assert [record.getMessage() for record in caplog.records] == [
        "a client took nothing of its answer for 0.03 s: its connection is closed (--write-timeout-s)"
    ]


def test_a_connection_that_takes_a_little_is_not() -> None:
    async def scenario() -> None:
        limited = limit(transport := Transport())
        transport.taken_at_a_time = 1
        limited.pause_writing()
        await until_looked(transport, 5)
        assert not transport.aborted.is_set()
        transport.taken_at_a_time = 0
        await transport.aborted.wait()

    run(scenario)


@pytest.mark.parametrize("end", ["resume_writing", "connection_lost"])
def test_nobody_looks_any_more_once_it_flows_or_is_closed(end: str) -> None:
    async def scenario() -> None:
        limited = limit(transport := Transport())
        limited.pause_writing()
        if end == "resume_writing":
            limited.resume_writing()
        else:
            limited.connection_lost(None)
        await asyncio.sleep(3 * PATIENCE_S)
        assert transport.looked == 1
        assert not transport.aborted.is_set()

    run(scenario)


def test_what_the_operating_system_holds_counts() -> None:
    """It may hold megabytes for a slow client, while nothing more leaves the process."""

    async def scenario() -> None:
        here, there = socket.socketpair()
        with here, there:
            transport = Transport()
            transport.get_extra_info = lambda _name: here  # type: ignore[method-assign]
            limited = limit(transport)
            here.send(b"x" * 1000)
            limited.pause_writing()
            there.recv(1000)
            await transport.aborted.wait()
            assert transport.looked == 3  # by the second look, something had gone

    run(scenario)
