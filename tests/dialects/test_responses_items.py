"""Calls, thinking and summaries in every form that a client can get them in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai._models import construct_type_unchecked
from openai._types import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.dialects.answers import response_stream, translate
from triglot.dialects.responses.answer import fold_events
from triglot.dialects.responses.callee import Callee
from triglot.dialects.responses.plan import StreamPlan
from triglot.errors import ApiError
from triglot.events import (
    BackendEvent,
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
from triglot_conformance.contract.contract import Contract

DIALECT = Contract(Path(__file__).parents[2] / "specs").dialect("responses")
SDK_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)

CALLEES = {
    "mail__send": Callee("function", "send", "mail"),
    "run": Callee("custom", "run"),
    "mail__filter": Callee("custom", "filter", "mail"),
    "yes_no": Callee("custom", "yes_no", accepts=lambda text: text in ("yes", "no")),
    "tool_search": Callee("tool_search", "tool_search"),
    "shell": Callee("shell", "shell"),
    "local_shell": Callee("local_shell", "local_shell"),
    "apply_patch": Callee("apply_patch", "apply_patch"),
}
PLAN = StreamPlan(CALLEES)

# what the model calls, with which arguments, and the item that the client gets, without its ids
CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "unknown function": ("other", '{"a": 1}', {"type": "function_call", "name": "other", "arguments": '{"a": 1}', "status": "completed"}),
    "member": (
        "mail__send",
        '{"to": "x"}',
        {"type": "function_call", "name": "send", "namespace": "mail", "arguments": '{"to": "x"}', "status": "completed"},
    ),
    "custom": (
        "run",
        '{"input": "say(\\"hi\\")\\n\\ud83d\\ude00 \U0001f600"}',
        {"type": "custom_tool_call", "name": "run", "input": 'say("hi")\n\U0001f600 \U0001f600', "status": "completed"},
    ),
    "custom, raw": ("run", "say(1)", {"type": "custom_tool_call", "name": "run", "input": "say(1)", "status": "completed"}),
    "custom, nothing": ("run", "", {"type": "custom_tool_call", "name": "run", "input": "", "status": "completed"}),
    "custom, not a text": (
        "run",
        '{"input": 7}',
        {"type": "custom_tool_call", "name": "run", "input": '{"input": 7}', "status": "completed"},
    ),
    "custom member": (
        "mail__filter",
        '{"input":"a"}',
        {"type": "custom_tool_call", "name": "filter", "namespace": "mail", "input": "a", "status": "completed"},
    ),
    "grammar kept": ("yes_no", '{"input":"yes"}', {"type": "custom_tool_call", "name": "yes_no", "input": "yes", "status": "completed"}),
    "grammar broken": (
        "yes_no",
        '{"input":"maybe"}',
        {"type": "custom_tool_call", "name": "yes_no", "input": "maybe", "status": "incomplete"},
    ),
    "tool search": (
        "tool_search",
        '{"query": "mail", "limit": 2}',
        {"type": "tool_search_call", "execution": "client", "arguments": {"query": "mail", "limit": 2}, "status": "completed"},
    ),
    "shell": (
        "shell",
        '{"commands": ["ls", "echo \\"ä\\""], "timeout_ms": 10}',
        {
            "type": "shell_call",
            "action": {"commands": ["ls", 'echo "ä"'], "timeout_ms": 10, "max_output_length": None},
            "status": "completed",
        },
    ),
    "local shell": (
        "local_shell",
        '{"command": ["ls"], "env": {"A": "b"}}',
        {
            "type": "local_shell_call",
            "action": {
                "type": "exec",
                "command": ["ls"],
                "env": {"A": "b"},
                "working_directory": None,
                "user": None,
                "timeout_ms": None,
            },
            "status": "completed",
        },
    ),
    "apply patch": (
        "apply_patch",
        '{"type": "update_file", "path": "a.py", "diff": "@@\\n-a\\n+b"}',
        {"type": "apply_patch_call", "operation": {"type": "update_file", "path": "a.py", "diff": "@@\n-a\n+b"}, "status": "completed"},
    ),
}
PREFIXES = {
    "function_call": "fc_",
    "custom_tool_call": "ctc_",
    "tool_search_call": "tsc_",
    "shell_call": "sh_",
    "local_shell_call": "lsh_",
    "apply_patch_call": "apc_",
    "message": "msg_",
    "reasoning": "rs_",
    "compaction": "cmp_",
}


def call(name: str, arguments: str, index: int = 0) -> list[BackendEvent]:
    return [ToolCallStart(index, "x", name), *([ToolCallDelta(index, arguments)] if arguments else [])]


def tell(events: list[BackendEvent], plan: StreamPlan = PLAN) -> list[Any]:
    """The stream of an answer, held to the contract and to the official SDK."""
    out = translate(response_stream(plan), events)
    assert DIALECT.stream.check_order(out) == []
    assert DIALECT.stream.check_invariants(out) == []
    for event in out:
        assert DIALECT.check_event("POST", "/v1/responses", event) == []
        assert SDK_EVENT.validate_python(event).type == event["type"]
    if out[-1]["type"] == "response.completed":
        accumulate(out)
    return out


def accumulate(events: list[Any]) -> None:
    """Let the official SDK put the stream together: it comes to the final object, field by field."""
    state: Any = ResponseStreamState(input_tools=omit, text_format=omit)
    for event in events:
        state.handle_event(construct_type_unchecked(value=event, type_=cast("Any", ResponseStreamEvent)))
    final = Response.model_validate(events[-1]["response"])
    assert [item.to_dict() for item in state._completed_output.values()] == events[-1]["response"]["output"]
    assert [item.type for item in state._completed_response.output] == [item.type for item in final.output]
    assert state._completed_response.to_dict() | {"output": []} == events[-1]["response"] | {"output": []}
    for index, item in state._output_items.items():
        if item.type == "function_call":
            assert item.arguments == events[-1]["response"]["output"][index]["arguments"]
        if item.type == "message":
            assert [part.text for part in item.content] == [part["text"] for part in events[-1]["response"]["output"][index]["content"]]


def output_of(events: list[Any]) -> list[Any]:
    """The items of the final response, without their ids, which must fit their kinds."""
    items = [dict(item) for item in events[-1]["response"]["output"]]
    for item in items:
        assert item.pop("id").startswith(PREFIXES[item["type"]])
        if item["type"].endswith("_call"):
            assert item.pop("call_id").startswith("call_")
    return items


def cut(name: str, arguments: str, places: list[int]) -> list[BackendEvent]:
    ends = sorted({place for place in places if 0 < place < len(arguments)} | {len(arguments)})
    pieces = [arguments[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return [ToolCallStart(0, "x", name), *(ToolCallDelta(0, piece) for piece in pieces if piece)]


@pytest.mark.parametrize("kind", CALLS)
def test_each_tool_gets_its_calls_in_its_own_form(kind: str) -> None:
    name, arguments, item = CALLS[kind]
    events = tell([*call(name, arguments), Finished("tool_calls")])
    assert output_of(events) == [item]
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert done == events[-1]["response"]["output"]


@settings(max_examples=30)
@given(kind=st.sampled_from(sorted(CALLS)), places=st.lists(st.integers(1, 60)))
def test_any_cut_of_the_arguments_gives_the_same_item(kind: str, places: list[int]) -> None:
    name, arguments, item = CALLS[kind]
    assert output_of(tell([*cut(name, arguments, places), Finished("tool_calls")])) == [item]


@given(order=st.permutations(sorted(CALLS)))
@settings(max_examples=10)
def test_calls_follow_one_another(order: list[str]) -> None:
    events: list[BackendEvent] = [TextDelta("Let me see.")]
    for index, kind in enumerate(order):
        name, arguments, _ = CALLS[kind]
        events += call(name, arguments, index)
    output = output_of(tell([*events, Usage(prompt=1, completion=1, cached=0), Finished("tool_calls")]))
    assert output[1:] == [CALLS[kind][2] for kind in order]


@pytest.mark.parametrize("kind", CALLS)
def test_an_answer_may_break_off_at_any_place(kind: str) -> None:
    name, arguments, _ = CALLS[kind]
    events = [ReasoningDelta("hm"), *(TextDelta(letter) for letter in "ab"), *cut(name, arguments, list(range(0, len(arguments), 9)))]
    for place in range(len(events)):
        told = tell([*events[:place], Finished("length")])
        assert told[-1]["type"] == "response.incomplete"
        assert all(item["status"] == "completed" for item in told[-1]["response"]["output"][:-1])


def test_a_free_text_streams_while_it_is_written() -> None:
    events = tell([*cut("run", '{"input": "ab\\ncd"}', [12, 13, 14, 15]), Finished("tool_calls")])
    assert [event["delta"] for event in events if event["type"] == "response.custom_tool_call_input.delta"] == ["a", "b", "\n", "cd"]
    added = next(event["item"] for event in events if event["type"] == "response.output_item.added")
    assert (added["input"], added["status"]) == ("", "in_progress")


@pytest.mark.parametrize(
    ("arguments", "text"), [('{"inp', ""), ('{"input": "ab', "ab"), ('{"input": "ab\\', "ab"), ("raw tex", "raw tex"), ("", "")]
)
def test_a_free_text_that_was_cut_is_incomplete(arguments: str, text: str) -> None:
    [item] = output_of(tell([*call("run", arguments), Finished("length")]))
    assert (item["input"], item["status"]) == (text, "incomplete")


@pytest.mark.parametrize("name", ["tool_search", "shell", "local_shell", "apply_patch"])
def test_a_call_that_was_cut_is_not_told_where_it_cannot_be_told_by_half(name: str) -> None:
    events = tell([TextDelta("a"), *call(name, '{"comm'), Finished("length")])
    assert [item["type"] for item in output_of(events)] == ["message"]


def test_shell_commands_have_events_of_their_own() -> None:
    events = tell([*call("shell", '{"commands": ["a", "b"]}'), Finished("tool_calls")])
    told = [(event["type"].split(".")[-1], event["command_index"]) for event in events if "command_index" in event]
    assert told == [("added", 0), ("delta", 0), ("done", 0), ("added", 1), ("delta", 1), ("done", 1)]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("shell", '{"commands": "ls"}'),
        ("local_shell", "ls"),
        ("apply_patch", '{"type": "update_file", "path": "a"}'),
        ("tool_search", "[1]"),
    ],
)
@pytest.mark.parametrize("then", [[Finished("tool_calls")], [ToolCallStart(1, "y", "run"), ToolCallDelta(1, "x"), Finished("tool_calls")]])
def test_a_call_that_its_tool_does_not_take_fails_the_response(name: str, arguments: str, then: list[BackendEvent]) -> None:
    stream = response_stream(PLAN)
    events = [made for event in [TextDelta("a"), *call(name, arguments), *then] for made in stream.receive(event)]
    last: Any = events[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["error"]["code"] == "server_error"
    assert name in last["response"]["error"]["message"]
    assert [item["type"] for item in last["response"]["output"]] == ["message"]
    assert stream.ended
    assert (stream.idle(), stream.receive(Finished("stop"))) == ([], [])
    with pytest.raises(ApiError, match=name):
        fold_events(events)


def test_calls_of_builtin_tools_beyond_the_limit_vanish() -> None:
    plan = StreamPlan(CALLEES, max_tool_calls=1)
    events: list[BackendEvent] = []
    for index, kind in enumerate(["member", "tool search", "shell", "custom", "apply patch"]):
        name, arguments, _ = CALLS[kind]
        events += call(name, arguments, index)
    assert [item["type"] for item in output_of(tell([*events, Finished("tool_calls")], plan))] == [
        *("function_call", "tool_search_call", "custom_tool_call")
    ]
    none = tell([*call("shell", "broken"), Finished("tool_calls")], StreamPlan(CALLEES, max_tool_calls=0))
    assert (none[-1]["type"], output_of(none)) == ("response.completed", [])


# Thinking


def test_thinking_as_content() -> None:
    events = tell([ReasoningDelta("a"), ReasoningDelta("b"), TextDelta("c"), Finished("stop")])
    assert output_of(events)[0] == {
        "type": "reasoning",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "ab"}],
        "status": "completed",
    }


def test_thinking_as_a_summary() -> None:
    events = tell([ReasoningDelta("a"), ReasoningDelta("b"), TextDelta("c"), Finished("stop")], StreamPlan({}, summarises=True))
    assert output_of(events)[0] == {"type": "reasoning", "summary": [{"type": "summary_text", "text": "ab"}], "status": "completed"}
    assert [event["type"] for event in events if "summary_index" in event] == [
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
    ]
    assert not any(event["type"].startswith("response.reasoning_text") for event in events)


def test_a_summary_that_was_cut_says_so() -> None:
    events = tell([ReasoningDelta("a"), Finished("length")], StreamPlan({}, summarises=True))
    assert next(event for event in events if event["type"] == "response.reasoning_summary_part.done")["status"] == "incomplete"
    assert output_of(events)[0]["status"] == "incomplete"


@pytest.mark.parametrize("summarises", [True, False])
def test_sealed_thinking_comes_with_the_finished_item(summarises: bool) -> None:
    events = tell([ReasoningDelta("a"), ReasoningDelta("b"), Finished("stop")], StreamPlan({}, summarises=summarises, seals=True))
    assert output_of(events)[0]["encrypted_content"] == "sealed ab"
    assert "encrypted_content" not in next(event["item"] for event in events if event["type"] == "response.output_item.added")


# Compaction


def test_a_compaction_is_one_item() -> None:
    plan = StreamPlan(CALLEES, compacts=True)
    answer = [ReasoningDelta("hm"), TextDelta("a"), ReasoningDelta("hm"), *call("run", "x"), TextDelta("b"), Finished("stop")]
    events = tell([Progress(1, 9, 0), *answer], plan)
    assert output_of(events) == [{"type": "compaction", "encrypted_content": "sealed ab"}]
    assert [event["type"] for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.compaction.compacting",
        "response.output_item.done",
        "response.completed",
    ]


def test_a_compaction_stays_alive_while_it_is_written() -> None:
    stream = response_stream(StreamPlan({}, compacts=True))
    stream.receive(TextDelta("a"))
    assert stream.receive(TextDelta("b")) == []
    assert [event["type"] for event in stream.idle()] == ["response.in_progress"]


@pytest.mark.parametrize("answer", [[], [TextDelta(" \n")], [ReasoningDelta("hm")], call("run", "x")])
def test_a_compaction_without_a_summary_fails(answer: list[BackendEvent]) -> None:
    events = tell([*answer, Finished("stop")], StreamPlan({}, compacts=True))
    assert events[-1]["type"] == "response.failed"
    assert "summary" in events[-1]["response"]["error"]["message"]


def test_a_compaction_that_was_cut_is_incomplete() -> None:
    plan = StreamPlan({}, compacts=True)
    events = tell([TextDelta("a"), Finished("length")], plan)
    assert (events[-1]["type"], len(output_of(events))) == ("response.incomplete", 1)
    assert output_of(tell([Finished("length")], plan)) == []


# Log probabilities

TOKENS = (
    TokenLogprob("Hé", -0.5, [72, 195, 169], [TopLogprob("Hé", -0.5, [72, 195, 169]), TopLogprob("Ho", -1.5)]),
    TokenLogprob("!", -0.25, None, [TopLogprob("!", -0.25)]),
)


def test_probabilities_come_with_the_text_and_once_more_as_a_whole() -> None:
    plan = StreamPlan({}, top_logprobs=2)
    events = tell([TextDelta("Hé", TOKENS[:1]), TextDelta("!", TOKENS[1:]), Finished("stop")], plan)
    deltas = [event["logprobs"] for event in events if event["type"] == "response.output_text.delta"]
    streamed = [
        {"token": "Hé", "logprob": -0.5, "top_logprobs": [{"token": "Hé", "logprob": -0.5}, {"token": "Ho", "logprob": -1.5}]},
        {"token": "!", "logprob": -0.25, "top_logprobs": [{"token": "!", "logprob": -0.25}]},
    ]
    assert deltas == [streamed[:1], streamed[1:]]
    assert next(event for event in events if event["type"] == "response.output_text.done")["logprobs"] == streamed
    whole = output_of(events)[0]["content"][0]["logprobs"]
    assert [(token["token"], token["bytes"], len(token["top_logprobs"])) for token in whole] == [("Hé", [72, 195, 169], 2), ("!", [33], 1)]
    assert whole[0]["top_logprobs"][1] == {"token": "Ho", "bytes": [72, 111], "logprob": -1.5}


@pytest.mark.parametrize(("top", "told"), [(None, None), (0, 0), (1, 1)])
def test_no_more_probabilities_than_were_asked_for(top: int | None, told: int | None) -> None:
    events = tell([TextDelta("Hé", TOKENS[:1]), Finished("stop")], StreamPlan({}, top_logprobs=top))
    logprobs = output_of(events)[0]["content"][0]["logprobs"]
    assert [len(token["top_logprobs"]) for token in logprobs] == ([] if told is None else [told])


def test_what_is_told_survives_encoding() -> None:
    name, arguments, item = CALLS["custom"]
    [told] = output_of(json.loads(msgspec.json.encode(tell([*call(name, arguments), Finished("tool_calls")]))))
    assert told == item
