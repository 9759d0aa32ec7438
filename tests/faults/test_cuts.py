"""A backend may end at any byte of its answer: clients get what came of it and are told that it is not all, and nothing is left."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from .cuts import STREAMED, WHOLE
from .ways import WAYS, Way, judge
from .ways import WHOLE as ALL

if TYPE_CHECKING:
    from tests.gateway.harness import Reply

    from .stage import Stage

AT_ONCE = 24
TRIES = 5
SAMPLE = 41  # a prime, so that the cuts fall everywhere in the events, which are of nearly one length
DONE = b"data: [DONE]\n\n"
CHAT = Way("chat", stream=True)
CODES = {"chat": "backend_failed", "responses": "server_error", "messages": "api_error"}


async def cut(stage: Stage, way: Way, size: int) -> Reply:
    """The answer to a request whose backend ends after `size` bytes, in the head before a stream has begun."""
    for _ in range(TRIES):
        reply = await stage.ask(way, str(size))
        if size >= len(STREAMED.head) or reply.status != 200:
            break  # else the machine was so busy that the stream began before the backend had ended
    return reply


def told(way: Way, size: int) -> str:
    """What the client is to be told."""
    wire = WHOLE if way.verbatim else STREAMED
    if size == len(wire.data) or (not way.verbatim and DONE in wire.body_within(size)):
        return ALL
    if size < len(wire.head) or not way.stream:
        return "502 api_error" if way.dialect == "messages" else "502 backend_failed"
    return f"stream, then {CODES[way.dialect]}"


def test_a_chat_stream_cut_at_every_byte(stage: Stage, runner: asyncio.Runner) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def check(size: int) -> None:
        async with places:
            reply = await cut(stage, CHAT, size)
        if size < len(STREAMED.head):
            assert judge(CHAT, reply) == told(CHAT, size), size
            return
        assert reply.status == 200
        whole = STREAMED.body_within(size)
        assert reply.body.startswith(whole), size
        rest = reply.body[len(whole) :]
        if DONE in whole:
            assert rest == b"", size
        else:
            assert rest.startswith(b"data: {"), size
            assert rest.endswith(b"}\n\n"), size
            assert json.loads(rest[6:])["error"]["code"] == "backend_failed", size

    async def run() -> None:
        await asyncio.gather(*(check(size) for size in range(len(STREAMED.data) + 1)))
        await stage.rest()
        await stage.serve_next()

    runner.run(run())


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.title)
def test_answers_cut_here_and_there(stage: Stage, runner: asyncio.Runner, way: Way) -> None:
    wire = WHOLE if way.verbatim else STREAMED
    places = asyncio.Semaphore(AT_ONCE)
    last = len(wire.data)
    sizes = {*range(0, last, SAMPLE), *range(last - 8, last + 1), len(wire.head) - 1, len(wire.head), len(wire.head) + 1}

    async def check(size: int) -> None:
        async with places:
            reply = await cut(stage, way, size)
        assert judge(way, reply, wire.text) == told(way, size), size

    async def run() -> None:
        await asyncio.gather(*map(check, sorted(sizes)))
        await stage.rest()
        await stage.serve_next()

    runner.run(run())
