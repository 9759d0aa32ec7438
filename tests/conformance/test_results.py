from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from triglot_conformance.results import (
    FORMAT,
    STREAM_LIMIT,
    TEXT_LIMIT,
    CaseResult,
    Event,
    Exchange,
    ResultsError,
    RunResult,
    TargetFacts,
    from_json,
    to_json,
)
from triglot_conformance.verdicts import Finding, Verdict

from .conftest import ROOT
from .synthetic import make_run

SCHEMA = json.loads((ROOT / "conformance" / "triglot_conformance" / "results.schema.json").read_text(encoding="utf-8"))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
times = st.floats(0, 1e7, allow_nan=False)
headers = st.dictionaries(texts, texts, max_size=2)
numbers = st.none() | st.integers(0, 9)
findings = st.builds(Finding, texts, texts, texts, numbers, numbers, st.booleans())
exchanges = st.builds(
    Exchange,
    st.integers(1, 9),
    texts,
    texts,
    texts,
    headers,
    st.none() | texts,
    st.none() | st.integers(100, 599),
    st.lists(st.lists(texts, min_size=2, max_size=2), max_size=2),
    st.none() | times,
    st.lists(st.builds(Event, times, texts), max_size=3),
    st.none() | texts,
    times,
    st.none() | texts,
)
cases = st.builds(
    CaseResult,
    texts,
    texts,
    st.sampled_from(["MUST", "SHOULD", "MAY"]),
    texts,
    st.lists(texts, max_size=2),
    st.lists(texts, max_size=2),
    st.lists(texts, max_size=2),
    st.sampled_from(Verdict),
    texts,
    st.lists(findings, max_size=2),
    st.lists(exchanges, max_size=2),
    st.none() | texts,
    times,
)
runs = st.builds(
    RunResult,
    st.builds(TargetFacts, texts, texts, texts, texts),
    texts,
    texts,
    times,
    headers,
    st.dictionaries(texts, st.sampled_from(["shown", "absent", "unknown", "declared absent"]), max_size=2),
    st.lists(texts, max_size=2),
    st.lists(cases, max_size=3),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs)
def test_what_is_written_is_read_again(run: RunResult) -> None:
    text = to_json(run)
    assert from_json(text) == run
    assert to_json(from_json(text)) == text


def test_a_large_run_is_written_the_same_twice() -> None:
    run = make_run()
    assert to_json(run) == to_json(make_run())
    assert to_json(from_json(to_json(run))) == to_json(run)


def exchange(**facts: Any) -> Exchange:
    return Exchange(1, "stream", "POST", "http://h/v1", {}, **facts)


def written(of: Exchange) -> Exchange:
    case = CaseResult("chat/json/x", "chat", "MUST", "It holds.", [], [], [], Verdict.PASS, exchanges=[of])
    run = RunResult(TargetFacts("a", "http://h"), "1", "2026-11-20T15:00:00Z", 1.0, cases=[case])
    text = to_json(run)
    assert to_json(from_json(text)) == text, "what is cut is not cut again"
    return from_json(text).cases[0].exchanges[0]


@pytest.mark.parametrize("letter", ["x", "é", "€", "😀", "\ud800"])
def test_a_long_body_is_cut_and_says_so(letter: str) -> None:
    size = len(letter.encode("utf-8", "surrogatepass"))
    kept = written(exchange(body=letter * 50_000, request_body="short"))
    whole = size * 50_000
    assert kept.request_body == "short"
    assert kept.body is not None
    assert len(kept.body.encode()) <= TEXT_LIMIT
    if whole <= TEXT_LIMIT:
        assert kept.body == letter * 50_000
    else:
        text, _, mark = kept.body.rpartition("\n")
        assert set(text) == {letter.encode("utf-16", "surrogatepass").decode("utf-16", "replace")}
        assert mark == f"[cut: {len(text.encode())} of {whole} bytes]"


def test_a_body_of_just_the_limit_is_whole() -> None:
    assert written(exchange(body="x" * TEXT_LIMIT)).body == "x" * TEXT_LIMIT


def test_a_long_stream_loses_text_but_no_event() -> None:
    events = [Event(float(number), f"data: {'x' * 1000}\n\n") for number in range(1000)]
    kept = written(exchange(events=events)).events
    assert [event.at_ms for event in kept] == [event.at_ms for event in events]
    assert kept[0] == events[0]
    assert kept[-1].raw == "\n[cut: 0 of 1008 bytes]"
    whole = [event for event in kept if "cut" not in event.raw]
    assert STREAM_LIMIT - 2000 < sum(len(event.raw) for event in whole) <= STREAM_LIMIT


def test_a_lone_surrogate_is_replaced_and_a_pair_is_joined() -> None:
    kept = written(exchange(body="a\ud83d b\ud83d\ude00\udc00", events=[Event(1.0, "\udfff\0\u2028")]))
    assert kept.body == "a\ufffd b😀\ufffd"
    assert kept.events[0].raw == "\ufffd\0\u2028"


def test_times_must_be_numbers() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(replace(make_run(cases=1), duration_s=float("nan")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is nothing in it"),
        ("{", "not JSON: Expecting property name"),
        ("[" * 100_000, "not JSON"),
        ("[]", 'no "format"'),
        ("{}", "must be 'triglot-conformance/1'"),
        ('{"format": "triglot-conformance/2"}', "'triglot-conformance/2', and this version reads 'triglot-conformance/1'"),
        (f'{{"format": "{FORMAT}"}}', "is a required property"),
    ],
)
def test_another_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(ResultsError, match=message):
        from_json(text)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("cases", 0, "verdict"), "passed", r"\$\.cases\[0\]\.verdict: 'passed' is not one of"),
        (("cases", 0, "level"), "must", r"\$\.cases\[0\]\.level"),
        (("cases", 0, "findings"), [{"check": "x"}], "'message' is a required property"),
        (("capabilities", "tools"), "perhaps", r"\$\.capabilities\.tools"),
        (("target",), "a", r"\$\.target"),
        (("duration_s",), "1", r"\$\.duration_s"),
    ],
)
def test_a_wrong_member_is_named(path: tuple[str | int, ...], value: object, message: str) -> None:
    source = json.loads(to_json(make_run(cases=2)))
    place = source
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(ResultsError, match=message):
        from_json(json.dumps(source))


def test_unknown_members_are_passed_over() -> None:
    run = make_run(cases=2)
    source = json.loads(to_json(run))
    source["colour"] = source["cases"][0]["colour"] = source["target"]["colour"] = "red"
    assert from_json(json.dumps(source)) == run


def test_the_schema_is_one_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    definitions = SCHEMA["$defs"]
    described = {
        RunResult: SCHEMA,
        TargetFacts: SCHEMA["properties"]["target"],
        CaseResult: definitions["case"],
        Finding: definitions["finding"],
        Exchange: definitions["exchange"],
        Event: definitions["exchange"]["properties"]["events"]["items"],
    }
    for each, schema in described.items():
        assert {field.name for field in fields(each)} == set(schema["properties"]), each
        assert set(schema["required"]) <= set(schema["properties"])
    assert definitions["case"]["properties"]["verdict"]["enum"] == list(Verdict)
    assert SCHEMA["properties"]["format"]["const"] == FORMAT
