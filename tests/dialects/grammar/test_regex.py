from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.grammar.examples import regexes, texts
from triglot.dialects.responses.grammar.checks import RegularCheck
from triglot.dialects.responses.grammar.regex import parse_regex
from triglot.dialects.responses.grammar.tree import GrammarError


@settings(deadline=None)
@given(regexes(), st.lists(texts(), min_size=1, max_size=20))
def test_the_same_texts_fit_as_with_pythons_expressions(expression: str, samples: list[str]) -> None:
    check = RegularCheck(parse_regex(expression))
    for text in samples:
        assert check(text) == bool(re.fullmatch(expression, text)), text


@pytest.mark.parametrize(
    ("expression", "fitting", "others"),
    [
        ("", [""], ["a"]),
        ("^ab$", ["ab"], ["a", "abc", "ab\n"]),
        (r"\Aab\z", ["ab"], ["b"]),
        ("^(a|b$)|^c$", ["a", "b", "c"], ["ab"]),
        (r"^(?P<month>Jan|Feb)\s+\d{1,2}(?:st|nd)?$", ["Jan 1st", "Feb\t12"], ["Jan", "Jan 123"]),
        ("(?<name>a)", ["a"], ["b"]),
        ("(?i)aé[b-c]", ["aéb", "AÉC"], ["a"]),
        ("(?i:a)b", ["Ab", "ab"], ["aB"]),
        ("(?i)a(?-i)b", ["Ab"], ["aB"]),
        ("(?:(?i)a)b", ["Ab"], ["aB"]),
        ("(?i)[^a]", ["b"], ["a", "A"]),
        (".", ["a", "\r"], ["\n", ""]),
        ("(?s).", ["\n"], ["ab"]),
        ("(?x) a b # a comment\n [ ]", ["ab "], ["ab", " a b "]),
        ("a(?#a comment)b", ["ab"], ["a"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[^]a]", ["b"], ["]", "a"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[-a]", ["a", "-"], ["b"]),
        ("[a[bc]]", ["a", "b", "c"], ["[", "a]"]),
        (r"[\w&&[^\d_]]", ["x"], ["1", "_"]),
        ("[[:alpha:][:^digit:]]", ["a", "-"], ["1"]),
        (r"[\d\-x]", ["1", "-", "x"], ["y"]),
        (r"\x41\x{42}\u0043\u{44}\U00000045", ["ABCDE"], ["A"]),
        (r"\p{Lu}\pL\P{L}\p{^L}", ["Éé1-"], ["éé1-"]),
        (r"\t\n\r\f\v\a\0\.\/\"", ['\t\n\r\f\v\a\0./"'], [""]),
        ("a{2}", ["aa"], ["a", "aaa"]),
        ("a{2,}", ["aa", "aaa"], ["a"]),
        ("a{1,2}", ["a", "aa"], ["", "aaa"]),
        ("a{,2}", ["", "aa"], ["aaa"]),
        ("a{2}{2}", ["aaaa"], ["aaa"]),
        ("a{x}", ["a{x}"], ["a"]),
        ("a??b+?c*?", ["b", "abbc"], ["c"]),
        ("a++", ["aa"], [""]),
        ("a||b", ["", "a", "b"], ["ab"]),
        (r"[^\s\S]|a", ["a"], ["b"]),
        ("😀+", ["😀😀"], [""]),
    ],
)
def test_what_an_expression_means(expression: str, fitting: list[str], others: list[str]) -> None:
    check = RegularCheck(parse_regex(expression))
    assert [text for text in fitting if not check(text)] == []
    assert [text for text in others if check(text)] == []


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a(?=b)", "lookaround"),
        ("(?<!a)b", "lookaround"),
        (r"(a)\1", r"`\1` is not supported, at character 5"),
        ("(?P=name)", "references"),
        ("(?>a)", "not supported"),
        (r"\bword", "edges of words"),
        (r"\q", r"`\q` is not supported"),
        ("a\\", "is not supported"),
        ("(a", "a `(` without its `)`, at character 1"),
        ("a)", "a `)` without its `(`, at character 2"),
        ("[a", "a `[` without its `]`"),
        ("[^[]", "a `[` without its `]`"),
        ("*a", "a `*` with nothing before it"),
        ("a|+", "a `+` with nothing before it"),
        ("^*", "anchor"),
        ("a^b", "`^` has a meaning only at the ends"),
        ("(a$)+", "`$` has a meaning only at the ends"),
        ("(?m)^a", "lines"),
        ("a{2,1}", "wrong way round"),
        ("a{9999999}", "beyond all measure"),
        ("[z-a]", "a range"),
        (r"[\d-z]", "a range"),
        ("[a--b]", "set operators"),
        ("[[:nope:]]", "no class `nope`"),
        (r"\x{110000}", "does not exist"),
    ],
)
def test_what_is_refused(expression: str, message: str) -> None:
    with pytest.raises(GrammarError, match=re.escape(message)):
        parse_regex(expression)
