"""A backend that moves: calls follow the engine, wait for it, and say why there is none."""

from __future__ import annotations

import asyncio
import http.server
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from triglot.backend.client import Aborted, Backend, Call
from triglot.backend.discovery import Discovery
from triglot.backend.engine_channel import ChannelError
from triglot.backend.engine_channel import ask as channel_ask
from triglot.backend.engine_link import EngineLink
from triglot.backend.engine_state import FILE_NAME, EngineState, write_state
from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def engine(name: str) -> Iterator[str]:
    """The address of a server that answers everything with its name, and with the `Host` that it was asked for."""

    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = f'{{"model_alias": "{name}", "default_generation_settings": {{}}, "host": "{self.headers["host"]}"}}'.encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Listening(http.server.BaseHTTPRequestHandler):
    """Notes what it is shown."""

    def do_GET(self) -> None:
        self.server.shown.append(self.headers["authorization"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_each_call_shows_the_key_of_the_engine(tmp_path: Path):
    """Also where the same port has got another engine, and in place of a key that was meant for another backend."""

    async def run() -> None:
        backend = Backend("http://127.0.0.1:1", api_key="of-another", locator=EngineLink(tmp_path, wait_s=5))
        for number, key in enumerate(("one", "one", "two")):
            write_state(tmp_path, EngineState(state="ready", serial=number, url=url, key=key))
            await ask(backend)
        waiting = backend.call("GET", "/props")
        write_state(tmp_path, EngineState(state="loading"))
        assert await waiting.open(within_s=0.1) is False
        write_state(tmp_path, EngineState(state="ready", serial=9, url=url, key="three"))
        assert await waiting.open() is True
        await waiting.read_all()
        await waiting.aclose()
        await backend.aclose()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listening) as server:
        server.shown = []
        url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asyncio.run(run())
        server.shutdown()
    assert server.shown == ["Bearer one", "Bearer one", "Bearer two", "Bearer three"]


def test_the_file_with_the_key_is_private(tmp_path: Path):
    before = os.umask(0)
    try:
        write_state(tmp_path, EngineState(state="ready", url="http://127.0.0.1:1", key="secret"))
    finally:
        os.umask(before)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_removed_is_no_news(tmp_path: Path):
    link = EngineLink(tmp_path, wait_s=5)
    state = EngineState(state="ready", url="http://127.0.0.1:1", key="secret")
    write_state(tmp_path, state)
    assert link.look() == state
    (tmp_path / FILE_NAME).unlink()
    assert link.look() == state
    write_state(tmp_path, EngineState(state="stopping"))
    assert link.look().state == "stopping"


def test_what_somebody_else_puts_in_the_place_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As in a directory for all, where ours was removed and another user makes one of its name."""
    link, directory = EngineLink(tmp_path / "run", wait_s=5), tmp_path / "run"
    state = EngineState(state="ready", url="http://127.0.0.1:1", key="secret")
    write_state(directory, state)
    assert link.look() == state
    assert directory.stat().st_mode & 0o777 == 0o700
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: directory.stat().st_uid + 1)
        (directory / FILE_NAME).write_bytes(b"nothing that could be read")
        assert link.look() == state
        with pytest.raises(PermissionError):
            write_state(directory, EngineState(state="loading"))
        (directory / "engine.door").write_bytes(b"{}")
        with pytest.raises(ChannelError):
            channel_ask(directory, b"anyone?")
    write_state(directory, EngineState(state="loading"))
    assert link.look().state == "loading"


def linked(directory: Path, wait_s: float = 5.0) -> Backend:
    return Backend("http://127.0.0.1:1", locator=EngineLink(directory, wait_s=wait_s))


async def ask(backend: Backend) -> bytes:
    call = backend.call("GET", "/props")
    try:
        await call.open()
        return await call.read_all()
    finally:
        await call.aclose()


def test_calls_go_where_the_engine_is(tmp_path: Path):
    async def run() -> None:
        backend = linked(tmp_path)
        with engine("one") as one, engine("two") as two:
            write_state(tmp_path, EngineState(state="ready", url=one))
            first = await ask(backend)
            write_state(tmp_path, EngineState(state="ready", serial=2, url=two))
            second = await ask(backend)
            assert b'"one"' in first
            assert one.removeprefix("http://").encode() in first
            assert b'"two"' in second
            assert two.removeprefix("http://").encode() in second
            await backend.aclose()

    asyncio.run(run())


def test_facts_of_another_engine_are_forgotten(tmp_path: Path):
    async def run() -> None:
        link = EngineLink(tmp_path, wait_s=5)
        backend = Backend("http://127.0.0.1:1", locator=link)
        discovery = Discovery(backend, "llama-server", engine=link)
        with engine("one") as one, engine("two") as two:
            write_state(tmp_path, EngineState(state="ready", serial=1, url=one))
            assert (await discovery.facts()).model == "one"
            write_state(tmp_path, EngineState(state="ready", serial=2, url=two))
            assert (await discovery.facts()).model == "two"
            await backend.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("state", ["loading", "restarting"])
def test_a_call_waits_for_an_engine_that_will_be_there(tmp_path: Path, state: Any):
    async def run() -> None:
        backend = linked(tmp_path)
        write_state(tmp_path, EngineState(state=state))
        with engine("one") as one:
            call = backend.call("GET", "/props")
            assert await call.open(within_s=0.1) is False
            write_state(tmp_path, EngineState(state="ready", url=one))
            assert await call.open(within_s=5.0) is True
            assert b'"one"' in await call.read_all()
            await call.aclose()
            await backend.aclose()

    asyncio.run(run())


def test_the_wait_counts_from_the_first_try(tmp_path: Path):
    async def open_in_slices(call: Call) -> None:
        while not await call.open(within_s=0.1):
            pass

    async def run() -> None:
        write_state(tmp_path, EngineState(state="loading"))
        call = linked(tmp_path, wait_s=0.3).call("GET", "/props")
        began = time.monotonic()
        with pytest.raises(ApiError, match="still being loaded") as caught:
            await open_in_slices(call)
        assert caught.value.kind is ErrorKind.BACKEND_LOADING
        assert 0.2 < time.monotonic() - began < 30
        await call.aclose()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("state", "told", "retry_after_s"),
    [
        (EngineState(state="unloaded"), "No model is loaded", 1),
        (EngineState(state="failed", retry_s=6.4), "did not come back yet", 7),
        (EngineState(state="stopping"), "is being stopped", 1),
        (None, "is being stopped", 1),
    ],
)
def test_where_waiting_is_of_no_use_the_call_fails_at_once(tmp_path: Path, state: EngineState | None, told: str, retry_after_s: int):
    if state is not None:
        write_state(tmp_path, state)
    with pytest.raises(ApiError, match=told) as caught:
        asyncio.run(ask(linked(tmp_path)))
    assert (caught.value.kind, caught.value.retry_after_s) == (ErrorKind.BACKEND_LOADING, retry_after_s)


def test_a_call_that_finds_nobody_waits_until_the_owner_knows_better(tmp_path: Path):
    async def run() -> None:
        backend = linked(tmp_path)
        with engine("gone") as gone:
            pass
        write_state(tmp_path, EngineState(state="ready", url=gone))
        with engine("new") as new:
            asking = asyncio.create_task(ask(backend))
            await asyncio.sleep(0.1)
            write_state(tmp_path, EngineState(state="restarting"))
            await asyncio.sleep(0.1)
            write_state(tmp_path, EngineState(state="ready", url=new))
            assert b'"new"' in await asking
            await backend.aclose()

    asyncio.run(run())


def test_a_call_that_never_finds_anybody_fails(tmp_path: Path):
    with engine("gone") as gone:
        pass
    write_state(tmp_path, EngineState(state="ready", url=gone))
    with pytest.raises(ApiError) as caught:
        asyncio.run(ask(linked(tmp_path)))
    assert caught.value.kind is ErrorKind.BACKEND_UNREACHABLE


def test_a_call_that_waits_can_be_aborted(tmp_path: Path):
    async def run() -> None:
        write_state(tmp_path, EngineState(state="loading"))
        call = linked(tmp_path, wait_s=60).call("GET", "/props")
        opening = asyncio.create_task(call.open())
        await asyncio.sleep(0.05)
        call.abort()
        with pytest.raises(Aborted):
            await asyncio.wait_for(opening, 60)
        await call.aclose()

    asyncio.run(run())


def test_a_request_that_came_when_the_engine_was_going_is_sent_again_once(tmp_path: Path):
    """A socket that a killed process had open still takes connections for a moment, and breaks them."""

    async def run(changes: bool) -> bytes:
        lost = 0

        async def lose(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal lost
            lost += 1
            writer.transport.abort()

        backend = linked(tmp_path)
        dying = await asyncio.start_server(lose, "127.0.0.1", 0)
        port = dying.sockets[0].getsockname()[1]
        write_state(tmp_path, EngineState(state="ready", serial=1, url=f"http://127.0.0.1:{port}"))
        with engine("new") as new:
            asking = asyncio.create_task(ask(backend))
            if changes:
                await asyncio.sleep(0.1)
                write_state(tmp_path, EngineState(state="ready", serial=2, url=new))
            try:
                return await asking
            finally:
                assert lost == (1 if changes else 2)
                dying.close()
                await backend.aclose()

    assert b'"new"' in asyncio.run(run(changes=True))
    with pytest.raises(ApiError) as caught:
        asyncio.run(run(changes=False))
    assert caught.value.kind is ErrorKind.BACKEND_FAILED


def test_facts_of_an_engine_that_comes_back_are_still_known(tmp_path: Path):
    """A request that has them waits in its call, where its client gets signs of life."""

    async def run() -> None:
        link = EngineLink(tmp_path, wait_s=60)
        backend = Backend("http://127.0.0.1:1", locator=link)
        discovery = Discovery(backend, "llama-server", engine=link)
        with engine("one") as one:
            write_state(tmp_path, EngineState(state="ready", serial=1, url=one))
            assert (await discovery.facts()).model == "one"
            discovery._facts_until = 0.0
            write_state(tmp_path, EngineState(state="restarting", serial=1))
            assert (await asyncio.wait_for(discovery.facts(), 60)).model == "one"
            await backend.aclose()

    asyncio.run(run())
