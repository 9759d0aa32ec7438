from __future__ import annotations

import pytest

from triglot_conformance.reports.counts import area, by_area, count, faults, lacks, percent, place, score, share, title, visible
from triglot_conformance.results import CaseResult, Exchange, RunResult, TargetFacts
from triglot_conformance.verdicts import SUITE, Finding, Verdict

from .synthetic import make_run

LATE = Finding("order", "event 3 may not come here", "order in_block", 0, 3)
LEAN = Finding("schema", "no usage", "schema usage")


def case(name: str, verdict: Verdict, *findings: Finding) -> CaseResult:
    return CaseResult(name, "chat", "MUST", "It holds.", [], [], [], verdict, findings=list(findings))


@pytest.mark.parametrize(
    ("case_id", "expected"),
    [("messages/stream/tool-use/parallel", "messages/stream"), ("chat/json/text", "chat/json"), ("chat/text", "chat")],
)
def test_an_area_is_the_dialect_and_what_follows(case_id: str, expected: str) -> None:
    assert area(case_id) == expected


def test_areas_keep_every_case() -> None:
    run = make_run()
    assert [each.id for inside in by_area(run.cases).values() for each in inside] == [each.id for each in run.cases]


def test_only_what_could_be_judged_counts() -> None:
    cases = [case("a/b/c", verdict) for verdict in Verdict]
    assert share(cases) == (1, 3)
    assert count(cases) == dict.fromkeys(Verdict, 1)


@pytest.mark.parametrize(
    ("passed", "judged", "words"), [(0, 0, "no result"), (549, 550, "99%"), (550, 550, "100%"), (0, 3, "0%"), (1, 200, "0%")]
)
def test_a_share_is_rounded_down(passed: int, judged: int, words: str) -> None:
    assert percent(passed, judged) == words


BROKEN = Finding(SUITE, "the suite failed: KeyError: 'x'")


@pytest.mark.parametrize(
    ("planned", "cases", "reasons", "word"),
    [
        (2, [case("a/b/1", Verdict.PASS), case("a/b/2", Verdict.FAIL)], [], "50%"),
        (None, [case("a/b/1", Verdict.PASS)], [], "100%"),
        (2, [case("a/b/1", Verdict.PASS)], ["stopped after 1 of 2 cases"], "stopped"),
        (2, [], ["stopped after 0 of 2 cases"], "stopped"),
        (0, [], ["no case could be judged: there is none"], "no result"),
        (1, [case("a/b/1", Verdict.INCONCLUSIVE)], ["no case could be judged: 1 inconclusive"], "no result"),
        (
            2,
            [case("a/b/1", Verdict.UNSUPPORTED), case("a/b/2", Verdict.UNREACHABLE)],
            ["no case could be judged: 1 unsupported, 1 unreachable"],
            "no result",
        ),
        (
            8,
            [case("a/b/1", Verdict.PASS), *(case(f"a/b/{number}", Verdict.INCONCLUSIVE, BROKEN) for number in range(2, 9))],
            ["the suite itself failed, a fault of its own, in a/b/2, a/b/3, a/b/4, a/b/5, a/b/6 and 2 more"],
            "no result",
        ),
    ],
)
def test_a_run_that_is_no_result_says_why(planned: int | None, cases: list[CaseResult], reasons: list[str], word: str) -> None:
    run = RunResult(TargetFacts("alpha", "http://h"), "1", "2026-11-20T15:00:00Z", 1.0, cases=cases, planned=planned)
    assert (lacks(run), score(run)) == (reasons, word)


def test_faults_gather_the_cases_of_a_rule() -> None:
    inherited = Finding("schema", "no usage there", "schema usage", inherited=True)
    cases = [
        case("c/json/1", Verdict.PASS, inherited),
        case("c/json/2", Verdict.FAIL, LEAN, LATE),
        case("c/json/3", Verdict.FAIL, LATE, LATE),
        case("c/json/4", Verdict.PASS, Finding("x", "only inherited", "other", inherited=True)),
    ]
    late, lean = faults(cases)
    assert (late.rules, [each.id for each in late.failing]) == ({"order in_block": []}, ["c/json/2", "c/json/3"])
    assert (list(lean.rules), [each.id for each in lean.failing]) == (["schema usage"], ["c/json/2"])
    assert [each.id for each in lean.rules["schema usage"]] == ["c/json/1"]
    assert (title("order in_block", late), title("schema usage", lean)) == ("2 cases", "1 case; 1 more inherit it")


def test_rules_that_the_same_cases_break_are_one_fault() -> None:
    other = Finding("ids", "the id changes", "ids constant")
    last = Finding("order", "inherited", "order in_block", inherited=True)
    cases = [case("c/json/1", Verdict.FAIL, last, LATE, LEAN, other), case("c/json/2", Verdict.FAIL, other, LEAN)]
    both, late = faults(cases)
    assert list(both.rules) == ["schema usage", "ids constant"]
    assert list(late.rules) == ["order in_block"]
    assert late.findings(cases[0]) == [LATE, LEAN, other, last]
    assert both.findings(cases[0]) == [LEAN, other, LATE, last]


def test_a_finding_without_a_rule_is_known_by_its_message() -> None:
    (fault,) = faults([case("c/json/1", Verdict.FAIL, Finding("bytes", "they differ"))])
    assert list(fault.rules) == ["they differ"]


def test_a_place_says_what_the_message_does_not() -> None:
    one = case("c/stream/1", Verdict.FAIL, LATE)
    one.exchanges = [Exchange(1, "stream", "POST", "http://h", {}), Exchange(1, "whole", "POST", "http://h", {})]
    assert place(LATE, one) == "step 1, stream"
    assert place(Finding("schema", "no id", event=3, exchange=1), one) == "step 1, whole, event 3"
    assert place(Finding("schema", "event 31 is odd", event=3), one) == "event 3"
    assert place(Finding("schema", "no id", exchange=7), one) == ""
    one.exchanges.pop()
    assert place(LATE, one) == ""


def test_what_is_not_seen_is_made_visible() -> None:
    assert visible("a\nb\x1b[31m\u202e\u2028\ud800\x00é😀") == "a b\\u001b[31m\\u202e\\u2028\\ud800\\u0000é😀"
