"""Responses over a WebSocket, over real sockets: with the official SDK, and with a client that sends what no SDK would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket as sockets
from typing import TYPE_CHECKING, Any

import openai
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .harness import HEAD, Connection, Gateway, chunk, playing, start_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator

CREATE = {"type": "response.create", "model": "m", "input": "hello"}
TOOL = {"type": "function", "name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}, "strict": False}
ENDING = chunk({}, "stop") + b"data: [DONE]\n\n"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Gateway]:
    with start_gateway("--api-keys", "secret", "--max-body-bytes", "20000") as running:
        yield running
        running.stop()
        assert running.log == []


class Answers:
    """A backend that gives its answers in turn; an answer is a list of deltas, or does what it likes."""

    def __init__(self, *answers: list[dict[str, Any]] | Callable[[Connection], Awaitable[None]]) -> None:
        self._answers = list(answers)
        self.requests: list[Any] = []

    async def play(self, connection: Connection) -> None:
        self.requests.append(connection.body)
        answer = self._answers.pop(0) if self._answers else [{"content": f"answer {len(self.requests)}"}]
        if callable(answer):
            await answer(connection)
            return
        await connection.send(HEAD)
        await connection.send_chunk(b"".join(chunk(delta) for delta in answer))
        await connection.send_chunk(ENDING)
        await connection.send(b"0\r\n\r\n")


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 120))


@contextlib.asynccontextmanager
async def raw(gateway: Gateway, **options: Any) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://127.0.0.1:{gateway.port}/v1/responses", **options) as client:
        yield client


@contextlib.asynccontextmanager
async def sdk(gateway: Gateway, api_key: str = "none") -> AsyncIterator[Any]:
    async with (
        openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=api_key, max_retries=0) as client,
        client.responses.connect() as connection,
    ):
        yield connection


async def say(client: ClientConnection, *events: Any) -> None:
    for event in events:
        await client.send(event if isinstance(event, str | bytes) else json.dumps(event))


async def hear_until(client: ClientConnection, *kinds: str) -> list[Any]:
    heard: list[Any] = []
    while not heard or heard[-1]["type"] not in kinds:
        message = await client.recv()
        assert isinstance(message, str)  # Codex takes nothing else
        heard.append(json.loads(message))
    return heard


async def turn(connection: Any, **fields: Any) -> Any:
    """One response over the SDK, told by its last event."""
    await connection.response.create(model="m", **fields)
    events = []
    async for event in connection:
        assert event.type != "error", event
        events.append(event)
        if event.type in ("response.completed", "response.failed", "response.incomplete"):
            break
    assert events[0].type == "response.created"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    return events[-1].response


def test_the_sdk_holds_a_conversation(gateway: Gateway) -> None:
    async def talk() -> None:
        call = {"index": 0, "id": "x", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
        answers = Answers(
            [{"reasoning_content": "hm"}, {"content": "Hel"}, {"content": "lo"}], [{"tool_calls": [call]}], [{"content": "two"}]
        )
        async with playing(gateway, answers.play), sdk(gateway) as connection:
            first = await turn(connection, input="hello", store=False)
            assert (first.status, first.output_text, first.output[0].type) == ("completed", "Hello", "reasoning")
            second = await turn(connection, input="add", tools=[TOOL], previous_response_id=first.id, store=False)
            [tool_call] = second.output
            assert (tool_call.name, json.loads(tool_call.arguments)) == ("add", {"a": 1})
            result = {"type": "function_call_output", "call_id": tool_call.call_id, "output": "2"}
            third = await turn(connection, input=[result], tools=[TOOL], previous_response_id=second.id, store=False)
            assert third.output_text == "two"
        contents = [(message["role"], message.get("content")) for message in answers.requests[2]["messages"]]
        assert [role for role, _ in contents] == ["user", "assistant", "user", "assistant", "tool"]
        assert contents[0][1] == "hello"
        assert contents[4][1] == "2"

    run(talk())


def test_a_chain_of_twenty_turns_needs_no_store(gateway: Gateway) -> None:
    async def talk() -> None:
        answers = Answers()
        async with playing(gateway, answers.play), sdk(gateway) as connection:
            previous = None
            for number in range(20):
                fields = {"previous_response_id": previous.id} if previous else {}
                previous = await turn(connection, input=f"question {number}", store=False, **fields)
                assert previous.store is False
        told = json.dumps(answers.requests[-1]["messages"])
        assert all(f"question {number}" in told for number in range(20))
        assert all(f"answer {number}" in told for number in range(1, 20))
        async with playing(gateway, answers.play), sdk(gateway) as connection:  # the memory ends with its connection
            await connection.response.create(model="m", input="go on", previous_response_id=previous.id)
            error = await connection.recv()
            assert (error.type, error.status, error.error.code) == ("error", 400, "previous_response_not_found")
            assert error.error.param == "previous_response_id"

    run(talk())


def test_what_is_stored_is_continued_on_another_connection(gateway: Gateway) -> None:
    async def talk() -> None:
        answers = Answers()
        async with playing(gateway, answers.play):
            async with sdk(gateway) as connection:
                first = await turn(connection, input="remember me")
            async with sdk(gateway) as connection:
                await turn(connection, input="go on", previous_response_id=first.id)
        assert "remember me" in json.dumps(answers.requests[-1]["messages"])

    run(talk())


def test_a_warm_up_makes_a_response_that_can_be_continued(gateway: Gateway) -> None:
    async def talk() -> None:
        answers = Answers()
        async with playing(gateway, answers.play), sdk(gateway) as connection:
            warm = await turn(connection, input=[{"role": "user", "content": "known already"}], generate=False, store=False)
            assert (warm.status, warm.output) == ("completed", [])
            response = await turn(connection, input="and this", previous_response_id=warm.id, store=False)
            assert response.output_text
        contents = [message["content"] for message in answers.requests[-1]["messages"]]
        assert "".join(contents).replace("\n", "") == "known alreadyand this"

    run(talk())


def test_a_warm_up_needs_no_input(gateway: Gateway) -> None:
    """Codex warms up without a word, for some models."""

    async def talk() -> None:
        answers = Answers()
        async with playing(gateway, answers.play), sdk(gateway) as connection:
            warm = await turn(connection, input=[], generate=False, store=False)
            assert (warm.status, warm.output) == ("completed", [])
            assert answers.requests == []
            response = await turn(connection, input="now", previous_response_id=warm.id, store=False)
            assert response.output_text
            with pytest.raises(AssertionError, match="nothing in it that a model could answer"):
                await turn(connection, input=[], store=False)
        assert [message["content"] for message in answers.requests[-1]["messages"]] == ["now"]

    run(talk())


def test_lanes_run_side_by_side(lively: Gateway) -> None:
    async def talk() -> None:
        release = asyncio.Event()

        async def wait(connection: Connection) -> None:
            await connection.send(HEAD)
            await release.wait()
            await connection.send_chunk(chunk({"content": "late"}) + ENDING)
            await connection.send(b"0\r\n\r\n")

        async with playing(lively, Answers(wait).play), raw(lively) as client:
            await say(client, {**CREATE, "stream_id": "slow"})
            await hear_until(client, "response.created")
            await say(client, {**CREATE, "stream_id": "fast"})
            heard = await hear_until(client, "response.completed")
            assert heard[-1]["stream_id"] == "fast"
            release.set()
            heard = await hear_until(client, "response.completed")
            assert heard[-1]["stream_id"] == "slow"

    run(talk())


def test_a_second_message_waits_for_the_first_response(gateway: Gateway) -> None:
    async def talk() -> None:
        async with playing(gateway, Answers().play), raw(gateway) as client:
            await say(client, CREATE, {**CREATE, "input": "second"})
            first = await hear_until(client, "response.completed")
            second = await hear_until(client, "response.completed")
        assert len({event["response"]["id"] for event in (first[0], first[-1])}) == 1
        assert second[0]["type"] == "response.created"
        assert second[0]["response"]["id"] != first[0]["response"]["id"]

    run(talk())


def test_a_cancelled_session_ends_with_what_waits_of_it(gateway: Gateway) -> None:
    async def talk() -> None:
        async def play(connection: Connection) -> None:
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hel"}))
            await connection.closed()

        async with playing(gateway, play), raw(gateway) as client:
            await say(client, {**CREATE, "session_id": "lane"}, {**CREATE, "session_id": "lane"})
            await hear_until(client, "response.output_text.delta")
            reader, writer = await gateway.send("/api/inference/cancel", {"session_id": "lane"}, "connection: close")
            assert (await reader.read()).endswith(b'{"cancelled":2}')
            writer.close()
            heard = await hear_until(client, "response.incomplete")
            assert heard[-1]["response"]["status"] == "cancelled"
            assert (await hear_until(client, "error"))[-1]["status"] == 499

    run(talk())


def test_bad_messages_are_answered_and_the_connection_lives(gateway: Gateway) -> None:
    async def talk() -> None:
        async with playing(gateway, Answers().play), raw(gateway) as client:
            for message, param in [
                ("{", None),
                (b"[]", None),
                ({"type": "session.update"}, "type"),
                ({**CREATE, "input": 7}, "input"),
                ({**CREATE, "tools": [{"type": "function"}]}, "tools.0.name"),
                ({**CREATE, "stream_id": ""}, "stream_id"),
            ]:
                await say(client, message)
                event = json.loads(await client.recv())
                assert (event["type"], event["status"], event["error"]["param"]) == ("error", 400, param)
            await say(client, CREATE)
            await hear_until(client, "response.completed")

    run(talk())


def answering(status: str, error: dict[str, Any]) -> Callable[[Connection], Awaitable[None]]:
    async def play(connection: Connection) -> None:
        body = json.dumps({"error": error}).encode()
        await connection.send(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    return play


async def hang_up(connection: Connection) -> None:
    connection.reset()


OVERFLOW = {"message": "too long", "type": "exceed_context_size_error", "code": 400, "n_prompt_tokens": 18008, "n_ctx": 4096}


@pytest.mark.parametrize(
    ("play", "status", "code", "retry_after"),
    [
        (answering("400 Bad Request", {"message": "Invalid tool_choice", "type": "invalid_request_error"}), 400, None, None),
        (answering("400 Bad Request", OVERFLOW), 400, "context_length_exceeded", None),
        (answering("429 Too Many Requests", {"message": "slow down"}), 429, "rate_limit_exceeded", "1"),
        (answering("503 Service Unavailable", {"message": "Loading model"}), 503, "model_loading", "2"),
        (hang_up, 502, "backend_failed", None),
    ],
)
def test_what_the_backend_refuses_is_an_error_with_its_status(
    gateway: Gateway, play: Any, status: int, code: str | None, retry_after: str | None
) -> None:
    async def talk() -> None:
        async with playing(gateway, Answers(play).play), sdk(gateway) as connection:
            await connection.response.create(model="m", input="hello")
            event = await connection.recv()
            assert (event.type, event.status, event.error.code) == ("error", status, code)
            assert (event.error.headers or {}).get("retry-after") == retry_after
            assert (await turn(connection, input="again")).status == "completed"

    run(talk())


def test_an_answer_that_breaks_off_ends_with_failed(gateway: Gateway) -> None:
    async def talk() -> None:
        async def die(connection: Connection) -> None:
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "Hel"}))
            connection.reset()

        async with playing(gateway, Answers([{"content": "one"}], die).play), raw(gateway) as client:
            await say(client, {**CREATE, "store": False})
            first = (await hear_until(client, "response.completed"))[-1]["response"]["id"]
            await say(client, {**CREATE, "store": False, "previous_response_id": first})
            heard = await hear_until(client, "response.failed")
            assert heard[-1]["response"]["error"]["message"]
            await say(client, {**CREATE, "store": False, "previous_response_id": first})
            event = json.loads(await client.recv())
            assert event["error"]["code"] == "previous_response_not_found"  # a failed turn is not continued from memory

    before = len(gateway.log)
    run(talk())
    [line] = gateway.logged(before)
    assert "broke off" in line


@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_a_client_that_goes_away_closes_the_backends_connection(gateway: Gateway, phase: str) -> None:
    async def talk() -> None:
        closed = asyncio.Semaphore(0)
        busy = asyncio.Semaphore(0)

        async def play(connection: Connection) -> None:
            if phase == "decode":
                await connection.send(HEAD)
                await connection.send_chunk(chunk({"content": "Hel"}))
            busy.release()
            await connection.closed()
            closed.release()

        async with playing(gateway, play):
            clients = []
            for _ in range(20):
                client = await connect(f"ws://127.0.0.1:{gateway.port}/v1/responses")
                await say(client, {**CREATE, "stream_id": "a"}, {**CREATE, "stream_id": "b"}, {**CREATE, "stream_id": "b"})
                clients.append(client)
            for _ in range(40):
                await busy.acquire()
            for number, client in enumerate(clients):
                if number % 2:
                    client.transport.abort()
                else:
                    await client.close()
            for _ in range(40):
                await closed.acquire()

    before = len(gateway.log)
    run(talk())
    assert gateway.log[before:] == []


def test_a_client_that_does_not_read_holds_the_backend_up(gateway: Gateway) -> None:
    """The backend always has more to say: it must not be said into the gateway's memory."""

    async def talk() -> None:
        sent = 0
        closed = asyncio.Event()

        async def flood(connection: Connection) -> None:
            nonlocal sent
            await connection.send(HEAD)
            try:
                while True:
                    await connection.send_chunk(chunk({"content": "x" * 60_000}))
                    sent += 1
            except ConnectionError:
                closed.set()
                raise

        async with playing(gateway, flood):
            client = await connect(f"ws://127.0.0.1:{gateway.port}/v1/responses", max_queue=1)
            await say(client, CREATE)
            before = -1
            while before != sent:  # until every buffer on the way is full
                before = sent
                await asyncio.sleep(0.5)
            assert sent * 60_000 < 40_000_000
            assert not closed.is_set()
            client.transport.abort()
            await asyncio.wait_for(closed.wait(), 60)

    run(talk())


