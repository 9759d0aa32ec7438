"""What does not fit a schema, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from triglot_conformance.contract.paths import path_text

Place: TypeAlias = "tuple[Place | None, str | int]"
"""Where a value stands: its owner's place and its key; None for the whole."""


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit its schema.

    Attributes:
        path: where, as a JSONPath such as `$.choices[0].delta`.
        message: what was there and what is expected.
        rule: the same without values and numbers: the nearest named object, the place in it, and the kind of fault.
        about_kind: the value is of another kind altogether, so that a branch of a union was not meant.
    """

    path: str
    message: str
    rule: str
    about_kind: bool = False


def path_of(place: Place | None) -> str:
    """A place as a JSONPath."""
    keys: list[str | int] = []
    while place is not None:
        place, key = place
        keys.append(key)
    return path_text(keys[::-1])


def problem_at(place: Place | None, message: str, rule: str, *, about_kind: bool = False) -> Problem:
    """A problem with what stands at a place."""
    return Problem(path_of(place), message, rule, about_kind)
