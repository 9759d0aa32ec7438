"""Volatile values in expected answers: `{{kind:name}}` stands for a value that only has to look right and stay the same.

    {{id:msg_}}        an id with this prefix; `{{id:fc_#2}}` is another one with the same prefix
    {{time:created}}   seconds since 1970, as an integer
    {{opaque:sig}}     a non-empty token of base64 or URL-safe characters
    {{text:message}}   the inside of a JSON string: words that the contract does not fix
    {{count:ms}}       a whole number

The same placeholder is always the same value; two ids with different names are different values. All else is compared exactly.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACEHOLDER = re.compile(r"\{\{((?:id|time|opaque|text|count):[^{}]+)\}\}")

_ID_TAIL = "[A-Za-z0-9_-]{8,128}"
_SHAPES = {
    "time": re.compile("1[0-9]{9}"),
    "opaque": re.compile("[A-Za-z0-9+/=_.:-]+"),
    "count": re.compile("[0-9]+"),
    "text": re.compile(r'(?:[^"\\\x00-\x1f]|\\.)+'),
}


class Bindings:
    """The values found so far in one case. A failed match binds nothing."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def match(self, expected: str, actual: str) -> str | None:
        """Compare a text with its expectation and remember what the placeholders stand for.

        Args:
            expected: text with placeholders.
            actual: what the server sent.

        Returns:
            None when it matches, else what differs first, with context.
        """
        fresh: dict[str, str] = {}
        position = 0
        for literal, key in _split(expected):
            if not actual.startswith(literal, position):
                return _difference(literal, actual, position)
            position += len(literal)
            if not key:
                continue
            value = fresh.get(key) or self._values.get(key) or _find(key, actual, position)
            if value is None or not actual.startswith(value, position):
                return f"character {position}: expected {value or '{{' + key + '}}'}, got {actual[position : position + 60]!r}"
            fresh[key] = value
            position += len(value)
        if position < len(actual):
            return f"character {position}: expected the end, got {actual[position : position + 60]!r}"
        clash = self._clash(fresh)
        if clash is None:
            self._values |= fresh
        return clash

    def fill(self, text: str) -> str:
        """The text with every value known so far put in its place; raises KeyError where one is not known."""
        return PLACEHOLDER.sub(lambda found: self._values[found.group(1)], text)

    def _clash(self, fresh: dict[str, str]) -> str | None:
        owners: dict[str, str] = {}
        for key, value in (self._values | fresh).items():
            if key.startswith("id:") and owners.setdefault(value, key) != key:
                return f"{{{{{owners[value]}}}}} and {{{{{key}}}}} are the same id, {value}"
        return None


def _split(expected: str) -> Iterator[tuple[str, str]]:
    """Yield (literal text, placeholder after it), the last with an empty placeholder."""
    pieces = PLACEHOLDER.split(expected)
    yield from zip(pieces[::2], [*pieces[1::2], ""], strict=True)


def _find(key: str, actual: str, position: int) -> str | None:
    kind, _, name = key.partition(":")
    shape = re.compile(re.escape(name.partition("#")[0]) + _ID_TAIL) if kind == "id" else _SHAPES[kind]
    found = shape.match(actual, position)
    return found.group() if found else None


def _difference(literal: str, actual: str, position: int, width: int = 40) -> str:
    rest = actual[position : position + len(literal)]
    at = next((i for i, (a, b) in enumerate(zip(literal, rest, strict=False)) if a != b), len(rest))
    start = max(0, at - width)
    got = actual[position + start : position + at + width]
    return f"character {position + at}: expected {literal[start : at + width]!r}, got {got!r}"
