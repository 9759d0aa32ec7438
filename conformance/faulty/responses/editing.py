"""Ways to change the events of a response, for defects. None touches what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.hooks import Defect, add

if TYPE_CHECKING:
    from collections.abc import Callable

    from faulty.exchange import Request

Event = dict[str, Any]
Events = list[Event]

_TEXT = "responses/events/text"
_ENDS = ("response.completed", "response.incomplete", "response.failed")


def renumber(events: Events) -> Events:
    """The events with rising numbers."""
    return [event | {"sequence_number": number} if "sequence_number" in event else event for number, event in enumerate(events)]


def streams(name: str, change: Callable[[Events], Events], says: str, caught_by: str = _TEXT, source: str | None = None) -> None:
    """Register a defect that changes the events of streams."""

    def apply(events: Events, _request: Request) -> Events:
        return change(events)

    add(Defect(f"responses/{name}", "responses.events", caught_by, says, source, apply=apply))


def leaves_out(name: str, kind: str, caught_by: str = _TEXT, source: str | None = None) -> None:
    """Register a defect that leaves out all events of a kind."""

    def change(events: Events) -> Events:
        return renumber([event for event in events if event["type"] != kind])

    streams(name, change, f"Leaves out {kind}.", caught_by, source)


def lacks(name: str, field: str, caught_by: str = _TEXT, source: str | None = None) -> None:
    """Register a defect that leaves a field out of all events."""

    def change(events: Events) -> Events:
        return [{key: value for key, value in event.items() if key != field} for event in events]

    streams(name, change, f"Leaves {field} out of its events.", caught_by, source)


def change_end(events: Events, change: Callable[[Event], Event]) -> Events:
    """Change the response that the last event carries."""
    last = events[-1]
    if last["type"] not in _ENDS:
        return events
    return [*events[:-1], last | {"response": last["response"] | change(last["response"])}]


def change_item(event: Event, fields: Event, kind: str, item_type: str | None = None) -> Event:
    """The event with other fields in its item, where it is of the kind and carries such an item."""
    if event["type"] != kind or (item_type is not None and event["item"]["type"] != item_type) or not fields.keys() <= event["item"].keys():
        return event
    return event | {"item": event["item"] | fields}
