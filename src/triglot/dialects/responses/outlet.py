"""The one way out of a response's stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triglot.generated.responses.order import TABLE
from triglot.order import Cursor

if TYPE_CHECKING:
    from triglot.generated.responses.events import OutputItem, Response, StreamEvent


class BrokenAnswerError(ValueError):
    """What the model wrote cannot be told as what it was meant to be; the response fails."""


class Outlet:
    """Every event passes the order table here, and every item that is done becomes part of the response.

    Args:
        response: as it is at each moment; its `output` is replaced and never changed, because events hold it.

    Attributes:
        number: of the next event.
        index: of the item that was added last.
        events: what has been made since they were last taken.
    """

    __slots__ = ("_cursor", "_response", "events", "index", "number")

    def __init__(self, response: Response) -> None:
        self._response = response
        self._cursor = Cursor(TABLE)
        self.number = 0
        self.index = -1
        self.events: list[StreamEvent] = []

    def take(self) -> list[StreamEvent]:
        """The events, oldest first."""
        events, self.events = self.events, []
        return events

    def emit(self, event: StreamEvent) -> None:
        """Let an event out; its `sequence_number` is `number`."""
        self._cursor.advance(event)
        self.number += 1
        self.events.append(event)

    def add_item(self, item: OutputItem) -> int:
        """Begin an item and return its index."""
        self.index += 1
        self.emit({"type": "response.output_item.added", "sequence_number": self.number, "output_index": self.index, "item": item})
        return self.index

    def end_item(self, item: OutputItem) -> None:
        """End the item that was added last; `item` is all of it."""
        self._response["output"] = [*self._response["output"], item]
        self.emit({"type": "response.output_item.done", "sequence_number": self.number, "output_index": self.index, "item": item})
