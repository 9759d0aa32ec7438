from __future__ import annotations

import re

import lark
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.dialects.grammar.examples import PATCH, SCRIPT, SUMS
from triglot.dialects.responses.grammar.checks import RecursiveCheck, RegularCheck
from triglot.dialects.responses.grammar.common import COMMON
from triglot.dialects.responses.grammar.flatten import flatten
from triglot.dialects.responses.grammar.lark import parse_lark
from triglot.dialects.responses.grammar.tree import GrammarError

LETTERS = "ab +"


def check_of(text: str) -> RegularCheck | RecursiveCheck:
    grammar = parse_lark(text)
    flat = flatten(grammar, 10_000)
    return RecursiveCheck(grammar) if flat is None else RegularCheck(flat)


@st.composite
def grammars(draw: st.DrawFn) -> str:
    """Lark grammars of up to three rules, recursive or not."""
    names = ["start", "x", "y"]
    atom = st.sampled_from(['"a"', '"b"', '"+"', '"ab"i', "A", "B", "/a|b+/", '"a".."b"', *names])

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(" ".join),
            st.lists(inner, min_size=1, max_size=3).map(lambda options: f"({' | '.join(options)})"),
            st.tuples(inner, st.sampled_from(["*", "+", "?", "~2", "~0..2"])).map(lambda pair: f"({pair[0]}){pair[1]}"),
            inner.map(lambda text: f"[{text}]"),
        )

    body = st.recursive(atom, larger, max_leaves=4)
    rules = [f"{name}: {draw(body)} | {draw(body)}" for name in names]
    return "\n".join([*rules, 'A: "a"+', 'B: ("b" | A) "+"?', *draw(st.sampled_from([[], ['%ignore " "']]))])


@settings(deadline=None)
@given(grammars(), st.lists(st.text(LETTERS, max_size=6), min_size=1, max_size=12))
def test_the_same_texts_belong_to_a_grammar_as_with_lark(text: str, samples: list[str]) -> None:
    try:
        oracle = lark.Lark(text, parser="earley", lexer="dynamic_complete")
    except lark.exceptions.GrammarError:
        assume(False)  # Lark wants each expansion of a rule once
    check = check_of(text)
    for sample in samples:
        try:
            oracle.parse(sample)
        except lark.exceptions.LarkError:
            belongs = False
        else:
            belongs = True
        assert check(sample) == belongs, sample


@pytest.mark.parametrize(
    ("text", "fitting", "others"),
    [
        (
            PATCH,
            [
                "=== Open\n=== New: a b.py\n+\n+x\n=== Close",
                "=== Open\n=== Gone: a\n=== Edit: b\n=== Now: c\n@@\n@@ def f\n a\n-b\n+c\n=== End\n=== Close\n",
                "=== Open\n=== Edit: b\n=== Close",
            ],
            [
                "=== Open\n=== Close",
                "=== Open\n=== New: a\n=== Close",
                "=== Open\n=== Edit: b\nx\n=== Close",
                "=== Open\n=== Gone: a\n=== Close\n\n",
            ],
        ),
        (SCRIPT, ["x", "// @run: a\nx()\n", "\n"], [""]),
        (SUMS, ["1", " (1 + 2.5) + 3 ", "((1))"], ["", "1 +", "(1", "1 2"]),
        ('start: "a" start "b" |', ["", "ab", "aabb"], ["a", "aab", "ba"]),
        ('start: line\n     | line start\n\nline: /[a-z]+/ "\\n"', ["a\n", "a\nbc\n"], ["", "a"]),
        ('start: item | start "," item\nitem: "x"', ["x", "x,x"], ["", "x,", ",x"]),
        ('start.2: x -> one\n  | "b" -> two // a comment\n# another\n!x: "a"\n?y: x', ["a", "b"], ["ab"]),
        ('start: "a"~2 "b"~1..2 ["c"]', ["aab", "aabbc"], ["ab", "aabbb"]),
        ('start: "é".."ü" "\\u0041\\x42\\n\\"\\\\" "x"i', ['öAB\n"\\X'], ["aAB"]),
        ("start: (\n  A\n  | B\n)\nA: /a/i\nB: A A\n", ["A", "aA"], ["aaa"]),
        ("start: N W\n%import common (INT, WS)\n%import common.INT -> N\n%import common.WS -> W", ["1 "], ["1"]),
        ("start: /\\/[^\\/]*\\//\r\n", ["/a/"], ["a"]),
        ('start: "" "a"', ["a"], [""]),
        ('start: A\nA: B+\nB: /x/ | C\nC: "y"', ["xyx"], [""]),
        ('start: x\nx: "a" x', [], ["", "a"]),
    ],
)
def test_what_a_grammar_means(text: str, fitting: list[str], others: list[str]) -> None:
    check = check_of(text)
    assert [sample for sample in fitting if not check(sample)] == []
    assert [sample for sample in others if check(sample)] == []


