"""Streams of Responses that break the order, the numbers, the ids or the texts of their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.hooks import defect
from faulty.responses.editing import change_end, lacks, leaves_out, renumber

if TYPE_CHECKING:
    from faulty.exchange import Request

Event = dict[str, Any]
Events = list[Event]

_TEXT = "responses/events/text"
_PARTS = "responses/events/part-events"


lacks("sequence-number-missing", "sequence_number", "responses/events/sequence-number", source="ggml-org/llama.cpp#20607")
lacks("output-index-missing", "output_index", "responses/events/output-index", source="ggml-org/llama.cpp#20607")
lacks("content-index-missing", "content_index", source="ggml-org/llama.cpp#21174")
lacks("item-id-missing", "item_id", "responses/events/delta-item-id", source="ggml-org/llama.cpp#20607")
leaves_out("created-missing", "response.created", "responses/events/created-first")
leaves_out("in-progress-missing", "response.in_progress", "responses/events/in-progress")
leaves_out("item-added-missing", "response.output_item.added", "responses/events/item-added-first")
leaves_out("item-done-missing", "response.output_item.done", "responses/events/item-done")
leaves_out("content-part-added-missing", "response.content_part.added", _PARTS)
leaves_out("content-part-done-missing", "response.content_part.done", _PARTS)
leaves_out("text-done-missing", "response.output_text.done", "responses/events/text-done")
leaves_out("text-in-one-lump", "response.output_text.delta")
leaves_out("completed-missing", "response.completed", "responses/events/completed-last")


@defect("responses/sequence-number-from-one", at="responses.events", caught_by="responses/events/sequence-number")
def _from_one(events: Events, _request: Request) -> Events:
    """Numbers its events from 1."""
    return [event | {"sequence_number": event["sequence_number"] + 1} for event in events]


@defect("responses/sequence-number-stays", at="responses.events", caught_by="responses/events/sequence-number")
def _stays(events: Events, _request: Request) -> Events:
    """Numbers all events with 0."""
    return [event | {"sequence_number": 0} for event in events]


@defect("responses/delta-before-item", at="responses.events", caught_by="responses/events/item-added-first", source="BerriAI/litellm#22102")
def _early(events: Events, _request: Request) -> Events:
    """Sends the first piece of text before the item that it belongs to."""
    first = _first(events, "response.output_text.delta")
    item = _first(events, "response.output_item.added")
    if first is None or item is None:
        return events
    rest = [event for number, event in enumerate(events) if number != first]
    return renumber([*rest[:item], events[first], *rest[item:]])


@defect("responses/created-twice", at="responses.events", caught_by="responses/events/created-once")
def _twice(events: Events, _request: Request) -> Events:
    """Begins each stream twice."""
    return renumber([events[0], *events])


@defect("responses/goes-on-after-the-end", at="responses.events", caught_by="responses/events/completed-last")
def _goes_on(events: Events, _request: Request) -> Events:
    """Sends a sign of life after the last event."""
    return renumber([*events, events[1]])


@defect("responses/ids-differ-in-the-end", at="responses.events", caught_by="responses/events/item-id", source="vllm-project/vllm#56285")
def _other_ids(events: Events, _request: Request) -> Events:
    """Gives the items of the final response other ids than those that it streamed."""
    return change_end(events, lambda response: {"output": [item | {"id": f"{item['id']}x"} for item in response["output"]]})


@defect("responses/item-id-changes", at="responses.events", caught_by=_TEXT, source="vllm-project/vllm#56285")
def _item_id_changes(events: Events, _request: Request) -> Events:
    """Names an item by another id in its deltas."""
    return [event | {"item_id": f"item_{event['output_index']}"} if "delta" in event else event for event in events]


@defect("responses/response-id-changes", at="responses.events", caught_by="responses/events/one-id", source="vllm-project/vllm#56285")
def _response_id_changes(events: Events, _request: Request) -> Events:
    """Gives the final response another id than the one that the stream began with."""
    return change_end(events, lambda response: {"id": f"{response['id']}x"})


@defect("responses/final-output-empty", at="responses.events", caught_by=_TEXT)
def _empty(events: Events, _request: Request) -> Events:
    """Ends streams with a response without output."""
    return change_end(events, lambda _: {"output": []})


@defect("responses/final-status-in-progress", at="responses.events", caught_by=_TEXT)
def _still_running(events: Events, _request: Request) -> Events:
    """Leaves the status of the final response as it was at the beginning."""
    return change_end(events, lambda _: {"status": "in_progress"})


@defect("responses/item-status-missing", at="responses.events", caught_by=_TEXT)
def _no_status(events: Events, _request: Request) -> Events:
    """Leaves the status out of its items."""
    return [
        event | {"item": {name: value for name, value in event["item"].items() if name != "status"}} if "item" in event else event
        for event in events
    ]


@defect("responses/text-done-differs", at="responses.events", caught_by="responses/events/text-done")
def _trimmed(events: Events, _request: Request) -> Events:
    """Tells another text as a whole than in pieces."""
    return [event | {"text": event["text"][:-1]} if event["type"] == "response.output_text.done" else event for event in events]


@defect("responses/deltas-cumulative", at="responses.events", caught_by=_TEXT)
def _cumulative(events: Events, _request: Request) -> Events:
    """Sends with each delta all the text so far."""
    text, told = "", []
    for event in events:
        if event["type"] == "response.output_text.delta":
            text += event["delta"]
            told.append(event | {"delta": text})
        else:
            told.append(event)
    return told


@defect("responses/first-delta-lost", at="responses.events", caught_by=_TEXT, source="BerriAI/litellm#25321")
def _first_lost(events: Events, _request: Request) -> Events:
    """Loses the first delta of each item."""
    lost = {event["item_id"]: number for number, event in reversed(list(enumerate(events))) if "delta" in event}
    return renumber([event for number, event in enumerate(events) if number not in lost.values()])


@defect("responses/annotations-missing", at="responses.events", caught_by=_TEXT)
def _no_annotations(events: Events, _request: Request) -> Events:
    """Leaves the annotations out of its text parts."""
    return [_without_annotations(event) for event in events]


def _without_annotations(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_annotations(part) for key, part in value.items() if key != "annotations"}
    return [_without_annotations(part) for part in value] if isinstance(value, list) else value


@defect("responses/no-event-lines", at="frames", caught_by="responses/events/event-lines")
def _no_event_lines(frames: list[bytes], request: Request) -> list[bytes]:
    """Sends frames without their `event:` line."""
    return [frame.partition(b"\n")[2] for frame in frames] if request.dialect == "responses" else frames


@defect("responses/done-sentinel", at="frames", caught_by="responses/events/no-done")
def _sentinel(frames: list[bytes], request: Request) -> list[bytes]:
    """Closes streams with `[DONE]`, as Chat Completions does."""
    return [*frames, b"data: [DONE]\n\n"] if request.dialect == "responses" else frames


def _first(events: Events, kind: str) -> int | None:
    return next((number for number, event in enumerate(events) if event["type"] == kind), None)
