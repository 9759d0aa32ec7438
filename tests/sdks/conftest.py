"""Real gateways, each in front of a backend that plays the recordings of the conformance cases."""

from __future__ import annotations

import contextlib
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
from anyio.from_thread import start_blocking_portal

from tests.sdks.sdk import sdk
from tests.sdks.stage import RECORDINGS, SETUPS, Stage
from triglot_conformance.replay.backend import ScriptedBackend
from triglot_conformance.replay.gateway import run_gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["sdk", "stage_of"]

# A stream begins early, with what is known by then, if its backend takes longer than that. A busy machine may sleep for the usual 0.25 s.
COMMAND = [sys.executable, "-m", "triglot", "serve", "--backend", "http://127.0.0.1:{backend_port}", "--port", "{port}"]
COMMAND += ["--early-start-s", "1"]


@pytest.fixture(scope="session")
def stage_of() -> Iterator[Callable[[str], Stage]]:
    """Gives the stage for a set-up; each is built when the first case asks for it."""
    gateways = []
    with contextlib.ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        @cache
        def build(name: str) -> Stage:
            setup = SETUPS[name]
            folders = [RECORDINGS, *([setup.recordings] if setup.recordings else [])]
            backend = stack.enter_context(portal.wrap_async_context_manager(ScriptedBackend(*folders)))
            running = run_gateway(COMMAND, setup.environment, backend.port, 30)
            gateways.append(stack.enter_context(portal.wrap_async_context_manager(running)))
            return Stage(f"http://127.0.0.1:{gateways[-1].port}", backend)

        yield build
    assert [gateway.log for gateway in gateways if "Traceback" in gateway.log] == []
