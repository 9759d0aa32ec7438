"""A gateway as a real process in front of a backend that each test plays itself, in its own event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .harness import Gateway, start_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with start_gateway("--heartbeat-s", "0.3") as running:
        yield running
        # One line for each broken answer, and nothing else: no traceback, no warning of the interpreter.
        running.stop()
        assert [line for line in running.log if "broke off" not in line] == []
        assert running.process.returncode == 0
