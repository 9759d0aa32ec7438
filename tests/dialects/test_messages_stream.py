from __future__ import annotations

from typing import Any

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

from tests.dialects.answers import FAILURE, events_of, message_stream, translate
from tests.recordings import CHAT_STREAMS
from triglot.dialects.messages.answer import fold_events
from triglot.errors import ApiError
from triglot.events import Finished, Progress, ReasoningDelta, TextDelta, ToolCallDelta, ToolCallStart, Usage
from triglot.order import OutOfOrderError

SDK_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_the_official_sdk_accumulates_what_we_fold(name: str) -> None:
    events = translate(message_stream(), events_of(name))
    snapshot: Any = None
    json_bufs: dict[int, bytes] = {}
    for event in events:
        if event["type"] != "ping":  # the SDK drops pings before they get here
            snapshot = accumulate_event(event=SDK_EVENT.validate_python(event), current_snapshot=snapshot, json_bufs=json_bufs)
    # stop_details is set, to null, by the accumulation itself
    accumulated = snapshot.model_dump(exclude_unset=True, exclude={"stop_details": True, "content": {"__all__": {"parsed_output"}}})
    assert accumulated == fold_events(events)


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_a_failure_after_any_event_ends_the_stream_legally(name: str) -> None:
    events = events_of(name)
    for position in range(len(events)):
        made = translate(message_stream(), [*events[:position], FAILURE])
        assert made[-1] == {
            "type": "error",
            "error": {"type": "api_error", "message": "the backend went away"},
            "request_id": "req_1",
        }


def test_blocks_follow_one_another() -> None:
    events = translate(
        message_stream(),
        [
            Progress(processed=3, total=9, cached=2),
            Progress(processed=6, total=9, cached=2),
            Progress(processed=9, total=9, cached=2),
            ReasoningDelta("hm"),
            TextDelta("a"),
            TextDelta("b"),
            ToolCallStart(0, "x", "f"),
            ToolCallDelta(0, '{"k":'),
            ToolCallDelta(0, "1}"),
            ToolCallStart(1, "y", "g"),
            ReasoningDelta("mm"),
            Usage(prompt=9, completion=7, cached=2),
            Finished("tool_calls"),
        ],
    )
    assert [event["type"] for event in events[:3]] == ["message_start", "ping", "content_block_start"]
    assert events[0]["message"]["usage"] == {
        "input_tokens": 7,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 2,
        "output_tokens": 0,
    }
    blocks = [(event["type"], event["index"]) for event in events if "index" in event]
    assert blocks == sorted(blocks, key=lambda pair: pair[1])
    message = fold_events(events)
    assert message == {
        "id": "msg_0",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "signed 2"},
            {"type": "text", "text": "ab"},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"k": 1}},
            {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
            {"type": "thinking", "thinking": "mm", "signature": "signed 2"},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 2, "output_tokens": 7},
    }


@pytest.mark.parametrize(
    ("events", "reason", "sequence"),
    [
        ([Finished("stop")], "end_turn", None),
        ([TextDelta("a"), Finished("length")], "max_tokens", None),
        ([Finished("content_filter")], "refusal", None),
        ([Finished("stop", "END")], "stop_sequence", "END"),
        ([ToolCallStart(0, "x", "f"), Finished("stop")], "tool_use", None),
    ],
)
def test_stop_reasons(events: list[Any], reason: str, sequence: str | None) -> None:
    message = fold_events(translate(message_stream(), events))
    assert (message["stop_reason"], message["stop_sequence"]) == (reason, sequence)


def test_thinking_that_was_not_asked_for_is_not_shown() -> None:
    events = [ReasoningDelta("hm"), TextDelta("a"), Finished("stop")]
    assert fold_events(translate(message_stream(display="hidden"), events))["content"] == [{"type": "text", "text": "a"}]


def test_arguments_cut_off_by_the_token_limit_are_read_as_far_as_they_go() -> None:
    events = [ToolCallStart(0, "x", "f"), ToolCallDelta(0, '{"city": "Paris", "da'), Finished("length")]
    message = fold_events(translate(message_stream(), events))
    assert message["content"][0]["input"] == {"city": "Paris"}  # type: ignore[typeddict-item]


def test_broken_arguments_of_a_finished_call_are_an_error_and_never_an_empty_call() -> None:
    events = [ToolCallStart(0, "x", "f"), ToolCallDelta(0, '{"city": "Par'), Finished("tool_calls")]
    with pytest.raises(ApiError, match="f with arguments that are not JSON"):
        fold_events(translate(message_stream(), events))


def test_nothing_follows_the_end() -> None:
    translator = message_stream()
    translate(translator, [Finished("stop")])
    with pytest.raises(OutOfOrderError):
        translator.receive(TextDelta("late"))


def test_thinking_that_is_omitted_travels_in_its_signature() -> None:
    translator = message_stream(display="omitted")
    assert [event["type"] for event in translate(translator, [ReasoningDelta("h")])] == ["message_start", "content_block_start"]
    assert translate(translator, [ReasoningDelta("m")]) == []
    events = translate(translator, [TextDelta("a")])
    assert events[0]["delta"] == {"type": "signature_delta", "signature": "signed 2"}


def test_a_stream_that_starts_early_tells_what_is_known_and_ends_with_what_was_used() -> None:
    translator = message_stream()
    [start] = translator.start(123)
    assert start["message"]["usage"]["input_tokens"] == 123  # type: ignore[typeddict-item]
    assert translator.idle() == [{"type": "ping"}]
    events = translate(translator, [Progress(processed=9, total=9, cached=2), Usage(prompt=9, completion=1, cached=2), Finished("stop")])
    assert [event["type"] for event in events] == ["message_delta", "message_stop"]
    assert events[0]["usage"]["input_tokens"] == 7


@pytest.mark.parametrize(("context", "reason"), [(16, "model_context_window_exceeded"), (17, "max_tokens"), (None, "max_tokens")])
def test_an_answer_that_fills_the_context_says_so(context: int | None, reason: str) -> None:
    events = translate(message_stream(context_tokens=context), [Usage(prompt=9, completion=7, cached=2), Finished("length")])
    assert fold_events(events)["stop_reason"] == reason


@pytest.mark.parametrize(
    ("before", "reason"),
    [([TextDelta("Hi")], "end_turn"), ([ToolCallStart(0, "c", "f"), ToolCallDelta(0, '{"a"')], "max_tokens")],
)
def test_a_cancelled_message_never_makes_half_a_call_run(before: list[Any], reason: str) -> None:
    events = translate(message_stream(), [*before, Finished("cancelled")])
    assert events[-2]["delta"]["stop_reason"] == reason
    assert events[-1]["type"] == "message_stop"
