from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from triglot.dialects.json_text import StringMember

TEXT = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('"\\/{}[]:,u\n\t \U0001f600é')))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=5
)


def read(pieces: list[str]) -> str:
    reader = StringMember("input")
    return "".join([*map(reader.feed, pieces), reader.end()])


def read_in_all_cuts(text: str) -> str:
    """The value, which is the same however the text is cut."""
    whole = read([text])
    assert read(list(text)) == whole
    for place in range(len(text) + 1):
        assert read([text[:place], text[place:]]) == whole
    return whole


def without_surrogates(text: str) -> str:
    """As UTF-8 can carry it: pairs joined, and halves of pairs replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@given(before=st.dictionaries(TEXT, VALUES, max_size=2), value=TEXT, after=st.dictionaries(TEXT, VALUES, max_size=2), data=st.data())
def test_the_member_of_any_object_in_any_cut(before: dict[str, Any], value: str, after: dict[str, Any], data: st.DataObject) -> None:
    assume("input" not in before)
    assume("input" not in after)
    text = json.dumps(
        before | {"input": value} | after,
        ensure_ascii=data.draw(st.booleans()),
        indent=data.draw(st.sampled_from([None, 1])),
        separators=data.draw(st.sampled_from([(",", ":"), (" , ", " : ")])),
    )
    assert read_in_all_cuts(text) == json.loads(text)["input"]


@given(value=VALUES)
def test_json_without_the_member_is_given_as_it_is(value: Any) -> None:
    assume(not (isinstance(value, dict) and isinstance(value.get("input"), str)))
    text = json.dumps(value)
    assert read_in_all_cuts(text) == text


@given(text=TEXT)
def test_any_other_text_is_given_as_it_is(text: str) -> None:
    assume('"input"' not in text)
    assert read_in_all_cuts(text) == text


@given(body=st.text(st.sampled_from('a\\u0dD8cCfF9"n \n')))
def test_what_follows_the_opening_quote_never_fails(body: str) -> None:
    text = f'{{"input":"{body}"}}'
    value = read_in_all_cuts(text)
    try:
        expected = json.loads(text)["input"]
    except ValueError:
        return
    assert value == without_surrogates(expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ('{"input": ""}', ""),
        (' {\n"input"\t:\r"a"}', "a"),
        ('{"\\u0069nput":"a"}', "a"),
        ('{"x":{"input":"no"},"y":["}",{"input":"no"}],"input":"yes"}', "yes"),
        ('{"input":"a","input":"b"}', "a"),
        ('{"input":"a', "a"),
        ('{"input":"a\\', "a\\"),
        ('{"input":"a\\u00', "a\\u00"),
        ('{"input":"a\nb"}', "a\nb"),
        ('{"input":"\\d+\\u12"}', "\\d+\\u12"),
        ('{"input":"\\ud83d\\ude00"}', "\U0001f600"),
        ('{"input":"\\ud83d"}', "�"),
        ('{"input":"\\ud83d\\n"}', "�\n"),
        ('{"input":"\\ud83d\\ud83d\\ude00"}', "�\U0001f600"),
        ('{"input":"\\ude00\\ud83d', "��"),
        ('{"input":"\\ud83d\\u', "�\\u"),
        ('{"input":"a"} and more', "a"),
        ('{"input":7}', '{"input":7}'),
        ('{"other":"a"}', '{"other":"a"}'),
        ("*** Begin Patch", "*** Begin Patch"),
        ("{}", "{}"),
        ('{"inp', '{"inp'),
        ('["input"]', '["input"]'),
    ],
)
def test_the_value(text: str, value: str) -> None:
    assert read_in_all_cuts(text) == value


def test_the_value_comes_while_it_is_written() -> None:
    reader = StringMember("input")
    assert [reader.feed(piece) for piece in ['{"in', 'put": "', "ab", "\\", "n", "\\ud83d", "\\ude00c", '"', "}"]] == [
        *("", "", "ab", "", "\n", "", "\U0001f600c", "", "")
    ]
    assert reader.end() == ""
    assert not reader.is_raw


def test_text_that_is_no_object_comes_as_soon_as_that_is_clear() -> None:
    reader = StringMember("input")
    assert [reader.feed(piece) for piece in ["  ", "*** ", "Begin"]] == ["", "  *** ", "Begin"]
    assert reader.is_raw
