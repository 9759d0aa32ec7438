"""Walks an order table: which event may follow which.

The tables come from `specs/<dialect>/events.yaml#/order` through the generator. A translator advances a `Cursor` for every event it emits,
so an event out of order is a bug found at once and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class OrderTable(msgspec.Struct, frozen=True):
    """The legal order of one dialect's stream.

    Attributes:
        start: the phase before the first event.
        phases: phase -> symbol -> next phase, with the events that are legal anywhere already written into each phase.
        terminal: the phases in which a stream may end.
        qualify: event type -> path of the nested value that completes its symbol ("type/value", or "type/*" where the table names no such
            value).
    """

    start: str
    phases: Mapping[str, Mapping[str, str]]
    terminal: frozenset[str]
    qualify: Mapping[str, tuple[str, ...]] = {}


class OutOfOrderError(AssertionError):
    """An event that the order table does not allow here: always a bug of the translator, never of the backend."""


class Cursor:
    """A position in an order table; one per stream."""

    __slots__ = ("_here", "_qualify", "_table", "phase")

    def __init__(self, table: OrderTable) -> None:
        self._table = table
        self._qualify = table.qualify
        self.phase = table.start
        self._here = table.phases[table.start]

    @property
    def finished(self) -> bool:
        """Whether the stream may end here."""
        return self.phase in self._table.terminal

    def advance(self, event: Mapping[str, Any]) -> None:
        """Move past `event`, a decoded event with its `type`.

        Raises:
            OutOfOrderError: the table does not allow the event in this phase; the position is unchanged.
        """
        symbol: str = event["type"]
        if symbol in self._qualify:
            symbol = self._qualified(symbol, event)
        phase = self._here.get(symbol)
        if phase is None:
            raise OutOfOrderError(f"{symbol} may not follow in phase {self.phase}")
        if phase != self.phase:
            self.phase = phase
            self._here = self._table.phases[phase]

    def _qualified(self, symbol: str, event: Mapping[str, Any]) -> str:
        value: Any = event
        for key in self._qualify[symbol]:
            value = value[key]
        qualified = f"{symbol}/{value}"
        return qualified if qualified in self._here else f"{symbol}/*"
