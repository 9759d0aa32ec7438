"""The operators of assertions: each holds what a path has found against its operand, and says what is wrong and at which event.

An operator gets what was found, its operand, all sources by their names, and the source that was looked at.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from triglot_conformance.contract.paths import show
from triglot_conformance.contract.strict_json import decode_json
from triglot_conformance.live.jsonpath import find

if TYPE_CHECKING:
    from collections.abc import Callable

BODY: Final = "body"


@dataclass(frozen=True)
class Match:
    """A value that a path has found, and the number of the event it stands in, where it is looked for in events."""

    value: Any
    event: int | None = None


Refusal = tuple[str, "int | None"] | None
"""What is wrong and at which event; None where all holds."""


def _equals(found: list[Match], wanted: Any, _sources: Any, _source: Any) -> Refusal:
    if len(found) != 1:
        return _wrong_number(found, f"one, {show(wanted)}")
    return None if same(found[0].value, wanted) else _wrong(found[0], show(wanted))


def _values(found: list[Match], wanted: Any, _sources: Any, _source: Any) -> Refusal:
    values = [match.value for match in found]
    if same(values, wanted):
        return None
    first = next((match for match, value in zip(found, wanted, strict=False) if not same(match.value, value)), None)
    return f"finds {show(values)}, expected {show(wanted)}", first.event if first else None


def _one_of(found: list[Match], wanted: Any, _sources: Any, _source: Any) -> Refusal:
    return _each(found, lambda value: any(same(value, other) for other in wanted), f"one of {', '.join(map(show, wanted))}")


def _matches(found: list[Match], pattern: Any, _sources: Any, _source: Any) -> Refusal:
    return _each(found, lambda value: isinstance(value, str) and re.search(pattern, value) is not None, f"a match of {pattern}")


def _type(found: list[Match], name: Any, _sources: Any, _source: Any) -> Refusal:
    return _each(found, _KINDS[name], name if name == "null" else f"a value of type {name}")


def _present(found: list[Match], wanted: Any, _sources: Any, _source: Any) -> Refusal:
    if bool(found) == wanted:
        return None
    return ("is missing", None) if wanted else (f"is {show(found[0].value)}, expected to be absent", found[0].event)


def _count(found: list[Match], wanted: Any, _sources: Any, _source: Any) -> Refusal:
    return None if len(found) == wanted else _wrong_number(found, str(wanted))


def _min(found: list[Match], wanted: Any, _sources: Any, _source: Any) -> Refusal:
    return None if len(found) >= wanted else _wrong_number(found, f"at least {wanted}")


def _max(found: list[Match], wanted: Any, _sources: Any, _source: Any) -> Refusal:
    return None if len(found) <= wanted else _wrong_number(found, f"at most {wanted}", found[wanted])


def _unique(found: list[Match], _wanted: Any, _sources: Any, _source: Any) -> Refusal:
    seen: set[str] = set()
    for match in found:
        text = json.dumps(match.value, sort_keys=True)
        if text in seen:
            return f"finds {show(match.value)} more than once, expected different values", match.event
        seen.add(text)
    return None


def _alike(found: list[Match], _wanted: Any, _sources: Any, _source: Any) -> Refusal:
    if not found:
        return "is missing", None
    return _each(found, lambda value: same(value, found[0].value), f"the same everywhere, {show(found[0].value)}")


def _no_match(found: list[Match], pattern: Any, _sources: Any, _source: Any) -> Refusal:
    hit = next((match for match in found if isinstance(match.value, str) and re.search(pattern, match.value)), None)
    return None if hit is None else _wrong(hit, f"no match of {pattern}")


def _differs(found: list[Match], other: Any, sources: Any, _source: Any) -> Refusal:
    on = other.get("on", BODY)
    others = find(other["path"], sources[on]) if on in sources else []
    if not found or not others:
        return ("is missing" if not found else f"is to differ from {other['path']}, which is missing"), None
    hit = next((match for match in found if any(same(match.value, value) for value in others)), None)
    return None if hit is None else _wrong(hit, f"another value than that of {other['path']}")


def _at_least(found: list[Match], bound: Any, _sources: Any, _source: Any) -> Refusal:
    return _each(found, lambda value: _is_number(value) and value >= bound, f"a number of at least {show(bound)}")


def _at_most(found: list[Match], bound: Any, _sources: Any, _source: Any) -> Refusal:
    return _each(found, lambda value: _is_number(value) and value <= bound, f"a number of at most {show(bound)}")


def _grows_by(found: list[Match], factor: Any, _sources: Any, _source: Any) -> Refusal:
    if len(found) < 2 or not all(_is_number(match.value) for match in found):  # noqa: PLR2004
        return _wrong_number(found, "at least two numbers")
    first, last = found[0].value, found[-1].value
    return None if last >= first * factor else (f"grows from {show(first)} to {show(last)}, expected {show(factor)} times that", None)


def _sum(found: list[Match], summands: Any, sources: Any, source: Any) -> Refusal:
    paths = summands
    if isinstance(summands, dict):
        paths, source = summands["paths"], sources.get(summands["on"])
    parts = []
    for path in paths:
        values = find(path, source)
        if len(values) > 1 or not all(value is None or _is_number(value) for value in values):
            return f"is to be the sum of {' + '.join(paths)}, but {path} is {_shown(values)}", None
        parts.append(values[0] or 0 if values else 0)
    if len(found) != 1:
        return _wrong_number(found, "one")
    total = sum(parts)
    if _is_number(found[0].value) and found[0].value == total:
        return None
    return _wrong(found[0], f"{total}, the sum of {' + '.join(paths)} = {' + '.join(map(show, parts))}")


def _same_as(found: list[Match], other: Any, sources: Any, _source: Any) -> Refusal:
    on = other.get("on", BODY)
    if on not in sources:
        return f"is to be the same as {other['path']}, but there is no {word_of(on)}", None
    values, others = [match.value for match in found], find(other["path"], sources[on])
    if values and same(values, others):
        return None
    if not values:
        return "is missing", None
    place = other["path"] + place_of(on)
    return f"is {_shown(values)}, but {place} is {_shown(others)}", found[0].event


def _share_of(found: list[Match], other: Any, sources: Any, _source: Any) -> Refusal:
    on, share = other.get("on", BODY), other["at_most"]
    others = find(other["path"], sources[on]) if on in sources else []
    if not found or not others:
        return ("is missing" if not found else f"is to be a share of {other['path']}, which is missing"), None
    first, whole = found[0].value, others[0]
    if not _is_number(first) or not _is_number(whole):
        return f"is {show(first)}, expected a share of {show(whole)}", found[0].event
    if first <= whole * share:
        return None
    return f"is {show(first)}, expected at most {show(share)} times {show(whole)}", found[0].event


def _json(found: list[Match], schema: Any, _sources: Any, _source: Any) -> Refusal:
    validator = Draft202012Validator(schema)
    for match in found:
        if not isinstance(match.value, str):
            return _wrong(match, "a string that holds JSON")
        try:
            value = decode_json(match.value)
        except ValueError as error:
            return f"is {show(match.value)}, expected JSON: {error}", match.event
        misfit = best_match(validator.iter_errors(value))
        if misfit:
            return f"is {show(match.value)}: {misfit.json_path}: {misfit.message[:240]}", match.event
    return None if found else ("is missing", None)


def _each(found: list[Match], fits: Callable[[Any], bool], expected: str) -> Refusal:
    if not found:
        return f"is missing, expected {expected}", None
    return next((_wrong(match, expected) for match in found if not fits(match.value)), None)


def _wrong(match: Match, expected: str) -> Refusal:
    return f"is {show(match.value)}, expected {expected}", match.event


def _wrong_number(found: list[Match], expected: str, at: Match | None = None) -> Refusal:
    if not found:
        return f"is missing, expected {expected}", None
    return f"finds {len(found)} values, expected {expected}: {_shown([match.value for match in found])}", at.event if at else None


def _shown(values: list[Any]) -> str:
    return show(values[0]) if len(values) == 1 else "missing" if not values else show(values)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def place_of(on: str) -> str:
    """Where a path was looked for, behind its text."""
    return _PLACES.get(on, f" in the answer of {on.replace(':', ' ')}")


def word_of(on: str) -> str:
    """What is not there if a source is missing."""
    return _WORDS.get(on, on)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_PLACES: Final = {
    "body": "",
    "events": " in the events",
    "whole": " in the unstreamed answer",
    "headers": " in the headers",
    "frames": " in the frames",
}
_WORDS: Final = {"body": "JSON body", "whole": "unstreamed answer with JSON", "events": "event stream", "frames": "event stream"}
_KINDS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
OPERATORS: dict[str, Callable[[list[Match], Any, Any, Any], Refusal]] = {
    "equals": _equals,
    "values": _values,
    "one_of": _one_of,
    "matches": _matches,
    "type": _type,
    "present": _present,
    "count": _count,
    "min": _min,
    "max": _max,
    "unique": _unique,
    "same": _alike,
    "no_match": _no_match,
    "differs_from": _differs,
    "at_least": _at_least,
    "at_most": _at_most,
    "grows_by": _grows_by,
    "share_of": _share_of,
    "sum": _sum,
    "same_as": _same_as,
    "json": _json,
}
