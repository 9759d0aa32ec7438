from __future__ import annotations

import io
import re

import pytest

from triglot_conformance.baseline import compare
from triglot_conformance.reports.terminal import Progress, render, summary, wants_colour
from triglot_conformance.results import CaseResult, Exchange, RunResult, TargetFacts
from triglot_conformance.verdicts import Finding, Verdict

from .synthetic import make_run

LATE = Finding("order", "content_block_start may not come in phase in_block", "order in_block", 0, 13)
LEAN = Finding("schema", "no usage", "schema usage", 0, inherited=True)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def case(name: str, verdict: Verdict, *findings: Finding, reason: str = "", known: str | None = None) -> CaseResult:
    exchanges = [Exchange(1, "stream", "POST", "http://h", {})]
    spec = ["messages/events.yaml#/order"]
    return CaseResult(name, "messages", "MUST", "It holds.", spec, [], [], verdict, reason, list(findings), exchanges, known)


def run(*cases: CaseResult) -> RunResult:
    return RunResult(TargetFacts("alpha", "http://h", "alpha/1", "tiny"), "1", "2026-11-20T15:00:00Z", 4.2, cases=list(cases))


def test_a_failure_names_case_requirement_event_and_specification() -> None:
    text = render(run(case("messages/stream/a", Verdict.FAIL, LATE, LEAN), case("messages/stream/b", Verdict.PASS)))
    assert "order in_block  (1 case)\n  FAIL messages/stream/a  MUST\n       It holds.\n" in text
    assert "[order] event 13: content_block_start may not come in phase in_block" in text
    assert "specs/messages/events.yaml#/order" in text
    assert "no usage" not in text, "what is inherited is shown only on request"
    assert text.endswith("alpha: 1 of 2 hold (50%); 1 pass, 1 fail; 4.2 s\n")


def test_all_is_shown_on_request() -> None:
    cases = [case(f"messages/stream/{number}", Verdict.FAIL, LATE, LEAN) for number in range(5)]
    skipped = case("messages/stream/c", Verdict.UNSUPPORTED, reason="needs tools")
    short, long = render(run(*cases, skipped)), render(run(*cases, skipped), verbose=True)
    assert "and messages/stream/3, messages/stream/4" in short
    assert short.count("It holds.") == 3
    assert long.count("It holds.") == 5
    assert "[schema] no usage (inherited)" in long
    assert re.search(r"unsupported  MUST   messages/stream/c  0 ms\n +needs tools", long)


def test_rules_come_first_and_count_what_inherits_them() -> None:
    own = Finding("schema", "no usage", "schema usage")
    text = render(
        run(
            case("messages/json/a", Verdict.FAIL, own),
            case("messages/json/b", Verdict.PASS, LEAN),
            case("messages/json/c", Verdict.PASS, LEAN),
        )
    )
    assert "schema usage  (1 case; 2 more inherit it)" in text


def test_a_case_of_two_rules_is_told_once() -> None:
    other = Finding("ids", "the id changes", "ids constant")
    text = render(run(case("messages/stream/a", Verdict.FAIL, LATE, other), case("messages/stream/b", Verdict.FAIL, LATE)))
    assert text.count("FAIL messages/stream/a") == 1
    assert "ids constant  (1 case)\n  in messages/stream/a" in text


def test_rules_of_the_same_cases_share_a_block_and_what_is_left_out_is_counted() -> None:
    many = [Finding("schema", f"no {name}", f"schema lacks {name}") for name in "abcdefgh"]
    text = render(run(case("messages/stream/a", Verdict.FAIL, *many)))
    assert "schema lacks f  (1 case)\nand 2 more rules\n  FAIL messages/stream/a" in text
    assert "[schema] no c\n       and 5 more\n" in text
    long = render(run(case("messages/stream/a", Verdict.FAIL, *many)), verbose=True)
    assert "schema lacks h  (1 case)\n  FAIL" in long
    assert "[schema] no h\n       specs/" in long


def test_a_failure_without_findings_is_not_lost() -> None:
    assert "FAIL messages/stream/a" in render(run(case("messages/stream/a", Verdict.FAIL)))


def test_the_matrix_counts_by_area() -> None:
    made = make_run()
    text = render(made)
    line = next(line for line in text.splitlines() if line.startswith("chat       errors"))
    inside = [each for each in made.cases if each.id.startswith("chat/errors/")]
    numbers = [0 if word == "." else int(word) for word in line.split()[2:]]
    assert numbers == [sum(each.verdict is verdict for each in inside) for verdict in Verdict]
    assert sum(numbers) == len(inside)


