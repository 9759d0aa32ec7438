"""What becomes of a response between its request and its stream."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest

from triglot.service.flight import Cancelled, Flights
from triglot.service.phases import Phases
from triglot.service.responses.turns import Turn, Turns
from triglot.state.cancels import Names
from triglot.state.local_cancels import LocalCancels
from triglot.web import ClientConnection, RequestContext


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["cancel_id", "session_id", "response_id"])
def test_a_cancel_reaches_a_response_on_its_way_into_the_background(name: str, when: str) -> None:
    async def run() -> None:
        nothing: Any = AsyncMock()
        registry = LocalCancels()
        flights = Flights(nothing, nothing, admission=nothing, registry=registry, phases=Phases())
        turns = Turns(
            flights=flights,
            discovery=nothing,
            store=nothing,
            historian=nothing,
            media=nothing,
            shortener=nothing,
            new_id=nothing,
            key=b"",
            pace=nothing,
        )
        client = ClientConnection(None)
        context = RequestContext("responses", "create_response", "req_1", {}, client)
        context.document = {"cancel_id": "a", "session_id": "a"}
        flight = flights.begin(context)
        flight.name("response_id", "a")
        response: Any = {"id": "a"}
        turn = Turn(context=context, flight=flight, response=response, history=nothing, translator=nothing, decoder=nothing)
        if when == "before":
            assert registry.tell(Names("", **{name: "a"})).count == 1
        turns.detach(turn, context.without_client())
        client.close()
        if when == "after":
            assert registry.tell(Names("", **{name: "a"})).count == 1
        with pytest.raises(Cancelled):
            await turn.flight.open()
        turn.flight.end()

    asyncio.run(run())
