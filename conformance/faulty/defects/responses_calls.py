"""Streams of Responses whose calls, thinking, endings or counts are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.hooks import defect
from faulty.responses.editing import change_end, change_item, leaves_out, renumber

if TYPE_CHECKING:
    from faulty.exchange import Request

Event = dict[str, Any]
Events = list[Event]

_TEXT = "responses/events/text"
_CALL = "responses/tools/stream/call"
_CALLS = "responses/tools/stream/parallel"
_REASONING = "responses/reasoning/stream-text"
_LIMIT = "responses/wire/limit"


leaves_out(
    "arguments-done-missing", "response.function_call_arguments.done", "responses/tools/stream/arguments-done", "ggml-org/llama.cpp#20607"
)
leaves_out("arguments-without-deltas", "response.function_call_arguments.delta", "responses/tools/stream/arguments-delta")
leaves_out("reasoning-done-missing", "response.reasoning_text.done", _REASONING, "ggml-org/llama.cpp#21174")
leaves_out("summary-part-missing", "response.reasoning_summary_part.added", "responses/wire/summary")
leaves_out("custom-input-done-missing", "response.custom_tool_call_input.done", "responses/custom/stream")


@defect("responses/output-index-stays", at="responses.events", caught_by=_CALLS)
def _index_stays(events: Events, _request: Request) -> Events:
    """Says that each item is the first."""
    return [event | {"output_index": 0} if "output_index" in event else event for event in events]


@defect("responses/usage-missing", at="responses.events", caught_by="responses/events/completed-last")
def _no_usage(events: Events, _request: Request) -> Events:
    """Tells no token counts in streams."""
    return change_end(events, lambda _: {"usage": None})


@defect("responses/usage-sum-wrong", at="responses.events", caught_by=_TEXT)
def _wrong_sum(events: Events, _request: Request) -> Events:
    """Counts only the output as the total."""
    return change_end(events, lambda response: {"usage": response["usage"] | {"total_tokens": response["usage"]["output_tokens"]}})


@defect("responses/usage-zero", at="responses.events", caught_by=_TEXT, source="BerriAI/litellm#24176")
def _zero_usage(events: Events, _request: Request) -> Events:
    """Counts nothing."""
    return change_end(
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

    return change_end(events, change)


@defect("responses/cached-tokens-apart", at="responses.events", caught_by=_TEXT, source="envoyproxy/ai-gateway#2236")
def _cached_apart(events: Events, _request: Request) -> Events:
    """Leaves cached tokens out of the count of the input that includes them."""

    def change(response: Event) -> Event:
        usage = response["usage"]
        cached, total = usage["input_tokens"], usage["total_tokens"]
        counts = {"input_tokens": 1, "input_tokens_details": usage["input_tokens_details"] | {"cached_tokens": cached}}
        return {"usage": usage | counts | {"total_tokens": total - cached + 1}}

    return change_end(events, change)


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
    return [change_item(event, {"arguments": "{}"}, "response.output_item.added", "function_call") for event in events]


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
    return change_end(renumber(doubled), lambda response: {"output": [*response["output"], response["output"][-1]]})


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
    return change_end(events, lambda response: {"output": [item for item in response["output"] if item["type"] != "reasoning"]})


@defect("responses/always-completed", at="responses.events", caught_by=_LIMIT, source="sgl-project/sglang#38690")
def _always_completed(events: Events, _request: Request) -> Events:
    """Ends cut answers as completed."""
    ended = change_end(events, lambda _: {"status": "completed", "incomplete_details": None})
    return [*ended[:-1], ended[-1] | {"type": "response.completed"}]


@defect("responses/incomplete-without-reason", at="responses.events", caught_by=_LIMIT)
def _no_reason(events: Events, _request: Request) -> Events:
    """Does not say why an answer is incomplete."""
    return change_end(events, lambda _: {"incomplete_details": None})


@defect("responses/cut-item-completed", at="responses.events", caught_by=_LIMIT)
def _cut_item_completed(events: Events, _request: Request) -> Events:
    """Says that an item which the limit cut is complete."""
    changed = [change_item(event, {"status": "completed"}, "response.output_item.done") for event in events]
    return change_end(changed, lambda response: {"output": [item | {"status": "completed"} for item in response["output"]]})


def _opens(event: Event, kind: str) -> bool:
    return event["type"] == "response.output_item.added" and bool(event["item"]["type"] == kind)
