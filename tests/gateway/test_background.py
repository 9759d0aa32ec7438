"""Responses that are made without their client waiting, followed, cancelled, and lost with their process."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import openai
import pytest

from .harness import HEAD, Connection, Gateway, chunk, playing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ENDING = chunk({}, "stop") + b"data: [DONE]\n\n"


@contextlib.asynccontextmanager
async def client_of(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key="none", max_retries=0) as client:
        yield client


class Backend:
    """Sends a word for each permit, then ends when it is told to."""

    def __init__(self) -> None:
        self.words: asyncio.Queue[str | None] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.requests: list[Any] = []

    async def play(self, connection: Connection) -> None:
        self.requests.append(connection.body)
        await connection.send(HEAD)
        watch = asyncio.create_task(self._watch(connection))
        while (word := await self.words.get()) is not None:
            await connection.send_chunk(chunk({"content": word}))
        await connection.send_chunk(ENDING)
        await connection.send(b"0\r\n\r\n")
        watch.cancel()

    async def _watch(self, connection: Connection) -> None:
        await connection.closed()
        self.gone.set()

    def say(self, *words: str | None) -> None:
        for word in words:
            self.words.put_nowait(word)


async def wait_for_status(client: openai.AsyncOpenAI, response_id: str, *statuses: str) -> Any:
    while (response := await client.responses.retrieve(response_id)).status not in statuses:  # noqa: ASYNC110 - as clients do
        await asyncio.sleep(0.02)
    return response


def test_a_background_response_is_queued_then_made_then_there(gateway: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(gateway, backend.play), client_of(gateway) as client:
            queued = await client.responses.create(model="m", input="hello", background=True)
            assert queued.status == "queued"
            assert queued.background is True
            backend.say("Hel")
            running = await wait_for_status(client, queued.id, "in_progress")
            assert running.output == []
            backend.say("lo", None)
            done = await wait_for_status(client, queued.id, "completed")
            assert done.output_text == "Hello"
            assert done.id == queued.id
            again = await client.responses.cancel(queued.id)
            assert again.status == "completed"

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_stream_of_a_background_response_can_be_left_and_resumed(gateway: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(gateway, backend.play), client_of(gateway) as client:
            stream = await client.responses.create(model="m", input="hello", background=True, stream=True)
            backend.say("Hel")
            seen: list[Any] = []
            async for event in stream:
                seen.append(event)
                if event.type == "response.output_text.delta":
                    break
            await stream.close()
            assert [event.type for event in seen][:3] == ["response.created", "response.queued", "response.in_progress"]
            assert [event.sequence_number for event in seen] == list(range(len(seen)))
            backend.say("lo")
            resumed = await client.responses.retrieve(seen[0].response.id, stream=True, starting_after=seen[-1].sequence_number)
            rest: list[Any] = []
            async for event in resumed:
                rest.append(event)
                if event.type == "response.output_text.delta":
                    backend.say(None)
            assert [event.sequence_number for event in [*seen, *rest]] == list(range(len(seen) + len(rest)))
            assert rest[-1].type == "response.completed"
            assert rest[-1].response.output_text == "Hello"
            # and once more when it has long ended, from the store
            whole = [event async for event in await client.responses.retrieve(seen[0].response.id, stream=True)]
            assert [event.to_dict() for event in whole] == [event.to_dict() for event in [*seen, *rest]]

    asyncio.run(asyncio.wait_for(run(), 120))


def test_cancelling_frees_the_backend_and_keeps_what_there_is(gateway: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(gateway, backend.play), client_of(gateway) as client:
            stream = await client.responses.create(model="m", input="hello", background=True, stream=True)
            backend.say("Hel")
            events: list[Any] = []
            async for event in stream:
                events.append(event)
                if event.type == "response.output_text.delta":
                    cancelled = await client.responses.cancel(events[0].response.id)
                    assert cancelled.status == "cancelled"
            await asyncio.wait_for(backend.gone.wait(), 60)
            assert events[-1].type == "response.incomplete"
            assert events[-1].response.status == "cancelled"
            kept = await client.responses.retrieve(cancelled.id)
            assert kept.status == "cancelled"
            assert kept.output_text == "Hel"

    asyncio.run(asyncio.wait_for(run(), 120))


@pytest.mark.parametrize("name", ["cancel_id", "session_id", "response_id"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_cancelled_response_is_counted_once(gateway: Gateway, name: str, stream: bool) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(gateway, backend.play), client_of(gateway) as client:
            fields = {} if name == "response_id" else {name: f"once-{name}-{stream}"}
            answer = await client.responses.create(model="m", input="hello", background=True, stream=stream, extra_body=fields)
            backend.say("Hel")
            events: list[Any] = []
            if stream:
                while not events or events[-1].type != "response.output_text.delta":
                    events.append(await anext(aiter(answer)))
            response_id = events[0].response.id if stream else answer.id
            if not stream:
                await wait_for_status(client, response_id, "in_progress")
            target = fields or {"response_id": response_id}
            for count in (1, 0):
                assert await client.post("/../api/inference/cancel", body=target, cast_to=object) == {"cancelled": count}
            assert (await wait_for_status(client, response_id, "cancelled")).id == response_id
            if stream:
                assert [event async for event in answer][-1].type == "response.incomplete"

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_backend_that_fails_makes_the_response_fail(gateway: Gateway) -> None:
    async def run() -> None:
        async def play(connection: Connection) -> None:
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hel"}))
            connection.reset()

        async with playing(gateway, play), client_of(gateway) as client:
            queued = await client.responses.create(model="m", input="hello", background=True)
            failed = await wait_for_status(client, queued.id, "failed", "completed")
            assert failed.error is not None
            assert failed.error.code == "server_error"

    asyncio.run(asyncio.wait_for(run(), 120))


def test_what_is_still_being_made_cannot_be_continued(gateway: Gateway) -> None:
    """Its answer would be missing from the conversation, and nobody would know."""

    async def run() -> None:
        backend = Backend()
        async with playing(gateway, backend.play), client_of(gateway) as client:
            first = await client.responses.create(model="m", input="hello", background=True)
            backend.say("Hi")
            with pytest.raises(openai.BadRequestError, match="still") as refusal:
                await client.responses.create(model="m", input="go on", previous_response_id=first.id)
            assert refusal.value.param == "previous_response_id"
            backend.say(None)
            await wait_for_status(client, first.id, "completed")
            backend.say("Hi again", None)
            await client.responses.create(model="m", input="go on", previous_response_id=first.id)
            assert [message["content"] for message in backend.requests[-1]["messages"]] == ["hello", "Hi", "go on"]

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_deleted_response_is_stopped(gateway: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(gateway, backend.play), client_of(gateway) as client:
            queued = await client.responses.create(model="m", input="hello", background=True)
            backend.say("Hel")
            await wait_for_status(client, queued.id, "in_progress")
            await client.responses.delete(queued.id)
            await asyncio.wait_for(backend.gone.wait(), 60)
            with pytest.raises(openai.NotFoundError):
                await client.responses.retrieve(queued.id)

    asyncio.run(asyncio.wait_for(run(), 120))


def test_any_response_can_be_cancelled_while_it_is_made(gateway: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(gateway, backend.play), client_of(gateway) as client:
            backend.say("Hel")
            events: list[Any] = []
            async for event in await client.responses.create(model="m", input="hello", stream=True):
                events.append(event)
                if event.type == "response.output_text.delta":
                    cancelled = await client.responses.cancel(events[0].response.id)
                    assert (cancelled.status, cancelled.output_text) == ("cancelled", "Hel")
            assert events[-1].response.status == "cancelled"
            await asyncio.wait_for(backend.gone.wait(), 60)
            backend.say(None, "Hel")
            stream = await client.responses.create(model="m", input="hello", stream=True, store=False)
            begun: Any = await anext(aiter(stream))
            with pytest.raises(openai.NotFoundError, match="is stopped"):
                await client.responses.cancel(begun.response.id)
            assert [event async for event in stream][-1].type == "response.incomplete"
            backend.say(None)

    asyncio.run(asyncio.wait_for(run(), 120))


def test_only_background_responses_can_be_cancelled_or_followed(gateway: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        backend.say("Hello", None)
        async with playing(gateway, backend.play), client_of(gateway) as client:
            done = await client.responses.create(model="m", input="hello")
            with pytest.raises(openai.BadRequestError):
                await client.responses.cancel(done.id)
            with pytest.raises(openai.BadRequestError):
                await client.responses.retrieve(done.id, stream=True)
            with pytest.raises(openai.BadRequestError, match="background needs store"):
                await client.responses.create(model="m", input="hello", background=True, store=False)

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_request_that_cannot_be_met_is_refused_at_once(gateway: Gateway) -> None:
    async def run() -> None:
        async with client_of(gateway) as client:
            with pytest.raises(openai.BadRequestError):
                await client.responses.create(model="m", background=True)

    asyncio.run(asyncio.wait_for(run(), 120))
