"""Requests with many grammars, each of which takes long to read."""

from __future__ import annotations

import asyncio
from typing import Any

from .harness import HEAD, Connection, Gateway, chunk, playing
from .test_background import client_of

ENDING = chunk({}, "stop") + b"data: [DONE]\n\n"


def tool(number: int) -> Any:
    definition = f"(a{{1,1000}}|b{{1,{900 + number}}})*[^c]{{0,{900 + number}}}" * 20
    return {"type": "custom", "name": f"tool_{number}", "format": {"type": "grammar", "syntax": "regex", "definition": definition}}


def test_nobody_waits_until_they_are_read(gateway: Gateway) -> None:
    async def play(connection: Connection) -> None:
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"content": "Hello"}) + ENDING)
        await connection.send(b"0\r\n\r\n")

    async def run() -> None:
        async with playing(gateway, play), client_of(gateway) as client:
            group = {"type": "namespace", "name": "more", "description": "More.", "tools": [tool(number) for number in range(24, 48)]}
            large = asyncio.create_task(client.responses.create(model="m", input="hello", tools=[*map(tool, range(24)), group]))
            await asyncio.sleep(0)
            answered = 0
            while not large.done():
                await client.responses.create(model="m", input="hello", store=False)
                answered += 1
            assert answered > 4
            assert (await large).output_text == "Hello"

    asyncio.run(asyncio.wait_for(run(), 120))