def test_a_silent_backend_is_bridged_by_signs_of_life(lively: Gateway) -> None:
    async def talk() -> None:
        heard = asyncio.Event()

        async def play(connection: Connection) -> None:
            await heard.wait()
            await connection.send(HEAD)
            await connection.send_chunk(chunk({"content": "at last"}) + ENDING)
            await connection.send(b"0\r\n\r\n")

        async with playing(lively, play), raw(lively) as client:
            await say(client, CREATE)
            await hear_until(client, "response.created")
            for _ in range(3):
                await hear_until(client, "response.in_progress")
            heard.set()
            await hear_until(client, "response.completed")

    run(talk())


def test_a_wrong_key_is_refused_before_the_upgrade(guarded: Gateway) -> None:
    async def talk() -> None:
        for headers in ({}, {"authorization": "Bearer wrong"}):
            with pytest.raises(InvalidStatus) as caught:
                async with raw(guarded, additional_headers=headers):
                    pass
            response = caught.value.response
            assert response.status_code == 401
            assert response.headers["x-request-id"].startswith("req_")
            error = json.loads(response.body or b"")["error"]
            assert error["code"] == "invalid_api_key"
            assert "TRIGLOT_API_KEYS" in error["message"]
        async with playing(guarded, Answers().play), sdk(guarded, api_key="secret") as connection:
            assert (await turn(connection, input="hello")).status == "completed"

    run(talk())


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "file://", "http://[::1"])
def test_a_web_page_from_elsewhere_is_refused(gateway: Gateway, guarded: Gateway, origin: str) -> None:
    async def talk() -> None:
        with pytest.raises(InvalidStatus) as caught:
            async with raw(gateway, additional_headers={"origin": origin}):
                pass
        assert caught.value.response.status_code == 403
        assert json.loads(caught.value.response.body or b"")["error"]["code"] == "permission_denied"
        async with raw(gateway, additional_headers={"origin": f"http://127.0.0.1:{gateway.port}"}):
            pass
        async with raw(guarded, additional_headers={"origin": origin, "x-api-key": "secret"}):
            pass

    run(talk())


