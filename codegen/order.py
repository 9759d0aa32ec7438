"""Checks `events.yaml` against the event union and lays out the order table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.place import Map, Place, Seq, SpecError, expect_map, expect_seq, expect_str
from codegen.unions import split_branches, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.source import Dialect

_SAME = "="
_INVARIANTS = {
    "counter": ({"field", "from"}, set()),
    "index": ({"field", "from", "opens", "inside"}, {"per"}),
    "identity": ({"field", "opens", "path", "inside"}, set()),
    "concat": ({"deltas", "delta", "whole", "path"}, set()),
    "constant": ({"paths"}, set()),
    "once": ({"symbols"}, set()),
    "closed": ({"per", "key", "by"}, set()),
    "fragments": ({"per", "key", "list", "index", "from", "first"}, set()),
}
_SYMBOL_FIELDS = ("opens", "inside", "deltas", "whole", "symbols")


@dataclass(frozen=True)
class Rule:
    """How an event without a type gets its symbol; the paths hold keys and list indexes."""

    symbol: str
    present: tuple[str | int, ...] | None
    empty: tuple[str | int, ...] | None


@dataclass(frozen=True)
class Order:
    """The order table of a dialect, `anywhere` written into each phase that is not terminal.

    Attributes:
        event_line: the field that the `event:` line of a frame repeats, or None.
        sentinel: data of the closing frame, or None.
        start: the phase before the first event.
        phases: phase -> symbol -> next phase.
        terminal: the phases in which a stream may end, sorted.
        qualify: event type -> path of the value that completes its symbol.
        first_match: the rules that give an event its symbol, where events have no type.
    """

    event_line: str | None
    sentinel: str | None
    start: str
    phases: Mapping[str, Mapping[str, str]]
    terminal: tuple[str, ...]
    qualify: Mapping[str, tuple[str, ...]]
    first_match: tuple[Rule, ...]


def read_order(dialect: Dialect, unions: list[str]) -> Order | None:
    """Read `events.yaml`; `unions` are the schemas of the dialect's streams.

    Raises:
        SpecError: it is missing, contradicts itself, or names an event that no stream has.
    """
    if dialect.events is None:
        if unions:
            raise SpecError(dialect.document.at("paths"), "there are streams but no events.yaml")
        return None
    root = dialect.events
    _keys(root, {"framing", "symbols", "order"}, {"invariants"})
    framing = _keys(expect_map(root["framing"], root.at("framing")), {"event_line", "sentinel"})
    symbols = _Symbols(dialect, expect_map(root["symbols"], root.at("symbols")), unions)
    order = _keys(expect_map(root["order"], root.at("order")), {"start", "phases", "terminal"}, {"anywhere"})
    terminal = [expect_str(name, order.at("terminal")) for name in expect_seq(order["terminal"], order.at("terminal"))]
    phases = _read_phases(order, terminal, symbols)
    start = expect_str(order["start"], order.at("start"))
    _check_reachable(order, start, phases, terminal)
    invariants = expect_seq(root.get("invariants") or Seq(root.place), root.at("invariants"))
    for index, invariant in enumerate(invariants):
        _check_invariant(expect_map(invariant, invariants.at(index)), symbols)
    return Order(
        event_line=_optional_str(framing, "event_line"),
        sentinel=_optional_str(framing, "sentinel"),
        start=start,
        phases={**phases, **{name: {} for name in terminal if name not in phases}},
        terminal=tuple(sorted(terminal)),
        qualify=symbols.qualify,
        first_match=symbols.rules,
    )


def _keys(value: Map, needed: set[str], optional: set[str] | None = None) -> Map:
    for key in value:
        if key not in needed | (optional or set()):
            raise SpecError(value.at(key), f"keyword '{key}' is not supported")
    for key in sorted(needed - set(value)):
        raise SpecError(value.place, f"'{key}' is missing")
    return value


def _optional_str(value: Map, key: str) -> str | None:
    return None if value[key] is None else expect_str(value[key], value.at(key))


def _path(text: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdecimal() else part for part in text.split("."))


class _Symbols:
    """The symbols that a dialect's events can have."""

    def __init__(self, dialect: Dialect, spec: Map, unions: list[str]) -> None:
        self._dialect = dialect
        self.qualify: dict[str, tuple[str, ...]] = {}
        self.rules: tuple[Rule, ...] = ()
        self._values: dict[str, set[str] | None] = {}
        if "first_match" in spec:
            _keys(spec, {"first_match"})
            self.rules = tuple(self._read_rules(expect_seq(spec["first_match"], spec.at("first_match"))))
            self._known = {rule.symbol for rule in self.rules}
            return
        _keys(spec, {"field"}, {"qualify"})
        self._events = _events_by_tag(dialect, unions, spec)
        self._known = set(self._events)
        qualify = expect_map(spec.get("qualify") or Map(spec.place), spec.at("qualify"))
        for name, path in qualify.items():
            if name not in self._events:
                raise SpecError(qualify.at(name), f"'{name}' is no event of the union")
            self.qualify[name] = tuple(expect_str(path, qualify.at(name)).split("."))
            self._values[name] = self._values_at(self._events[name], self.qualify[name], qualify.at(name))

    def check(self, symbol: str, place: Place) -> None:
        """Raise SpecError unless `symbol` can occur."""
        name, slash, value = symbol.partition("/")
        if name not in self._known:
            raise SpecError(place, f"'{name}' is no event of the union" if not self.rules else f"'{name}' is no symbol of first_match")
        if bool(slash) != (name in self.qualify):
            raise SpecError(place, f"'{symbol}' needs a '/' and a value" if not slash else f"'{name}' is not in qualify")
        values = self._values.get(name)
        if slash and value != "*" and values is not None and value not in values:
            raise SpecError(place, f"'{value}' is no value of {'.'.join(self.qualify[name])} in '{name}'")

    def check_name(self, symbol: str, place: Place) -> None:
        """Raise SpecError unless `symbol`, or the event in front of its "/", can occur."""
        if symbol in self._known:
            return
        self.check(symbol, place)

    def _read_rules(self, rules: Seq) -> Iterator[Rule]:
        for index, item in enumerate(rules):
            rule = _keys(expect_map(item, rules.at(index)), {"symbol"}, {"present", "empty"})
            paths = {key: _path(expect_str(rule[key], rule.at(key))) if key in rule else None for key in ("present", "empty")}
            yield Rule(expect_str(rule["symbol"], rule.at("symbol")), paths["present"], paths["empty"])

    def _values_at(self, schema: Map, path: tuple[str, ...], place: Place) -> set[str] | None:
        """The values that a nested field can have; None where the spec leaves them open."""
        *steps, last = path
        for step in steps:
            properties = self._dialect.resolve(schema).get("properties") or {}
            if step not in properties:
                raise SpecError(place, f"path '{'.'.join(path)}' leads to nothing")
            schema = properties[step]
        found = split_branches(self._dialect, schema)
        if found.open_branches:
            return None
        tags = set(found.tagged.get(last, ()))
        for branch in found.objects:
            tags.update(tags_of(self._dialect.resolve(branch), last))
        if not tags:
            raise SpecError(place, f"path '{'.'.join(path)}' leads to no tag")
        return tags


