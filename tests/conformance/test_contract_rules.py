"""Counts, ids, states and shapes: what holds within an answer and between a stream and its twin."""

from __future__ import annotations

from typing import Any

import pytest

from triglot_conformance.contract.contract import Contract
from triglot_conformance.contract.ids import id_findings, twin_id_findings
from triglot_conformance.contract.shape import shape_findings
from triglot_conformance.contract.state import state_findings, stream_state_findings
from triglot_conformance.contract.usage import stream_usage_findings, usage_findings

from .conftest import ROOT


def chat(**usage: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10} | usage
    return {
        "id": "c",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
        "usage": counts,
    }


def message(**usage: Any) -> dict[str, Any]:
    counts = {"input_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": None, "output_tokens": 3} | usage
    return {"id": "m", "stop_reason": "end_turn", "stop_sequence": None, "content": [{"type": "text", "text": "Hi"}], "usage": counts}


def response(**usage: Any) -> dict[str, Any]:
    counts = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10} | usage
    return {"object": "response", "id": "r", "status": "completed", "output": [{"type": "message", "id": "i"}], "usage": counts}


MAKE = {"chat": chat, "messages": message, "responses": response}


@pytest.mark.parametrize(
    ("dialect", "usage", "rule"),
    [
        ("chat", {"total_tokens": 11}, "usage total_tokens is not the sum"),
        ("chat", {"prompt_tokens_details": {"cached_tokens": 8}}, "usage prompt_tokens_details.cached_tokens is more than prompt_tokens"),
        (
            "chat",
            {"completion_tokens_details": {"reasoning_tokens": 4}},
            "usage completion_tokens_details.reasoning_tokens is more than completion_tokens",
        ),
        ("chat", {"prompt_tokens": 7.0, "total_tokens": 10}, "usage prompt_tokens is no count"),
        ("chat", {"completion_tokens": 0, "total_tokens": 7}, "usage output is zero"),
        ("chat", {"prompt_tokens": 0, "total_tokens": 3}, "usage prompt is zero"),
        ("responses", {"total_tokens": 9}, "usage total_tokens is not the sum"),
        ("responses", {"input_tokens_details": {"cached_tokens": 8}}, "usage input_tokens_details.cached_tokens is more than input_tokens"),
        (
            "responses",
            {"output_tokens_details": {"reasoning_tokens": 4}},
            "usage output_tokens_details.reasoning_tokens is more than output_tokens",
        ),
        ("responses", {"output_tokens_details": {"reasoning_tokens": -1}}, "usage output_tokens_details.reasoning_tokens is no count"),
        ("messages", {"input_tokens": -1}, "usage input_tokens is no count"),
        ("messages", {"output_tokens": True}, "usage output_tokens is no count"),
        ("messages", {"output_tokens": 0}, "usage output is zero"),
        ("messages", {"input_tokens": 0}, "usage prompt is zero"),
        (
            "messages",
            {"output_tokens_details": {"thinking_tokens": 4}},
            "usage output_tokens_details.thinking_tokens is more than output_tokens",
        ),
    ],
)
def test_counts_that_do_not_add_up_are_found(dialect: str, usage: dict[str, Any], rule: str) -> None:
    assert usage_findings(dialect, MAKE[dialect]()) == []
    assert [finding.rule for finding in usage_findings(dialect, MAKE[dialect](**usage))] == [rule]


def test_counts_that_are_not_told_are_no_fault() -> None:
    assert usage_findings("chat", {"choices": []}) == []
    assert usage_findings("chat", {"usage": None}) == []
    assert usage_findings("messages", message(input_tokens=0, cache_read_input_tokens=7)) == []
    assert usage_findings("messages", message(output_tokens=0) | {"content": []}) == []


def test_a_count_of_a_stream_never_goes_down() -> None:
    def events(*counts: int | None) -> list[Any]:
        start = {"type": "message_start", "message": {"usage": {"output_tokens": counts[0]}}}
        return [start, *({"type": "message_delta", "usage": {"output_tokens": count}} for count in counts[1:])]

    assert stream_usage_findings("messages", events(1, 1, None, 5)) == []
    (finding,) = stream_usage_findings("messages", events(1, 5, 4))
    assert (finding.event, finding.message) == (
        2,
        "event 2: usage.output_tokens is 4, event 1 said 5 already; the count is cumulative",
    )
    assert stream_usage_findings("chat", events(5, 1)) == []


