from __future__ import annotations

import json
from typing import Any

import pytest

from tests.recordings import CHAT_STREAMS, read_body
from triglot.backend.decode import AnswerDecoder
from triglot.errors import ApiError, ErrorKind
from triglot.events import (
    AnswerRules,
    BackendEvent,
    Failed,
    Finished,
    Progress,
    ReasoningDelta,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStart,
    TopLogprob,
    Usage,
)

NO_RULES = AnswerRules()


def decode(*pieces: bytes, rules: AnswerRules = NO_RULES) -> list[BackendEvent]:
    decoder = AnswerDecoder(rules)
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()


def stream(*documents: Any, done: bool = True) -> bytes:
    frames = [b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents]
    return b"".join([*frames, b"data: [DONE]\n\n" if done else b""])


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}], **fields}


def call(index: int | None, arguments: str | None = None, name: str | None = None, call_id: str | None = None) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    fragment = {key: value for key, value in (("index", index), ("id", call_id)) if value is not None}
    return chunk({"tool_calls": [{**fragment, "function": function}]})


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_every_cut_of_a_recording_gives_the_same_events(name: str) -> None:
    body = read_body(name)
    whole = decode(body)
    assert isinstance(whole[-1], Finished)
    assert decode(*(body[position : position + 1] for position in range(len(body)))) == whole
    for position in range(len(body)):
        assert decode(body[:position], body[position:]) == whole
    assert decode(body.replace(b"\n", b"\r\n")) == whole
    assert decode(body.replace(b"\n", b"\r")) == whole


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_a_recording_cut_short_is_never_complete(name: str) -> None:
    body = read_body(name)
    finish = body.index(b'"finish_reason":"')
    for position in range(finish):
        assert isinstance(decode(body[:position])[-1], Failed)


def test_text_thinking_and_usage() -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    events = decode(
        stream(
            chunk({"role": "assistant", "content": None}, prompt_progress={"total": 9, "cache": 4, "processed": 6, "time_ms": 1}),
            chunk({"reasoning_content": "hm"}),
            chunk({"reasoning": "mm"}),
            chunk({"content": "a"}),
            chunk({"content": ""}),
            chunk({"content": "\u2028"}),
            chunk(finish="stop"),
            {"choices": [], "usage": usage},
        )
    )
    assert events == [
        Progress(processed=6, total=9, cached=4),
        ReasoningDelta("hm"),
        ReasoningDelta("mm"),
        TextDelta("a"),
        TextDelta("\u2028"),
        Usage(prompt=9, completion=5, cached=4, reasoning=2),
        Finished("stop"),
    ]


def test_timings_stand_in_for_usage() -> None:
    events = decode(stream(chunk({"content": "a"}), chunk(finish="length", timings={"cache_n": 3, "prompt_n": 4, "predicted_n": 5})))
    assert events[1:] == [Usage(prompt=7, completion=5, cached=3), Finished("length")]


@pytest.mark.parametrize(
    ("fragments", "expected"),
    [
        # llama-server: id and name once, arguments in pieces, one index a call
        (
            [call(0, '{"a"', "f", "x"), call(0, ":1}"), call(1, "{}", "g", "y")],
            [
                ToolCallStart(0, "x", "f"),
                ToolCallDelta(0, '{"a"'),
                ToolCallDelta(0, ":1}"),
                ToolCallStart(1, "y", "g"),
                ToolCallDelta(1, "{}"),
            ],
        ),
        # id and name on every fragment
        (
            [call(0, "{", "f", "x"), call(0, "}", "f", "x")],
            [ToolCallStart(0, "x", "f"), ToolCallDelta(0, "{"), ToolCallDelta(0, "}")],
        ),
        # every call has index 0
        (
            [call(0, "{}", "f", "x"), call(0, "{}", "g", "y")],
            [ToolCallStart(0, "x", "f"), ToolCallDelta(0, "{}"), ToolCallStart(1, "y", "g"), ToolCallDelta(1, "{}")],
        ),
        # no index at all
        (
            [call(None, "{}", "f", "x"), call(None, "{}", "g", "y")],
            [ToolCallStart(0, "x", "f"), ToolCallDelta(0, "{}"), ToolCallStart(1, "y", "g"), ToolCallDelta(1, "{}")],
        ),
        # no arguments, and no id
        ([call(0, None, "f")], [ToolCallStart(0, "", "f")]),
    ],
)
def test_tool_calls(fragments: list[Any], expected: list[BackendEvent]) -> None:
    assert decode(stream(*fragments, chunk(finish="tool_calls"))) == [*expected, Finished("tool_calls")]