def test_one_key_does_not_continue_what_another_one_stored(guarded: Gateway) -> None:
    with start_gateway("--api-keys", "one,two") as shared:

        async def talk() -> None:
            async with playing(shared, Answers().play):
                async with sdk(shared, api_key="one") as connection:
                    first = await turn(connection, input="mine")
                async with sdk(shared, api_key="two") as connection:
                    await connection.response.create(model="m", input="show", previous_response_id=first.id)
                    assert (await connection.recv()).error.code == "previous_response_not_found"
                async with sdk(shared, api_key="one") as connection:
                    await turn(connection, input="go on", previous_response_id=first.id)

        run(talk())


def test_a_message_larger_than_a_body_may_be_closes_the_connection(guarded: Gateway) -> None:
    async def talk() -> None:
        async with playing(guarded, Answers().play), raw(guarded, additional_headers={"x-api-key": "secret"}) as client:
            await say(client, {**CREATE, "input": "x" * 19_000})
            await hear_until(client, "response.completed")
            await say(client, {**CREATE, "input": "x" * 20_000})
            with pytest.raises(ConnectionClosed) as caught:
                await client.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1009

    run(talk())


@pytest.mark.parametrize(("path", "status"), [("/v1/nothing", 404), ("/v1/chat/completions", 405), ("/v1/messages", 405)])
def test_other_paths_take_no_websocket(gateway: Gateway, path: str, status: int) -> None:
    async def talk() -> None:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(f"ws://127.0.0.1:{gateway.port}{path}"):
                pass
        assert caught.value.response.status_code == status
        assert json.loads(caught.value.response.body or b"")["error"]["message"]

    run(talk())


