"""A conversation that does not fit the context of 4096 tokens; the played backend counts the characters of the messages."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from .harness import HEAD, Connection, Gateway, chunk, playing
from .test_background import client_of

ENDING = chunk({}, "stop") + b"data: [DONE]\n\n"


def conversation(turns: int, length: int) -> Any:
    words = [[{"role": "user", "content": "u" * length}, {"role": "assistant", "content": "a" * length}] for _ in range(turns)]
    return [message for pair in words for message in pair] + [{"role": "user", "content": "last"}]


@pytest.mark.parametrize(("truncation", "kept"), [("auto", 13), ("disabled", 21)])
def test_the_oldest_turns_go_when_they_are_asked_to(gateway: Gateway, truncation: Any, kept: int) -> None:
    async def run() -> None:
        sent: list[Any] = []

        async def play(connection: Connection) -> None:
            sent.append(connection.body)
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hello"}) + ENDING)
            await connection.send(b"0\r\n\r\n")

        async with playing(gateway, play), client_of(gateway) as client:
            response = await client.responses.create(
                model="m", input=conversation(10, 250), truncation=truncation, max_output_tokens=500, instructions="Be nice."
            )
            assert response.truncation == truncation
            [body] = sent
            assert body["messages"][0] == {"role": "system", "content": "Be nice."}
            assert body["messages"][-1] == {"role": "user", "content": "last"}
            assert len(body["messages"]) == kept + 1

    asyncio.run(asyncio.wait_for(run(), 120))


def test_what_is_left_out_is_not_counted(gateway: Gateway) -> None:
    async def run() -> None:
        sent: list[Any] = []

        async def play(connection: Connection) -> None:
            sent.append(connection.body)
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hello"}) + ENDING)
            await connection.send(b"0\r\n\r\n")

        async with playing(gateway, play), client_of(gateway) as client:
            given = conversation(10, 250)
            counted = await client.responses.input_tokens.count(model="m", input=given, truncation="auto")
            await client.responses.create(model="m", input=given, truncation="auto")
            everything = await client.responses.input_tokens.count(model="m", input=given)
            assert counted.input_tokens == len(json.dumps(sent[0]["messages"])) < 4096 < everything.input_tokens

    asyncio.run(asyncio.wait_for(run(), 120))


def test_what_fits_is_not_even_counted(gateway: Gateway) -> None:
    async def run() -> None:
        async def play(connection: Connection) -> None:
            assert len(connection.body["messages"]) == 3
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hello"}) + ENDING)
            await connection.send(b"0\r\n\r\n")

        async with playing(gateway, play, can_count=False), client_of(gateway) as client:
            await client.responses.create(model="m", input=conversation(1, 10), truncation="auto")

    asyncio.run(asyncio.wait_for(run(), 120))
