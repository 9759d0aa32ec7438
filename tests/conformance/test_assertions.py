from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from triglot_conformance.live.assertions import check_assertion_source, check_assertions, holds
from triglot_conformance.live.jsonpath import check_path, find
from triglot_conformance.live.operators import same

BODY: dict[str, Any] = {
    "id": "msg_1",
    "n": 3,
    "half": 0.5,
    "flag": True,
    "none": None,
    "text": 'It is {"a": 1}',
    "json": '{"name": "Ada", "age": 36}',
    "content": [{"type": "text", "text": "Hi"}, {"type": "tool_use", "id": "a", "input": {}}, {"type": "tool_use", "id": "b", "input": {}}],
    "usage": {"in": 4, "out": 2, "total": 6, "cached": None},
}
EVENTS = [
    {"type": "start", "n": 0},
    {"type": "delta", "n": 1, "text": "a"},
    {"type": "delta", "n": 1, "text": ""},
    {"type": "stop", "n": 3},
]
SOURCES: dict[str, Any] = {"body": BODY, "events": EVENTS, "headers": {"content-type": "application/json"}, "step:1": {"id": "resp_1"}}
TOOLS = "$.content[?@.type == 'tool_use'].id"
SCHEMA = Draft202012Validator(json.loads(files("triglot_conformance.live").joinpath("assertion.schema.json").read_text("utf-8")))

TRUE = [
    {"path": "$.id", "equals": "msg_1"},
    {"path": "$.content[1].input", "equals": {}},
    {"path": "$.none", "equals": None},
    {"path": "$.n", "equals": 3.0},
    {"path": TOOLS, "values": ["a", "b"]},
    {"path": "$.nothing[*]", "values": []},
    {"path": "$.content[*].type", "one_of": ["text", "tool_use"]},
    {"path": TOOLS, "matches": "^[ab]$"},
    {"path": "$.n", "type": "integer"},
    {"path": "$.half", "type": "number"},
    {"path": "$.flag", "type": "boolean"},
    {"path": "$.content", "type": "array"},
    {"path": "$.usage", "type": "object"},
    {"path": "$.none", "type": "null"},
    {"path": "$.none", "present": True},
    {"path": "$.nothing", "present": False},
    {"path": TOOLS, "count": 2},
    {"path": "$.nothing", "count": 0},
    {"path": TOOLS, "min": 2},
    {"path": TOOLS, "max": 2},
    {"path": TOOLS, "unique": True},
    {"path": "$.n", "at_least": 3},
    {"path": "$.n", "at_most": 3},
    {"path": "$[1:].n", "on": "events", "grows_by": 3},
    {"path": "$.half", "share_of": {"path": "$.n", "at_most": 0.5}},
    {"path": "$[1:].n", "on": "events", "share_of": {"path": "$.n", "at_most": 0.34}},
    {"path": "$.usage.total", "sum": ["$.usage.in", "$.usage.out", "$.usage.cached"]},
    {"path": "$.n", "same_as": {"path": "$[-1].n", "on": "events"}},
    {"path": "$.json", "json": {"type": "object", "required": ["name"], "properties": {"age": {"type": "integer"}}}},
    {"path": "$.usage.total", "sum": {"on": "body", "paths": ["$.usage.in", "$.usage.out", "$.usage.gone"]}},
    {"path": "$.content[1:].type", "same": True},
    {"path": TOOLS, "no_match": "c"},
    {"path": "$.nothing", "no_match": "c"},
    {"path": TOOLS, "differs_from": {"path": "$.id"}},
    {"path": "$.json", "json": {}},
    {"path": "$[*].n", "on": "events", "at_least": 0},
    {"path": "$['content-type']", "on": "headers", "equals": "application/json"},
    {"path": "$.id", "on": "step:1", "matches": "^resp_"},
]

