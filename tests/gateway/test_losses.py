"""What has no effect is told in a header of the answer, streamed or not, in every dialect."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from .harness import HEAD, Connection, Gateway, chunk, playing

FIELDS: dict[str, dict[str, Any]] = {
    "chat": {"service_tier": "flex", "tools": [{"type": "custom", "custom": {"name": "c"}}]},
    "responses": {"service_tier": "flex", "tools": [{"type": "web_search"}]},
    "messages": {"service_tier": "standard_only", "tools": [{"type": "web_search_20250305", "name": "web_search"}]},
}


@pytest.mark.parametrize("dialect", FIELDS)
@pytest.mark.parametrize("stream", [True, False])
def test_losses_are_named(gateway: Gateway, dialect: str, stream: bool) -> None:
    async def play(connection: Connection) -> None:
        assert "tools" not in connection.body
        if connection.body.get("stream"):
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hello"}) + chunk({}, "stop") + b"data: [DONE]\n\n")
            await connection.send(b"0\r\n\r\n")
        else:
            await connection.send_json({"choices": []})

    async def run() -> None:
        async with playing(gateway, play):
            reply = await asyncio.wait_for(gateway.ask(dialect, stream=stream, **FIELDS[dialect]), 60)
            assert reply.status == 200
            losses = reply.headers["x-triglot-loss"].split("; ")
            assert {loss.partition(" ")[0] for loss in losses} == {"service_tier", "tools[0]"}

    asyncio.run(run())
