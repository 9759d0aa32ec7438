"""Finds what a client sends back that a server gave out before: it has to come from the server that the case is run against.

What is sealed always does, with its neighbours in the same object. An id does where the request does not itself hold what the id stands
for: `previous_response_id` and references do, the id of a call that stands in the request beside its result does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Json: TypeAlias = Any
Place: TypeAlias = tuple[str | int, ...]

SEALS: Final = ("signature", "encrypted_content", "data")
_REFERENCES: Final = ("call_id", "tool_call_id", "tool_use_id", "approval_request_id")
_TYPED: Final = re.compile(r"\$(?:\.\w+)+\[\?@\.type == '(\w+)'\]")
_COUNTED: Final = re.compile(r"(\$(?:\.\w+)+)\[-([0-9]+)\]")
_SEALED: Final = ("id", "thinking", "summary")  # what a seal may hold for, and every server gives
_UP_TO_THE_MODEL: Final = re.compile(r"\w*(?:reasoning|thinking|_call|tool_use)")


@dataclass(frozen=True)
class Link:
    """A value of a request that an earlier answer gave.

    Attributes:
        giver: index of the exchange whose answer it is.
        source: where it is there, as a JSONPath.
        place: where it is in the later request: keys and indices; empty where it is in the path.
        value: what it was.
    """

    giver: int
    source: str
    place: Place
    value: Json


def find_links(answers: Sequence[Json], document: Json) -> list[Link]:
    """The links from one request to the answers before it, in their order."""
    links: list[Link] = []
    own = {value for place, value in _leaves(document) if place[-1] in ("id", "call_id") and not _is_reference(document, place)}
    for place, value in _leaves(document):
        if _is_seal(document, place) and (found := _find_holder(answers, place[-1], value)):
            giver, path, holder = found
            neighbours = _at(document, place[:-1])
            for key, item in neighbours.items():
                if (key == place[-1] or key in _SEALED) and item and holder.get(key) == item:
                    links.append(Link(giver, f"{path}{_step(key)}", (*place[:-1], key), item))
        elif _is_reference(document, place) and value not in own and (given := find_id(answers, value)):
            links.append(Link(*given, place, value))
    return links


def exercised_by(answer: Json, sources: Iterable[str]) -> list[dict[str, Json]]:
    """Assertions that a model did what makes these values be: it may as well have called another number of tools, or thought nothing."""
    least: dict[str, int] = {}
    for source in sources:
        if found := _TYPED.match(source):
            if _UP_TO_THE_MODEL.fullmatch(found[1]):
                least.setdefault(found[0], 1)
        elif found := _COUNTED.match(source):
            kind = _entries(answer, found[1])[-1]["type"]
            path = f"{found[1]}[?@.type == '{kind}']"
            least[path] = max(least.get(path, 0), int(found[2]))
    return [{"path": path, "min": count} for path, count in least.items()]


def _entries(answer: Json, path: str) -> list[Json]:
    """A list that stands at a path without any filter."""
    for key in path.split(".")[1:]:
        answer = answer[key]
    return list(answer)


def _is_seal(document: Json, place: Place) -> bool:
    holder = _at(document, place[:-1])
    return place[-1] in SEALS and isinstance(holder, dict) and (place[-1] != "data" or holder.get("type") == "redacted_thinking")


def _is_reference(document: Json, place: Place) -> bool:
    """Whether an id stands for something that is elsewhere."""
    key, holder = place[-1], _at(document, place[:-1])
    if place in (("previous_response_id",), ("conversation",), ("conversation", "id")):
        return True
    kind = str(holder.get("type") or "") if isinstance(holder, dict) else ""
    if kind == "item_reference":
        return key == "id"
    return key in _REFERENCES and (key != "call_id" or kind.endswith("_output"))


def find_id(answers: Sequence[Json], value: str) -> tuple[int, str] | None:
    """Which of the answers gave an id, the latest one first, and where in it, as a JSONPath."""
    for index in range(len(answers) - 1, -1, -1):
        places = [place for place, leaf in _leaves(answers[index]) if leaf == value and place[-1] in ("id", "call_id")]
        if places:
            return index, _json_path(answers[index], min(places, key=len))
    return None


def _find_holder(answers: Sequence[Json], key: str | int, value: str) -> tuple[int, str, dict[str, Json]] | None:
    for index in range(len(answers) - 1, -1, -1):
        for place, leaf in _leaves(answers[index]):
            if leaf == value and place[-1] == key:
                return index, _json_path(answers[index], place[:-1]), _at(answers[index], place[:-1])
    return None


def _leaves(value: Json, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every string that stands under a key, and where."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _leaves(item, (*place, key))
        case list():
            for index, item in enumerate(value):
                yield from _leaves(item, (*place, index))
        case str() if place:
            yield place, value
        case _:
            pass


def _at(value: Json, place: Place) -> Json:
    for key in place:
        value = value[key]
    return value


def _json_path(document: Json, place: Place) -> str:
    """A JSONPath; an entry of a list is named by its type where it is the only one of it, so that others may stand before it."""
    path, value = "$", document
    for key in place:
        path += _entry(value, key) if isinstance(key, int) else _step(key)
        value = value[key]
    return path


def _entry(entries: list[Json], index: int) -> str:
    kinds = [entry.get("type") if isinstance(entry, dict) else None for entry in entries]
    kind = kinds[index]
    if isinstance(kind, str) and kind.isidentifier() and kinds.count(kind) == 1:
        return f"[?@.type == '{kind}']"
    if isinstance(kind, str) and set(kinds[index:]) == {kind}:  # the last ones of a kind, whatever stands before them
        return f"[{index - len(kinds)}]"
    return f"[{index}]"


def _step(key: str) -> str:
    return f".{key}" if key.isidentifier() else f"[{key!r}]"