FALSE: list[tuple[dict[str, Any], str, int | None]] = [
    ({"path": "$.id", "equals": "x"}, '$.id is "msg_1", expected "x"', None),
    ({"path": "$.flag", "equals": 1}, "$.flag is true, expected 1", None),
    ({"path": TOOLS, "equals": "a"}, f'{TOOLS} finds 2 values, expected one, "a": ["a", "b"]', None),
    ({"path": "$.nothing", "equals": None}, "$.nothing is missing, expected one, null", None),
    ({"path": TOOLS, "values": ["b", "a"]}, f'{TOOLS} finds ["a", "b"], expected ["b", "a"]', None),
    ({"path": "$.content[*].type", "one_of": ["text"]}, '$.content[*].type is "tool_use", expected one of "text"', None),
    ({"path": "$.nothing", "one_of": [1]}, "$.nothing is missing, expected one of 1", None),
    ({"path": "$.n", "matches": "3"}, "$.n is 3, expected a match of 3", None),
    ({"path": "$.id", "matches": "^resp_"}, '$.id is "msg_1", expected a match of ^resp_', None),
    ({"path": "$.half", "type": "integer"}, "$.half is 0.5, expected a value of type integer", None),
    ({"path": "$.flag", "type": "number"}, "$.flag is true, expected a value of type number", None),
    ({"path": "$.n", "type": "null"}, "$.n is 3, expected null", None),
    ({"path": "$.nothing", "present": True}, "$.nothing is missing", None),
    ({"path": "$.none", "present": False}, "$.none is null, expected to be absent", None),
    ({"path": TOOLS, "count": 3}, f'{TOOLS} finds 2 values, expected 3: ["a", "b"]', None),
    ({"path": TOOLS, "min": 3}, f'{TOOLS} finds 2 values, expected at least 3: ["a", "b"]', None),
    ({"path": TOOLS, "max": 1}, f'{TOOLS} finds 2 values, expected at most 1: ["a", "b"]', None),
    ({"path": "$[*].n", "unique": True, "on": "events"}, "$[*].n in the events finds 1 more than once, expected different values", 2),
    ({"path": "$.n", "at_least": 4}, "$.n is 3, expected a number of at least 4", None),
    ({"path": "$.id", "at_most": 4}, '$.id is "msg_1", expected a number of at most 4', None),
    ({"path": "$[1:].n", "on": "events", "grows_by": 4}, "$[1:].n in the events grows from 1 to 3, expected 4 times that", None),
    ({"path": "$.n", "grows_by": 2}, "$.n finds 1 values, expected at least two numbers: 3", None),
    (
        {"path": "$[1:].n", "on": "events", "share_of": {"path": "$.n", "at_most": 0.3}},
        "$[1:].n in the events is 1, expected at most 0.3 times 3",
        1,
    ),
    ({"path": "$.nothing", "share_of": {"path": "$.n", "at_most": 1}}, "$.nothing is missing", None),
    ({"path": "$.n", "share_of": {"path": "$.nothing", "at_most": 1}}, "$.n is to be a share of $.nothing, which is missing", None),
    ({"path": "$.id", "share_of": {"path": "$.n", "at_most": 1}}, '$.id is "msg_1", expected a share of 3', None),
    ({"path": "$.usage.total", "sum": ["$.usage.in", "$.n"]}, "$.usage.total is 6, expected 7, the sum of $.usage.in + $.n = 4 + 3", None),
    ({"path": "$.n", "sum": ["$.x"]}, "$.n is 3, expected 0, the sum of $.x = 0", None),
    ({"path": "$.n", "sum": ["$.id"]}, '$.n is to be the sum of $.id, but $.id is "msg_1"', None),
    ({"path": "$[*].n", "same": True, "on": "events"}, "in the events is 1, expected the same everywhere, 0", 1),
    ({"path": "$.nothing", "same": True}, "$.nothing is missing", None),
    ({"path": TOOLS, "no_match": "b"}, 'is "b", expected no match of b', None),
    ({"path": TOOLS, "differs_from": {"path": "$.content[2].id"}}, 'is "b", expected another value than that of $.content[2].id', None),
    ({"path": "$.id", "differs_from": {"path": "$.id", "on": "whole"}}, "$.id is to differ from $.id, which is missing", None),
    ({"path": "$.nothing", "differs_from": {"path": "$.id"}}, "$.nothing is missing", None),
    ({"path": "$.id", "same_as": {"path": "$.id", "on": "step:1"}}, '$.id is "msg_1", but $.id in the answer of step 1 is "resp_1"', None),
    (
        {"path": "$.id", "same_as": {"path": "$.id", "on": "whole"}},
        "$.id is to be the same as $.id, but there is no unstreamed answer with JSON",
        None,
    ),
    ({"path": "$.nothing", "same_as": {"path": "$.nothing"}}, "$.nothing is missing", None),
    ({"path": "$.json", "json": {"properties": {"age": {"type": "string"}}}}, "$.age: 36 is not of type 'string'", None),
    ({"path": "$.text", "json": {}}, "expected JSON", None),
    ({"path": "$.n", "json": {}}, "$.n is 3, expected a string that holds JSON", None),
    ({"path": "$.nothing", "json": {}}, "$.nothing is missing", None),
    ({"path": "$[?@.type == 'delta'].text", "matches": ".", "on": "events"}, 'in the events is "", expected a match of .', 2),
    ({"path": "$[?@.type == 'error']", "present": True, "on": "events"}, "in the events is missing", None),
    ({"path": "$.id", "on": "whole", "present": True}, "there is nothing to look for $.id in: no unstreamed answer with JSON", None),
]


