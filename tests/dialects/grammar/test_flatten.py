from __future__ import annotations

import pytest

from triglot.dialects.responses.grammar.flatten import flatten
from triglot.dialects.responses.grammar.lark import parse_lark
from triglot.dialects.responses.grammar.pattern import pattern_of
from triglot.dialects.responses.grammar.tree import TooLargeError


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ('start: x "," x\nx: "a" | "b"', "^[ab],[ab]$"),
        ('start: item | start "," item\nitem: "x"', "^x(,x)*$"),
        ('start: line | line start\nline: "x"', "^[x]*x$"),
        ('start: "a" start |', "^[a]*$"),
        ('start: x " " x\nx: "n" | x "+" "n" | x "-" "n"', r"^n(\+n|-n)* n(\+n|-n)*$"),
        ('start: "a" "b"\n%ignore " "', "^[ ]*a[ ]*b[ ]*$"),
    ],
)
def test_references_and_lists_become_one_tree(text: str, pattern: str) -> None:
    flat = flatten(parse_lark(text), 1_000)
    assert flat is not None
    assert pattern_of(flat) == pattern


@pytest.mark.parametrize(
    "text", ['start: "(" start ")" |', 'start: x\nx: "a" y\ny: "b" x |', "start: start start | /a/", 'start: ("a" start)?']
)
def test_what_needs_recursion_has_no_tree(text: str) -> None:
    assert flatten(parse_lark(text), 1_000) is None


def test_rules_that_double_each_other_are_stopped() -> None:
    rules = [f"x{number}: x{number + 1} x{number + 1}" for number in range(60)]
    grammar = parse_lark("\n".join(["start: x0", *rules, 'x60: "a"']))
    with pytest.raises(TooLargeError):
        flatten(grammar, 10_000)
    wide = parse_lark("start: " + "x " * 5_000 + "\nx: " + '"a" ' * 5_000)
    with pytest.raises(TooLargeError):
        flatten(wide, 10_000)
