"""Several worker processes stop each other's requests.

A test chooses the process that takes a connection: while it connects, the other processes are stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, chunk, playing, start_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

KEY, OTHER_KEY = "key-1", "key-2"
PATH = "/api/inference/cancel"


class Workers:
    """A gateway of three processes."""

    def __init__(self, gateway: Gateway, directory: Path) -> None:
        self.gateway = gateway
        self.directory = directory

    def pids(self) -> list[int]:
        """The processes that serve."""
        parent = self.gateway.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def sockets(self) -> frozenset[str]:
        """On which they hear of cancels."""
        return frozenset(path.name for path in self.directory.glob("cancel-*"))

    async def wait_for(self, number: int, *, beside: frozenset[str] = frozenset()) -> None:
        """Return when so many processes serve that were not there before."""
        while len(self.sockets() - beside) < number:  # noqa: ASYNC110 - another process makes them
            await asyncio.sleep(0.05)

    @contextlib.asynccontextmanager
    async def in_front_of(self, backend: Backend) -> AsyncIterator[Callable[[int], Awaitable[Line]]]:
        """Play the backend; gives what connects to one process. All connections end with it."""
        lines = []

        async def connect(pid: int) -> Line:
            lines.append(line := await self._connect(pid))
            return line

        async with playing(self.gateway, backend.play):
            try:
                yield connect
            finally:
                for line in lines:
                    line.close()

    async def _connect(self, pid: int) -> Line:
        others = [other for other in self.pids() if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            line = Line(*await asyncio.open_connection("127.0.0.1", self.gateway.port))
            assert await asyncio.wait_for(line.cancel(), 60) == 0
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)
        return line


class Line:
    """A connection of a client that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def close(self) -> None:
        self._writer.close()

    async def post(self, path: str, body: dict[str, Any], key: str = KEY) -> int:
        """Send a request; return the status of its answer."""
        payload = json.dumps(body).encode()
        lines = [f"POST {path} HTTP/1.1", "host: localhost", "content-type: application/json", f"authorization: Bearer {key}"]
        self._writer.write("\r\n".join([*lines, f"content-length: {len(payload)}", "", ""]).encode() + payload)
        self._head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        return int(self._head.split(" ")[1])

    async def read(self) -> bytes:
        """The body of the answer."""
        if length := re.search(r"content-length: (\d+)", self._head):
            return await self._reader.readexactly(int(length[1]))
        return await self._reader.readuntil(b"\r\n0\r\n\r\n")

    async def ask(self, dialect: str, *, stream: bool = True, **names: str) -> int:
        path, body = REQUESTS[dialect]
        return await self.post(path, {**body, "stream": stream, **names})

    async def cancel(self, key: str = KEY, **target: str) -> int:
        assert await self.post(PATH, target, key) == 200
        answer = json.loads(await self.read())
        assert answer.keys() == {"cancelled"}
        return int(answer["cancelled"])


class Backend:
    """Says one thing and goes on for ever, until the gateway leaves."""

    def __init__(self) -> None:
        self.asked = asyncio.Queue[None]()
        self.gone = asyncio.Queue[None]()

    async def play(self, connection: Connection) -> None:
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"role": "assistant", "content": None}) + chunk({"content": "Hel"}))
        self.asked.put_nowait(None)
        await connection.closed()
        self.gone.put_nowait(None)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    state = tmp_path_factory.mktemp("state") / "state.sqlite3"
    flags = ["--workers", "3", "--state", str(state), "--api-keys", f"{KEY},{OTHER_KEY}"]
    with tempfile.TemporaryDirectory(prefix="triglot-") as name:
        with start_gateway(*flags, "--runtime-dir", name) as gateway:
            running = Workers(gateway, Path(name))
            asyncio.run(asyncio.wait_for(running.wait_for(3), 120))
            yield running
            gateway.stop()
        assert list(Path(name).glob("cancel-*")) == []


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 120))