@pytest.mark.parametrize("assertion", TRUE, ids=str)
def test_what_holds_has_no_finding(assertion: dict[str, Any]) -> None:
    assert list(SCHEMA.iter_errors(assertion)) == []
    check_assertion_source(assertion)
    assert check_assertions([assertion], SOURCES) == []
    assert holds([assertion], SOURCES) is None


@pytest.mark.parametrize(("assertion", "words", "event"), FALSE, ids=str)
def test_what_does_not_hold_is_told(assertion: dict[str, Any], words: str, event: int | None) -> None:
    assert list(SCHEMA.iter_errors(assertion)) == []
    check_assertion_source(assertion)
    (finding,) = check_assertions([assertion], SOURCES)
    assert words in finding.message
    assert (finding.check, finding.event) == ("assert", event)
    assert holds([assertion], SOURCES) == finding.message


def test_the_note_comes_first_and_every_breach_is_told() -> None:
    wrong = {"path": "$.n", "equals": 4, "note": "Four calls are four calls."}
    findings = check_assertions([wrong, TRUE[0], wrong | {"equals": 5}], SOURCES)
    assert [finding.message for finding in findings] == [
        "Four calls are four calls: $.n is 3, expected 4",
        "Four calls are four calls: $.n is 3, expected 5",
    ]
    assert {finding.rule for finding in findings} == {"assert body $.n equals"}


@pytest.mark.parametrize(
    ("assertion", "words"),
    [
        ({"path": "$.a[", "present": True}, r"'\$.a\[' is no JSONPath"),
        ({"path": "a", "present": True}, "'a' is no JSONPath"),
        ({"path": "$.a", "sum": ["$.["]}, r"'\$.\[' is no JSONPath"),
        ({"path": "$.a", "same_as": {"path": "$$"}}, "is no JSONPath"),
        ({"path": "$.a", "matches": "("}, "is no regular expression"),
        ({"path": "$.a", "no_match": "("}, "is no regular expression"),
        ({"path": "$.a", "json": {"type": "text"}}, "is no JSON Schema"),
        ({"path": "$.a"}, "one operator, this has 0"),
        ({"path": "$.a", "min": 1, "max": 2}, "one operator, this has 2"),
    ],
)
def test_what_cannot_be_used_is_found_at_load_time(assertion: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_assertion_source(assertion)


@pytest.mark.parametrize(
    "assertion",
    [
        {"path": "$.a"},
        {"equals": 1},
        {"path": "$.a", "min": 1, "max": 2},
        {"path": "$.a", "equal": 1},
        {"path": "$.a", "equals": 1, "on": "request"},
        {"path": "$.a", "unique": False},
        {"path": "a", "equals": 1},
        {"path": "$.a", "type": "text"},
    ],
)
def test_the_schema_of_assertions_refuses(assertion: dict[str, Any]) -> None:
    assert list(SCHEMA.iter_errors(assertion))


def test_the_schema_and_the_code_know_the_same_operators() -> None:
    named = set(SCHEMA.schema["properties"]) - {"path", "on", "note"}
    assert {entry["required"][0] for entry in SCHEMA.schema["oneOf"]} == named
    assert {name for assertion in TRUE for name in assertion} - {"path", "on", "note"} == named


def test_a_path_is_followed_or_finds_nothing() -> None:
    assert find("$..id", BODY) == ["msg_1", "a", "b"]
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    assert find("$..x", deep) == []
    with pytest.raises(ValueError, match="no JSONPath"):
        check_path("$.a b")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["id", "n", "content", "type", "usage"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(JSON)
def test_no_answer_makes_an_assertion_stumble(value: Any) -> None:
    sources = {"body": value, "events": [value, value], "headers": {}}
    check_assertions([*TRUE, *(assertion for assertion, _, _ in FALSE)], sources)


@given(JSON, JSON)
def test_sameness_is_that_of_json(one: Any, other: Any) -> None:
    assert same(one, json.loads(json.dumps(one))) or "NaN" in json.dumps(one)
    assert same(one, other) == same(other, one)
    assert not same(True, 1)
    assert not same([0], [False])
    assert same(1, 1.0)
