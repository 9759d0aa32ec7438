"""The installed command in front of the real engine, once with an engine of its own and once in front of a running server."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from triglot.backend.launch import choose_engine
from triglot.backend.process import EngineProcess
from triglot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


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


@pytest.fixture(scope="session")
def engine_url() -> Iterator[str]:
    with EngineProcess(choose_engine(Settings()), start_timeout_s=60) as engine:
        yield engine.url


@pytest.fixture(scope="session", params=["embedded", "backend"])
def gateway(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "embedded":
        with serving() as url:
            yield url
    else:
        with serving("--backend", request.getfixturevalue("engine_url")) as url:
            yield url