def test_calls_that_overlap_are_refused() -> None:
    events = decode(stream(call(0, "{", "f", "x"), call(1, "{", "g", "y"), call(0, "}"), chunk(finish="tool_calls")))
    assert isinstance(events[-1], Failed)
    assert "tool call 0" in events[-1].message
    assert [type(event) for event in events].count(Failed) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"data: [DONE]\n\n",
        stream(chunk({"content": "a"}), done=False),
        stream(chunk({"content": "a"})),
        stream(chunk(finish="stop"), done=False)[:-1],
    ],
)
def test_an_end_without_finish_reason_is_a_failure(body: bytes) -> None:
    last = decode(body)[-1]
    assert isinstance(last, Failed)
    assert last.kind is ErrorKind.BACKEND_FAILED


def test_a_finished_answer_needs_no_sentinel() -> None:
    assert decode(stream(chunk({"content": "a"}), chunk(finish="stop"), done=False))[-1] == Finished("stop")


def test_an_error_in_the_stream_ends_it_even_after_the_finish() -> None:
    error = {"error": {"code": 500, "message": "out of memory", "type": "server_error"}}
    [failed] = decode(stream(error, chunk({"content": "more"}), chunk(finish="stop")))
    assert failed == Failed(ErrorKind.BACKEND_FAILED, "out of memory")
    assert isinstance(decode(stream(chunk(finish="stop"), error))[-1], Failed)


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b'{"choices":"x"}',
        b"[1]",
        b'{"choices":[{"index":0,"delta":{"content":7}}]}',
        b'{"choices":[{"delta":{"content":"\xff"}}]}',
        b"[" * 99_999,
    ],
)
def test_a_chunk_that_cannot_be_read_is_a_failure_that_shows_it(payload: bytes) -> None:
    [failed] = decode(b"data: " + payload + b"\n\n")
    assert isinstance(failed, Failed)
    assert payload[:5].decode() in failed.message


def test_a_failure_of_the_transport_ends_the_answer_once() -> None:
    decoder = AnswerDecoder()
    decoder.feed(stream(chunk({"content": "a"}), done=False))
    error = ApiError(ErrorKind.BACKEND_TIMEOUT, "too slow")
    assert decoder.fail(error) == [Failed(ErrorKind.BACKEND_TIMEOUT, "too slow")]
    assert decoder.ended
    assert decoder.fail(error) == decoder.close() == decoder.feed(stream(chunk({"content": "b"}))) == []


def test_a_finished_answer_survives_a_failure_of_the_transport() -> None:
    decoder = AnswerDecoder()
    decoder.feed(stream(chunk(finish="stop")))
    assert decoder.fail(ApiError(ErrorKind.BACKEND_FAILED, "reset")) == []


def test_other_choices_are_left_alone() -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "b"}, "finish_reason": "length"}]}
    assert decode(stream(other, chunk({"content": "a"}), chunk(finish="stop"))) == [TextDelta("a"), Finished("stop")]


def test_a_stop_sequence_ends_the_answer_and_is_named() -> None:
    timings = {"cache_n": 1, "prompt_n": 2, "predicted_n": 3}
    pieces = [chunk({"content": "one E"}), chunk({"content": "N"}, timings=timings), chunk({"content": "D two"}, timings=timings)]
    decoder = AnswerDecoder(AnswerRules(stop_sequences=("END",)))
    events = decoder.feed(stream(*pieces, done=False))
    assert events == [TextDelta("one "), Usage(prompt=3, completion=3, cached=1), Finished("stop", "END")]
    assert decoder.ended


