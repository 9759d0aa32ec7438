"""A backend that does not tell what it is: who waits for that hears signs of life, may leave in every way, and keeps to its limits."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from .harness import HEAD, PROPS, REQUESTS, Connection, Gateway, Reply, chunk, playing, start_gateway
from .test_background import client_of, wait_for_status
from .test_cancel import ENDS, cancel, last_word
from .test_socket import CREATE, hear_until, raw, say

if TYPE_CHECKING:
    from collections.abc import Iterator

DIALECTS = list(REQUESTS)
BEATS = {"chat": b'"choices":[]', "responses": b"response.in_progress", "messages": b"ping"}
FLAGS = ("--heartbeat-s", "0.1")
GENERATE = ("/api/generate", {"prompt": "hello"})
COUNTS = {
    "responses": ("/v1/responses/input_tokens", REQUESTS["responses"][1]),
    "messages": ("/v1/messages/count_tokens", {"model": "m", "messages": REQUESTS["messages"][1]["messages"]}),
}


@pytest.fixture(scope="module")
def unaware() -> Iterator[Gateway]:
    """A gateway that never learns what stands behind it."""
    with start_gateway(*FLAGS) as running:
        yield running
        running.stop()
        assert [line for line in running.log if "broke off" not in line] == []


class Backend:
    """Keeps to itself what it is until it may tell; whatever it is asked to write, it writes a word."""

    def __init__(self) -> None:
        self.asked = asyncio.Queue[None]()
        self.left = asyncio.Queue[None]()
        self.may_tell = asyncio.Event()
        self.bodies: list[Any] = []

    async def tell(self, connection: Connection) -> None:
        self.asked.put_nowait(None)
        closed, may_tell = asyncio.create_task(connection.closed()), asyncio.create_task(self.may_tell.wait())
        await asyncio.wait((closed, may_tell), return_when=asyncio.FIRST_COMPLETED)
        if closed.done():
            may_tell.cancel()
            self.left.put_nowait(None)
            raise ConnectionError
        closed.cancel()
        await asyncio.wait((closed,))
        await connection.send_json(PROPS)

    async def play(self, connection: Connection) -> None:
        if connection.body is None:
            await connection.send_json({"data": [{"id": "m"}]})
            return
        self.bodies.append(connection.body)
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"content": "Hello"}) + chunk({}, "stop") + b"data: [DONE]\n\n")
        await connection.send(b"0\r\n\r\n")

    async def is_asked(self) -> None:
        await asyncio.wait_for(self.asked.get(), 60)

    async def is_left(self) -> None:
        await asyncio.wait_for(self.left.get(), 60)


def ask(gateway: Gateway, dialect: str, *, stream: bool, **fields: Any) -> asyncio.Task[Reply]:
    return asyncio.create_task(gateway.ask(dialect, stream=stream, **fields))


async def begin(gateway: Gateway, dialect: str, *headers: str, **fields: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a streamed request, and wait for its first sign of life."""
    path, body = REQUESTS[dialect]
    reader, writer = await gateway.send(path, {**body, "stream": True, **fields}, "connection: close", *headers)
    await asyncio.wait_for(reader.readuntil(BEATS[dialect]), 60)
    return reader, writer


async def read_rest(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(), 60)


def test_streams_beat_until_it_is_known_and_then_go_on() -> None:
    async def run(gateway: Gateway) -> None:
        backend = Backend()
        async with playing(gateway, backend.play, facts=backend.tell):
            path, body = GENERATE
            others = [ask(gateway, dialect, stream=False) for dialect in DIALECTS]
            generated, writer = await gateway.send(path, {**body, "stream": True}, "connection: close")
            await asyncio.wait_for(generated.readuntil(b"generate.ping"), 60)
            streams = {dialect: await begin(gateway, dialect) for dialect in DIALECTS}
            for dialect, (reader, _) in streams.items():
                for _ in range(3):
                    await asyncio.wait_for(reader.readuntil(BEATS[dialect]), 60)
            assert backend.asked.qsize() == 1, "all of them wait for one answer"
            backend.may_tell.set()
            for reader, writer_ in streams.values():
                assert b"Hello" in await read_rest(reader)
                writer_.close()
            assert b"Hello" in await read_rest(generated)
            writer.close()
            replies = await asyncio.wait_for(asyncio.gather(*others), 60)
            assert [reply.status for reply in replies] == [200] * 3
            assert all(b"Hello" in reply.body for reply in replies)
            assert len(backend.bodies) == 7
            assert backend.left.empty()

    with start_gateway(*FLAGS) as gateway:
        asyncio.run(run(gateway))


def test_what_is_known_soon_enough_leaves_a_stream_its_status() -> None:
    """A request that cannot be met is found when the backend is known, before the stream has begun."""

    async def run(gateway: Gateway) -> None:
        backend = Backend()
        async with playing(gateway, backend.play, facts=backend.tell):
            backend.may_tell.set()
            reply = await gateway.ask("responses", stream=True, input=[])
            assert reply.status == 400
            assert b"nothing in it that a model could answer" in reply.body
            picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
            reply = await gateway.ask("messages", stream=True, messages=[{"role": "user", "content": [picture]}])
            assert reply.status == 400

    with start_gateway(patient=True) as gateway:
        asyncio.run(run(gateway))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_is_cancelled_by_id(unaware: Gateway, dialect: str, stream: bool) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(unaware, backend.play, facts=backend.tell):
            asking = ask(unaware, dialect, stream=stream, cancel_id="mine")
            await backend.is_asked()
            if stream:
                reader, writer = await begin(unaware, dialect, cancel_id="other")
                assert (await cancel(unaware, cancel_id="other"))["cancelled"] == 1
                rest = await read_rest(reader)
                writer.close()
                assert ENDS[dialect].encode() in rest
                assert backend.left.empty(), "somebody else still waits"
            assert (await cancel(unaware, cancel_id="mine"))["cancelled"] == 1
            reply = await asyncio.wait_for(asking, 60)
            if reply.status == 200:
                assert stream
                assert last_word(dialect, reply) == ENDS[dialect]
            else:
                assert reply.status == 499
            await backend.is_left()
            assert backend.bodies == []

    asyncio.run(run())


