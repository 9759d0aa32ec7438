from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.grammar.examples import PATCH, regexes, texts
from triglot.dialects.responses.grammar import chars
from triglot.dialects.responses.grammar.checks import RegularCheck
from triglot.dialects.responses.grammar.flatten import flatten
from triglot.dialects.responses.grammar.lark import parse_lark
from triglot.dialects.responses.grammar.pattern import pattern_of
from triglot.dialects.responses.grammar.regex import parse_regex
from triglot.dialects.responses.grammar.tree import NEVER, TooLargeError


def spelled(text: str) -> str:
    """The JSON text of a string, in the spelling that patterns use."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def allows(pattern: str, json_text: str) -> bool:
    # Python reads all that patterns are made of as llama-server does, but for quantifiers behind plain characters, which they never have.
    return re.fullmatch(pattern[1:-1], json_text) is not None


@settings(deadline=None)
@given(regexes(), st.lists(texts(), min_size=1, max_size=20))
def test_a_pattern_allows_the_json_texts_of_what_fits(expression: str, samples: list[str]) -> None:
    tree = parse_regex(expression)
    check, pattern = RegularCheck(tree), pattern_of(tree)
    for text in samples:
        assert allows(pattern, spelled(text)) == check(text), text


@settings(deadline=None)
@given(regexes(), st.lists(st.text('ab"\\nu01\n\x01é', max_size=8), min_size=1, max_size=30))
def test_what_a_pattern_allows_is_json_text_of_what_fits(expression: str, samples: list[str]) -> None:
    tree = parse_regex(expression)
    check, pattern = RegularCheck(tree), pattern_of(tree)
    for text in filter(lambda text: allows(pattern, text), samples):
        assert check(json.loads(f'"{text}"')), text


@settings(deadline=None)
@given(regexes())
def test_patterns_are_written_for_the_converter(expression: str) -> None:
    pattern = pattern_of(parse_regex(expression))
    assert pattern[0] == "^"
    assert pattern[-1] == "$"
    # A quantifier stands behind a class or a group only.
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", lambda found: "x" if found[0][0] == "\\" else "]", pattern)
    assert re.search(r"(?:[^\])]|^)[*+?{]", bare) is None
    assert "()" not in bare
    assert "(|" not in bare
    assert "||" not in bare
    assert "|)" not in bare


@pytest.mark.parametrize(
    ("expression", "pattern"),
    [
        ("", "^$"),
        ("ab*", "^a[b]*$"),
        ("a|b|cd", "^[ab]|cd$"),
        ("(a|cd)e", "^(a|cd)e$"),
        ("|a", "^[a]?$"),
        (r"(\.|x)\.*", r"^[.x][.]*$"),
        (r'"\n\\', r'^\\"\\n\\\\$'),
        ("(a*|b?)*c", "^([a]+|b)*c$"),
        ("(a?b?)*", "^(a[b]?|b)*$"),
        ("(a*){3}", "^([a]+){0,3}$"),
        ("(ab){2}(cd){2,}(ef){2,3}", "^(ab){2}(cd){2,}(ef){2,3}$"),
        (r"[\^\]a-z-]", r"^[\-\]\x5Ea-z]$"),
        (r"[^\n]", r'^[ !#-\[\]-\U0010FFFF]|\\(["\\bfrt]|u00(0[0-7bef]|1[0-9a-f]))$'),
        (r"[\x00\x1b]", r"^\\u00(00|1b)$"),
        ("é*[😀-😎]", "^[é]*[😀-😎]$"),
        ("[\u200b\ufeff]", r"^[\u200B\uFEFF]$"),
        ("\U000e0001", r"^\U000E0001$"),
        (r"\d", "^[0-9]$"),
    ],
)
def test_how_a_pattern_is_written(expression: str, pattern: str) -> None:
    assert pattern_of(parse_regex(expression)) == pattern


def test_wide_classes_are_narrowed_to_what_texts_consist_of() -> None:
    pattern = pattern_of(parse_regex(r"\w"))
    assert len(pattern) < 250
    for letter in "aZ9_éßжع中가":
        assert allows(pattern, letter), letter
    word = chars.shorthand("w")
    assert all(chars.contains(word, code) for code in range(0x20000) if allows(pattern, chr(code)))


def test_a_grammar_for_patches_is_small() -> None:
    flat = flatten(parse_lark(PATCH), 10_000)
    assert flat is not None
    pattern = pattern_of(flat)
    assert len(pattern) < 700
    assert allows(pattern, spelled('=== Open\n=== Edit: a\\b "c"\n@@\n-\told\n+\x1b[0mnew é\n=== Close'))
    assert not allows(pattern, "=== Open\n=== Gone: a\n=== Close")


@pytest.mark.parametrize(
    "expression", ["a{1001}", "a{1001,}", "a{0,1001}", "ab" * 2_001, "(ab)*" * 600, "(" + "a?" * 51 + "b?)*", r"[^\s\S]"]
)
def test_what_is_too_large_for_llama_server_is_no_pattern(expression: str) -> None:
    with pytest.raises(TooLargeError):
        pattern_of(parse_regex(expression))


def test_nothing_that_fits_is_no_pattern() -> None:
    with pytest.raises(TooLargeError):
        pattern_of(NEVER)