def test_text_held_back_for_a_stop_sequence_is_not_lost() -> None:
    events = decode(
        stream(chunk({"content": "one E"}), call(0, "{}", "f", "x"), chunk({"content": "E"}), chunk(finish="stop")),
        rules=AnswerRules(stop_sequences=("END",)),
    )
    assert events == [
        TextDelta("one "),
        TextDelta("E"),
        ToolCallStart(0, "x", "f"),
        ToolCallDelta(0, "{}"),
        TextDelta("E"),
        Finished("stop"),
    ]


PREFILL = AnswerRules(prefill="1 2 3")


@pytest.mark.parametrize("pieces", [["1 2 3 4"], ["1 ", "2 3", " 4"], ["1", " 2 3 4"]])
def test_a_repeated_prefill_is_dropped(pieces: list[str]) -> None:
    events = decode(stream(*(chunk({"content": piece}) for piece in pieces), chunk(finish="stop")), rules=PREFILL)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == " 4"


@pytest.mark.parametrize("text", ["4 5", "1 2 4", "1 2", "4 1 2 3"])
def test_an_answer_that_does_not_repeat_the_prefill_is_whole(text: str) -> None:
    events = decode(stream(*(chunk({"content": letter}) for letter in text), chunk(finish="stop")), rules=PREFILL)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == text


def test_the_answer_ends_where_a_second_call_begins() -> None:
    timings = {"cache_n": 1, "prompt_n": 2, "predicted_n": 3}
    decoder = AnswerDecoder(AnswerRules(single_call=True))
    pieces = [call(0, "{}", "f", "x"), call(1, "{}", "g", "y") | {"timings": timings}, call(1, "{}"), chunk(finish="tool_calls")]
    events = decoder.feed(stream(*pieces))
    assert events == [ToolCallStart(0, "x", "f"), ToolCallDelta(0, "{}"), Usage(prompt=3, completion=3, cached=1), Finished("tool_calls")]
    assert not decoder.whole


def test_probabilities_come_with_their_text() -> None:
    likely = {
        "id": 5,
        "token": "Hi",
        "bytes": [72, 105],
        "logprob": -0.5,
        "top_logprobs": [{"id": 5, "token": "Hi", "bytes": None, "logprob": -0.5}],
    }
    probable = chunk({"content": "Hi"})
    probable["choices"][0]["logprobs"] = {"content": [likely]}
    absent = chunk({"content": "!"})
    absent["choices"][0]["logprobs"] = {"content": None}
    events = decode(stream(probable, absent, chunk(finish="stop")))
    assert events[:2] == [
        TextDelta("Hi", (TokenLogprob("Hi", -0.5, [72, 105], [TopLogprob("Hi", -0.5)]),)),
        TextDelta("!"),
    ]


def test_recorded_probabilities_cover_the_text() -> None:
    texts = [event for event in decode(read_body("chat_logprobs_stream")) if isinstance(event, TextDelta)]
    assert texts
    for event in texts:
        assert "".join(token.token for token in event.logprobs) == event.text


def test_a_cancelled_answer_ends_with_what_there_is() -> None:
    decoder = AnswerDecoder(AnswerRules(stop_sequences=("END",)))
    events = decoder.feed(stream(chunk({"content": "Hello E"}), done=False)) + decoder.cancel()
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Hello E"
    assert events[-1] == Finished("cancelled")
    assert decoder.ended
    assert decoder.cancel() == []


def test_an_event_without_end_is_a_failure() -> None:
    decoder = AnswerDecoder()
    decoder.feed(stream(chunk({"content": "a"}), done=False) + b"data: ")
    events = [event for _ in range(17) for event in decoder.feed(b"x" * (1 << 20))]
    assert [type(event) for event in events] == [Failed]
    assert decoder.ended