def test_a_stream_is_cancelled_by_the_id_of_its_answer(unaware: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(unaware, backend.play, facts=backend.tell), client_of(unaware) as client:
            stream = await client.responses.create(model="m", input="hello", stream=True)
            events = []
            async for event in stream:
                events.append(event)
                if len(events) == 3:  # the first sign of life
                    assert (await client.responses.cancel(event.response.id)).status == "cancelled"
            assert (events[-1].type, events[-1].response.status) == ("response.incomplete", "cancelled")
            await backend.is_left()

    asyncio.run(asyncio.wait_for(run(), 120))


@pytest.mark.parametrize(("limit", "flag"), [("queue", "--queue-timeout-s"), ("total", "--total-timeout-s")])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_keeps_to_the_limits_of_its_header(unaware: Gateway, dialect: str, stream: bool, limit: str, flag: str) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(unaware, backend.play, facts=backend.tell):
            path, body = REQUESTS[dialect]
            limits = f"x-triglot-timeout: {limit}={1 if stream else 0.2}"  # a stream has begun by then
            reader, writer = await unaware.send(path, {**body, "stream": stream}, "connection: close", limits)
            head, _, rest = (await read_rest(reader)).partition(b"\r\n\r\n")
            writer.close()
            assert head.split(b" ")[1] == (b"200" if stream else b"504")
            assert flag.encode() in rest
            await backend.is_left()

    asyncio.run(run())


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_backend_is_let_go_when_the_last_client_has_left(unaware: Gateway, dialect: str, stream: bool) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(unaware, backend.play, facts=backend.tell):
            path, body = REQUESTS[dialect]
            _, first = await unaware.send(path, {**body, "stream": stream})
            await backend.is_asked()
            reader, second = await begin(unaware, dialect)
            first.transport.abort()
            for _ in range(2):
                await asyncio.wait_for(reader.readuntil(BEATS[dialect]), 60)
            assert backend.left.empty()
            second.transport.abort()
            await backend.is_left()

    before = len(unaware.log)
    asyncio.run(run())
    assert unaware.log[before:] == []


@pytest.mark.parametrize("how", ["is cancelled", "leaves", "is late"])
@pytest.mark.parametrize("dialect", COUNTS)
def test_who_counts_tokens_may_leave_too(unaware: Gateway, dialect: str, how: str) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(unaware, backend.play, facts=backend.tell):
            path, body = COUNTS[dialect]
            limits = "x-triglot-timeout: total=0.3" if how == "is late" else "x-other: 1"
            reader, writer = await unaware.send(path, body, "connection: close", "x-cancel-id: mine", limits)
            await backend.is_asked()
            if how == "leaves":
                writer.transport.abort()
            else:
                if how == "is cancelled":
                    assert (await cancel(unaware, cancel_id="mine"))["cancelled"] == 1
                status = (await read_rest(reader)).split(b" ")[1]
                assert status == (b"499" if how == "is cancelled" else b"504")
            await backend.is_left()
            writer.close()

    asyncio.run(run())


def test_a_background_response_is_queued_at_once_and_can_be_cancelled(unaware: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(unaware, backend.play, facts=backend.tell), client_of(unaware) as client:
            queued = await client.responses.create(model="m", input="hello", background=True)
            assert queued.status == "queued"
            assert (await client.responses.cancel(queued.id)).status == "cancelled"
            await backend.is_left()

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_background_response_is_made_once_it_is_known() -> None:
    async def run(gateway: Gateway) -> None:
        backend = Backend()
        async with playing(gateway, backend.play, facts=backend.tell), client_of(gateway) as client:
            queued = await client.responses.create(input="hello", background=True)
            assert (queued.status, queued.model) == ("queued", "")
            backend.may_tell.set()
            done = await wait_for_status(client, queued.id, "completed", "failed")
            assert (done.status, done.output_text, done.model) == ("completed", "Hello", "m")

    with start_gateway(*FLAGS) as gateway:
        asyncio.run(asyncio.wait_for(run(gateway), 120))


def test_the_lanes_of_a_websocket_beat_and_are_cancelled(unaware: Gateway) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(unaware, backend.play, facts=backend.tell), raw(unaware) as client:
            await say(client, {**CREATE, "stream_id": "one", "cancel_id": "one"}, {**CREATE, "stream_id": "two"})
            created = await hear_until(client, "response.created")
            for _ in range(4):
                await hear_until(client, "response.in_progress")
            assert (await cancel(unaware, cancel_id="one"))["cancelled"] == 1
            [*_, ended] = await hear_until(client, "response.incomplete")
            assert (ended["stream_id"], ended["response"]["status"]) == ("one", "cancelled")
            assert backend.left.empty()
            assert created
            client.transport.abort()
            await backend.is_left()

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_backend_that_refuses_at_once_is_told_by_a_status(unaware: Gateway) -> None:
    async def refuse(connection: Connection) -> None:
        connection.reset()

    async def run() -> None:
        backend = Backend()
        async with playing(unaware, backend.play, facts=refuse):
            for dialect in DIALECTS:
                for stream in (True, False):
                    reply = await unaware.ask(dialect, stream=stream)
                    assert reply.status == 502
                    assert json.loads(reply.body)["error"]

    asyncio.run(run())
