from __future__ import annotations

import pytest

from triglot_conformance.replay.placeholders import Bindings


def test_text_without_placeholders_is_compared_exactly() -> None:
    assert Bindings().match("abc", "abc") is None
    assert Bindings().match("abc", "axc") == "character 1: expected 'abc', got 'axc'"
    assert Bindings().match("abc", "abcd") == "character 3: expected the end, got 'd'"
    assert Bindings().match("abcd", "abc") is not None


def test_a_placeholder_keeps_its_value() -> None:
    bindings = Bindings()
    assert bindings.match('"{{id:msg_}}"', '"msg_0123456789"') is None
    assert bindings.match('"{{id:msg_}}"', '"msg_0123456789"') is None
    assert bindings.match('"{{id:msg_}}"', '"msg_9876543210"') is not None
    assert bindings.fill("<{{id:msg_}}>") == "<msg_0123456789>"


def test_it_keeps_its_value_inside_one_text() -> None:
    assert Bindings().match("{{time:t}} {{time:t}}", "1700000000 1700000000") is None
    assert Bindings().match("{{time:t}} {{time:t}}", "1700000000 1700000001") is not None


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("{{id:msg_}}", "chatcmpl-0123456789"),
        ("{{id:msg_}}", "msg_short"),
        ("{{time:t}}", "1700000000.5"),
        ("{{time:t}}", "170000000"),
        ('"{{opaque:s}}"', '""'),
        ('"{{text:m}}"', '""'),
        ('"{{text:m}}"', '"two","more"'),
        ("{{count:n}}", "-1"),
        ("{{count:n}}", "1.5"),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused(expected: str, actual: str) -> None:
    assert Bindings().match(expected, actual) is not None


def test_two_ids_are_never_the_same_value() -> None:
    clash = Bindings().match("{{id:fc_}} {{id:fc_#2}}", "fc_0123456789 fc_0123456789")
    assert clash == "{{id:fc_}} and {{id:fc_#2}} are the same id, fc_0123456789"
    assert Bindings().match("{{time:a}} {{time:b}}", "1700000000 1700000000") is None


def test_a_failed_match_binds_nothing() -> None:
    bindings = Bindings()
    assert bindings.match("{{id:msg_}}!", "msg_0123456789?") is not None
    assert bindings.match("{{id:msg_}}", "msg_9876543210") is None


def test_an_unknown_value_cannot_be_filled_in() -> None:
    with pytest.raises(KeyError):
        Bindings().fill("{{id:msg_}}")
