"""One backend with two gateways before it, for all faults."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from .backend import FaultyBackend
from .stage import Stage, set_up
from .table import find_play

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="session")
def stage(runner: asyncio.Runner) -> Iterator[Stage]:
    with set_up(FaultyBackend(find_play), runner) as running:
        yield running
