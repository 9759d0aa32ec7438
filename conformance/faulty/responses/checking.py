"""Checks of JSON values, and how they are put together.

A check takes a value and its place in the request, and raises where the value cannot be used. `null` in an optional field is absence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from faulty.exchange import Refusal

Check = Callable[[Any, str], None]

_NAMES: Final[dict[type, str]] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    list: "an array",
    dict: "an object",
}


def of_type(one: type, *others: type) -> Check:
    """A value of one of these types."""
    kinds = (one, *others)

    def check(value: Any, place: str) -> None:
        if type(value) not in kinds:
            wanted = " or ".join(_NAMES[kind] for kind in kinds)
            raise Refusal(
                400,
                f"Invalid type for '{place or 'body'}': expected {wanted}, but got {_NAMES.get(type(value), 'null')}.",
                param=place or None,
                code="invalid_type",
            )

    return check


def one_of(*values: str) -> Check:
    """One of these texts."""

    def check(value: Any, place: str) -> None:
        if value not in values:
            raise Refusal(400, f"Invalid value: {value!r}. Supported values are: {', '.join(values)}.", param=place, code="invalid_value")

    return check


def number(low: float, high: float | None = None, *, whole: bool = False) -> Check:
    """A number within bounds."""
    check_type = of_type(int) if whole else of_type(int, float)

    def check(value: Any, place: str) -> None:
        check_type(value, place)
        if value < low or (high is not None and value > high):
            bounds = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
            raise Refusal(400, f"Invalid '{place}': expected a value {bounds}, but got {value}.", param=place, code="invalid_value")

    return check


def many(check: Check, *, at_most: int | None = None) -> Check:
    """A list whose elements pass."""

    def check_all(value: Any, place: str) -> None:
        LIST(value, place)
        if at_most is not None and len(value) > at_most:
            raise Refusal(
                400, f"Invalid '{place}': too many elements, at most {at_most} are allowed.", param=place, code="array_above_max_length"
            )
        for number, element in enumerate(value):
            check(element, f"{place}[{number}]")

    return check_all


def fields(required: dict[str, Check] | None = None, optional: dict[str, Check] | None = None) -> Check:
    """An object whose fields pass; others are not looked at."""

    def check(value: Any, place: str) -> None:
        OBJECT(value, place)
        dot = f"{place}." if place else ""
        for name, check_field in (required or {}).items():
            if name not in value:
                raise Refusal(400, f"Missing required parameter: '{dot}{name}'.", param=f"{dot}{name}", code="missing_required_parameter")
            check_field(value[name], f"{dot}{name}")
        for name, check_field in (optional or {}).items():
            if value.get(name) is not None:
                check_field(value[name], f"{dot}{name}")

    return check


def text_or(check: Check) -> Check:
    """A text, or what passes."""

    def check_either(value: Any, place: str) -> None:
        if not isinstance(value, str):
            check(value, place)

    return check_either


def tagged(checks: dict[str, Check], otherwise: Check | None = None) -> Check:
    """By `type`; an unknown one is accepted as it is."""

    def check(value: Any, place: str) -> None:
        OBJECT(value, place)
        kind = value.get("type")
        if kind is None and otherwise is not None:
            otherwise(value, place)
            return
        STRING(kind, f"{place}.type") if kind is not None else fields({"type": STRING})(value, place)
        checks.get(kind, anything)(value, place)

    return check


def anything(_value: Any, _place: str) -> None:
    """Whatever it is."""


STRING = of_type(str)
BOOLEAN = of_type(bool)
OBJECT = of_type(dict)
LIST = of_type(list)