def _events_by_tag(dialect: Dialect, unions: list[str], spec: Map) -> dict[str, Map]:
    name = expect_str(spec["field"], spec.at("field"))
    events: dict[str, Map] = {}
    for union in unions:
        found = split_branches(dialect, dialect.schemas[union])
        events.update((tag, dialect.resolve(branch)) for tag, branch in found.tagged.get(name, {}).items())
        for branch in found.objects:
            events.update((tag, dialect.resolve(branch)) for tag in tags_of(dialect.resolve(branch), name))
    if not events:
        raise SpecError(spec.at("field"), f"no stream has events with a tag '{name}'")
    return events


def _read_phases(order: Map, terminal: list[str], symbols: _Symbols) -> dict[str, dict[str, str]]:
    spec = expect_map(order["phases"], order.at("phases"))
    anywhere = expect_map(order.get("anywhere") or Map(order.place), order.at("anywhere"))
    known = {*spec, *terminal}
    phases: dict[str, dict[str, str]] = {}
    for phase in spec:
        moves = expect_map(spec[phase], spec.at(phase))
        _check_moves(moves, known, symbols)
        phases[phase] = {symbol: phase if target == _SAME else target for symbol, target in moves.items()}
    _check_moves(anywhere, known, symbols)
    for phase in (name for name in phases if name not in terminal):
        for symbol, target in anywhere.items():
            phases[phase].setdefault(symbol, phase if target == _SAME else target)
    return phases


def _check_moves(moves: Map, known: set[str], symbols: _Symbols) -> None:
    for symbol, target in moves.items():
        symbols.check(symbol, moves.at(symbol))
        if expect_str(target, moves.at(symbol)) not in known and target != _SAME:
            raise SpecError(moves.at(symbol), f"phase '{target}' does not exist")


def _check_reachable(order: Map, start: str, phases: dict[str, dict[str, str]], terminal: list[str]) -> None:
    if start not in phases:
        raise SpecError(order.at("start"), f"phase '{start}' does not exist")
    reached, frontier = {start}, [start]
    while frontier:
        targets = set(phases.get(frontier.pop(), {}).values()) - reached
        reached |= targets
        frontier += sorted(targets)
    for phase in phases:
        if phase not in reached:
            raise SpecError(order["phases"].at(phase), f"phase '{phase}' is never reached")
    for index, phase in enumerate(terminal):
        if phase not in reached:
            raise SpecError(order["terminal"].at(index), f"phase '{phase}' is never reached")
    ends = set(terminal)
    while more := {phase for phase, moves in phases.items() if phase not in ends and ends.intersection(moves.values())}:
        ends |= more
    for phase in phases:
        if phase not in ends:
            raise SpecError(order["phases"].at(phase), f"no way leads from phase '{phase}' to a terminal one")


def _check_invariant(invariant: Map, symbols: _Symbols) -> None:
    kind = expect_str(invariant.get("kind"), invariant.at("kind"))
    if kind not in _INVARIANTS:
        raise SpecError(invariant.at("kind"), f"invariant '{kind}' is not supported")
    needed, optional = _INVARIANTS[kind]
    _keys(invariant, {"kind", *needed}, {"description", *optional})
    for key in (*_SYMBOL_FIELDS, *(["per"] if kind == "index" else [])):
        if key in invariant:
            names = invariant[key] if isinstance(invariant[key], list) else [invariant[key]]
            for name in names:
                symbols.check_name(expect_str(name, invariant.at(key)), invariant.at(key))