def test_reasons_are_gathered() -> None:
    cases = [case(f"messages/json/{number}", Verdict.UNSUPPORTED, reason="needs tools") for number in range(7)]
    text = render(run(*cases, case("messages/json/x", Verdict.UNREACHABLE, reason="no answer within 60 s")))
    assert "   7 unsupported: needs tools\n" in text
    assert "   1 unreachable: no answer within 60 s\n     messages/json/x\n" in text


def test_an_unexpected_pass_and_a_known_failure_are_told() -> None:
    text = render(
        run(case("messages/json/a", Verdict.PASS, known="not built"), case("messages/json/b", Verdict.FAIL, LATE, known="in the tracker"))
    )
    assert "UNEXPECTED PASS messages/json/a  is known to fail: not built" in text
    assert "FAIL messages/json/b  MUST  known: in the tracker" in text
    assert "1 fail (1 known)" in text


def test_changes_since_the_baseline_are_told() -> None:
    then = run(case("messages/json/a", Verdict.PASS), case("messages/json/b", Verdict.FAIL, LATE), case("messages/json/gone", Verdict.PASS))
    now = run(case("messages/json/a", Verdict.FAIL, LATE), case("messages/json/b", Verdict.PASS), case("messages/json/new", Verdict.PASS))
    text = render(now, changes=compare(now, then))
    assert "  regression messages/json/a\n    was pass, now fail: content_block_start may not come in phase in_block\n" in text
    assert "  fixed messages/json/b\n" in text
    assert "new: messages/json/new\n  gone: messages/json/gone" in text
    assert "Since the baseline: no change" in render(now, changes=compare(now, now))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_what_is_not_an_id_or_a_pointer_keeps_within_the_width(width: int) -> None:
    text = render(make_run(), width=width)
    matrix, _, rest = text.partition("all  ")
    assert max(map(len, matrix.splitlines()[1:])) <= width
    for line in rest.splitlines()[:-1]:
        if len(line.split()) > 1 and not line.startswith(("  FAIL", "schema", "order")):
            assert len(line) <= width, line


def test_colour_is_only_colour() -> None:
    plain, painted = render(make_run(), verbose=True), render(make_run(), verbose=True, colour=True)
    assert "\x1b" not in plain
    assert "\x1b[31m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain


def test_a_server_cannot_steer_the_terminal() -> None:
    evil = Finding("schema", "\x1b[2J\x9b\u202egone", "schema \x1b]0;x\x07")
    text = render(
        run(case("messages/json/a", Verdict.FAIL, evil), case("messages/json/b", Verdict.UNSUPPORTED, reason="\x1b[1m")), verbose=True
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "\\u001b[2J" in text


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_is_for_terminals(stream: io.StringIO, environment: dict[str, str], expected: bool) -> None:
    assert wants_colour(stream, environment) is expected


def test_progress_is_one_line_that_goes_away() -> None:
    stream = Terminal()
    progress = Progress(stream, 4)
    progress.add(case("a/b/c", Verdict.PASS))
    progress.add(case("a/b/d", Verdict.FAIL, LATE))
    last = stream.getvalue().rpartition("\x1b[K")[2]
    assert last == "█" * 12 + "░" * 12 + " 2/4, 1 pass, 1 fail"
    progress.close()
    assert stream.getvalue().endswith("\r\x1b[K")
    assert "\n" not in stream.getvalue()


@pytest.mark.parametrize("width", [20, 30, 40])
def test_progress_fits_a_narrow_terminal(width: int) -> None:
    stream = Terminal()
    progress = Progress(stream, 600, width=width, colour=True)
    assert stream.getvalue().endswith("0/600")  # before any case is over
    for verdict in Verdict:
        progress.add(case("a/b/c", verdict))
    lines = stream.getvalue().split("\r\x1b[K")
    assert all(len(re.sub(r"\x1b\[\d+m", "", line)) <= width for line in lines)


def test_there_is_no_progress_on_a_pipe() -> None:
    stream = io.StringIO()
    progress = Progress(stream, 1)
    progress.add(case("a/b/c", Verdict.PASS))
    progress.close()
    assert stream.getvalue() == ""


def test_a_terminal_without_blocks_gets_letters() -> None:
    stream = Terminal()
    stream.encoding = "ascii"  # type: ignore[misc]
    Progress(stream, 1).add(case("a/b/c", Verdict.PASS))
    assert stream.getvalue().endswith("#" * 24 + " 1/1, 1 pass")


def test_a_run_without_cases_has_a_summary() -> None:
    assert summary(run()) == "alpha: 0 of 0 hold (no result); no case; 4.2 s"
    assert render(run()).endswith("no case; 4.2 s\n")
