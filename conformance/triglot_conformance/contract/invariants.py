"""What must hold across a whole event stream: the invariants of `specs/<dialect>/events.yaml`, one function for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.paths import MISSING, as_list, look_up, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Event = dict[str, Any]
Named = list[tuple[str, Event]]


def check_invariant(rule: Mapping[str, Any], events: Named, *, failed: bool) -> str | None:
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


def _check_counter(rule: Mapping[str, Any], events: Named) -> str | None:
    expected = rule["from"]
    for number, (symbol, event) in enumerate(events):
        value = look_up(event, rule["field"])
        if value is MISSING:
            continue
        if value != expected:
            return f"event {number} ({symbol}): {rule['field']} is {value!r}, expected {expected}"
        expected += 1
    return None


def _check_index(rule: Mapping[str, Any], events: Named) -> str | None:
    following = rule["from"]
    for number, (symbol, event) in enumerate(events):
        if _is(symbol, rule.get("per")):
            following = rule["from"]
        value = look_up(event, rule["field"])
        if _is(symbol, rule["opens"]):
            if value != following:
                return f"event {number} ({symbol}): {rule['field']} is {show(value)}, expected {following}"
            following += 1
        elif _is(symbol, rule.get("inside")) and value != following - 1:
            return f"event {number} ({symbol}): {rule['field']} is {show(value)}, the open one is {following - 1}"
    return None


def _check_identity(rule: Mapping[str, Any], events: Named) -> str | None:
    opened: Any = MISSING
    for number, (symbol, event) in enumerate(events):
        if _is(symbol, rule["opens"]):
            opened = look_up(event, rule["path"])
        elif _is(symbol, rule["inside"]) and look_up(event, rule["field"]) != opened:
            return f"event {number} ({symbol}): {rule['field']} is {show(look_up(event, rule['field']))}, opened as {show(opened)}"
    return None


def _check_concat(rule: Mapping[str, Any], events: Named) -> str | None:
    pieces: list[str] = []
    for number, (symbol, event) in enumerate(events):
        if _is(symbol, rule["deltas"]):
            pieces.append(str(look_up(event, rule["delta"])))
        elif _is(symbol, rule["whole"]):
            whole = look_up(event, rule["path"])
            if whole != "".join(pieces):
                return f"event {number} ({symbol}): {rule['path']} is {show(whole)}, the deltas make {''.join(pieces)!r}"
            pieces = []
    return None


def _check_constant(rule: Mapping[str, Any], events: Named) -> str | None:
    for path in rule["paths"]:
        first: Any = MISSING
        for number, (symbol, event) in enumerate(events):
            value = look_up(event, path)
            if value is MISSING or value == "":
                continue
            if first is not MISSING and value != first:
                return f"event {number} ({symbol}): {path} is {value!r}, before it was {first!r}"
            first = value
    return None


def _check_once(rule: Mapping[str, Any], events: Named) -> str | None:
    for name in rule["symbols"]:
        numbers = [number for number, (symbol, _) in enumerate(events) if _is(symbol, name)]
        if len(numbers) > 1:
            return f"event {numbers[1]} ({name}): a second one; the first was event {numbers[0]}"
    return None


def _check_closed(rule: Mapping[str, Any], events: Named, *, failed: bool) -> str | None:
    closed: dict[Any, bool] = {}
    for number, key, entry in _entries(rule, events):
        if closed.get(key):
            return f"event {number}: {rule['per']} {key!r} goes on after its {rule['by']}"
        closed[key] = look_up(entry, rule["by"]) not in (MISSING, None)
    still_open = [key for key, done in closed.items() if not done]
    return f"{rule['per']} {still_open[0]!r} never gets its {rule['by']}" if still_open and not failed else None


def _check_fragments(rule: Mapping[str, Any], events: Named) -> str | None:
    firsts: dict[Any, list[Any]] = {}
    for number, key, entry in _entries(rule, events):
        known = firsts.setdefault(key, [])
        for fragment in as_list(_or_none(look_up(entry, rule["list"]))):
            problem = _take_fragment(rule, known, fragment)
            if problem:
                return f"event {number}: {rule['list']} of {rule['per']} {key!r}: {problem}"
    return None


def _take_fragment(rule: Mapping[str, Any], known: list[Any], fragment: Any) -> str | None:
    index = look_up(fragment, rule["index"])
    following = rule["from"] + len(known)
    if index == following:
        known.append(fragment)
        missing = [path for path in rule["first"] if look_up(fragment, path) in (MISSING, None, "")]
        return f"the first fragment of {index} lacks {missing[0]}" if missing else None
    if not known or index != following - 1:
        return f"its {rule['index']} is {show(index)}, expected {following - 1 if known else following} or the next"
    for path in rule["first"]:
        value = look_up(fragment, path)
        if value not in (MISSING, None) and value != look_up(known[-1], path):
            return f"{path} of {index} changes to {value!r}"
    return None


def _entries(rule: Mapping[str, Any], events: Named) -> Iterator[tuple[int, Any, Any]]:
    """Every element of the list `per` of every event, with the event's number and the element's key."""
    for number, (_, event) in enumerate(events):
        for entry in as_list(_or_none(look_up(event, rule["per"]))):
            yield number, look_up(entry, rule["key"]), entry


def _or_none(value: Any) -> Any:
    return None if value is MISSING else value


_CHECKS: dict[str, Callable[[Mapping[str, Any], Named], str | None]] = {
    "counter": _check_counter,
    "index": _check_index,
    "identity": _check_identity,
    "concat": _check_concat,
    "constant": _check_constant,
    "once": _check_once,
    "fragments": _check_fragments,
}
