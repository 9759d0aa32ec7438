"""A conversation over a WebSocket, against responses that a test scripts."""

from __future__ import annotations

import asyncio
import functools
import json
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest
from openai.types.responses.responses_server_event import ResponsesServerEvent, ResponseWsError
from pydantic import TypeAdapter

from triglot.errors import ApiError, ClientGone, ErrorKind
from triglot.service.response_memory import LaneMemory
from triglot.service.response_socket import ResponseSocket
from triglot.state.cancels import Names
from triglot.state.local_cancels import LocalCancels
from triglot.state.store import Item, StoreError
from triglot.web import ClientConnection, RequestContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from triglot.generated.responses.models import CreateResponse

SDK_EVENTS: TypeAdapter[Any] = TypeAdapter(ResponsesServerEvent)
CREATE = {"type": "response.create", "model": "m", "input": "hello"}


class FakeSocket:
    """The client's side: what it sends and what it has got."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.gone = False
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.readable = asyncio.Event()
        self.readable.set()
        self.aborted = False
        self._messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()

    # for the test

    def say(self, *events: Any) -> None:
        for event in events:
            self._messages.put_nowait(event if isinstance(event, str | bytes) else json.dumps(event))

    def leave(self) -> None:
        self._messages.put_nowait(None)

    async def hear(self) -> Any:
        return await self.sent.get()

    async def hear_until(self, kind: str, lane: str | None = None) -> list[Any]:
        heard = [await self.hear()]
        while (heard[-1]["type"], heard[-1].get("stream_id")) != (kind, lane):
            heard.append(await self.hear())
        return heard

    # for the conversation

    async def receive(self) -> str | bytes | None:
        message = await self._messages.get()
        self.gone = self.gone or message is None
        return message

    async def send(self, text: str) -> None:
        if self.gone:
            raise ClientGone
        await self.readable.wait()
        if self.gone:
            raise ClientGone
        self.sent.put_nowait(json.loads(text))

    def abort(self) -> None:
        self.aborted = self.gone = True
        self.readable.set()

    async def close(self, code: int, reason: str) -> None:
        assert len(reason.encode()) <= 123
        self.closed.set_result((code, reason))


class FakeTurn:
    """A response that says what its test feeds it."""

    def __init__(self, turns: FakeTurns, request: CreateResponse, context: RequestContext, memory: LaneMemory) -> None:
        self.turns = turns
        self.request = request
        self.context = context
        self.memory = memory
        self.id = f"resp_{len(turns.begun)}"
        self.chain = [Item(str(request.input), b"{}")]
        self.closed = False
        self.gives: asyncio.Queue[Sequence[Mapping[str, Any]]] = asyncio.Queue()
        self.number = 0
        context.client.on_end(functools.partial(self.gives.put_nowait, ()))

    def event(self, kind: str, **fields: Any) -> dict[str, Any]:
        self.number += 1
        return {"type": kind, "sequence_number": self.number - 1, **fields}

    def response(self, status: str) -> dict[str, Any]:
        return {"id": self.id, "object": "response", "status": status, "output": []}

    def start(self) -> None:
        self.gives.put_nowait(
            [self.event(f"response.{kind}", response=self.response("in_progress")) for kind in ("created", "in_progress")]
        )

    def end(self, status: str = "completed") -> None:
        if status != "failed":
            self.memory.keep(self.id, self.chain)
        self.gives.put_nowait([self.event(f"response.{status}", response=self.response(status))])
        self.gives.put_nowait(())

    async def next_events(self) -> Sequence[Mapping[str, Any]]:
        try:
            return await self.gives.get()
        except asyncio.CancelledError:
            self.gives.put_nowait(())
            return [self.event("response.failed", response=self.response("failed"))]

    async def close(self) -> None:
        assert not self.closed
        self.closed = True


class FakeTurns:
    """Begins what is asked for, at once or as its test says."""

    def __init__(self, *, automatic: bool = True) -> None:
        self.automatic = automatic
        self.cancels = LocalCancels()
        self.begun: list[FakeTurn] = []
        self.generated: list[bool] = []
        self.refusals: deque[Exception] = deque()
        self.more = asyncio.Condition()

    async def begin(self, request: CreateResponse, context: RequestContext, *, memory: LaneMemory, generate: bool) -> FakeTurn:
        if self.refusals:
            raise self.refusals.popleft()
        turn = FakeTurn(self, request, context, memory)
        if request.previous_response_id is not None:
            items = memory.recall(request.previous_response_id)
            if items is None:
                details = {"code": "previous_response_not_found"}
                raise ApiError(ErrorKind.INVALID_REQUEST, "Not found.", param="previous_response_id", details=details)
            turn.chain = [*items, *turn.chain]
        self.generated.append(generate)
        async with self.more:
            self.begun.append(turn)
            self.more.notify_all()
        turn.start()
        if self.automatic:
            turn.end()
        return turn

    async def wait_for(self, count: int) -> FakeTurn:
        async with self.more:
            await self.more.wait_for(lambda: len(self.begun) >= count)
        return self.begun[count - 1]


def talking(*, automatic: bool = True, **options: Any) -> Callable[[Callable[..., Awaitable[None]]], Callable[[], None]]:
    """Run a test beside a conversation, which must have ended by itself when the test has."""

    def decorate(test: Callable[[FakeSocket, FakeTurns], Awaitable[None]]) -> Callable[[], None]:
        async def run() -> None:
            socket, turns = FakeSocket(), FakeTurns(automatic=automatic)
            context = RequestContext("responses", "converse_responses", "req_1", {}, ClientConnection(None))
            context.owner = "me"
            options["cancels"] = turns.cancels
            conversation = ResponseSocket(turns, socket, context, **{"max_waiting_bytes": 10_000, **options})  # type: ignore[arg-type]
            task = asyncio.create_task(conversation.run(), name="conversation")
            async with asyncio.timeout(60):
                await test(socket, turns)
                if not socket.closed.done():
                    socket.leave()
                await task
            assert socket.closed.done()
            assert all(turn.closed for turn in turns.begun)
            assert turns.cancels._running == {}
            assert asyncio.all_tasks() == {asyncio.current_task()}

        @functools.wraps(test)
        def in_time() -> None:
            asyncio.run(run())

        del in_time.__wrapped__  # type: ignore[attr-defined] # or pytest looks for fixtures
        return in_time

    return decorate


def error_of(event: Any, status: int, code: str | None, param: str | None = None, lane: str | None = None) -> str:
    """The message of an error, checked for the shape that the guide shows and that the SDK reads."""
    assert isinstance(SDK_EVENTS.validate_python(event), ResponseWsError)
    assert event.keys() - {"headers", "stream_id"} == {"type", "status", "error"}
    assert event["error"].keys() - {"headers"} == {"type", "code", "message", "param"}
    found = (event["type"], event["status"], event["error"]["code"], event["error"]["param"], event.get("stream_id"))
    assert found == ("error", status, code, param, lane)
    message: str = event["error"]["message"]
    return message


@talking()
async def test_responses_follow_each_other(socket: FakeSocket, turns: FakeTurns) -> None:
    for number in range(3):
        socket.say({**CREATE, "instructions": "be brief", "stream": True, "background": False})
        heard = await socket.hear_until("response.completed")
        assert [event["type"] for event in heard] == ["response.created", "response.in_progress", "response.completed"]
        assert [event["sequence_number"] for event in heard] == [0, 1, 2]
        assert "stream_id" not in heard[0]
        context = turns.begun[number].context
        assert context.document == {"model": "m", "input": "hello", "instructions": "be brief"}
        assert (context.dialect, context.operation, context.owner, context.request_id) == (
            "responses",
            "create_response",
            "me",
            f"req_1_{number + 1}",
        )
    assert turns.generated == [True] * 3


@talking(automatic=False)
async def test_on_one_lane_a_response_waits_for_the_one_before(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say({**CREATE, "input": "one"}, {**CREATE, "input": "two"})
    first = await turns.wait_for(1)
    await socket.hear_until("response.in_progress")
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(turns.begun) == 1
    first.end()
    second = await turns.wait_for(2)
    second.end()
    heard = await socket.hear_until("response.completed") + await socket.hear_until("response.completed")
    assert [event["response"]["id"] for event in heard] == ["resp_0", "resp_1", "resp_1", "resp_1"]
    assert [turn.request.input for turn in turns.begun] == ["one", "two"]


@talking(automatic=False)
async def test_lanes_run_side_by_side_and_name_their_events(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say({**CREATE, "stream_id": "planner"}, CREATE, {**CREATE, "stream_id": "a.b-c_9"}, {**CREATE, "stream_id": "planner"})
    await turns.wait_for(3)
    for turn in reversed(turns.begun[:3]):
        turn.end()
    last = await turns.wait_for(4)
    last.end()
    events = [await socket.hear() for _ in range(12)]
    lanes = {event["response"]["id"]: event.get("stream_id") for event in events}
    assert lanes == {"resp_0": "planner", "resp_1": None, "resp_2": "a.b-c_9", "resp_3": "planner"}
    assert all("stream_id" not in turn.context.document for turn in turns.begun)


@talking(automatic=False)
async def test_sixteen_responses_run_at_a_time_and_the_others_wait(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(*({**CREATE, "stream_id": f"lane-{number}"} for number in range(20)))
    await turns.wait_for(16)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(turns.begun) == 16
    turns.begun[3].end()
    await turns.wait_for(17)
    for turn in turns.begun[:3] + turns.begun[4:]:
        turn.end()
    await turns.wait_for(20)
    for turn in turns.begun[17:]:
        turn.end()


@talking()
async def test_the_33rd_named_lane_is_refused_and_the_others_go_on(socket: FakeSocket, turns: FakeTurns) -> None:
    for number in range(32):
        socket.say({**CREATE, "stream_id": f"lane-{number}"})
        await socket.hear_until("response.completed", f"lane-{number}")
    socket.say({**CREATE, "stream_id": "lane-32"})
    assert "32" in error_of(await socket.hear(), 400, "websocket_stream_limit_reached", "stream_id", "lane-32")
    socket.say({**CREATE, "stream_id": "lane-7"}, CREATE)
    await socket.hear_until("response.completed", "lane-7")
    await socket.hear_until("response.completed")
    assert len(turns.begun) == 34


@talking()
async def test_what_is_no_name_of_a_lane_is_refused(socket: FakeSocket, turns: FakeTurns) -> None:
    for name in ("", "a b", "é", "x" * 257, 7, [], "a\n"):
        socket.say({**CREATE, "stream_id": name})
        error_of(await socket.hear(), 400, "invalid_stream_id", "stream_id")
    socket.say({**CREATE, "stream_id": "x" * 256}, {**CREATE, "stream_id": None})
    await socket.hear_until("response.completed", "x" * 256)
    await socket.hear_until("response.completed")
    assert len(turns.begun) == 2


@talking()
async def test_a_chain_lives_in_the_memory_of_its_connection(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say({**CREATE, "input": "0", "store": False, "generate": False})
    await socket.hear_until("response.completed")
    for number in range(1, 20):
        socket.say({**CREATE, "input": str(number), "store": False, "previous_response_id": f"resp_{number - 1}"})
        await socket.hear_until("response.completed")
    assert [item.id for item in turns.begun[-1].chain] == [str(number) for number in range(20)]
    assert turns.generated == [False] + [True] * 19
    socket.say({**CREATE, "previous_response_id": "resp_17"})  # only the latest is remembered
    error_of(await socket.hear(), 400, "previous_response_not_found", "previous_response_id")


@talking()
async def test_a_failed_continuation_forgets_what_it_continued(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say({**CREATE, "store": False})
    await socket.hear_until("response.completed")
    turns.refusals.append(ApiError(ErrorKind.OVERLOADED, "busy"))
    socket.say({**CREATE, "previous_response_id": "resp_0"}, {**CREATE, "previous_response_id": "resp_0"})
    error_of(await socket.hear(), 503, "server_is_overloaded")
    error_of(await socket.hear(), 400, "previous_response_not_found", "previous_response_id")


@talking(automatic=False)
async def test_a_continuation_that_fails_in_its_stream_forgets_too(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE)
    (await turns.wait_for(1)).end()
    await socket.hear_until("response.completed")
    socket.say({**CREATE, "previous_response_id": "resp_0"})
    (await turns.wait_for(2)).end("failed")
    await socket.hear_until("response.failed")
    socket.say({**CREATE, "previous_response_id": "resp_0"})
    error_of(await socket.hear(), 400, "previous_response_not_found", "previous_response_id")


@talking()
async def test_a_fork_inherits_and_leaves_its_source_alone(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say({**CREATE, "input": "plan", "stream_id": "main"})
    await socket.hear_until("response.completed", "main")
    turns.refusals.append(ApiError(ErrorKind.INVALID_REQUEST, "no"))
    socket.say({**CREATE, "stream_id": "critic", "previous_response_id": "resp_0"})
    error_of(await socket.hear(), 400, None, lane="critic")
    socket.say({**CREATE, "input": "gaps", "stream_id": "critic", "previous_response_id": "resp_0"})
    await socket.hear_until("response.completed", "critic")
    socket.say({**CREATE, "input": "more", "stream_id": "main", "previous_response_id": "resp_0"})
    await socket.hear_until("response.completed", "main")
    socket.say({**CREATE, "input": "again", "previous_response_id": "resp_1"})
    await socket.hear_until("response.completed")
    chains = [[item.id for item in turn.chain] for turn in turns.begun]
    assert chains == [["plan"], ["plan", "gaps"], ["plan", "more"], ["plan", "gaps", "again"]]


BAD_MESSAGES: list[tuple[Any, str | None, str]] = [
    ("{", None, "JSON"),
    (b"\xff\xfe", None, "JSON"),
    ("[" * 10_000, None, "JSON"),
    ("[]", None, "object"),
    ({}, "type", "response.create"),
    ({"type": 7}, "type", "response.create"),
    ({"type": "session.update"}, "type", "session.update"),
    ({"type": "response.steer", "input": "x"}, "previous_response_id", "previous_response_id"),
    ({**CREATE, "input": 7}, "input", "input"),
    ({**CREATE, "temperature": "hot"}, "temperature", "temperature"),
]


@talking()
async def test_a_bad_message_is_answered_and_the_connection_lives(socket: FakeSocket, turns: FakeTurns) -> None:
    for message, param, told in BAD_MESSAGES:
        socket.say(message)
        assert told in error_of(await socket.hear(), 400, None, param)
    socket.say({"type": "response.processed", "response_id": "resp_9"}, json.dumps(CREATE).encode())  # as Codex does; as bytes
    await socket.hear_until("response.completed")
    assert len(turns.begun) == 1


@talking()
async def test_steering_is_refused_in_its_own_words(socket: FakeSocket, turns: FakeTurns) -> None:
    event = {"type": "response.steer", "previous_response_id": "resp_0", "input": [{"type": "message", "role": "user", "content": "left"}]}
    socket.say(event)
    answer = await socket.hear()
    parsed = SDK_EVENTS.validate_python(answer)
    assert (parsed.type, parsed.error.code) == ("response.steer.failed", "steering_not_supported")
    assert answer["steer"] == {"previous_response_id": "resp_0", "input": event["input"]}
    assert turns.begun == []


@talking()
async def test_errors_carry_the_headers_of_an_http_answer(socket: FakeSocket, turns: FakeTurns) -> None:
    for error, seconds in [
        (ApiError(ErrorKind.RATE_LIMIT, "slow down", retry_after_s=7), "7"),
        (ApiError(ErrorKind.OVERLOADED, "busy"), "1"),
        (ApiError(ErrorKind.CONTEXT_LENGTH, "too long", status=400), None),
        (ApiError(ErrorKind.BACKEND_UNREACHABLE, "down"), None),
    ]:
        turns.refusals.append(error)
        socket.say(CREATE)
        event = await socket.hear()
        assert event["error"]["message"] == error.message
        assert event.get("headers") == event["error"].get("headers") == (seconds and {"retry-after": seconds})


@talking()
async def test_a_bug_of_ours_is_told_and_logged(socket: FakeSocket, turns: FakeTurns) -> None:
    turns.refusals.append(RuntimeError("a secret"))
    socket.say(CREATE)
    message = error_of(await socket.hear(), 500, "internal_error")
    assert "secret" not in message
    assert "req_1_1" in message
    socket.say(CREATE)
    await socket.hear_until("response.completed")


def test_a_store_that_fails_is_told_without_its_place(caplog: pytest.LogCaptureFixture) -> None:
    @talking()
    async def story(socket: FakeSocket, turns: FakeTurns) -> None:
        turns.refusals.append(StoreError("cannot keep state in a/secret/place: disk I/O error"))
        socket.say(CREATE)
        assert error_of(await socket.hear(), 500, "internal_error").startswith("The state cannot be read or written")

    story()
    assert "req_1_1: a response failed: cannot keep state in a/secret/place" in caplog.text
    assert "Traceback" not in caplog.text


@talking(automatic=False)
async def test_a_client_that_leaves_ends_all_its_responses(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE, CREATE, {**CREATE, "stream_id": "other"})
    await turns.wait_for(2)
    await socket.hear_until("response.in_progress", "other")
    socket.leave()
    await socket.closed
    assert [turn.context.client.gone for turn in turns.begun] == [True, True]
    assert len(turns.begun) == 2  # what waited was never begun


@talking(automatic=False)
async def test_a_client_that_does_not_read_holds_up_only_its_response(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE)
    turn = await turns.wait_for(1)
    await socket.hear_until("response.in_progress")
    socket.readable.clear()
    for _ in range(3):
        turn.gives.put_nowait([turn.event("response.in_progress", response=turn.response("in_progress"))])
    for _ in range(5):
        await asyncio.sleep(0)
    assert turn.gives.qsize() == 2  # one is on its way: no more is asked for
    socket.readable.set()
    turn.end()
    assert len(await socket.hear_until("response.completed")) == 4


async def cancel(turns: FakeTurns, **names: str) -> int:
    return await turns.cancels.cancel(Names("me", **names))


async def cancel_when_there(turns: FakeTurns, session_id: str) -> int:
    while not (count := await cancel(turns, session_id=session_id)):  # noqa: ASYNC110 - what waits tells nobody
        await asyncio.sleep(0)
    return count


@talking(automatic=False)
async def test_what_waits_on_a_lane_can_be_cancelled(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE, {**CREATE, "cancel_id": "second", "session_id": "s"}, {**CREATE, "cancel_id": "third"})
    first = await turns.wait_for(1)
    await socket.hear_until("response.in_progress")
    assert await cancel_when_there(turns, "s") == 1
    assert await cancel(turns, cancel_id="second") == await cancel(turns, session_id="s") == 0
    assert socket.sent.empty()  # the lane belongs to the first one
    first.end()
    heard = await socket.hear_until("error")
    assert [event["type"] for event in heard] == ["response.completed", "error"]
    assert "cancelled" in error_of(heard[-1], 499, "request_cancelled")
    third = await turns.wait_for(2)
    assert third.context.document["cancel_id"] == "third"
    third.end()
    await socket.hear_until("response.completed")


@talking(automatic=False)
async def test_a_cancel_that_has_come_first_is_taken_at_once(socket: FakeSocket, turns: FakeTurns) -> None:
    assert await cancel(turns, cancel_id="second") == 0
    socket.say({**CREATE, "stream_id": "a"}, {**CREATE, "stream_id": "a", "cancel_id": "second"})
    first = await turns.wait_for(1)
    await socket.hear_until("response.in_progress", "a")
    while turns.cancels._early._until:  # noqa: ASYNC110 - not only when its turn comes, which may be too late
        await asyncio.sleep(0)
    first.end()
    error_of((await socket.hear_until("error", "a"))[-1], 499, "request_cancelled", None, "a")
    assert len(turns.begun) == 1


@talking(automatic=False)
async def test_a_cancelled_continuation_does_not_forget_what_it_would_have_continued(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE)
    (await turns.wait_for(1)).end()
    await socket.hear_until("response.completed")
    socket.say(CREATE, {**CREATE, "previous_response_id": "resp_1", "session_id": "s"}, {**CREATE, "previous_response_id": "resp_1"})
    second = await turns.wait_for(2)
    await cancel_when_there(turns, "s")
    second.end()
    (await turns.wait_for(3)).end()
    heard = [*await socket.hear_until("error"), *await socket.hear_until("response.completed")]
    assert heard[-1]["response"]["id"] == "resp_2"


@talking(automatic=False)
async def test_a_client_that_leaves_takes_along_what_waits(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE, {**CREATE, "session_id": "s"})
    await turns.wait_for(1)
    await socket.hear_until("response.in_progress")
    while not turns.cancels._running:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)
    socket.leave()
    await socket.closed
    assert await cancel(turns, session_id="s") == 0


@talking(automatic=False)
async def test_too_much_in_waiting_is_refused(socket: FakeSocket, turns: FakeTurns) -> None:
    large = {**CREATE, "input": "x" * 6000}
    socket.say(large, large, large)
    await turns.wait_for(1)
    events = await socket.hear_until("error")
    assert events[-1]["headers"] == {"retry-after": "1"}
    error_of(events[-1], 429, "rate_limit_exceeded")
    turns.begun[0].end()
    (await turns.wait_for(2)).end()
    await socket.hear_until("response.completed")
    await socket.hear_until("response.completed")
    socket.say(*[CREATE] * 102)
    await turns.wait_for(3)
    error_of((await socket.hear_until("error"))[-1], 429, "rate_limit_exceeded")


@talking(lifetime_s=0.0)
async def test_an_old_connection_is_told_so_and_closed(socket: FakeSocket, turns: FakeTurns) -> None:
    assert "60 minutes" in error_of(await socket.hear(), 400, "websocket_connection_limit_reached")
    assert (await socket.closed)[0] == 1001
    assert turns.begun == []


@talking(automatic=False, lifetime_s=0.05)
async def test_an_old_connection_ends_what_it_has_begun(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE, {**CREATE, "stream_id": "other"}, {**CREATE, "stream_id": "other"})
    await turns.wait_for(2)
    await asyncio.sleep(0.1)
    turns.begun[1].end()
    error_of((await socket.hear_until("error", "other"))[-1], 400, "websocket_connection_limit_reached", lane="other")
    turns.begun[0].end()
    await socket.hear_until("response.completed")
    assert (await socket.closed)[0] == 1001
    assert socket.sent.empty()  # it has been told once


@talking(automatic=False)
async def test_a_server_that_stops_ends_what_it_has_begun(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE, CREATE)
    turn = await turns.wait_for(1)
    await socket.hear_until("response.in_progress")
    socket.stopping.set()
    await asyncio.sleep(0.01)
    turn.end()
    await socket.hear_until("response.completed")
    assert "stopping" in error_of(await socket.hear(), 503, "server_is_overloaded")
    assert (await socket.closed)[0] == 1012


@talking()
async def test_a_server_that_stops_closes_an_idle_connection_at_once(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.stopping.set()
    code, reason = await socket.closed
    assert code == 1012
    assert "stopping" in reason
    assert socket.sent.empty()
    assert turns.begun == []


@talking(automatic=False)
async def test_a_server_whose_grace_is_over_fails_what_is_open(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE, CREATE)
    await turns.wait_for(1)
    await socket.hear_until("response.in_progress")
    socket.stopping.set()
    await asyncio.sleep(0.01)
    [task] = [task for task in asyncio.all_tasks() if task.get_name() == "conversation"]
    task.cancel()
    await socket.hear_until("response.failed")
    error_of(await socket.hear(), 503, "server_is_overloaded")
    assert (await socket.closed)[0] == 1012


@talking(automatic=False)
async def test_a_client_that_takes_no_last_words_is_cut_off(socket: FakeSocket, turns: FakeTurns) -> None:
    socket.say(CREATE)
    await turns.wait_for(1)
    await socket.hear_until("response.in_progress")
    socket.readable.clear()
    socket.stopping.set()
    await asyncio.sleep(0.01)
    [task] = [task for task in asyncio.all_tasks() if task.get_name() == "conversation"]
    task.cancel()
    await socket.closed
    assert socket.aborted
    assert socket.sent.empty()


def test_a_lane_forgets_only_its_own() -> None:
    latest: dict[Any, Any] = {}
    main, other = LaneMemory(latest, None), LaneMemory(latest, "other")
    main.keep("resp_1", [Item("a", b"{}")])
    other.forget("resp_1")
    assert [item.id for item in other.recall("resp_1") or ()] == ["a"]
    main.forget("resp_2")
    main.forget("resp_1")
    assert main.recall("resp_1") is None


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_error_has_the_shape_that_clients_read(kind: ErrorKind) -> None:
    from triglot.service.response_socket import error_event  # noqa: PLC0415

    context = RequestContext("responses", "create_response", "req_1", {}, ClientConnection(None))
    event = SDK_EVENTS.validate_python(error_event(ApiError(kind, "no"), context))
    assert isinstance(event, ResponseWsError)
    assert event.status is not None
    assert event.status >= 400
