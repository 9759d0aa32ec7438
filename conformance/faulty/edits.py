"""Small changes to JSON values, for defects. None touches what it is given."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from faulty.exchange import Event


def put(value: Any, path: str, new: Any) -> Any:
    """The value with another one at a dotted path; as it is where the path does not lead."""
    changed = copy.deepcopy(value)
    *way, last = path.split(".")
    place = changed
    for key in way:
        place = _step(place, key)
    if isinstance(place, dict):
        place[last] = new
    return changed


def drop(value: Any, path: str) -> Any:
    """The value without the field at a dotted path."""
    changed = copy.deepcopy(value)
    *way, last = path.split(".")
    place = changed
    for key in way:
        place = _step(place, key)
    if isinstance(place, dict):
        place.pop(last, None)
    return changed


def get(value: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for key in path.split("."):
        value = _step(value, key)
    return value


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.lstrip("-").isdecimal() and -len(value) <= int(key) < len(value):
        return value[int(key)]
    return None


def edit(events: list[Event], test: Callable[[Event], bool], change: Callable[[Event], Event | list[Event]]) -> list[Event]:
    """The events, those that pass the test changed: into another, several or none."""
    changed: list[Event] = []
    for event in events:
        result = change(event) if test(event) else event
        changed += result if isinstance(result, list) else [result]
    return changed


def has(path: str) -> Callable[[Event], bool]:
    """A test: there is something at this path."""
    return lambda event: get(event, path) not in (None, "", [])


def is_type(*names: str) -> Callable[[Event], bool]:
    """A test: the event is of one of these types."""
    return lambda event: event.get("type") in names


def first_of(events: list[Event], test: Callable[[Event], bool]) -> int:
    """Place of the first event that passes, or the length."""
    return next((number for number, event in enumerate(events) if test(event)), len(events))