SAMPLES = [
    *("0", "12", "-3", "+4", "f", "G", "1.", ".5", "1.5", "1e5", "1.5E-3", ".", "1e", "a", "Z", "ab", "a_1", "_", "1a", " ", " \t", "\n"),
    *("\r", "\r\n", "\n\n", "\f", "# a", "// a", "-- a", "/**/", "/* a * b */", "/* a */ b */", '""', '"a"', '"a\\"b"', '"a"b"', '"\\"'),
]
# Lark ends these at the first chance. Alone it can only look where the text ends.
ENDS_EARLY = {("C_COMMENT", "/* a */ b */"), ("ESCAPED_STRING", '"a"b"')}


@pytest.mark.parametrize("name", COMMON)
def test_the_common_terminals_are_those_of_lark(name: str) -> None:
    text = f"start: {name}\n%import common.{name}"
    oracle = lark.Lark(text, parser="earley", lexer="dynamic_complete")
    check = check_of(text)
    for sample in SAMPLES:
        try:
            oracle.parse(sample)
        except lark.exceptions.LarkError:
            belongs = False
        else:
            belongs = (name, sample) not in ENDS_EARLY
        assert check(sample) == belongs, sample


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rule `start`"),
        ("x: /a/", "no rule `start`"),
        ("start: x", "`x` is not defined, in line 1"),
        ("start: X\n\nX: Y", "`Y` is not defined, in line 3"),
        ('start: "a"\nstart: "b"', "`start` is defined twice, in line 2"),
        ('Start: "a"', "`Start` mixes cases"),
        ("start", "ends too early, in line 1"),
        ('start: "a" )', "unexpected `)`, in line 1"),
        ('start: ("a"', "ends too early"),
        ('start: "a', '`"a` cannot be read, in line 1'),
        ("start: /a", "`/a` cannot be read"),
        ('start: "a"\n  "b"', 'unexpected `"b"`, in line 2'),
        ("start: /(?=a)/", "lookaround"),
        ('start: x{"a"}\nx{y}: y', "templates"),
        ('x{y}: y\nstart: x{"a"}', "templates"),
        ("start: A\nA: x\nx: /a/", "cannot consist of rules"),
        ("%import python.NAME\nstart: NAME", "only terminals of `common`"),
        ("%import .other.NAME\nstart: NAME", "unexpected `.`"),
        ("%import common.NOPE\nstart: NOPE", "no terminal `NOPE`"),
        ("%declare A\nstart: A", "`%declare` is not supported"),
        ('%override start: "a"', "`%override` is not supported"),
        ('start: "b".."a"', "not a range"),
        ('start: "ab".."c"', "not a range"),
        ('start: "a"~99999999', "repeated 99999999 times"),
        ('start: "a"~-1', "repeated -1 times"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(GrammarError, match=re.escape(message)):
        parse_lark(text)


def test_hostile_texts_are_refused_at_once() -> None:
    # The library's own pattern for regular expressions takes time exponential in the number of backslashes.
    with pytest.raises(GrammarError):
        parse_lark("start: /" + "\\" * 2_000)
    with pytest.raises(GrammarError):
        parse_lark('start: "' + '\\"' * 2_000)
