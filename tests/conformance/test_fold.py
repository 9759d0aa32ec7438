from __future__ import annotations

import json
from typing import Any

import pytest

from triglot_conformance.contract.fold import FoldError, fold_chat, fold_messages, fold_responses
from triglot_conformance.wire.http1 import parse_recording
from triglot_conformance.wire.sse import parse_stream

from .conftest import CASES


def read_chat(name: str) -> bytes:
    return parse_recording((CASES / "chat" / name / "backend.http").read_bytes()).body


@pytest.mark.parametrize(
    ("stream", "whole"), [("stream/tool-calls/auto", "json/tool-calls"), ("stream/text", "json/text"), ("stream/logprobs", "json/logprobs")]
)
def test_a_recorded_stream_folds_into_the_recorded_whole_answer(stream: str, whole: str) -> None:
    frames = [frame.data for frame in parse_stream(read_chat(stream)) if frame.data not in (None, "[DONE]")]
    folded = fold_chat([json.loads(data or "") for data in frames])
    expected = json.loads((CASES / "chat" / whole / "expected.json").read_bytes())
    assert without_ids(folded["choices"]) == without_ids(expected["choices"])
    assert (folded["object"], folded["model"]) == (expected["object"], expected["model"])


def without_ids(choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for choice in choices:
        for call in choice["message"].get("tool_calls", ()):
            del call["id"]
    return choices


def test_two_choices_fold_apart() -> None:
    events = [json.loads(frame.data or "") for frame in parse_stream(read_chat("stream/two-choices")) if frame.data != "[DONE]"]
    assert [choice["message"]["content"] for choice in fold_chat(events)["choices"]] == ["Hello! ", "Hello! "]


def test_messages_join_deltas_and_read_tool_input() -> None:
    message = fold_messages(
        [
            {
                "type": "message_start",
                "message": {"id": "m", "content": [], "stop_reason": None, "usage": {"input_tokens": 0, "output_tokens": 0}},
            },
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"a":'}},
            {"type": "ping"},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "1}"}},
            {"type": "content_block_stop", "index": 1},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
            {"type": "message_stop"},
        ]
    )
    assert message == {
        "id": "m",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 0, "output_tokens": 5},
    }


def test_tool_input_that_is_not_json_does_not_fold() -> None:
    with pytest.raises(FoldError, match="not JSON"):
        fold_messages(
            [
                {"type": "message_start", "message": {"content": []}},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": {}}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{"}},
                {"type": "content_block_stop", "index": 0},
            ]
        )


def test_a_final_object_that_differs_from_the_stream_does_not_fold() -> None:
    item = {"type": "function_call", "id": "fc_1", "arguments": "", "status": "in_progress"}
    events: list[dict[str, Any]] = [
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{}"},
        {"type": "response.output_item.done", "output_index": 0, "item": {**item, "status": "completed"}},
    ]
    whole = {**item, "arguments": "{}", "status": "completed"}
    assert fold_responses([*events, {"type": "response.completed", "response": {"output": [whole]}}]) == {"output": [whole]}
    with pytest.raises(FoldError, match="the stream made"):
        fold_responses([*events, {"type": "response.completed", "response": {"output": [{**whole, "id": "fc_2"}]}}])


def test_what_could_be_made_of_a_broken_stream_is_kept() -> None:
    item = {"type": "function_call", "id": "fc_1", "arguments": "{}"}
    events: list[Any] = [
        {"type": "response.output_item.added", "item": item},
        {"type": "response.function_call_arguments.delta", "delta": "{}"},
        {"type": "response.completed", "response": {"id": "resp_1", "output": [item]}},
    ]
    with pytest.raises(FoldError, match=r"event 1 \(response.function_call_arguments.delta\): output_index is missing") as caught:
        fold_responses(events)
    assert (caught.value.rule, caught.value.body) == ("output_index is missing", {"id": "resp_1", "output": [item]})


def test_a_block_may_begin_without_its_text() -> None:
    message = fold_messages(
        [
            {"type": "message_start", "message": {"content": []}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        ]
    )
    assert message == {"content": [{"type": "thinking", "thinking": "hm"}]}


def test_tool_input_that_a_limit_has_cut_stays_empty() -> None:
    events: list[Any] = [
        {"type": "message_start", "message": {"content": [], "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": {}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{"}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {}},
    ]
    assert fold_messages(events)["content"][0]["input"] == {}
    with pytest.raises(FoldError, match="not JSON"):
        fold_messages([*events[:1], events[1], events[2], {**events[3], "delta": {"stop_reason": "tool_use"}}])


@pytest.mark.parametrize("index", [-1, 1, True, "0", None, 1.0])
def test_an_index_that_has_not_begun_does_not_fold(index: Any) -> None:
    with pytest.raises(FoldError, match=r"which has not begun|does not fit"):
        fold_messages(
            [
                {"type": "message_start", "message": {"content": []}},
                {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
                {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": "x"}},
            ]
        )
