"""What a chat stream says besides the backend's own bytes: signs of life and early ends; and what it leaves out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from tests.recordings import CHAT_STREAMS, read_body
from triglot.dialects.chat.relay import StreamRelay
from triglot.errors import ApiError, ErrorKind
from triglot_conformance.contract.contract import Contract
from triglot_conformance.wire.http1 import parse_recording

ROOT = Path(__file__).parents[2]
CASES = ROOT / "conformance/cases/chat"
HEAD = {"created": 7, "id": "chatcmpl-1", "model": "tiny", "object": "chat.completion.chunk"}
PROGRESS = {"total": 15, "cache": 0, "processed": 8, "time_ms": 3}


def chunk(delta: dict[str, Any] | None, finish: str | None = None, index: int = 0, **more: Any) -> bytes:
    choices = [] if delta is None else [{"finish_reason": finish, "index": index, "delta": delta}]
    return encode({"choices": choices, **HEAD, **more})


def encode(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def decode(data: bytes) -> list[Any]:
    payloads = [event.removeprefix(b"data: ") for event in data.split(b"\n\n")[:-1]]
    return [payload if payload == b"[DONE]" else json.loads(payload) for payload in payloads]


ROLE = chunk({"role": "assistant", "content": None})
READING = chunk({"role": "assistant", "content": None}, prompt_progress=PROGRESS)
TEXT = chunk({"content": "Hel"})
CALL = chunk({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{"}}]})
END = chunk({}, "stop")
DONE = b"data: [DONE]\n\n"


# What the backend leaves out


@pytest.mark.parametrize("choices", [1, 2])
def test_a_choice_that_begins_without_its_role_gets_it(choices: int) -> None:
    relay = StreamRelay(choices=choices, hide_progress=True)
    texts = [chunk({"content": "🙂"}, index=index) for index in range(choices)]
    sent = [event["choices"][0] for event in decode(relay.feed(b"".join(texts)))]
    assert [(piece["index"], piece["delta"]) for piece in sent] == [
        entry for index in range(choices) for entry in ((index, {"role": "assistant", "content": None}), (index, {"content": "🙂"}))
    ]
    assert relay.feed(chunk({"content": "!"})) == chunk({"content": "!"})


def test_an_answer_without_anything_has_a_role() -> None:
    relay = StreamRelay(hide_progress=True)
    assert decode(relay.feed(END))[0]["choices"][0]["delta"]["role"] == "assistant"


def test_a_role_that_is_told_is_not_told_again() -> None:
    relay = StreamRelay(hide_progress=True)
    assert relay.feed(ROLE + TEXT + END + DONE) == ROLE + TEXT + END + DONE


# Progress that nobody asked for


@pytest.mark.parametrize("size", [1, 13, 500, 100_000])
@pytest.mark.parametrize(("name", "choices"), [("hidden-progress", 1), ("hidden-progress-two-choices", 2)])
def test_progress_is_left_out_however_the_bytes_are_cut(name: str, choices: int, size: int) -> None:
    body = parse_recording((CASES / "stream" / name / "backend.http").read_bytes()).body
    relay = StreamRelay(choices=choices, hide_progress=True)
    pieces = [relay.feed(body[start : start + size]) for start in range(0, len(body), size)]
    assert b"".join(pieces) == (CASES / "stream" / name / "expected.sse").read_bytes()
    assert relay.close() is None


@pytest.mark.parametrize("name", [name for name in CHAT_STREAMS if "progress" not in name])
def test_a_stream_without_progress_is_not_touched(name: str) -> None:
    relay = StreamRelay(choices=2 if "n2" in name else 1, hide_progress=True)
    body = read_body(name)
    times = re.findall(rb'"created":\d+', body)
    for later in set(times) - {times[0]}:  # one was recorded while the clock went on
        body = body.replace(later, times[0])
    assert relay.feed(read_body(name)) == body
    assert relay.close() is None


def test_comments_between_are_kept() -> None:
    relay = StreamRelay(hide_progress=True)
    assert relay.feed(b":\n\n" + READING + b":\n\n") == b":\n\n:\n\n"
    assert not relay.spoke
    assert relay.feed(ROLE) == ROLE
    assert relay.spoke


@pytest.mark.parametrize("event", [TEXT, CALL, END, chunk({"reasoning_content": "hm"})])
def test_progress_that_comes_with_something_else_is_kept(event: bytes) -> None:
    both = encode({**json.loads(event[6:]), "prompt_progress": PROGRESS})
    assert StreamRelay(hide_progress=True).feed(ROLE + both) == ROLE + both


def test_an_answer_that_has_begun_is_looked_at_no_more() -> None:
    relay = StreamRelay(hide_progress=True)
    relay.feed(ROLE)
    assert relay.feed(READING) == READING


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_is_known(line_end: bytes) -> None:
    relay = StreamRelay(hide_progress=True)
    assert relay.feed((READING + ROLE).replace(b"\n", line_end)) == ROLE.replace(b"\n", line_end)


@pytest.mark.parametrize("event", [encode({"error": {"message": "x"}}), DONE])
def test_an_end_while_the_prompt_is_read_is_relayed(event: bytes) -> None:
    relay = StreamRelay(hide_progress=True)
    assert relay.feed(READING + event) == event
    assert relay.close() is None


def test_what_is_no_chunk_is_relayed() -> None:
    for event in (b"data: what\n\n", b'data: {"choices":7}\n\n', b"event: x\ndata: {}\n\n"):
        assert StreamRelay(hide_progress=True).feed(event) == event


@pytest.mark.parametrize("options", [{"hide_progress": True}, {"tell_progress": True}])
def test_reading_is_not_answering(options: Any) -> None:
    relay = StreamRelay(**options)
    for event, answering in ((b":\n\n", False), (READING, False), (READING, False), (ROLE, True), (TEXT, True)):
        assert relay.feed(event) == (b"" if event == READING and "hide_progress" in options else event)
        assert relay.answering is answering
    assert StreamRelay().answering


def test_the_id_is_known_from_the_first_event() -> None:
    relay = StreamRelay(hide_progress=True)
    assert relay.completion_id == ""
    relay.feed(READING[:-1])
    assert relay.completion_id == ""
    relay.feed(b"\n")
    assert relay.completion_id == "chatcmpl-1"


# Signs of life


def test_before_the_backend_has_begun_a_sign_of_life_has_an_empty_head() -> None:
    [beat] = decode(StreamRelay().idle())
    assert beat == {"choices": [], "created": 0, "id": "", "model": "", "object": "chat.completion.chunk"}


@pytest.mark.parametrize("before", [READING, ROLE, TEXT, CALL, END])
@pytest.mark.parametrize("hide", [True, False])
def test_a_sign_of_life_has_the_head_of_the_stream(before: bytes, hide: bool) -> None:
    relay = StreamRelay(hide_progress=hide)
    relay.feed(before + b"data: {half of an")
    assert decode(relay.idle()) == [{"choices": [], **HEAD}]
    relay.feed(b" event")
    assert decode(relay.idle()) == [{"choices": [], **HEAD}]


def test_progress_is_in_it_where_it_was_asked_for() -> None:
    relay = StreamRelay(tell_progress=True)
    assert relay.feed(READING) == READING
    assert decode(relay.idle()) == [{"choices": [], **HEAD, "prompt_progress": PROGRESS}]
    relay.feed(ROLE)
    assert decode(relay.idle()) == [{"choices": [], **HEAD}]


def test_an_answer_that_is_over_is_not_said_to_be_alive() -> None:
    relay = StreamRelay()
    relay.feed(TEXT + END + DONE)
    assert relay.idle() == b""


def test_nothing_takes_the_token_counts_away_again() -> None:
    relay = StreamRelay()
    relay.feed(chunk(None, usage=USAGE))
    assert relay.idle() == b""


# A second choice that comes first is too much for the SDK.
@pytest.mark.parametrize("name", [name for name in CHAT_STREAMS if "n2" not in name])
def test_the_sdk_puts_a_stream_with_signs_of_life_together_as_without(name: str) -> None:
    def put_together(*, beats: bool) -> Any:
        state: Any = ChatCompletionStreamState()
        relay = StreamRelay()
        for event in read_body(name).split(b"\n\n")[:-1]:
            pieces = [relay.feed(event + b"\n\n")] + ([relay.idle()] * 2 if beats else [])
            for document in decode(b"".join(pieces)):
                if document != b"[DONE]":
                    state.handle_chunk(ChatCompletionChunk.construct(**document))
        return state.current_completion_snapshot.to_dict()

    plain, beating = put_together(beats=False), put_together(beats=True)
    for of_the_last in ("timings", "prompt_progress"):
        plain.pop(of_the_last, None)
        beating.pop(of_the_last, None)
    assert beating == plain


# Ends that somebody wished for


def ends(data: bytes) -> list[tuple[int, str, Any]]:
    *chunks, done = decode(data)
    assert done == b"[DONE]"
    assert all({**part, **HEAD} == part for part in chunks)
    choices = [choice for part in chunks for choice in part["choices"]]
    return [(choice["index"], choice["finish_reason"], choice["delta"]) for choice in choices]


@pytest.mark.parametrize(
    ("before", "reason"),
    [(ROLE, "stop"), (TEXT, "stop"), (CALL, "length"), (chunk({"reasoning_content": "hm"}), "stop"), (CALL + TEXT, "stop")],
)
@pytest.mark.parametrize("hide", [True, False])
def test_a_cancelled_answer_ends_as_if_it_were_over(before: bytes, reason: str, hide: bool) -> None:
    relay = StreamRelay(hide_progress=hide)
    relay.feed(READING + ROLE + before)
    assert ends(relay.cancel()) == [(0, reason, {})]
    assert relay.cancel() == b""
    assert relay.idle() == b""


def test_half_a_call_is_never_called_whole() -> None:
    relay = StreamRelay(hide_progress=True)
    relay.feed(ROLE)
    relay.feed(CALL)
    relay.feed(chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"a":1}'}}]})[:-40])
    assert ends(relay.cancel()) == [(0, "length", {})]


@pytest.mark.parametrize("hide", [True, False])
def test_an_answer_that_has_not_begun_gets_its_role(hide: bool) -> None:
    relay = StreamRelay(hide_progress=hide)
    relay.feed(READING)
    assert ends(relay.cancel()) == [(0, "stop", {"role": "assistant", "content": ""})]
    assert decode(StreamRelay().cancel())[0]["id"] == ""


def test_what_has_ended_does_not_end_again() -> None:
    relay = StreamRelay()
    relay.feed(TEXT + END)
    assert relay.cancel() == DONE
    relay = StreamRelay()
    relay.feed(TEXT + END + DONE)
    assert relay.cancel() == b""
    relay = StreamRelay()
    relay.feed(encode({"error": {"message": "x"}}))
    assert relay.cancel() == b""


def test_nothing_follows_an_error_of_ours() -> None:
    relay = StreamRelay()
    relay.feed(TEXT)
    relay.fail(ApiError(ErrorKind.BACKEND_TIMEOUT, "slow"))
    assert (relay.cancel(), relay.idle()) == (b"", b"")


def test_each_choice_ends_in_its_own_way() -> None:
    relay = StreamRelay(choices=4, hide_progress=True)
    for piece in (chunk({"content": "a"}, index=1), CALL, chunk({}, "stop", index=2), READING, chunk({"content": "b"}, index=1)):
        relay.feed(piece)
    assert ends(relay.cancel()) == [(0, "length", {}), (1, "stop", {}), (3, "stop", {"role": "assistant", "content": ""})]


TIMINGS = {"cache_n": 5, "prompt_n": 10, "predicted_n": 4, "predicted_ms": 0.5}
USAGE = {"completion_tokens": 4, "prompt_tokens": 15, "total_tokens": 19, "prompt_tokens_details": {"cached_tokens": 5}}


@pytest.mark.parametrize(("asked", "expected"), [(True, [{"choices": [], **HEAD, "usage": USAGE}]), (False, [])])
def test_usage_is_told_where_it_is_asked_for_and_known(asked: bool, expected: list[Any]) -> None:
    relay = StreamRelay(tell_usage=asked)
    relay.feed(chunk({"content": "Hel"}, timings=TIMINGS))
    _, *rest, done = decode(relay.cancel())
    assert rest == expected
    assert done == b"[DONE]"


def test_usage_is_not_guessed_and_not_told_twice() -> None:
    relay = StreamRelay(tell_usage=True)
    relay.feed(TEXT)
    assert len(decode(relay.cancel())) == 2
    relay = StreamRelay(tell_usage=True)
    relay.feed(TEXT + END + chunk(None, usage=USAGE, timings=TIMINGS))
    assert relay.cancel() == DONE


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_a_cancelled_stream_is_legal_wherever_it_is_cut(name: str) -> None:
    rules = Contract(ROOT / "specs").dialect("chat").stream
    events = read_body(name).split(b"\n\n")[:-1]
    for count in range(len(events) + 1):
        relay = StreamRelay(choices=2 if "n2" in name else 1, tell_usage=True)
        sent = b"".join(relay.feed(event + b"\n\n") for event in events[:count]) + relay.cancel()
        *documents, done = decode(sent)
        assert done == b"[DONE]"
        assert rules.check_order(documents) == []
        assert rules.check_invariants(documents) == []


# What has no end or no sense


def test_an_event_without_end_is_said() -> None:
    relay = StreamRelay()
    assert relay.feed(ROLE + b"data: ") == ROLE
    for _ in range(15):
        assert relay.feed(b"x" * (1 << 20)) == b""
    with pytest.raises(ApiError, match="more than"):
        relay.feed(b"x" * (1 << 21))


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_held_event_leaves_when_its_end_comes_in_pieces(line_end: bytes, size: int) -> None:
    stream = (ROLE + TEXT + END + DONE).replace(b"\n", line_end)
    relay = StreamRelay()
    ends = [whole for start in range(0, len(stream), size) if (whole := relay.feed(stream[start : start + size]))]
    assert b"".join(ends) == stream
    assert len(ends) == 4
    assert relay.close() is None


def test_a_complete_answer_survives_a_failure_of_the_transport() -> None:
    relay = StreamRelay()
    relay.feed(ROLE + TEXT + END + DONE)
    assert relay.fail(ApiError(ErrorKind.BACKEND_FAILED, "gone")) == b""


def test_json_without_a_bottom_is_relayed_and_does_no_harm() -> None:
    relay = StreamRelay(hide_progress=True)
    deep = b"data: " + b"[" * 99_999 + b"\n\n"
    assert relay.feed(deep + ROLE) == deep + ROLE
    assert relay.fail(ApiError(ErrorKind.BACKEND_FAILED, "gone"))


# One time for all chunks


def at(time: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"finish_reason": None, "index": 0, "delta": {"content": 'not "created":9 "created": 9'}}], "created": time, **more}


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("together", [True, False])
def test_all_chunks_have_the_time_of_the_first(separators: tuple[str, str], together: bool) -> None:
    def write(time: int) -> bytes:
        return b"data: " + json.dumps(at(time), separators=separators).encode() + b"\n\n"

    relay = StreamRelay()
    events = [write(time) for time in (1795160609, 1795160609, 1795160610, 1795160611)] + [DONE]
    fed = [relay.feed(event) for event in ([b"".join(events)] if together else events)]
    assert b"".join(fed) == write(1795160609) * 4 + DONE


def test_a_sign_of_life_and_an_early_end_have_the_time_of_the_first_chunk() -> None:
    relay = StreamRelay()
    relay.feed(ROLE)
    relay.feed(TEXT.replace(b'"created": 7', b'"created": 8'))
    assert [event["created"] for event in decode(relay.idle() + relay.cancel())[:-1]] == [7, 7]


@pytest.mark.parametrize("times", [[None, 7], [7, None], ["then", 7, 7], [None, None]])
def test_a_time_that_is_none_stays_as_it_is(times: list[Any]) -> None:
    stream = b"".join(encode(at(time)) for time in times) + encode({"choices": []}) + DONE
    assert StreamRelay().feed(stream) == stream
