"""The legal order of an event stream, read from `specs/<dialect>/events.yaml` (its language: `specs/README.md`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.invariants import check_invariant
from triglot_conformance.contract.paths import MISSING, as_list, look_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Event = dict[str, Any]


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

    def symbol(self, event: Event) -> str:
        """The name under which the order table knows this event; empty where no rule fits."""
        symbols = self.source["symbols"]
        for rule in symbols.get("first_match", ()):
            if all(_present(event, path) for path in as_list(rule.get("present"))) and all(
                look_up(event, path) == [] for path in as_list(rule.get("empty"))
            ):
                return str(rule["symbol"])
        name = str(event.get(symbols.get("field"), ""))
        path = symbols.get("qualify", {}).get(name)
        return f"{name}/{look_up(event, path)}" if path else name

    def check_order(self, events: Iterable[Event]) -> list[str]:
        """Walk the order table; the first event out of place is reported, and nothing after it."""
        order = self.source["order"]
        phase = str(order["start"])
        for number, event in enumerate(events):
            symbol = self.symbol(event)
            following = self._next_phase(phase, symbol)
            if following is None:
                return [f"event {number} ({symbol or 'unknown'}) may not come in phase {phase}"]
            phase = following
        return [] if phase in order["terminal"] else [f"the stream ends in phase {phase}, which is not terminal"]

    def check_invariants(self, events: list[Event]) -> list[str]:
        """Check every invariant of the dialect; one finding for each that is broken."""
        named = [(self.symbol(event), event) for event in events]
        failed = self._final_phase(events) == "failed"
        findings = (check_invariant(rule, named, failed=failed) for rule in self.source.get("invariants", ()))
        return [finding for finding in findings if finding]

    def _final_phase(self, events: Iterable[Event]) -> str | None:
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


def _present(event: Event, path: str) -> bool:
    value = look_up(event, path)
    return value is not MISSING and value not in (None, [], "")
