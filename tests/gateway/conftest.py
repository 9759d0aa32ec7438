"""A gateway as a real process in front of a backend that each test plays itself, in its own event loop."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from .harness import Gateway, start_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    """Its streams begin with the answer of the backend, and have no beats."""
    with _quiet("--heartbeat-s", "1000", patient=True) as running:
        yield running


@pytest.fixture(scope="session")
def lively() -> Iterator[Gateway]:
    """Its streams begin early, and beat."""
    with _quiet("--heartbeat-s", "0.1") as running:
        yield running


@contextlib.contextmanager
def _quiet(*flags: str, patient: bool = False) -> Iterator[Gateway]:
    with start_gateway(*flags, patient=patient) as running:
        yield running
        # One line for each broken answer, and nothing else: no traceback, no warning of the interpreter.
        running.stop()
        assert [line for line in running.log if "broke off" not in line] == []
        assert running.process.returncode == 0
