from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from triglot_conformance.reports.junit import render
from triglot_conformance.results import CaseResult, Event, Exchange, RunResult, TargetFacts
from triglot_conformance.verdicts import Finding, Verdict

from .synthetic import make_run

# What may stand below and beside each element, by the schemas that Jenkins and its kin check against: children in this order.
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase"],
    "properties": ["property"],
    "property": [],
    "testcase": ["properties", "skipped", "error", "failure"],
    "skipped": [],
    "error": [],
    "failure": [],
}
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors", "skipped"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "skipped": {"message"},
    "error": {"message", "type"},
    "failure": {"message", "type"},
}


def check(element: ET.Element) -> None:
    allowed = CHILDREN[element.tag]
    places = [allowed.index(child.tag) for child in element]
    assert places == sorted(places), element.tag
    assert set(element.attrib) == ATTRIBUTES.get(element.tag, set())
    for name in {"tests", "failures", "errors", "skipped"} & set(element.attrib):
        assert re.fullmatch(r"\d+", element.attrib[name])
    for name in {"time"} & set(element.attrib):
        assert re.fullmatch(r"\d+\.\d{3}", element.attrib[name])
    if element.tag == "testsuite":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", element.attrib["timestamp"])
    if element.tag in {"testsuites", "testsuite"}:
        tests = element.findall(".//testcase")
        assert int(element.attrib["tests"]) == len(tests)
        for name, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
            assert int(element.attrib[name]) == len(element.findall(f".//{tag}")), tag
    for child in element:
        check(child)


def read(*runs: RunResult) -> ET.Element:
    root = ET.fromstring(render(runs))
    check(root)
    return root


def case(
    verdict: Verdict, *findings: Finding, reason: str = "", known: str | None = None, exchanges: list[Exchange] | None = None
) -> CaseResult:
    return CaseResult(
        "chat/json/tools/x", "chat", "MUST", "It holds.", [], [], [], verdict, reason, list(findings), exchanges or [], known, 1500.0
    )


def run(*cases: CaseResult) -> RunResult:
    return RunResult(TargetFacts("alpha", "http://h"), "1", "2026-11-20T15:00:00Z", 1.0, cases=list(cases))


def test_there_is_a_suite_for_each_server_and_dialect() -> None:
    made = [make_run("alpha"), make_run("beta", seed=2)]
    root = read(*made)
    assert [suite.get("name") for suite in root] == [
        f"{name}/{dialect}" for name in ("alpha", "beta") for dialect in ("chat", "messages", "responses")
    ]
    assert root.get("tests") == str(sum(len(each.cases) for each in made))
    assert len({(test.get("classname"), test.get("name")) for test in root.iter("testcase")}) == sum(len(each.cases) for each in made)
    properties = {each.get("name"): each.get("value") for each in root[0].find("properties") or []}
    assert properties["model"] == "tiny-demo"
    assert properties["capability.tools"] == "shown"


def test_names_come_from_the_id() -> None:
    test = next(read(run(case(Verdict.PASS))).iter("testcase"))
    assert (test.get("classname"), test.get("name"), test.get("time")) == ("alpha.chat.json.tools", "x", "1.500")
    assert [child.tag for child in test] == ["properties"]


@pytest.mark.parametrize(
    ("made", "tag", "message"),
    [
        (case(Verdict.FAIL, Finding("a", "inherited", inherited=True), Finding("order", "wrong")), "failure", "wrong"),
        (case(Verdict.FAIL, reason="no finding"), "failure", "no finding"),
        (case(Verdict.FAIL, Finding("order", "wrong"), known="not built"), "skipped", "known to fail: not built"),
        (case(Verdict.PASS, known="not built"), "failure", "unexpected pass: it is known to fail because: not built"),
        (case(Verdict.UNSUPPORTED, reason="needs tools"), "skipped", "unsupported: needs tools"),
        (case(Verdict.INCONCLUSIVE, reason="no call", known="x"), "skipped", "inconclusive: no call"),
        (case(Verdict.UNREACHABLE, reason="refused"), "error", "refused"),
    ],
)
def test_each_verdict_has_its_element(made: CaseResult, tag: str, message: str) -> None:
    test = next(read(run(made)).iter("testcase"))
    assert [(child.tag, child.get("message")) for child in test][1:] == [(tag, message)]


def test_a_run_that_is_no_result_is_an_error_beside_its_cases() -> None:
    stopped = run(case(Verdict.PASS))
    stopped.planned = 2
    root = read(stopped, run(case(Verdict.INCONCLUSIVE, reason="no call")), run(case(Verdict.PASS)))
    assert (root.get("tests"), root.get("errors"), root.get("skipped")) == ("5", "2", "1")
    assert [(suite.get("name"), error.get("message"), error.get("type")) for suite in root for error in suite.iter("error")] == [
        ("alpha/run", "stopped after 1 of 2 cases", "stopped"),
        ("alpha/run", "no case could be judged: 1 inconclusive", "no-result"),
    ]


def test_a_failure_tells_its_trace_around_the_event() -> None:
    events = [Event(float(number), f"event: e{number}\ndata: {{}}\n\n") for number in range(40)]
    exchange = Exchange(2, "stream", "POST", "http://h/v1", {}, "{}", 200, [["server", "x"]], 1.0, events, None, 40.0, "closed early")
    finding = Finding("order", "too late", "order", 0, 20)
    text = next(read(run(case(Verdict.FAIL, finding, exchanges=[exchange]))).iter("failure")).text or ""
    assert "MUST: It holds.\n[order] event 20: too late\n" in text
    assert "step 2, stream: POST http://h/v1\n> {}\n< 200 after 1.0 ms\n< server: x" in text
    assert "! event 20 at 20.0 ms: event: | e20 | data: | {}" in text.replace("event: e20 data: {}", "event: | e20 | data: | {}")
    assert "  event 15 at" in text
    assert "event 14 at" not in text
    assert "event 26 at" not in text
    assert "14 more events" in text
    assert "broken: closed early" in text


def test_any_character_gives_valid_xml() -> None:
    nasty = "".join(map(chr, range(0x250))) + "\ud800\udfff\ufffe\uffff\u2028]]>&<\"'😀"
    exchange = Exchange(1, nasty, nasty, nasty, {nasty: nasty}, nasty, 200, [[nasty, nasty]], 1.0, [Event(1.0, nasty)], nasty, 1.0, nasty)
    made = run(
        case(Verdict.FAIL, Finding(nasty, nasty), exchanges=[exchange]),
        case(Verdict.UNSUPPORTED, reason=nasty),
        case(Verdict.UNREACHABLE, reason=nasty),
    )
    made.target = TargetFacts(nasty, nasty, nasty, nasty)
    made.options, made.notes = {nasty: nasty}, [nasty]
    root = read(made)
    assert "😀" in (next(root.iter("failure")).text or "")
    assert next(root.iter("failure")).get("message", "").endswith("]]>&<\"'😀")
    render([made]).encode("utf-8")


def test_no_run_is_an_empty_document() -> None:
    assert read().get("tests") == "0"