def test_any_process_stops_a_request_of_any_other(workers: Workers) -> None:
    async def work() -> None:
        backend = Backend()
        took = []
        async with workers.in_front_of(backend) as connect:
            for here in workers.pids():
                for there, dialect in zip(workers.pids(), REQUESTS, strict=True):
                    client, stopper = await connect(there), await connect(here)
                    assert await client.ask(dialect, cancel_id=f"{here} {there}") == 200
                    await backend.asked.get()
                    assert await stopper.cancel(OTHER_KEY, cancel_id=f"{here} {there}") == 0
                    before = time.perf_counter()
                    assert await stopper.cancel(cancel_id=f"{here} {there}") == 1
                    took.append(time.perf_counter() - before)
                    assert await client.read()
                    await backend.gone.get()
        assert sorted(took)[len(took) // 2] < 0.3  # an answer that does not come is waited for longer

    run(work())


def test_a_session_is_stopped_in_all_processes(workers: Workers) -> None:
    async def work() -> None:
        backend = Backend()
        async with workers.in_front_of(backend) as connect:
            clients = [await connect(pid) for pid in workers.pids()]
            for client, dialect in zip(clients, REQUESTS, strict=True):
                assert await client.ask(dialect, session_id="s") == 200
            assert await (await connect(workers.pids()[0])).cancel(session_id="s") == 3
            for client in clients:
                assert await client.read()

    run(work())


def test_a_cancel_may_come_before_its_request_and_to_another_process(workers: Workers) -> None:
    async def work() -> None:
        backend = Backend()
        async with workers.in_front_of(backend) as connect:
            one, two = [await connect(pid) for pid in workers.pids()[:2]]
            assert await one.cancel(cancel_id="early") == 0
            assert await asyncio.wait_for(two.ask("messages", stream=False, cancel_id="early"), 60) == 499
            await two.read()
            assert await two.ask("messages", cancel_id="early") == 200
            assert await one.cancel(cancel_id="early") == 1

    run(work())


def test_a_background_response_is_stopped_from_any_process(workers: Workers) -> None:
    async def work() -> None:
        backend = Backend()
        async with workers.in_front_of(backend) as connect:
            one, two, _ = [await connect(pid) for pid in workers.pids()]
            path, body = REQUESTS["responses"]
            assert await one.post(path, {**body, "background": True}) == 200
            response = json.loads(await one.read())
            await backend.asked.get()
            assert await two.cancel(OTHER_KEY, response_id=response["id"]) == 0
            assert await two.cancel(response_id=response["id"]) == 1
            await backend.gone.get()
            assert await one.cancel(response_id="resp_unknown") == 0

    run(work())


def test_a_process_that_hangs_holds_up_no_cancel_and_stops_its_requests_later(workers: Workers) -> None:
    async def work() -> None:
        backend = Backend()
        async with workers.in_front_of(backend) as connect:
            here, there = workers.pids()[:2]
            stopper, client, other = [await connect(pid) for pid in (here, there, here)]
            for line in (client, other):
                assert await line.ask("chat", session_id="s") == 200
                await backend.asked.get()
            os.kill(there, signal.SIGSTOP)
            try:
                assert await asyncio.wait_for(stopper.cancel(session_id="s"), 60) == 1
            finally:
                os.kill(there, signal.SIGCONT)
            assert await client.read()
            assert await other.read()

    run(work())


def test_a_process_that_was_killed_is_not_missed_and_the_next_one_is_known(workers: Workers) -> None:
    async def work() -> None:
        backend = Backend()
        async with workers.in_front_of(backend) as connect:
            here, there, killed = before = workers.pids()
            sockets = workers.sockets()
            stopper, client = await connect(here), await connect(there)
            assert await client.ask("chat", session_id="s") == 200
            os.kill(killed, signal.SIGKILL)
            assert await stopper.cancel(session_id="s") == 1
            await workers.wait_for(1, beside=sockets)
            [fresh] = set(workers.pids()) - set(before)
            late = await connect(fresh)
            assert await late.ask("chat", session_id="t") == 200
            assert await stopper.cancel(session_id="t") == 1
            assert await late.read()

    run(work())
