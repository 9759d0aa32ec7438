"""What a backend says of itself, and how long it may take over it."""

from __future__ import annotations

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
