from __future__ import annotations

import pytest

from triglot_conformance.baseline import compare, gate
from triglot_conformance.results import CaseResult, RunResult, TargetFacts
from triglot_conformance.verdicts import Finding, Verdict

from .synthetic import make_run

PASS, FAIL, UNSUPPORTED, INCONCLUSIVE, UNREACHABLE = Verdict
LATE = Finding("order", "event 13 may not come here", "order in_block")
LEAN = Finding("schema", "$.usage is missing", "schema $ required usage")


def case(verdict: Verdict, *findings: Finding, level: str = "MUST", known: str | None = None, name: str = "chat/json/text") -> CaseResult:
    return CaseResult(name, "chat", level, "It holds.", [], [], [], verdict, findings=list(findings), known=known)


def run(*cases: CaseResult) -> RunResult:
    return RunResult(TargetFacts("a", "http://h"), "1", "2026-11-20T15:00:00Z", 1.0, cases=list(cases))


@pytest.mark.parametrize("before", [PASS, UNSUPPORTED, INCONCLUSIVE, UNREACHABLE])
def test_what_fails_now_and_did_not_is_a_regression(before: Verdict) -> None:
    found = compare(run(case(FAIL, LATE)), run(case(before)))
    assert [change.why for change in found.regressions] == [f"was {before}, now fail: event 13 may not come here"]
    assert not found.fixed + found.changed + found.new + found.gone


def test_a_failing_case_that_breaks_another_rule_is_a_regression() -> None:
    found = compare(run(case(FAIL, LATE, LEAN)), run(case(FAIL, LATE)))
    assert [change.why for change in found.regressions] == ["failed before, now also: schema $ required usage"]


def test_the_same_rule_seen_elsewhere_is_none() -> None:
    elsewhere = Finding("order", "event 14 may not come here", "order in_block", event=14)
    assert compare(run(case(FAIL, elsewhere)), run(case(FAIL, LATE, LEAN))).regressions == []


def test_an_inherited_finding_is_left_to_its_ground_case() -> None:
    inherited = Finding("schema", "x", "schema $ required usage", inherited=True)
    assert compare(run(case(FAIL, LATE, inherited)), run(case(FAIL, LATE))).regressions == []


@pytest.mark.parametrize("now", [UNSUPPORTED, UNREACHABLE])
def test_what_passed_and_is_lost_is_a_regression(now: Verdict) -> None:
    assert [change.why for change in compare(run(case(now)), run(case(PASS))).regressions] == [f"was pass, now {now}"]


@pytest.mark.parametrize(
    ("before", "now"), [(PASS, INCONCLUSIVE), (FAIL, UNSUPPORTED), (UNSUPPORTED, PASS), (UNREACHABLE, PASS), (INCONCLUSIVE, UNSUPPORTED)]
)
def test_another_verdict_is_a_change(before: Verdict, now: Verdict) -> None:
    found = compare(run(case(now)), run(case(before)))
    assert [change.why for change in found.changed] == [f"was {before}, now {now}"]
    assert not found.regressions + found.fixed


def test_fixed_new_and_gone() -> None:
    found = compare(run(case(PASS), case(FAIL, LATE, name="chat/json/b")), run(case(FAIL, LATE), case(PASS, name="chat/json/c")))
    assert [change.case.id for change in found.fixed] == ["chat/json/text"]
    assert [each.id for each in found.new] == ["chat/json/b"]
    assert found.gone == ["chat/json/c"]
    assert not found.regressions + found.changed


def test_a_run_does_not_differ_from_itself() -> None:
    found = compare(make_run(), make_run())
    assert not found.regressions + found.fixed + found.changed + found.new + found.gone
    assert gate(make_run(), "MAY") != []
    assert gate(make_run(), "MAY", make_run()) == []


@pytest.mark.parametrize(("level", "red"), [("MUST", ["MUST"]), ("SHOULD", ["MUST", "SHOULD"]), ("MAY", ["MUST", "SHOULD", "MAY"])])
def test_the_gate_is_as_high_as_its_level(level: str, red: list[str]) -> None:
    cases = [case(FAIL, LATE, level=each, name=f"chat/json/{each}") for each in ("MUST", "SHOULD", "MAY")]
    assert [change.case.level for change in gate(run(*cases), level)] == red


@pytest.mark.parametrize("verdict", Verdict)
def test_the_gate_stops_failures_and_silence(verdict: Verdict) -> None:
    assert bool(gate(run(case(verdict)))) == (verdict in {FAIL, UNREACHABLE})


def test_a_known_failure_passes_the_gate_while_it_fails() -> None:
    assert gate(run(case(FAIL, LATE, known="not built"))) == []
    (red,) = gate(run(case(PASS, level="MAY", known="not built")), "MUST")
    assert red.why == "unexpected pass: it is known to fail because: not built"
    assert gate(run(case(UNSUPPORTED, known="not built"))) == []


def test_the_gate_behind_a_baseline() -> None:
    then = run(case(FAIL, LATE))
    assert gate(run(case(FAIL, LATE)), then=then) == []
    assert [change.why for change in gate(run(case(FAIL, LEAN)), then=then)] == ["failed before, now also: schema $ required usage"]
    assert [change.why for change in gate(run(case(FAIL, LEAN, name="chat/json/new")), then=then)] == ["new case, fail: $.usage is missing"]
    assert gate(run(case(PASS, name="chat/json/new")), then=then) == []
    assert gate(run(case(FAIL, LEAN, name="chat/json/new", level="MAY")), then=then) == []
    assert [change.why for change in gate(run(case(UNREACHABLE, known=None)), then=run(case(PASS)))] == ["was pass, now unreachable"]
