from __future__ import annotations

import re

from triglot_conformance.reports.markdown import render
from triglot_conformance.results import CaseResult, RunResult, TargetFacts
from triglot_conformance.verdicts import Finding, Verdict

from .synthetic import make_run


def case(name: str, verdict: Verdict, *findings: Finding, reason: str = "", known: str | None = None) -> CaseResult:
    return CaseResult(name, "chat", "MUST", "It holds.", [], [], [], verdict, reason, list(findings), [], known)


def run(*cases: CaseResult, name: str = "alpha") -> RunResult:
    return RunResult(TargetFacts(name, "http://h", "srv/1", "tiny"), "7", "2026-11-20T15:00:00Z", 1.0, cases=list(cases))


def table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_servers_stand_side_by_side() -> None:
    alpha = run(case("chat/json/a", Verdict.PASS), case("chat/json/b", Verdict.UNSUPPORTED), case("chat/stream/a", Verdict.FAIL))
    beta = run(case("chat/json/a", Verdict.PASS), case("responses/json/a", Verdict.UNSUPPORTED), name="beta")
    assert table(render([alpha, beta])) == [
        ["", "alpha", "beta"],
        ["---", "---:", "---:"],
        ["chat/json", "✓ 1/1 (+1)", "✓ 1/1"],
        ["chat/stream", "✗ 0/1", ""],
        ["responses/json", "", "none (+1)"],
        ["**all**", "**✗ 1/2 (+1)**", "**✓ 1/1 (+1)**"],
    ]
    assert "- **alpha**: 50%; srv/1, model tiny, suite 7, 2026-11-20" in render([alpha, beta])


def test_failures_are_folded_away_with_their_reasons() -> None:
    found = Finding("order", "event 3 may not come here", "order in_block")
    text = render(
        [run(case("chat/json/a", Verdict.FAIL, found, known="tracked"), case("chat/json/b", Verdict.UNREACHABLE, reason="refused"))]
    )
    assert "<details><summary>alpha: 2 cases do not hold</summary>\n\n- `order in_block` (1 case)\n" in text
    assert "  - **chat/json/a** MUST (known: tracked): It holds.\n    - `event 3 may not come here`\n" in text
    assert "- **chat/json/b** MUST: unreachable: refused" in text
    assert text.endswith("</details>\n")


def test_rules_of_the_same_cases_share_an_entry() -> None:
    found = [Finding("schema", "no a", "lacks a"), Finding("schema", "no b", "lacks b")]
    assert "\n- `lacks a` (1 case)<br>`lacks b` (1 case)\n  - **chat/json/a**" in render([run(case("chat/json/a", Verdict.FAIL, *found))])


def test_nothing_is_folded_where_all_holds() -> None:
    assert "<details>" not in render([run(case("chat/json/a", Verdict.PASS))])


def test_a_server_cannot_write_markdown() -> None:
    evil = "</details><img src=x>|`*_[x](http://e)@all #1\n# head"
    text = render(
        [run(case("chat/json/a", Verdict.FAIL, Finding("x", evil, evil)), case("chat/json/b", Verdict.UNREACHABLE, reason=evil), name=evil)]
    )
    assert text.count("</details>") == 1 + text.count("``") // 2
    outside = re.sub(r"(`+) ?.+?\1", "", text)
    assert outside.count("</details>") == outside.count("<details>") == 1
    assert "<img" not in outside
    assert "@all" not in outside
    assert "\n# head" not in text
    assert {len(row) for row in table(text)} == {2}


def test_every_failing_case_is_named() -> None:
    made = make_run(share=0.6)
    for limit in (None, 65_000):
        text = render([made], limit)
        for each in made.cases:
            if each.verdict in {Verdict.FAIL, Verdict.UNREACHABLE}:
                assert each.id in text


def test_a_comment_has_room_for_it() -> None:
    runs = [make_run(share=0.1), make_run("beta", seed=2, share=0.1), make_run("gamma", seed=3, share=0.3)]
    whole = render(runs, None)
    assert len(whole) > 65_536
    assert len(render(runs)) < 65_536
    assert "<details>" in render(runs)
    least = render(runs, 5000)
    assert "too many failures" in least
    assert table(least) == table(whole)


def test_long_texts_are_cut() -> None:
    assert len(render([run(case("chat/json/a", Verdict.FAIL, Finding("x", "y" * 100_000, "rule")))])) < 2000
