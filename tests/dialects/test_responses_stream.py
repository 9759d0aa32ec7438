from __future__ import annotations

from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.dialects.answers import FAILURE, events_of, response_stream, translate
from tests.recordings import CHAT_STREAMS
from triglot.dialects.responses.answer import fold_events
from triglot.errors import ApiError, ErrorKind
from triglot.events import Failed, Finished, Progress, ReasoningDelta, TextDelta, ToolCallDelta, ToolCallStart, Usage
from triglot.order import OutOfOrderError

SDK_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_every_event_is_one_that_the_official_sdk_reads(name: str) -> None:
    for event in translate(response_stream(), events_of(name)):
        read = SDK_EVENT.validate_python(event)
        assert read.type == event["type"]
        assert read.sequence_number == event["sequence_number"]


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_the_deltas_add_up_to_the_final_response(name: str) -> None:
    """Put together the way the SDK's stream helper does: items by output_index, parts by content_index, deltas appended."""
    events = translate(response_stream(), events_of(name))
    output: list[Any] = []
    for event in events:
        item = output[event["output_index"]] if "output_index" in event and event["output_index"] < len(output) else None
        match event["type"]:
            case "response.output_item.added":
                assert event["output_index"] == len(output)
                output.append(event["item"] | {"content": []} if "content" in event["item"] else dict(event["item"]))
            case "response.content_part.added":
                item["content"].append(dict(event["part"]))
            case "response.output_text.delta" | "response.reasoning_text.delta":
                item["content"][event["content_index"]]["text"] += event["delta"]
            case "response.function_call_arguments.delta":
                item["arguments"] += event["delta"]
            case "response.output_item.done":
                assert item | {"status": event["item"]["status"]} == event["item"]
                item["status"] = event["item"]["status"]
    response = fold_events(events)
    assert response["output"] == output
    Response.model_validate(response)


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_a_failure_after_any_event_ends_the_stream_legally(name: str) -> None:
    events = events_of(name)
    for position in range(len(events)):
        last = translate(response_stream(), [*events[:position], FAILURE])[-1]
        assert last["type"] == "response.failed"
        assert last["response"]["error"] == {"code": "server_error", "message": "the backend went away"}
        assert all(item["status"] == "completed" for item in last["response"]["output"])


def test_items_follow_one_another_and_keep_their_ids() -> None:
    events = translate(
        response_stream(),
        [
            Progress(processed=3, total=9, cached=2),
            Progress(processed=6, total=9, cached=2),
            Progress(processed=9, total=9, cached=2),
            ReasoningDelta("hm"),
            TextDelta("a"),
            TextDelta("b"),
            ToolCallStart(0, "x", "f"),
            ToolCallDelta(0, '{"k":1}'),
            ToolCallStart(1, "y", "g"),
            Usage(prompt=9, completion=7, cached=2, reasoning=1),
            Finished("tool_calls"),
        ],
    )
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:4]] == [
        "response.created",
        "response.in_progress",
        "response.in_progress",
        "response.output_item.added",
    ]
    indices = [event["output_index"] for event in events if "output_index" in event]
    assert indices == sorted(indices)
    response = fold_events(events)
    assert [(item["type"], item["id"], item["status"]) for item in response["output"]] == [  # type: ignore[typeddict-item]
        ("reasoning", "rs_0", "completed"),
        ("message", "msg_1", "completed"),
        ("function_call", "fc_2", "completed"),
        ("function_call", "fc_4", "completed"),
    ]
    assert (response["status"], response["created_at"], response["completed_at"]) == ("completed", 1, 2)
    assert response["metadata"] == {"a": "b"}
    assert response["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 16,
    }


def test_an_event_is_not_changed_by_what_comes_later() -> None:
    translator = response_stream()
    [created, in_progress] = translator.receive(Progress(processed=1, total=2, cached=0))
    translate(translator, [TextDelta("a"), Finished("stop")])
    for event in (created, in_progress):
        assert (event["response"]["status"], event["response"]["output"]) == ("in_progress", [])


@pytest.mark.parametrize(("reason", "detail"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_was_cut_is_incomplete_with_its_open_item(reason: Any, detail: str) -> None:
    events = translate(response_stream(), [ReasoningDelta("hm"), ToolCallStart(0, "x", "f"), ToolCallDelta(0, '{"k'), Finished(reason)])
    assert events[-1]["type"] == "response.incomplete"
    response = fold_events(events)
    assert (response["status"], response["incomplete_details"], response["completed_at"]) == ("incomplete", {"reason": detail}, None)
    assert [item["status"] for item in response["output"]] == ["completed", "incomplete"]  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ErrorKind.CONTEXT_LENGTH, "context_length_exceeded"),
        (ErrorKind.RATE_LIMIT, "rate_limit_exceeded"),
        (ErrorKind.OVERLOADED, "server_is_overloaded"),
        (ErrorKind.BACKEND_TIMEOUT, "server_error"),
    ],
)
def test_failure_codes(kind: ErrorKind, code: str) -> None:
    events = translate(response_stream(), [Failed(kind, "x")])
    assert events[-1]["response"]["error"]["code"] == code
    with pytest.raises(ApiError, match="x"):
        fold_events(events)


def test_nothing_follows_the_end() -> None:
    translator = response_stream()
    translate(translator, [Finished("stop")])
    with pytest.raises(OutOfOrderError):
        translator.receive(TextDelta("late"))


def test_a_queued_response_leaves_the_queue_when_the_backend_begins() -> None:
    stream = response_stream(background=True)
    assert [event["type"] for event in stream.start(None)] == ["response.created", "response.queued"]
    assert stream.start(None) == []
    assert [event["type"] for event in stream.idle()] == ["response.queued"]
    begun = stream.receive(TextDelta("Hi"))
    assert begun[0]["type"] == "response.in_progress"
    assert begun[0]["response"]["status"] == "in_progress"


def test_a_cancelled_response_keeps_what_there_is() -> None:
    stream = response_stream(background=True)
    stream.start(None)
    stream.receive(TextDelta("Hi"))
    *_, last = events = stream.cancel()
    assert [event["type"] for event in events][-2:] == ["response.output_item.done", "response.incomplete"]
    assert last["response"]["status"] == "cancelled"
    assert last["response"]["output"][0]["status"] == "incomplete"
    assert stream.ended


def test_a_response_can_be_cancelled_in_the_queue() -> None:
    events = response_stream(background=True).cancel()
    assert [event["type"] for event in events] == ["response.created", "response.queued", "response.in_progress", "response.incomplete"]
