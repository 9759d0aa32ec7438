"""Responses that run, as they are read meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from triglot.service.responses.background import BackgroundRuns, Run
from triglot.service.responses.retrieval import Retrieval
from triglot.web import ClientConnection, RequestContext


class Runs:
    """One run, of anybody."""

    def __init__(self, run: Run) -> None:
        self.find = lambda _owner, _response_id: run


class Turn:
    def __init__(self, status: str) -> None:
        self.response = {"id": "resp_1", "status": status}


@pytest.mark.parametrize(("status", "waits"), [("queued", False), ("in_progress", False), ("completed", True), ("failed", True)])
def test_a_response_reads_as_ended_only_when_it_is_stored(status: str, waits: bool) -> None:
    async def run() -> None:
        running = Run(cast("Any", Turn(status)), RequestContext("responses", "create_response", "req_1", {}, ClientConnection(None)))
        retrieval = Retrieval(cast("Any", None), cast("BackgroundRuns", Runs(running)), cast("Any", None))
        reading = asyncio.create_task(retrieval.get("", "resp_1"))
        for _ in range(3):
            await asyncio.sleep(0)
        assert reading.done() is not waits
        running.end()  # what is stored is stored
        assert (await reading)["status"] == status

    asyncio.run(asyncio.wait_for(run(), 120))