@pytest.mark.parametrize(
    ("dialect", "body", "rules"),
    [
        ("chat", chat() | {"id": ""}, ["ids answer is empty"]),
        ("chat", {"id": "c", "choices": [{"message": {"tool_calls": [{"id": "a"}, {"id": "a"}]}}]}, ["ids tool call twice"]),
        ("chat", {"id": "c", "choices": [{"message": {"tool_calls": [{"id": None}]}}]}, ["ids tool call is empty"]),
        ("messages", message() | {"content": [{"type": "tool_use", "id": "a"}, {"type": "tool_use", "id": "a"}]}, ["ids tool use twice"]),
        ("responses", response() | {"output": [{"id": "a"}, {"id": "a"}]}, ["ids item twice"]),
        (
            "responses",
            response() | {"output": [{"type": "function_call", "id": n, "call_id": "c"} for n in "ab"]},
            ["ids call twice"],
        ),
    ],
)
def test_ids_that_are_empty_or_come_twice_are_found(dialect: str, body: Any, rules: list[str]) -> None:
    assert id_findings(dialect, MAKE[dialect]()) == []
    assert [finding.rule for finding in id_findings(dialect, body)] == rules


def test_a_call_and_its_result_share_an_id() -> None:
    output = [{"type": "shell_call", "id": "a", "call_id": "c"}, {"type": "shell_call_output", "id": "b", "call_id": "c"}]
    assert id_findings("responses", response() | {"output": output}) == []


def test_two_answers_have_two_ids() -> None:
    assert twin_id_findings({"id": "a"}, {"id": "b"}) == []
    assert [finding.rule for finding in twin_id_findings({"id": "a"}, {"id": "a"})] == ["ids answer twice"]


CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {}}


@pytest.mark.parametrize(
    ("dialect", "change", "rule"),
    [
        ("chat", {"choices": []}, "state choices is empty"),
        ("chat", {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"content": ""}}]}, "state tool_calls without a call"),
        ("chat", {"choices": [{"index": 1}]}, "state index of a choice"),
        ("messages", {"stop_reason": None}, "state stop_reason is null at the end"),
        ("messages", {"stop_reason": "tool_use"}, "state stop_reason tool_use without a block"),
        ("messages", {"content": [CALL]}, "state stop_reason end_turn with a tool_use"),
        ("messages", {"stop_reason": "stop_sequence"}, "state stop_sequence is null"),
        ("messages", {"stop_sequence": "."}, "state stop_sequence without its stop_reason"),
        ("messages", {"content": [{"type": "text", "text": ""}]}, "state an empty text block"),
        ("responses", {"status": "failed"}, "state error is null although failed"),
        ("responses", {"status": "incomplete"}, "state incomplete_details is null although incomplete"),
        ("responses", {"error": {"code": "x"}}, "state error although completed"),
        ("responses", {"incomplete_details": {"reason": "x"}}, "state incomplete_details although completed"),
        ("responses", {"usage": None}, "state usage is null at the end"),
        ("responses", {"usage": ...}, "state usage is null at the end"),
        ("responses", {"output": [{"status": "in_progress"}]}, "state an unfinished item although completed"),
    ],
)
def test_a_state_that_does_not_fit_is_found(dialect: str, change: Any, rule: str) -> None:
    good = MAKE[dialect]() | ({"error": None, "incomplete_details": None} if dialect == "responses" else {})
    assert state_findings(dialect, good) == []
    bad = {name: value for name, value in (good | change).items() if value is not ...}
    assert [finding.rule for finding in state_findings(dialect, bad)] == [rule]


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        ({"type": "message_start", "message": {"content": [CALL]}}, "state message_start with content"),
        ({"type": "message_start", "message": {"stop_reason": "end_turn"}}, "state message_start with stop_reason"),
        ({"type": "content_block_start", "content_block": {"type": "text", "text": "x"}}, "state text does not begin empty"),
        ({"type": "message_delta", "delta": {"stop_reason": None}}, "state message_delta without stop_reason"),
        ({"type": "response.created", "response": {"status": "completed"}}, "state status in response.created"),
        ({"type": "response.created", "response": {"output": [1]}}, "state output in response.created"),
        ({"type": "response.incomplete", "response": {"status": "completed"}}, "state status in response.incomplete"),
        ({"type": "response.output_item.added", "item": {"type": "message", "status": "completed"}}, "state item is finished when added"),
        ({"type": "response.output_item.added", "item": {"type": "message", "content": [1]}}, "state message does not begin empty"),
        ({"type": "response.output_item.done", "item": {"status": "in_progress"}}, "state item is unfinished when done"),
        ({"type": "response.content_part.added", "part": {"type": "output_text", "text": "x"}}, "state output_text does not begin empty"),
    ],
)
def test_an_event_that_does_not_fit_its_moment_is_found(event: Any, rule: str) -> None:
    (finding,) = stream_state_findings([{"type": "ping"}, event, event])
    assert (finding.rule, finding.event) == (rule, 1)
    assert finding.message.startswith(f"event 1 ({event['type']}): ")


