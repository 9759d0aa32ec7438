"""Chat answers on their way to the client, from a call that a test plays."""

from __future__ import annotations

import asyncio
import functools
import json
from typing import TYPE_CHECKING, Any

import pytest

from triglot.backend.client import Aborted
from triglot.dialects.chat.fold import CompletionFold
from triglot.dialects.chat.relay import StreamRelay
from triglot.errors import ApiError, ClientGone, ErrorKind
from triglot.logs import RequestLog
from triglot.service.chat_answers import RelayedStream, fold_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

HEARTBEAT_S = 0.05


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    document = {"choices": [{"finish_reason": finish, "index": 0, "delta": delta}], "created": 7, "id": "c", "model": "m"}
    return b"data: " + json.dumps(document).encode() + b"\n\n"


TEXT, END, DONE = chunk({"content": "Hel"}), chunk({}, "stop"), b"data: [DONE]\n\n"
CANCELLED = ApiError(ErrorKind.CANCELLED, "The request was cancelled.")


def in_time(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test; nothing in it may hang."""

    @functools.wraps(test)
    def run(**arguments: Any) -> None:
        asyncio.run(asyncio.wait_for(test(**arguments), 120))

    return run


class FakeCall:
    """Gives what a test has put in: bytes, errors to raise, None for a silence that is waited out. At the end it is closed, or silent."""

    def __init__(self, script: Iterable[bytes | BaseException | None], status: int = 200) -> None:
        self._script = list(script)
        self.status = status
        self.headers = {"content-type": "text/event-stream"}
        self.closed_whole: bool | None = None
        self.names: list[tuple[str, str]] = []
        self.log = RequestLog()
        self.steps = 0

    def name(self, kind: str, name: str) -> None:
        self.names.append((kind, name))

    def progressed(self) -> None:
        self.steps += 1

    def resumed(self) -> None:
        pass

    async def open(self, within_s: float | None = None) -> bool:
        if self._script and self._script[0] is None:
            await self._next(within_s)
            return False
        if self._script and isinstance(self._script[0], BaseException):
            await self._next(within_s)
        self.status = 200
        return True

    async def read(self) -> bytes:
        data = await self._next(None)
        assert data is not None
        return data

    async def read_within(self, seconds: float) -> bytes | None:
        return await self._next(seconds)

    async def aclose(self, *, whole: bool = False) -> None:
        self.closed_whole = whole

    async def _next(self, seconds: float | None) -> bytes | None:
        step = self._script.pop(0) if self._script else b""
        if isinstance(step, BaseException):
            raise step
        if step is None:
            assert seconds is not None
            await asyncio.sleep(seconds)
        return step


async def relay_call(call: Any, **options: Any) -> list[bytes]:
    stream = RelayedStream(call, StreamRelay(**options), "req_1", HEARTBEAT_S)
    return [data async for data in stream]


async def relay(*script: bytes | BaseException | None, status: int = 200, **options: Any) -> list[Any]:
    call: Any = FakeCall(script, status)
    stream = RelayedStream(call, StreamRelay(**options), "req_1", HEARTBEAT_S)
    written = [data async for data in stream]
    await stream.close()
    assert call.closed_whole is not None
    assert all(data.endswith(b"\n\n") for data in written)
    return written


def kinds(written: list[bytes]) -> list[str]:
    found = []
    for event in b"".join(written).split(b"\n\n")[:-1]:
        if event.startswith(b":"):
            found.append("comment")
        elif event == b"data: [DONE]":
            found.append("done")
        elif not event.startswith(b"data: {"):
            found.append("?")
        else:
            document = json.loads(event[6:])
            choices = document.get("choices")
            found.append("error" if "error" in document else "beat" if choices == [] else choices[0]["finish_reason"] or "piece")
    return found


@in_time
async def test_a_stream_is_passed_on_as_it_comes() -> None:
    assert await relay(TEXT + TEXT[:9], TEXT[9:], END + DONE) == [TEXT, TEXT, END + DONE]


@in_time
async def test_each_silence_is_broken_by_a_sign_of_life() -> None:
    written = await relay(None, None, TEXT, None, END + DONE, status=0)
    assert kinds(written) == ["beat", "beat", "piece", "beat", "stop", "done"]


@in_time
async def test_comments_are_no_signs_of_life() -> None:
    async def commenting() -> list[bytes]:
        call: Any = FakeCall([])
        times = iter([*[HEARTBEAT_S / 4] * 11, 0])

        async def read_within(seconds: float) -> bytes:
            wait = next(times, None)
            if wait is None:
                return b""
            await asyncio.sleep(min(wait, seconds))
            return b":\n\n" if wait else END + DONE

        call.read_within = read_within
        return [data async for data in RelayedStream(call, StreamRelay(), "req_1", HEARTBEAT_S)]

    found = kinds(await commenting())
    assert found.count("comment") == 11
    assert 1 <= found.count("beat") < 11
    assert found[-2:] == ["stop", "done"]


@in_time
async def test_progress_that_is_left_out_is_no_sign_of_life() -> None:
    reading = b'data: {"choices":[],"id":"c","prompt_progress":{"total":9}}\n\n'
    written = await relay(reading, reading, None, reading, TEXT, END + DONE, hide_progress=True)
    assert kinds(written) == ["beat", "piece", "piece", "stop", "done"]  # the first one tells the role, which the backend has left out


@pytest.mark.parametrize("status", [0, 200])
@in_time
async def test_a_cancelled_stream_ends_as_an_answer_does(status: int) -> None:
    assert kinds(await relay(TEXT, CANCELLED)) == ["piece", "stop", "done"]
    assert kinds(await relay(CANCELLED, status=status)) == ["stop", "done"]
    assert kinds(await relay(None, CANCELLED, status=status)) == ["beat", "stop", "done"]
    assert kinds(await relay(TEXT + END + DONE, CANCELLED)) == ["piece", "stop", "done"]


@pytest.mark.parametrize("error", [ApiError(ErrorKind.BACKEND_TIMEOUT, "slow"), asyncio.CancelledError()])
@in_time
async def test_what_breaks_off_ends_with_an_error(error: Any) -> None:
    assert kinds(await relay(TEXT + TEXT[:9], error)) == ["piece", "error"]
    assert kinds(await relay(None, error, status=0)) == ["beat", "error"]
    assert kinds(await relay(TEXT)) == ["piece", "error"]


@in_time
async def test_nobody_is_told_when_the_client_has_gone() -> None:
    assert kinds(await relay(TEXT, Aborted())) == ["piece"]


READING = b'data: {"choices":[],"id":"c","prompt_progress":{"total":9}}\n\n'


@in_time
async def test_an_answer_is_named_once_the_client_can_know_its_id() -> None:
    for script in ([TEXT, TEXT, END + DONE], [READING, None, CANCELLED], [None, TEXT, CANCELLED]):
        call = FakeCall(script)
        await relay_call(call, hide_progress=True)
        assert call.names == [("completion_id", "c")]
    call = FakeCall([READING, CANCELLED])
    await relay_call(call, hide_progress=True)
    assert call.names == []


@in_time
async def test_only_the_answer_itself_is_a_step_forward() -> None:
    for options in ({"hide_progress": True}, {"tell_progress": True}):
        call: Any = FakeCall([READING, b":\n\n", READING, TEXT[:9], TEXT[9:], None, END + DONE])
        await relay_call(call, **options)
        assert call.steps == 2
    call = FakeCall([READING, b":\n\n", READING, TEXT[:9], TEXT[9:], END + DONE])
    await fold_answer(call, CompletionFold())
    assert call.steps == 2


@in_time
async def test_an_answer_in_one_piece_is_folded() -> None:
    call: Any = FakeCall([TEXT[:9], TEXT[9:] + END, DONE + b"what follows"])
    assert json.loads(await fold_answer(call, CompletionFold()))["choices"][0]["message"]["content"] == "Hel"
    assert call.closed_whole is True


@pytest.mark.parametrize(
    ("script", "raised", "kind"),
    [
        ([TEXT], ApiError, ErrorKind.BACKEND_FAILED),
        ([TEXT, CANCELLED], ApiError, ErrorKind.CANCELLED),
        ([TEXT, asyncio.CancelledError()], ApiError, ErrorKind.OVERLOADED),
        ([TEXT, Aborted()], ClientGone, None),
        ([TEXT, b'data: {"error":{"code":503,"message":"Loading model"}}\n\n'], ApiError, ErrorKind.BACKEND_LOADING),
        ([b"data: what\n\n"], ApiError, ErrorKind.BACKEND_FAILED),
    ],
)
@in_time
async def test_half_an_answer_in_one_piece_is_an_error(script: Any, raised: Any, kind: Any) -> None:
    call: Any = FakeCall(script)
    with pytest.raises(raised) as told:
        await fold_answer(call, CompletionFold())
    assert getattr(told.value, "kind", None) is kind
    assert call.closed_whole is not None
