from __future__ import annotations

import pytest

from tests.dialects.grammar.examples import PATCH, SUMS
from triglot.dialects.responses.grammar import checks
from triglot.dialects.responses.grammar.checks import RecursiveCheck, RegularCheck
from triglot.dialects.responses.grammar.flatten import flatten
from triglot.dialects.responses.grammar.lark import parse_lark
from triglot.dialects.responses.grammar.regex import parse_regex
from triglot.dialects.responses.grammar.tree import TooLargeError

NESTED = parse_lark('start: "(" start ")" | "x" |')


@pytest.mark.parametrize("expression", ["(a|a)*b", "(a*)*b", "(a|ab|b)*c", "((a?){10}){10}b"])
def test_expressions_that_send_others_astray_are_checked_within_their_steps(expression: str) -> None:
    # A check that ran out of steps would say yes.
    assert not RegularCheck(parse_regex(expression))("a" * 20_000)


def test_a_long_text_costs_what_is_new_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = flatten(parse_lark(PATCH), 10_000)
    assert flat is not None
    check = RegularCheck(flat)
    lines = "".join(f" line {number} of many\n-old\n+new é\n" for number in range(3_000))
    monkeypatch.setattr(checks, "MOST_STEPS", 3_000)
    assert not check(f"=== Open\n=== Edit: a\n{lines}=== Clos")
    assert check(f"=== Open\n=== Edit: a\n{lines}=== Close")


def test_the_same_check_serves_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_MOST_REMEMBERED", 10)
    check = RegularCheck(parse_regex("[a-z]+[0-9]"))
    for number in range(5):
        assert check(f"word{number}")
        assert not check(f"word{number}x")


def test_a_check_without_steps_left_says_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_STEPS", 20)
    text = "(" * 30 + "x"
    assert RegularCheck(parse_regex("(a|b)*a(a|b){8}"))("ab" * 50 + "!")
    assert RecursiveCheck(NESTED)(text)
    monkeypatch.undo()
    assert not RegularCheck(parse_regex("(a|b)*a(a|b){8}"))("ab" * 50 + "!")
    assert not RecursiveCheck(NESTED)(text)


def test_recursive_grammars_are_checked_to_any_depth() -> None:
    check = RecursiveCheck(NESTED)
    assert check("(" * 2_000 + "x" + ")" * 2_000)
    assert not check("(" * 2_000 + "x" + ")" * 1_999)
    sums = RecursiveCheck(parse_lark(SUMS))
    assert sums("(1 + 2) + " * 300 + "3")
    assert not sums("(1 + 2) + " * 300)


@pytest.mark.parametrize(
    ("text", "fitting", "others"),
    [
        ('start: x start y | "m"\nx: "a"*\ny: "b"*', ["m", "amb", "aamb"], ["", "a"]),
        ("start: start start | /a/ |", ["", "a", "aaaa"], ["b"]),
        ("start: x\nx: y |\ny: x | /a/ x /b/", ["", "ab", "aabb"], ["a", "ba"]),
    ],
)
def test_rules_that_may_be_empty_and_come_back_to_themselves(text: str, fitting: list[str], others: list[str]) -> None:
    check = RecursiveCheck(parse_lark(text))
    assert [sample for sample in fitting if not check(sample)] == []
    assert [sample for sample in others if check(sample)] == []


def test_what_takes_too_many_states_is_not_checked() -> None:
    with pytest.raises(TooLargeError):
        RegularCheck(parse_regex("((a{100}){100}){100}"))