def rules(dialect: str, fold: Any, whole: Any) -> list[str]:
    return [finding.rule for finding in shape_findings(dialect, fold, whole)]


def test_what_the_model_says_is_not_compared() -> None:
    other = message(output_tokens=99) | {"content": [{"type": "text", "text": "Else", "citations": None}, CALL], "stop_reason": "tool_use"}
    assert rules("messages", message(), other) == []
    whole = chat()
    whole["choices"][0]["message"] |= {"refusal": None, "annotations": [], "tool_calls": [{"id": "x"}]}
    fold = {key: value for key, value in chat().items() if key != "usage"}
    assert rules("chat", fold, whole) == []


@pytest.mark.parametrize(
    ("dialect", "change", "rule"),
    [
        ("messages", {"stop_reason": None}, "shape $.stop_reason"),
        ("messages", {"container": {"id": "x"}}, "shape $.container"),
        ("messages", {"content": [{"type": "text", "text": "Hi", "id": "x"}]}, 'shape $.content[*]."text".id'),
        ("messages", {"usage": {"input_tokens": 7}}, "shape $.usage.output_tokens"),
        ("chat", {"model": "other"}, "shape model differs"),
        ("responses", {"tools": [{"type": "function"}]}, "shape tools differs"),
        ("responses", {"output": [{"type": "message", "id": 5}]}, 'shape $.output[*]."message".id'),
        ("responses", {"temperature": None}, "shape $.temperature"),
    ],
)
def test_another_shape_is_found(dialect: str, change: Any, rule: str) -> None:
    good = MAKE[dialect]() | {"model": "m", "tools": [], "temperature": 1.0}
    assert rule in rules(dialect, good, good | change)


def test_what_the_server_adds_of_its_own_may_be_told_in_one_form_alone() -> None:
    known = Contract(ROOT / "specs").dialect("chat").names
    whole = chat()
    whole["choices"][0]["message"] |= {"provider_specific_fields": {"x": 1}}
    assert {finding.rule for finding in shape_findings("chat", chat(), whole)} == {"shape $.choices[*].message.provider_specific_fields"}
    assert shape_findings("chat", chat(), whole, known) == []
    del whole["choices"][0]["message"]["role"]
    assert {finding.rule for finding in shape_findings("chat", chat(), whole, known)} == {"shape $.choices[*].message.role"}


@pytest.mark.parametrize(("delta", "is_wrong"), [({}, False), ({"content": None}, False), ({"content": "more"}, True)])
def test_a_choice_that_has_ended_may_come_again_with_nothing(delta: dict[str, Any], is_wrong: bool) -> None:
    told = {"id": "c", "object": "chat.completion.chunk", "model": "m", "created": 1}
    ended = told | {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    again = told | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], "usage": {"total_tokens": 1}}
    found = Contract(ROOT / "specs").dialect("chat").stream.check_invariants([ended, again])
    assert any("goes on after its finish_reason" in words for words in found) is is_wrong, found
