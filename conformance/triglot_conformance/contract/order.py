"""The legal order of an event stream, read from `specs/<dialect>/events.yaml` (its language: `specs/README.md`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.invariants import check_invariant
from triglot_conformance.contract.paths import MISSING, as_list, look_up
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True)
class StreamRules:
    """One dialect's `events.yaml`.

    Attributes:
        event_line: the field that each frame repeats in its `event:` line, or None for no such lines.
        sentinel: data of the closing frame, or None.
    """

    source: Mapping[str, Any]

    @property
    def event_line(self) -> str | None:  # noqa: D102 - see the class
        return self.source["framing"]["event_line"]  # type: ignore[no-any-return]

    @property
    def sentinel(self) -> str | None:  # noqa: D102 - see the class
        return self.source["framing"]["sentinel"]  # type: ignore[no-any-return]

    @property
    def has_types(self) -> bool:
        """Whether events are told apart by a field of theirs."""
        return "field" in self.source["symbols"]

    def symbol(self, event: Any) -> str:
        """The name under which the order table knows this event; empty where no rule fits."""
        if not isinstance(event, dict):
            return ""
        symbols = self.source["symbols"]
        for rule in symbols.get("first_match", ()):
            if all(_present(event, path) for path in as_list(rule.get("present"))) and all(
                look_up(event, path) == [] for path in as_list(rule.get("empty"))
            ):
                return str(rule["symbol"])
        name = str(event.get(symbols.get("field"), ""))
        path = symbols.get("qualify", {}).get(name)
        return f"{name}/{_word(look_up(event, path))}" if path else name

    def order_findings(self, events: Sequence[Any]) -> list[Finding]:
        """Walk the order table; the first event out of place is reported, and nothing after it."""
        order = self.source["order"]
        phase = str(order["start"])
        for number, event in enumerate(events):
            symbol = self.symbol(event)
            following = self._next_phase(phase, symbol)
            if following is None:
                words = f"event {number} ({symbol or 'unknown'}) may not come in phase {phase}; expected here: {self._legal(phase)}"
                return [Finding("order", words, f"order {self._known(symbol)} in {phase}", event=number)]
            phase = following
        if phase in order["terminal"]:
            return []
        words = f"the stream ends in phase {phase}, which is not terminal; still expected: {self._legal(phase)}"
        return [Finding("order", words, f"order end in {phase}")]

    def invariant_findings(self, events: Sequence[Any]) -> list[Finding]:
        """Check every invariant of the dialect; one finding for each that is broken, where it is first."""
        named = [(self.symbol(event), event) for event in events]
        failed = self._final_phase(events) == "failed"
        breaches = (check_invariant(rule, named, failed=failed) for rule in self.source.get("invariants", ()))
        return [Finding("invariant", breach.message, f"invariant {breach.rule}", event=breach.event) for breach in breaches if breach]

    def check_order(self, events: Iterable[Any]) -> list[str]:
        """The findings of the order, in short words."""
        return [finding.message.partition("; ")[0] for finding in self.order_findings(list(events))]

    def check_invariants(self, events: Sequence[Any]) -> list[str]:
        """The findings of the invariants, in words."""
        return [finding.message for finding in self.invariant_findings(events)]

    def knows(self, event: Any) -> bool:
        """Whether the contract has a name for this event."""
        return self._known(self.symbol(event)) != "unknown"

    def is_failure(self, event: Any) -> bool:
        """Whether this event says that the answer has failed."""
        return bool(self.source["order"].get("anywhere", {}).get(self.symbol(event)) == "failed")

    @cached_property
    def _names(self) -> frozenset[str]:
        order = self.source["order"]
        tables = (*order["phases"].values(), order.get("anywhere", {}))
        return frozenset(symbol.partition("/")[0] for table in tables for symbol in table)

    def _known(self, symbol: str) -> str:
        """A symbol without its qualifier, so that a rule hangs neither on what a server makes up nor on what a model says."""
        name = symbol.partition("/")[0]
        return name if name in self._names else "unknown"

    def _legal(self, phase: str) -> str:
        names = list(self.source["order"]["phases"].get(phase, {}))
        return ", ".join(names) or "nothing"

    def _final_phase(self, events: Iterable[Any]) -> str | None:
        phase: str | None = self.source["order"]["start"]
        for event in events:
            phase = self._next_phase(phase, self.symbol(event)) if phase else None
        return phase

    def _next_phase(self, phase: str, symbol: str) -> str | None:
        order = self.source["order"]
        wildcard = f"{symbol.partition('/')[0]}/*"
        here = order["phases"].get(phase, {})
        anywhere = {} if phase in order["terminal"] else order.get("anywhere", {})
        for table in (here, anywhere):
            following = table.get(symbol, table.get(wildcard))
            if following is not None:
                return phase if following == "=" else str(following)
        return None


def _word(value: Any) -> str:
    return value if isinstance(value, str) else "unknown"


def _present(event: Any, path: str) -> bool:
    value = look_up(event, path)
    return value is not MISSING and value not in (None, [], "")
