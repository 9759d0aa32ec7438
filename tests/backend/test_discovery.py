"""What a backend says of itself, and how long it may take over it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from triglot.backend import discovery
from triglot.backend.client import Backend
from triglot.backend.discovery import Discovery
from triglot.errors import ApiError, ErrorKind

from .scripted_server import OK, Peer, ScriptedServer, in_both_loops

PROPS = json.dumps({"default_generation_settings": {"n_ctx": 4096}, "total_slots": 3}).encode()


class Hanging:
    """Answers so many requests, and no more."""

    def __init__(self, answers: int) -> None:
        self.answers = answers

    async def __call__(self, peer: Peer) -> None:
        while True:
            await peer.request()
            if not self.answers:
                await peer.closed_by_client()
                return
            self.answers -= 1
            await peer.send(OK + b"Content-Length: %d\r\n\r\n" % len(PROPS) + PROPS)


@pytest.mark.parametrize("profile", ["auto", "llama-server"])
@in_both_loops
async def test_a_server_that_hangs_holds_nobody_up_for_long(profile: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(discovery, "ANSWER_WITHIN_S", 0.1)
    async with ScriptedServer(Hanging(0)) as server:
        backend = Backend(server.url)
        with pytest.raises(ApiError) as caught:
            await Discovery(backend, profile).facts()
        assert caught.value.kind is ErrorKind.BACKEND_TIMEOUT
        await backend.aclose()


@in_both_loops
async def test_what_was_known_stands_while_a_server_hangs(monkeypatch: Any) -> None:
    monkeypatch.setattr(discovery, "FACTS_S", 0.0)
    monkeypatch.setattr(discovery, "NEWS_WITHIN_S", 0.1)
    async with ScriptedServer(Hanging(1)) as server:
        backend = Backend(server.url)
        asked = Discovery(backend, "llama-server")
        assert (await asked.facts()).slots == 3
        monkeypatch.setattr(discovery, "FACTS_S", 30.0)
        assert (await asked.facts()).slots == 3
        assert len(server.requests) == 2
        assert (await asked.facts()).slots == 3
        assert len(server.requests) == 2, "it is not asked again at once"
        await backend.aclose()


@in_both_loops
async def test_a_server_that_is_gone_is_no_news_either(monkeypatch: Any) -> None:
    monkeypatch.setattr(discovery, "FACTS_S", 0.0)
    async with ScriptedServer(Hanging(1)) as server:
        backend = Backend(server.url)
        asked = Discovery(backend, "llama-server")
        await asked.facts()
    with pytest.raises(ApiError) as caught:
        await asked.facts()
    assert caught.value.kind is ErrorKind.BACKEND_UNREACHABLE
    await backend.aclose()


class Slow:
    """Answers each request when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Queue[None]()
        self.answers = asyncio.Queue[bytes]()

    async def __call__(self, peer: Peer) -> None:
        while True:
            await peer.request()
            self.asked.put_nowait(None)
            answer = await self.answers.get()
            await peer.send(OK + b"Content-Length: %d\r\n\r\n" % len(answer) + answer)


@in_both_loops
async def test_all_who_want_to_know_ask_once_and_may_leave() -> None:
    slow = Slow()
    async with ScriptedServer(slow) as server:
        backend = Backend(server.url)
        asked = Discovery(backend)
        impatient, *patient = [asyncio.create_task(asked.facts()) for _ in range(4)]
        await slow.asked.get()
        impatient.cancel()
        await asyncio.wait((impatient,))
        slow.answers.put_nowait(PROPS)
        assert [facts.slots for facts in await asyncio.gather(*patient)] == [3, 3, 3]
        assert (await asked.profile()).extensions
        assert len(server.requests) == 1
        await backend.aclose()


@in_both_loops
async def test_adapters_that_somebody_stopped_asking_for_are_asked_for_again() -> None:
    slow = Slow()
    async with ScriptedServer(slow) as server:
        backend = Backend(server.url)
        asked = Discovery(backend)
        slow.answers.put_nowait(PROPS)
        await asked.facts()
        await slow.asked.get()
        impatient = asyncio.create_task(asked.adapters())
        await slow.asked.get()
        impatient.cancel()
        await asyncio.wait((impatient,))
        slow.answers.put_nowait(b"[]")  # nobody is left to read it
        slow.answers.put_nowait(b'[{"id": 0, "path": "poet.gguf", "scale": 1}]')
        assert [adapter.name for adapter in await asked.adapters()] == ["poet"]
        await backend.aclose()
