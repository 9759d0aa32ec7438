"""What must hold across a whole event stream: the invariants of `specs/<dialect>/events.yaml`, one function for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.paths import MISSING, as_list, look_up, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Named = list[tuple[str, Any]]


@dataclass(frozen=True)
class Breach:
    """Where an invariant is broken first.

    Attributes:
        rule: kind and field of the invariant and the way it is broken, without values.
        event: number of the event, None for the stream as a whole.
    """

    message: str
    rule: str
    event: int | None = None


def check_invariant(rule: Mapping[str, Any], events: Named, *, failed: bool) -> Breach | None:
    """Check one invariant.

    Args:
        rule: an entry of `invariants`.
        events: each event with its symbol.
        failed: whether the stream ended in failure, which may leave things open.

    Returns:
        What breaks it first, or None.
    """
    if rule["kind"] == "closed":
        return _check_closed(rule, events, failed=failed)
    return _CHECKS[rule["kind"]](rule, events)


def _is(symbol: str, patterns: Any) -> bool:
    """Whether a pattern names the symbol: in full, with `/*`, or without its qualifier."""
    name = symbol.partition("/")[0]
    return any(pattern in (symbol, name, f"{name}/*") for pattern in as_list(patterns))


def _check_counter(rule: Mapping[str, Any], events: Named) -> Breach | None:
    expected = rule["from"]
    for number, (symbol, event) in enumerate(events):
        value = look_up(event, rule["field"])
        if value is MISSING:
            continue
        if value != expected:
            return _breach(rule, number, symbol, f"{rule['field']} is {show(value)}, expected {expected}", f"{rule['field']} wrong")
        expected += 1
    return None


def _check_index(rule: Mapping[str, Any], events: Named) -> Breach | None:
    following = rule["from"]
    for number, (symbol, event) in enumerate(events):
        if _is(symbol, rule.get("per")):
            following = rule["from"]
        value = look_up(event, rule["field"])
        if _is(symbol, rule["opens"]):
            if value != following:
                return _breach(rule, number, symbol, f"{rule['field']} is {show(value)}, expected {following}", _way(rule["field"], value))
            following += 1
        elif _is(symbol, rule.get("inside")) and value != following - 1:
            words = f"{rule['field']} is {show(value)}, the open one is {following - 1}"
            return _breach(rule, number, symbol, words, _way(rule["field"], value))
    return None


def _check_identity(rule: Mapping[str, Any], events: Named) -> Breach | None:
    opened: Any = MISSING
    for number, (symbol, event) in enumerate(events):
        if _is(symbol, rule["opens"]):
            opened = look_up(event, rule["path"])
        elif _is(symbol, rule["inside"]) and (value := look_up(event, rule["field"])) != opened:
            words = f"{rule['field']} is {show(value)}, opened as {show(opened)}"
            return _breach(rule, number, symbol, words, _way(rule["field"], value))
    return None


def _check_concat(rule: Mapping[str, Any], events: Named) -> Breach | None:
    pieces: list[str] = []
    for number, (symbol, event) in enumerate(events):
        if _is(symbol, rule["deltas"]):
            piece = look_up(event, rule["delta"])
            pieces.append(piece if isinstance(piece, str) else "")
        elif _is(symbol, rule["whole"]):
            whole = look_up(event, rule["path"])
            if whole != "".join(pieces):
                words = f"{rule['path']} is {show(whole)}, the deltas make {show(''.join(pieces))}"
                return _breach(rule, number, symbol, words, f"{rule['path']} of {rule['whole']}")
            pieces = []
    return None


def _check_constant(rule: Mapping[str, Any], events: Named) -> Breach | None:
    for path in rule["paths"]:
        first: Any = MISSING
        for number, (symbol, event) in enumerate(events):
            value = look_up(event, path)
            if value is MISSING or value == "":
                continue
            if first is not MISSING and value != first:
                return _breach(rule, number, symbol, f"{path} is {show(value)}, before it was {show(first)}", path)
            first = value
    return None


def _check_once(rule: Mapping[str, Any], events: Named) -> Breach | None:
    for name in rule["symbols"]:
        numbers = [number for number, (symbol, _) in enumerate(events) if _is(symbol, name)]
        if len(numbers) > 1:
            return _breach(rule, numbers[1], name, f"a second one; the first was event {numbers[0]}", name)
    return None


def _check_closed(rule: Mapping[str, Any], events: Named, *, failed: bool) -> Breach | None:
    closed: dict[Any, bool] = {}
    for number, symbol, key, entry in _entries(rule, events):
        if closed.get(key):
            if symbol == "blank":  # nothing is in it; the order says where it may come
                continue
            words = f"{rule['per']} {key} goes on after its {rule['by']}"
            return _breach(rule, number, symbol, words, f"{rule['per']} goes on after its {rule['by']}")
        closed[key] = look_up(entry, rule["by"]) not in (MISSING, None)
    still_open = [key for key, done in closed.items() if not done]
    if not still_open or failed:
        return None
    return Breach(f"{rule['per']} {still_open[0]} never gets its {rule['by']}", f"closed {rule['per']} never gets its {rule['by']}")


def _check_fragments(rule: Mapping[str, Any], events: Named) -> Breach | None:
    firsts: dict[Any, list[Any]] = {}
    for number, symbol, key, entry in _entries(rule, events):
        known = firsts.setdefault(key, [])
        for fragment in as_list(_or_none(look_up(entry, rule["list"]))):
            problem = _take_fragment(rule, known, fragment)
            if problem:
                words, way = problem
                return _breach(rule, number, symbol, f"{rule['list']} of {rule['per']} {key}: {words}", f"{rule['list']} {way}")
    return None


def _take_fragment(rule: Mapping[str, Any], known: list[Any], fragment: Any) -> tuple[str, str] | None:
    """What is wrong with a fragment, in words and as a rule; it is remembered if it is the first of its index."""
    index = look_up(fragment, rule["index"])
    following = rule["from"] + len(known)
    if index == following:
        known.append(fragment)
        missing = [path for path in rule["first"] if look_up(fragment, path) in (MISSING, None, "")]
        return (f"the first fragment of {index} lacks {missing[0]}", f"first lacks {missing[0]}") if missing else None
    if not known or index != following - 1:
        expected = following - 1 if known else following
        return f"its {rule['index']} is {show(index)}, expected {expected} or the next", _way(rule["index"], index)
    for path in rule["first"]:
        value = look_up(fragment, path)
        if value not in (MISSING, None) and value != look_up(known[-1], path):
            return f"{path} of {index} changes to {show(value)}", f"{path} changes"
    return None


def _entries(rule: Mapping[str, Any], events: Named) -> Iterator[tuple[int, str, str, Any]]:
    """Every element of the list `per` of every event, with the event's number and symbol and the element's key in words."""
    for number, (symbol, event) in enumerate(events):
        for entry in as_list(_or_none(look_up(event, rule["per"]))):
            yield number, symbol, show(look_up(entry, rule["key"])), entry


def _breach(rule: Mapping[str, Any], number: int, symbol: str, words: str, way: str) -> Breach:
    return Breach(f"event {number} ({symbol or 'unknown'}): {words}", f"{rule['kind']} {way}", number)


def _way(field: str, value: Any) -> str:
    return f"{field} {'missing' if value is MISSING else 'wrong'}"


def _or_none(value: Any) -> Any:
    return None if value is MISSING else value


_CHECKS: dict[str, Callable[[Mapping[str, Any], Named], Breach | None]] = {
    "counter": _check_counter,
    "index": _check_index,
    "identity": _check_identity,
    "concat": _check_concat,
    "constant": _check_constant,
    "once": _check_once,
    "fragments": _check_fragments,
}
