"""Decodes JSON as RFC 8259 has it, where Python's own decoder lets more pass, and never fails but with ValueError."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

_DEPTH: Final = 200
"""Levels of nesting that are taken; what nests deeper is no answer of any dialect, and would exhaust the stack of what reads it."""


def decode_json(text: str | bytes) -> Any:
    """Decode one JSON value.

    Raises:
        ValueError: it is none (`NaN` and `Infinity` are none), is not UTF-8, or nests too deeply.
    """
    written = text.decode("utf-8") if isinstance(text, bytes) else text
    if written.count("[") + written.count("{") > _DEPTH and _depth(written) > _DEPTH:
        raise ValueError(f"it nests deeper than {_DEPTH} levels")
    return json.loads(written, parse_constant=_refuse)


def _depth(text: str) -> int:
    """How deep brackets nest, those within strings left out."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            escaped, in_string = character == "\\" and not escaped, character != '"' or escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