def test_a_get_without_an_upgrade_is_told_to_post(gateway: Gateway) -> None:
    with sockets.create_connection(("127.0.0.1", gateway.port)) as plain:
        plain.sendall(b"GET /v1/responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        answer = b""
        while data := plain.recv(65536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 426")
    assert b"upgrade: websocket" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["type"] == "invalid_request_error"


def test_a_handshake_names_its_request(gateway: Gateway) -> None:
    async def talk() -> None:
        async with raw(gateway, compression="deflate") as client:
            assert client.response is not None
            assert client.response.headers["x-request-id"].startswith("req_")
            assert "sec-websocket-extensions" not in client.response.headers

    run(talk())


def test_a_server_that_stops_lets_answers_end_within_the_grace() -> None:
    with start_gateway("--shutdown-grace-s", "20") as running:

        async def talk() -> None:
            stopped = asyncio.Event()

            async def play(connection: Connection) -> None:
                await connection.send(HEAD)
                await connection.send_chunk(chunk({"content": "Hel"}))
                await stopped.wait()
                await connection.send_chunk(chunk({"content": "lo"}) + ENDING)
                await connection.send(b"0\r\n\r\n")

            async with playing(running, play), raw(running) as busy, raw(running) as idle:
                await say(busy, CREATE)
                await hear_until(busy, "response.output_text.delta")
                running.tell_to_stop()
                with pytest.raises(ConnectionClosed) as closed:
                    await idle.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1012
                stopped.set()
                heard = await hear_until(busy, "response.completed")
                assert heard[-1]["response"]["output"][0]["content"][0]["text"] == "Hello"
                with pytest.raises(ConnectionClosed) as closed:
                    await busy.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1012

        run(talk())
        running.stop()
        assert running.log == []
        assert running.process.returncode == 0


def test_a_server_whose_grace_is_over_fails_what_is_open() -> None:
    with start_gateway("--shutdown-grace-s", "0.3") as running:

        async def talk() -> None:
            async def play(connection: Connection) -> None:
                await connection.send(HEAD)
                await connection.send_chunk(chunk({"content": "Hel"}))
                await connection.closed()

            async with playing(running, play), raw(running) as client:
                await say(client, CREATE)
                await hear_until(client, "response.output_text.delta")
                running.tell_to_stop()
                heard = await hear_until(client, "response.failed")
                assert "stopping" in heard[-1]["response"]["error"]["message"]
                with pytest.raises(ConnectionClosed):
                    await client.recv()

        run(talk())
        running.stop()
        assert running.process.returncode == 0
        assert [line for line in running.log if "broke off" not in line and "Cancel 1 running task" not in line] == []
