"""A call that cannot be told in its tool's form ends the response at once: the backend is let go, and nothing half-made is given out."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from .harness import HEAD, Connection, Gateway, chunk, playing
from .test_background import client_of

TOOLS: Any = [{"type": "apply_patch"}]


def call(name: str, arguments: str) -> bytes:
    return chunk({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}]})


@pytest.mark.parametrize("ending", ["finished", "goes on"])
def test_it_fails(gateway: Gateway, ending: str) -> None:
    async def run() -> None:
        gone = asyncio.Event()

        async def play(connection: Connection) -> None:
            await connection.send(HEAD)
            await connection.send_chunk(call("apply_patch", '{"operation": {"type": "improve"}}'))
            if ending == "finished":
                await connection.send_chunk(chunk({}, "tool_calls") + b"data: [DONE]\n\n")
                await connection.send(b"0\r\n\r\n")
            else:  # the next item closes the call
                await connection.send_chunk(chunk({"content": "so"}))
                await connection.closed()
            gone.set()

        async with playing(gateway, play), client_of(gateway) as client:
            events: list[Any] = [event async for event in await client.responses.create(model="m", input="x", tools=TOOLS, stream=True)]
            assert [event.type for event in events][-1] == "response.failed"
            assert "response.output_item.done" not in [event.type for event in events]
            await asyncio.wait_for(gone.wait(), 60)
            stored = await client.responses.retrieve(events[-1].response.id)
            assert stored.status == "failed"
            with pytest.raises(openai.InternalServerError, match="apply_patch"):
                await client.responses.create(model="m", input="x", tools=TOOLS)

    asyncio.run(asyncio.wait_for(run(), 120))
