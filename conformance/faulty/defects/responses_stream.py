"""Streams of Responses that break the order, the numbers or the ids of their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.hooks import Defect, add, defect

if TYPE_CHECKING:
    from collections.abc import Callable

    from faulty.exchange import Request

Event = dict[str, Any]
Events = list[Event]

_TEXT = "responses/events/text"
_CALL = "responses/tools/stream/call"
_CALLS = "responses/tools/stream/parallel"
_REASONING = "responses/reasoning/stream-text"
_PARTS = "responses/events/part-events"
_LIMIT = "responses/wire/limit"
_ENDS = ("response.completed", "response.incomplete", "response.failed")


def renumber(events: Events) -> Events:
    """The events with rising numbers."""
    return [event | {"sequence_number": number} if "sequence_number" in event else event for number, event in enumerate(events)]


def _streams(name: str, change: Callable[[Events], Events], says: str, caught_by: str = _TEXT, source: str | None = None) -> None:
    def apply(events: Events, _request: Request) -> Events:
        return change(events)

    add(Defect(f"responses/{name}", "responses.events", caught_by, says, source, apply=apply))


def _leaves_out(name: str, kind: str, caught_by: str = _TEXT, source: str | None = None) -> None:
    def change(events: Events) -> Events:
        return renumber([event for event in events if event["type"] != kind])

    _streams(name, change, f"Leaves out {kind}.", caught_by, source)


def _lacks(name: str, field: str, caught_by: str = _TEXT, source: str | None = None) -> None:
    def change(events: Events) -> Events:
        return [{key: value for key, value in event.items() if key != field} for event in events]

    _streams(name, change, f"Leaves {field} out of its events.", caught_by, source)


_lacks("sequence-number-missing", "sequence_number", "responses/events/sequence-number", source="ggml-org/llama.cpp#20607")
_lacks("output-index-missing", "output_index", "responses/events/output-index", source="ggml-org/llama.cpp#20607")
_lacks("content-index-missing", "content_index", source="ggml-org/llama.cpp#21174")
_lacks("item-id-missing", "item_id", "responses/events/delta-item-id", source="ggml-org/llama.cpp#20607")
_leaves_out("created-missing", "response.created", "responses/events/created-first")
_leaves_out("in-progress-missing", "response.in_progress", "responses/events/in-progress")
_leaves_out("item-added-missing", "response.output_item.added", "responses/events/item-added-first")
_leaves_out("item-done-missing", "response.output_item.done", "responses/events/item-done")
_leaves_out("content-part-added-missing", "response.content_part.added", _PARTS)
_leaves_out("content-part-done-missing", "response.content_part.done", _PARTS)
_leaves_out("text-done-missing", "response.output_text.done", "responses/events/text-done")
_leaves_out("text-in-one-lump", "response.output_text.delta")
_leaves_out("completed-missing", "response.completed", "responses/events/completed-last")
_leaves_out(
    "arguments-done-missing", "response.function_call_arguments.done", "responses/tools/stream/arguments-done", "ggml-org/llama.cpp#20607"
)
_leaves_out("arguments-without-deltas", "response.function_call_arguments.delta", "responses/tools/stream/arguments-delta")
_leaves_out("reasoning-done-missing", "response.reasoning_text.done", _REASONING, "ggml-org/llama.cpp#21174")
_leaves_out("summary-part-missing", "response.reasoning_summary_part.added", "responses/wire/summary")
_leaves_out("custom-input-done-missing", "response.custom_tool_call_input.done", "responses/custom/stream")


@defect("responses/sequence-number-from-one", at="responses.events", caught_by="responses/events/sequence-number")
def _from_one(events: Events, _request: Request) -> Events:
    """Numbers its events from 1."""
    return [event | {"sequence_number": event["sequence_number"] + 1} for event in events]


@defect("responses/sequence-number-stays", at="responses.events", caught_by="responses/events/sequence-number")
def _stays(events: Events, _request: Request) -> Events:
    """Numbers all events with 0."""
    return [event | {"sequence_number": 0} for event in events]


@defect("responses/output-index-stays", at="responses.events", caught_by=_CALLS)
def _index_stays(events: Events, _request: Request) -> Events:
    """Says that each item is the first."""
    return [event | {"output_index": 0} if "output_index" in event else event for event in events]


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
    return _change_end(events, lambda response: {"output": [item | {"id": f"{item['id']}x"} for item in response["output"]]})


@defect("responses/item-id-changes", at="responses.events", caught_by=_TEXT, source="vllm-project/vllm#56285")
def _item_id_changes(events: Events, _request: Request) -> Events:
    """Names an item by another id in its deltas."""
    return [event | {"item_id": f"item_{event['output_index']}"} if "delta" in event else event for event in events]


@defect("responses/response-id-changes", at="responses.events", caught_by="responses/events/one-id", source="vllm-project/vllm#56285")
def _response_id_changes(events: Events, _request: Request) -> Events:
    """Gives the final response another id than the one that the stream began with."""
    return _change_end(events, lambda response: {"id": f"{response['id']}x"})


@defect("responses/final-output-empty", at="responses.events", caught_by=_TEXT)
def _empty(events: Events, _request: Request) -> Events:
    """Ends streams with a response without output."""
    return _change_end(events, lambda _: {"output": []})


@defect("responses/final-status-in-progress", at="responses.events", caught_by=_TEXT)
def _still_running(events: Events, _request: Request) -> Events:
    """Leaves the status of the final response as it was at the beginning."""
    return _change_end(events, lambda _: {"status": "in_progress"})


@defect("responses/usage-missing", at="responses.events", caught_by="responses/events/completed-last")
def _no_usage(events: Events, _request: Request) -> Events:
    """Tells no token counts in streams."""
    return _change_end(events, lambda _: {"usage": None})


@defect("responses/usage-sum-wrong", at="responses.events", caught_by=_TEXT)
def _wrong_sum(events: Events, _request: Request) -> Events:
    """Counts only the output as the total."""
    return _change_end(events, lambda response: {"usage": response["usage"] | {"total_tokens": response["usage"]["output_tokens"]}})


@defect("responses/usage-zero", at="responses.events", caught_by=_TEXT, source="BerriAI/litellm#24176")
def _zero_usage(events: Events, _request: Request) -> Events:
    """Counts nothing."""
    return _change_end(
        events, lambda response: {"usage": response["usage"] | dict.fromkeys(("input_tokens", "output_tokens", "total_tokens"), 0)}
    )


@defect("responses/reasoning-tokens-apart", at="responses.events", caught_by=_TEXT)
def _reasoning_apart(events: Events, _request: Request) -> Events:
    """Leaves thinking out of the count of the output that includes it."""

    def change(response: Event) -> Event:
        usage = response["usage"]
        thought = usage["output_tokens_details"]["reasoning_tokens"]
        said = usage["output_tokens"] - thought
        return {"usage": usage | {"output_tokens": min(said, thought - 1), "total_tokens": usage["input_tokens"] + min(said, thought - 1)}}

    return _change_end(events, change)


@defect("responses/item-status-missing", at="responses.events", caught_by=_TEXT)
def _no_status(events: Events, _request: Request) -> Events:
    """Leaves the status out of its items."""
    return [
        event | {"item": {name: value for name, value in event["item"].items() if name != "status"}} if "item" in event else event
        for event in events
    ]


@defect("responses/cached-tokens-apart", at="responses.events", caught_by=_TEXT, source="envoyproxy/ai-gateway#2236")
def _cached_apart(events: Events, _request: Request) -> Events:
    """Leaves cached tokens out of the count of the input that includes them."""

    def change(response: Event) -> Event:
        usage = response["usage"]
        cached, total = usage["input_tokens"], usage["total_tokens"]
        counts = {"input_tokens": 1, "input_tokens_details": usage["input_tokens_details"] | {"cached_tokens": cached}}
        return {"usage": usage | counts | {"total_tokens": total - cached + 1}}

    return _change_end(events, change)


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


@defect("responses/arguments-done-differ", at="responses.events", caught_by="responses/tools/stream/arguments-done")
def _other_arguments(events: Events, _request: Request) -> Events:
    """Ends the arguments of a call with `{}`."""
    kind = "response.function_call_arguments.done"
    return [event | {"arguments": "{}"} if event["type"] == kind else event for event in events]


@defect(
    "responses/arguments-begin-full",
    at="responses.events",
    caught_by="responses/tools/stream/arguments-empty",
    source="llamastack/llama-stack#5462",
)
def _begin_full(events: Events, _request: Request) -> Events:
    """Begins the arguments of a call with `{}`, to which clients append the deltas."""
    return [_change_item(event, {"arguments": "{}"}, "response.output_item.added", "function_call") for event in events]


@defect(
    "responses/arguments-as-text",
    at="responses.events",
    caught_by="responses/tools/stream/arguments-delta",
    source="vllm-project/vllm#29725",
)
def _as_text(events: Events, _request: Request) -> Events:
    """Streams the arguments of a call as text."""
    kinds = {"response.function_call_arguments.delta": {"type": "response.output_text.delta", "content_index": 0, "logprobs": []}}
    return [event | kinds.get(event["type"], {}) for event in events]


@defect("responses/call-id-missing", at="responses.events", caught_by=_CALL)
def _no_call_id(events: Events, _request: Request) -> Events:
    """Leaves the call_id out of calls."""
    return [_without_call_id(event) for event in events]


def _without_call_id(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_call_id(part) for key, part in value.items() if key != "call_id"}
    return [_without_call_id(part) for part in value] if isinstance(value, list) else value


@defect("responses/call-ids-equal", at="responses.events", caught_by=_CALLS, source="mudler/LocalAI#10055")
def _equal_ids(events: Events, _request: Request) -> Events:
    """Gives all calls of an answer the same call_id."""
    return [_with_call_id(event) for event in events]


def _with_call_id(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "call_0" if key == "call_id" else _with_call_id(part) for key, part in value.items()}
    return [_with_call_id(part) for part in value] if isinstance(value, list) else value


@defect("responses/call-twice", at="responses.events", caught_by=_CALL, source="mudler/LocalAI#9470")
def _call_twice(events: Events, _request: Request) -> Events:
    """Tells the last call a second time, so that it runs twice."""
    last = max((event.get("output_index", -1) for event in events), default=-1)
    again = [event | {"output_index": last + 1} for event in events if event.get("output_index") == last]
    if not again or again[0].get("item", {}).get("type") != "function_call":
        return events
    doubled = [*events[:-1], *again, events[-1]]
    return _change_end(renumber(doubled), lambda response: {"output": [*response["output"], response["output"][-1]]})


@defect("responses/only-first-call-streamed", at="responses.events", caught_by=_CALLS, source="maximhq/bifrost#3441")
def _only_first(events: Events, _request: Request) -> Events:
    """Streams only the first call of several; the final response has them all."""
    calls = [event["output_index"] for event in events if _opens(event, "function_call")]
    return renumber([event for event in events if event.get("output_index") not in calls[1:]])


@defect("responses/calls-overlap", at="responses.events", caught_by=_CALLS, source="ollama/ollama#17225")
def _overlap(events: Events, _request: Request) -> Events:
    """Opens all calls before it closes the first."""
    ends = [event for event in events if event["type"] == "response.output_item.done" and event["item"]["type"] == "function_call"]
    rest = [event for event in events[:-1] if event not in ends]
    return renumber([*rest, *ends, events[-1]])


@defect("responses/reasoning-lost-in-the-end", at="responses.events", caught_by=_TEXT)
def _forgets_reasoning(events: Events, _request: Request) -> Events:
    """Leaves the thinking that it streamed out of the final response."""
    return _change_end(events, lambda response: {"output": [item for item in response["output"] if item["type"] != "reasoning"]})


@defect("responses/always-completed", at="responses.events", caught_by=_LIMIT, source="sgl-project/sglang#38690")
def _always_completed(events: Events, _request: Request) -> Events:
    """Ends cut answers as completed."""
    ended = _change_end(events, lambda _: {"status": "completed", "incomplete_details": None})
    return [*ended[:-1], ended[-1] | {"type": "response.completed"}]


@defect("responses/incomplete-without-reason", at="responses.events", caught_by=_LIMIT)
def _no_reason(events: Events, _request: Request) -> Events:
    """Does not say why an answer is incomplete."""
    return _change_end(events, lambda _: {"incomplete_details": None})


@defect("responses/cut-item-completed", at="responses.events", caught_by=_LIMIT)
def _cut_item_completed(events: Events, _request: Request) -> Events:
    """Says that an item which the limit cut is complete."""
    changed = [_change_item(event, {"status": "completed"}, "response.output_item.done") for event in events]
    return _change_end(changed, lambda response: {"output": [item | {"status": "completed"} for item in response["output"]]})


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


def _opens(event: Event, kind: str) -> bool:
    return event["type"] == "response.output_item.added" and bool(event["item"]["type"] == kind)


def _change_end(events: Events, change: Callable[[Event], Event]) -> Events:
    """Change the response that the last event carries."""
    last = events[-1]
    if last["type"] not in _ENDS:
        return events
    return [*events[:-1], last | {"response": last["response"] | change(last["response"])}]


def _change_item(event: Event, fields: Event, kind: str, item_type: str | None = None) -> Event:
    if event["type"] != kind or (item_type is not None and event["item"]["type"] != item_type) or not fields.keys() <= event["item"].keys():
        return event
    return event | {"item": event["item"] | fields}
