"""The installed command in front of the real engine, once with an engine of its own and once in front of a running server."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from triglot.backend.launch import choose_engine
from triglot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triglot.backend.process import EngineCommand


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The root URL of a `triglot serve` with these arguments; it must end quietly."""
    command = [sys.executable, "-m", "triglot", "serve", "--port", "0", "--log-level", "warning", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        banner = ""
        while not (found := re.search(r"Messages\s+(http://\S+)", banner)):
            line = process.stdout.readline()
            assert line, f"the gateway ended at its start: {process.communicate()[1]}"
            banner += line
        yield found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert log == ""


@contextlib.contextmanager
def running_server(command: EngineCommand) -> Iterator[str]:
    """The address of a server as users have one: it asks for no key."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with subprocess.Popen(command.on_port(port), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while not _is_healthy(url):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield url
        server.terminate()


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def engine_url() -> Iterator[str]:
    with running_server(choose_engine(Settings())) as url:
        yield url


@pytest.fixture(scope="session", params=["embedded", "backend"])
def gateway(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "embedded":
        with serving() as url:
            yield url
    else:
        with serving("--backend", request.getfixturevalue("engine_url")) as url:
            yield url
