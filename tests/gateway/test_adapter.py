"""A request of any dialect may choose one of the backend's LoRA adapters."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, chunk, playing, start_gateway

DIALECTS = list(REQUESTS)
LISTED = [{"id": 0, "path": "/models/poet.gguf", "scale": 0.5}, {"id": 1, "path": "/models/judge.gguf", "scale": 0}]


class Backend:
    def __init__(self) -> None:
        self.bodies: list[Any] = []

    async def play(self, connection: Connection) -> None:
        if connection.body is None:  # GET /lora-adapters
            await connection.send_json(LISTED)
            return
        self.bodies.append(connection.body)
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"content": "Hello"}) + chunk({}, "stop") + b"data: [DONE]\n\n")
        await connection.send(b"0\r\n\r\n")


async def run(gateway: Gateway, dialect: str, **fields: Any) -> tuple[int, bytes, list[Any]]:
    backend = Backend()
    async with playing(gateway, backend.play):
        reply = await gateway.ask(dialect, stream=False, **fields)
        return reply.status, reply.body, backend.bodies


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_is_chosen_by_name(dialect: str) -> None:
    with start_gateway() as gateway:
        status, _, [body] = asyncio.run(run(gateway, dialect, use_adapter="judge"))
        assert status == 200
        assert body["lora"] == [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 1.0}]
        _, _, [body] = asyncio.run(run(gateway, dialect))
        assert "lora" not in body
        status, answer, bodies = asyncio.run(run(gateway, dialect, use_adapter="nobody"))
        assert (status, bodies) == (400, [])
        assert "poet, judge" in json.loads(answer)["error"]["message"]
