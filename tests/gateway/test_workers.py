"""Several processes share one store: what one of them works on, all of them can read, follow and cancel.

Each connection is taken by whichever process is quickest, so every test asks on many.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import openai
import pytest

from .harness import Gateway, playing
from .test_background import Backend, wait_for_status
from .test_state import Restartable

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 8


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    running = Restartable(tmp_path_factory.mktemp("state") / "state.sqlite3", "--workers", "3")
    yield running.gateway
    running.stop(signal.SIGTERM)
    running.listener.close()


def clients_of(gateway: Gateway) -> list[openai.AsyncOpenAI]:
    base_url = f"http://127.0.0.1:{gateway.port}/v1"
    return [openai.AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) for _ in range(CONNECTIONS)]


async def close_all(clients: list[openai.AsyncOpenAI]) -> None:
    for client in clients:
        await client.close()


def test_all_follow_one_stream(workers: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        clients = clients_of(workers)

        async def follow(client: openai.AsyncOpenAI, response_id: str) -> list[Any]:
            return [event.to_dict() async for event in await client.responses.retrieve(response_id, stream=True)]

        async with playing(workers, backend.play):
            queued = await clients[0].responses.create(model="m", input="hello", background=True)
            followers = [asyncio.create_task(follow(client, queued.id)) for client in clients]
            backend.say("Hel")
            for client in clients:
                await wait_for_status(client, queued.id, "in_progress")
            backend.say("lo", None)
            told = await asyncio.gather(*followers)
            assert told[0][-1]["type"] == "response.completed"
            assert [event["sequence_number"] for event in told[0]] == list(range(len(told[0])))
            assert all(events == told[0] for events in told)
            # whoever has seen the end can go on from there, wherever it asks
            backend.say(*["again", None] * CONNECTIONS)
            for client in clients:
                await client.responses.create(model="m", input="and?", previous_response_id=queued.id)
            assert all([m["content"] for m in body["messages"]] == ["hello", "Hello", "and?"] for body in backend.requests[1:])
        await close_all(clients)

    asyncio.run(asyncio.wait_for(run(), 120))


def test_any_can_cancel(workers: Gateway) -> None:
    async def run() -> None:
        clients = clients_of(workers)
        backend = Backend()
        async with playing(workers, backend.play):
            for client in clients:
                backend.gone.clear()
                queued = await clients[0].responses.create(model="m", input="hello", background=True)
                backend.say("Hel")
                await wait_for_status(client, queued.id, "in_progress")
                assert (await client.responses.cancel(queued.id)).status == "cancelled"
                await asyncio.wait_for(backend.gone.wait(), 60)
                backend.say(None)
                ended = await wait_for_status(client, queued.id, "cancelled")
                assert ended.output_text == "Hel"
        await close_all(clients)

    asyncio.run(asyncio.wait_for(run(), 120))
