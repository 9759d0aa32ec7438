"""Findings of the contract: rules without values, messages with places, and no more and no fewer of them than JSON Schema has."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from triglot_conformance.contract.contract import Contract, read_yaml
from triglot_conformance.contract.fold import FOLDS, FoldError
from triglot_conformance.contract.ids import id_findings, twin_id_findings
from triglot_conformance.contract.schema import Schema, SchemaError
from triglot_conformance.contract.shape import shape_findings
from triglot_conformance.contract.state import state_findings, stream_state_findings
from triglot_conformance.contract.strict_json import decode_json
from triglot_conformance.contract.usage import stream_usage_findings, usage_findings
from triglot_conformance.wire.sse import parse_stream

from .conftest import CASES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTRACT = Contract(ROOT / "specs")
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}


def fill(text: str) -> str:
    return re.sub(r"\{\{(\w+):([^{}]+)\}\}", lambda found: "1700000000" if found[1] in ("time", "count") else f"{found[2]}x1", text)


def read_events(case: str) -> list[Any]:
    frames = parse_stream(fill((CASES / case / "expected.sse").read_text("utf-8")).encode())
    return [json.loads(frame.data) for frame in frames if frame.data not in (None, "[DONE]")]


def read_body(case: str) -> Any:
    return json.loads(fill((CASES / case / "expected.json").read_text("utf-8")))


STREAMS = {
    "chat": ["chat/stream/tool-calls/auto", "chat/stream/logprobs", "chat/stream/two-choices"],
    "responses": ["responses/stream/function-call/parallel", "responses/stream/reasoning", "responses/stream/custom-tool/text"],
    "messages": ["messages/stream/tool-use/parallel", "messages/stream/thinking"],
}
BODIES = {
    "chat": ["chat/json/tool-calls", "chat/json/logprobs"],
    "responses": ["responses/stream/reasoning"],
    "messages": ["messages/stream/thinking"],
}


# Schemas


def rules_of(dialect: str, body: Any, status: int = 200) -> dict[str, str]:
    findings = CONTRACT.dialect(dialect).body_findings("POST", PATHS[dialect], status, body)
    return {finding.rule: finding.message for finding in findings}


def test_all_problems_are_told_each_with_its_rule() -> None:
    body = read_body("chat/json/tool-calls")
    del body["id"]
    body["choices"][0]["finish_reason"] = "tool_call"
    body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = {"city": "Paris"}
    assert rules_of("chat", body) == {
        "schema ChatCompletion lacks id": "$: id is missing",
        "schema Choice.finish_reason has an unknown value": '$.choices[0].finish_reason: is "tool_call", expected one of "stop", "length", '
        '"tool_calls", "content_filter", "function_call"',
        "schema FunctionCall.arguments is no string": '$.choices[0].message.tool_calls[0].function.arguments: is {"city": "Paris"}, '
        "expected a string",
    }


def test_a_rule_is_told_once_with_its_first_place_and_a_count() -> None:
    events = [{**event, "index": "0"} if "index" in event else event for event in read_events(STREAMS["messages"][0])]
    findings = CONTRACT.dialect("messages").event_findings("POST", PATHS["messages"], events)
    (finding,) = findings
    assert (finding.rule, finding.event) == ("schema event.index is no integer", 1)
    assert re.search(r'^event 1 \(.*\): \$\.index: is "0", expected an integer \(and \d+ more like it\)$', finding.message)


@pytest.mark.parametrize(
    ("dialect", "body", "status", "rule"),
    [
        ("chat", {"error": {"message": "No.", "type": "x", "code": 400}}, 400, "schema ErrorDetail lacks param"),
        (
            "chat",
            {"error": {"message": "No.", "type": "x", "param": None, "code": 400}},
            400,
            "schema ErrorDetail.code is no string or null",
        ),
        ("chat", {"error": "No."}, 400, "schema ErrorDetail is no object"),
        ("messages", {"error": {"message": "No.", "type": "x"}}, 400, "schema ErrorResponse lacks type"),
        ("chat", [], 200, "schema ChatCompletion is no object"),
        ("chat", {}, 302, "schema unknown operation"),
    ],
)
def test_rules_of_common_faults(dialect: str, body: Any, status: int, rule: str) -> None:
    assert rule in rules_of(dialect, body, status)


def test_of_a_union_the_branch_is_judged_that_was_meant() -> None:
    chat = CONTRACT.dialect("chat")
    chunk = read_events("chat/stream/logprobs")[1]
    del chunk["created"]
    assert [finding.rule for finding in chat.event_findings("POST", PATHS["chat"], [chunk])] == ["schema ChatCompletionChunk lacks created"]
    (finding,) = chat.event_findings("POST", PATHS["chat"], [{"error": {}}])
    assert finding.rule == "schema StreamFailureDetail lacks message"
    body = read_body("chat/json/tool-calls") | {"usage": 7}
    assert rules_of("chat", body) == {"schema ChatCompletion.usage is of no allowed kind": "$.usage: is 7, expected an object or null"}


def test_unknown_fields_and_null_in_optional_ones_are_no_problem() -> None:
    body = read_body("chat/json/tool-calls") | {"vendor": {"x": 1}, "timings": None}
    body["choices"][0]["vendor"] = body["choices"][0]["message"]["vendor"] = 1
    assert rules_of("chat", body) == {}
    assert rules_of("chat", body | {"choices": None})


def test_an_unknown_tag_and_a_missing_one_are_told() -> None:
    messages = CONTRACT.dialect("messages")
    found = messages.event_findings("POST", PATHS["messages"], [{"type": "message_end"}, {"x": 1}, {"type": ["a"]}, 5])
    assert [finding.rule for finding in found] == [
        "schema event.type has an unknown value",
        "schema event lacks type",
        "schema event is no object",
    ]


def test_an_operation_without_a_stream_is_told() -> None:
    (finding,) = CONTRACT.dialect("messages").event_findings("POST", "/v1/messages/count_tokens", [{}])
    assert "no POST /v1/messages/count_tokens that answers with an event stream" in finding.message


def test_a_keyword_that_is_not_known_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("A: {type: object, dependentRequired: {}}")
    with pytest.raises(SchemaError, match="dependentRequired"):
        Schema(tmp_path / "a.yaml", "/A")


def test_every_schema_of_every_answer_compiles() -> None:
    for dialect in PATHS:
        contract = CONTRACT.dialect(dialect)
        for path, item in read_yaml(ROOT / "specs" / dialect / "openapi.yaml")["paths"].items():
            for method in item.keys() & {"get", "post", "delete"}:
                for value in ({}, {"type": "x"}, {"data": [{}], "output": [{}], "content": [{}], "choices": [{}]}):
                    assert contract.body_findings(method, path, 200, value)


# JSON Schema as the oracle


def _retrieve(uri: str) -> Resource[Any]:
    return DRAFT202012.create_resource(_read(unquote(urlsplit(uri).path)))


@cache
def _read(path: str) -> Any:
    return read_yaml(Path(path))


def _one_of(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    tagged = schema["discriminator"]
    tag = instance.get(tagged["propertyName"]) if isinstance(instance, dict) else None
    reference = tagged["mapping"].get(tag) if isinstance(tag, str) else None
    if reference is None:
        yield ValidationError("no branch")
    else:
        yield from validator.descend(instance, {"$ref": reference})


@cache
def oracle(dialect: str, pointer: str) -> Any:
    document = ROOT / "specs" / dialect / "openapi.yaml"
    reference = {"$ref": f"{document.as_uri()}#{pointer}"}
    return extend(Draft202012Validator, {"oneOf": _one_of})(reference, registry=Registry(retrieve=_retrieve))


ANSWER = "/paths/{}/post/responses/200/content/"
SCALARS = st.one_of(
    st.booleans(), st.integers(-3, 3), st.floats(0, 2), st.sampled_from(["", "text", "completed", "tool_use", "assistant", "x"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["type", "text", "id", "index", "error", "message", "usage", "content"]), inner, max_size=3),
    ),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(part, (*path, key))


def change(data: st.DataObject, value: Any) -> Any:
    """The value with something in it replaced, removed or added."""
    changed = copy.deepcopy(value)
    found = list(places(changed))
    if not found:
        return data.draw(VALUES)
    *above, last = data.draw(st.sampled_from(found))
    owner = changed
    for key in above:
        owner = owner[key]
    match data.draw(st.sampled_from(["replace", "remove", "add"])):
        case "remove":
            del owner[last]
        case "add" if isinstance(owner, dict):
            owner[data.draw(st.sampled_from(["vendor", "type", "index", "role"]))] = data.draw(VALUES)
        case _:
            owner[last] = data.draw(VALUES)
    return changed


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_problems_are_found_exactly_where_json_schema_finds_them(data: st.DataObject) -> None:
    dialect = data.draw(st.sampled_from(sorted(PATHS)))
    path = PATHS[dialect].replace("/", "~1")
    if data.draw(st.booleans()):
        value = change(data, read_body(data.draw(st.sampled_from(BODIES[dialect]))))
        findings = CONTRACT.dialect(dialect).body_findings("POST", PATHS[dialect], 200, value)
        pointer = ANSWER.format(path) + "application~1json/schema"
    else:
        value = change(data, data.draw(st.sampled_from(read_events(data.draw(st.sampled_from(STREAMS[dialect]))))))
        findings = CONTRACT.dialect(dialect).event_findings("POST", PATHS[dialect], [value])
        pointer = ANSWER.format(path) + "text~1event-stream/itemSchema/properties/data/contentSchema"
    errors = list(oracle(dialect, pointer).iter_errors(value))
    assert bool(findings) == bool(errors), (findings, errors)
    assert len({finding.rule for finding in findings}) == len(findings)


# Order and invariants


def test_an_event_out_of_order_is_told_with_what_was_expected() -> None:
    events = read_events("messages/stream/thinking")
    (finding,) = CONTRACT.dialect("messages").stream.order_findings([events[0], *events])
    assert (finding.event, finding.rule) == (1, "order message_start in between_blocks")
    assert "may not come in phase between_blocks; expected here: content_block_start/text" in finding.message
    (finding,) = CONTRACT.dialect("messages").stream.order_findings(events[:-1])
    assert (finding.event, finding.rule) == (None, "order end in closing")
    assert finding.message.endswith("still expected: message_stop")


def test_rules_of_order_hold_no_words_of_a_server() -> None:
    stream = CONTRACT.dialect("messages").stream
    for made_up in ("one", "two"):
        (finding,) = stream.order_findings([{"type": made_up}])
        assert finding.rule == "order unknown in idle"
        start = {"type": "content_block_start", "content_block": {"type": made_up}}
        assert stream.order_findings([start])[0].rule == "order content_block_start in idle"


@pytest.mark.parametrize(
    ("case", "old", "new", "rule"),
    [
        ("messages/stream/tool-use/parallel", '"index": 1', '"index": 0', "invariant index index wrong"),
        ("responses/stream/reasoning", '"sequence_number": 3', '"sequence_number": 4', "invariant counter sequence_number wrong"),
        ("responses/stream/reasoning", '"item_id": "rs_', '"item_id": "xx_', "invariant identity item_id wrong"),
        ("chat/stream/tool-calls/auto", '"type": "function"', '"type": null', "invariant fragments delta.tool_calls first lacks type"),
        (
            "chat/stream/two-choices",
            '"finish_reason": "length"',
            '"finish_reason": null',
            "invariant closed choices never gets its finish_reason",
        ),
    ],
)
def test_rules_of_invariants(case: str, old: str, new: str, rule: str) -> None:
    events = json.loads(json.dumps(read_events(case)).replace(old, new, 1))
    findings = CONTRACT.dialect(case.partition("/")[0]).stream.invariant_findings(events)
    assert rule in [finding.rule for finding in findings], findings


# Hostile input


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_stream_makes_a_check_stumble(data: st.DataObject) -> None:
    dialect = data.draw(st.sampled_from(sorted(PATHS)))
    events = read_events(data.draw(st.sampled_from(STREAMS[dialect])))
    for _ in range(data.draw(st.integers(1, 3))):
        match data.draw(st.sampled_from(["change", "change", "drop", "swap", "insert"])):
            case "change":
                events = change(data, events)
            case "drop" if events:
                del events[data.draw(st.integers(0, len(events) - 1))]
            case "swap" if len(events) > 1:
                first = data.draw(st.integers(0, len(events) - 2))
                events[first : first + 2] = reversed(events[first : first + 2])
            case _:
                events.insert(data.draw(st.integers(0, len(events))), data.draw(JSON))
    before = copy.deepcopy(events)
    contract = CONTRACT.dialect(dialect)
    contract.event_findings("POST", PATHS[dialect], events)
    contract.stream.order_findings(events)
    contract.stream.invariant_findings(events)
    stream_usage_findings(dialect, events)
    stream_state_findings(events)
    with contextlib.suppress(FoldError):
        check_whole(dialect, FOLDS[dialect](events))
    assert repr(events) == repr(before)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(PATHS)), JSON, st.data())
def test_no_body_makes_a_check_stumble(dialect: str, value: Any, data: st.DataObject) -> None:
    check_whole(dialect, value)
    check_whole(dialect, change(data, read_body(BODIES[dialect][0])))


def check_whole(dialect: str, value: Any) -> None:
    CONTRACT.dialect(dialect).body_findings("POST", PATHS[dialect], 200, value)
    findings = [*usage_findings(dialect, value), *id_findings(dialect, value), *state_findings(dialect, value)]
    findings += [*shape_findings(dialect, value, read_body(BODIES[dialect][0])), *twin_id_findings(value, value)]
    assert all(finding.rule and finding.message for finding in findings)


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "", "{", "[" * 100_000, '{"a":' * 5000, "1" * 5000, '"\\', b"\xff", b"\xef\xbb\xbf1"]
)
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        decode_json(text)


def test_brackets_in_strings_do_not_nest() -> None:
    text = json.dumps(["[" * 500 + '\\"{', "\\"])
    assert decode_json(text) == json.loads(text)
    assert decode_json("[" * 200 + "]" * 200)
