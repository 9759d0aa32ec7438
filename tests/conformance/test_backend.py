"""The scripted backend: what it holds back, and what it notes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from triglot_conformance.replay.backend import COUNT_PATH, GENERATION_PATH, Hold, Received, Script, ScriptedBackend
from triglot_conformance.wire.http1 import HttpError, Message, Request, exchange, parse_recording

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDINGS = ROOT / "conformance" / "recordings"
STREAM = parse_recording(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\none two three ")
COUNT = parse_recording(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"input_tokens":5}')


def test_it_waits_for_the_client_or_for_its_end() -> None:
    async def run() -> list[str]:
        received = Received()
        log: list[str] = []

        async def wait(name: str, text: bytes | None, times: int) -> None:
            await received.wait_for(text, times)
            log.append(name)

        async with asyncio.TaskGroup() as group:
            group.create_task(wait("twice", b"ping", 2))
            group.create_task(wait("never seen", b"pong", 1))
            group.create_task(wait("end", None, 1))
            for data, name in ((b"ping pi", "first"), (b"ng", "second")):
                received.take(data)
                for _ in range(5):
                    await asyncio.sleep(0)
                log.append(name)
            received.end()
        return log

    assert asyncio.run(run()) == ["first", "twice", "second", "never seen", "end"]


@pytest.mark.parametrize(("event", "shown"), [(0, b""), (1, b"one "), (2, b"one two ")])
def test_nothing_from_a_held_event_on_is_sent(event: int, shown: bytes) -> None:
    assert play(Hold(event, "never"), lambda _: None) == (shown, False)


def test_a_held_event_is_sent_when_the_client_has_what_it_waits_for() -> None:
    assert play(Hold(2, "o", 2), None) == (b"one two three ", True)  # of "one" and "two"
    assert play(Hold(2, "o", 3), None) == (b"one two ", False)


def play(hold: Hold, taken: Callable[[bytes], None] | None) -> tuple[bytes, bool]:
    """What the client got, and whether the answer came to its end; the runner tells what it got unless `taken` does."""
    seen: list[bytes] = []

    async def run() -> bool:
        async with ScriptedBackend(RECORDINGS / "llama-server-b11549") as backend:
            backend.play(Script(STREAM, [b"one ", b"two ", b"three "], holds=[hold]))
            take = taken or backend.received.take
            try:
                await ask(backend, GENERATION_PATH, lambda data: (seen.append(data), take(data))[0], timeout_s=0.5)
            except HttpError:
                return False
            return True

    whole = asyncio.run(run())
    return b"".join(seen), whole


def test_a_script_can_answer_other_requests_and_counts_are_noted() -> None:
    async def run() -> None:
        async with ScriptedBackend(RECORDINGS / "llama-server-b11549", RECORDINGS / "vision") as backend:
            backend.play(Script(standing={"input_tokens.http": COUNT}))
            assert (await ask(backend, COUNT_PATH)).body == b'{"input_tokens":5}'
            assert [count.body for count in backend.counts] == [b"{}"]
            backend.play(Script())
            assert backend.counts == []
            assert (await ask(backend, COUNT_PATH)).body != b'{"input_tokens":5}'
            assert b'"vision":true' in (await exchange("127.0.0.1", backend.port, Request("GET", "/props"), 5)).body

    asyncio.run(asyncio.wait_for(run(), 120))


async def ask(backend: ScriptedBackend, path: str, taken: Callable[[bytes], None] = lambda _: None, timeout_s: float = 5) -> Message:
    return await exchange("127.0.0.1", backend.port, Request("POST", path, {}, b"{}"), timeout_s, taken)
