"""Several processes share their cancels. Here each is a registry of its own in one event loop: they know each other by sockets alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from triglot.state.cancels import KINDS, Names
from triglot.state.worker_cancels import WorkerCancels

from .test_cancels import OTHER, OWNER, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from triglot.state.cancels import Kind

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="triglot-") as path:  # the path of a socket must be short
        yield Path(path)


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[Any]], Any]:
    def run(work: Awaitable[Any]) -> Any:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            return runner.run(asyncio.wait_for(work, 60))

    return run


def files_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


@contextlib.asynccontextmanager
async def workers(directory: Path, number: int = 3) -> AsyncIterator[list[WorkerCancels]]:
    running = [WorkerCancels(directory) for _ in range(number)]
    for worker in running:
        await worker.start()
    yield running
    for worker in running:
        await worker.aclose()
    assert files_in(directory) == []
    for _ in range(3):
        await asyncio.sleep(0)  # an event loop tells in one of its next rounds that a connection is closed
    assert [worker._connections for worker in running] == [set()] * number


async def settle(registries: list[WorkerCancels]) -> None:
    """Wait until nothing is being told."""
    for registry in registries:
        await asyncio.gather(*registry._tasks)


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_is_stopped_from_any_process(directory: Path, run: Callable[..., Any], kind: Kind) -> None:
    async def work() -> None:
        async with workers(directory) as (one, two, three):
            for here in (one, two, three):
                request, other = Request(two, **{kind: "a"}), Request(two, OTHER, **{kind: "a"})
                assert await here.cancel(Names(OWNER, **{kind: "a"})) == 1
                assert (request.told, other.told) == (1, 0)
                other.registration.close()
                await settle([one, two, three])

    run(work())


def test_a_session_is_stopped_in_all_processes(directory: Path, run: Callable[..., Any]) -> None:
    async def work() -> None:
        async with workers(directory) as running:
            requests = [Request(worker, session_id="s") for worker in [*running, *running]]
            assert await running[1].cancel(Names(OWNER, session_id="s")) == 6
            assert [request.told for request in requests] == [1] * 6
            assert await running[1].cancel(Names(OWNER, session_id="s")) == 0

    run(work())


def test_a_cancel_may_come_before_its_request_and_to_another_process(directory: Path, run: Callable[..., Any]) -> None:
    async def work() -> None:
        async with workers(directory) as running:
            assert await running[0].cancel(Names(OWNER, cancel_id="x")) == 0
            assert Request(running[2], cancel_id="x").told == 1
            await settle(running)
            assert [Request(worker, cancel_id="x").told for worker in running] == [0, 0, 0]

    run(work())


@pytest.mark.parametrize("ended", [False, True])
def test_a_cancel_that_has_done_its_work_meets_no_other_request(directory: Path, run: Callable[..., Any], ended: bool) -> None:
    async def work() -> None:
        async with workers(directory) as running:
            request = Request(running[1], cancel_id="x")
            if ended:
                request.registration.close()
            assert await running[0].cancel(Names(OWNER, cancel_id="x")) == 1 - ended
            await settle(running)
            assert [Request(worker, cancel_id="x").told for worker in running] == [0, 0, 0]

    run(work())


def test_no_name_is_told_to_nobody(directory: Path, run: Callable[..., Any]) -> None:
    async def work() -> None:
        async with workers(directory) as running:
            request = Request(running[1])
            assert await running[0].cancel(Names(OWNER)) == 0
            assert request.told == 0

    run(work())


def test_a_process_that_was_killed_is_forgotten(directory: Path, run: Callable[..., Any]) -> None:
    async def work() -> None:
        async with workers(directory) as running:
            dead = directory / "cancel-dead.sock"
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(dead))
                listener.listen()
            request = Request(running[1], session_id="s")
            assert await running[0].cancel(Names(OWNER, session_id="s")) == 1
            assert request.told == 1
            assert not dead.exists()

    run(work())


def test_a_process_that_hangs_does_not_hold_up_a_cancel(directory: Path, run: Callable[..., Any]) -> None:
    async def work() -> None:
        async with workers(directory) as running:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(directory / "cancel-strange.sock"))
                listener.listen()
                request = Request(running[1], session_id="s")
                cancelling = asyncio.create_task(running[0].cancel(Names(OWNER, session_id="s")))
                done, _ = await asyncio.wait([cancelling, asyncio.create_task(request.stopped.wait())], return_when=asyncio.FIRST_COMPLETED)
                assert cancelling not in done  # the stop comes at once, not when everybody has answered
                (directory / "cancel-strange.sock").unlink()
                assert await cancelling == 1

    run(work())


@pytest.mark.parametrize("answer", [b"", b"\n", b"{}", b"no\n", b"[" * 99 + b"\n", b"\xff\n", b"x" * 200_000])
def test_a_process_that_answers_nonsense_counts_nothing(directory: Path, run: Callable[..., Any], answer: bytes) -> None:
    async def answer_nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async def work() -> None:
        async with workers(directory, 2) as running:
            server = await asyncio.start_unix_server(answer_nonsense, directory / "cancel-strange.sock")
            Request(running[1], session_id="s")
            assert await running[0].cancel(Names(OWNER, session_id="s")) == 1
            server.close()
            (directory / "cancel-strange.sock").unlink(missing_ok=True)

    run(work())


@pytest.mark.parametrize("sent", [b"", b"{", b"no\n", b"{}\n", b"[" * 99 + b"\n", b"\xff\n", b"x" * 200_000])
def test_nonsense_that_is_told_is_not_answered(directory: Path, run: Callable[..., Any], sent: bytes) -> None:
    async def work() -> None:
        async with workers(directory, 2) as running:
            request = Request(running[0], session_id="s")
            reader, writer = await asyncio.open_unix_connection(running[0]._address)
            writer.write(sent)
            writer.write_eof()
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
            assert await running[1].cancel(Names(OWNER, session_id="s")) == 1
            assert request.told == 1

    run(work())


def test_a_connection_that_says_nothing_ends_with_the_process(directory: Path, run: Callable[..., Any]) -> None:
    async def work() -> None:
        async with workers(directory, 2) as (one, two):
            reader, writer = await asyncio.open_unix_connection(one._address)
            assert await two.cancel(Names(OWNER, session_id="s")) == 0  # one has seen both by now
            assert len(one._connections) >= 1
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()

    run(work())


def test_a_directory_that_cannot_be_used_is_told(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        (directory / "strange").touch()
        for place in (directory / "strange", directory / ("strange" * 20)):
            registry = WorkerCancels(place)
            await registry.start()
            request = Request(registry, session_id="s")
            assert await registry.cancel(Names(OWNER, session_id="s")) == 1
            assert request.told == 1
            await registry.aclose()

    with caplog.at_level(logging.WARNING, "triglot"):
        asyncio.run(work())
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "requests of this process cannot be cancelled through the others"
    ] * 2


def test_only_the_user_may_enter(directory: Path) -> None:
    async def work() -> None:
        registry = WorkerCancels(directory / "new")
        await registry.start()
        assert (directory / "new").stat().st_mode & 0o777 == 0o700
        assert [path.stat().st_mode & 0o777 for path in (directory / "new").iterdir()] == [0o600]
        await registry.aclose()

    asyncio.run(work())


def test_a_round_is_quick(directory: Path, run: Callable[..., Any]) -> None:
    async def work() -> None:
        async with workers(directory, 8) as running:
            took = []
            for number in range(20):
                Request(running[7], session_id=str(number))
                before = time.perf_counter()
                assert await running[0].cancel(Names(OWNER, session_id=str(number))) == 1
                took.append(time.perf_counter() - before)
            assert sorted(took)[10] < 0.1

    run(work())
