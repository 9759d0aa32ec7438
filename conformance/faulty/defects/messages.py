"""Defects of Messages."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faulty.calls import Call
from faulty.edits import drop, edit, first_of, get, is_type, put
from faulty.exchange import Refusal, Reply
from faulty.hooks import defect

if TYPE_CHECKING:
    from collections.abc import Callable

    from faulty.exchange import Event, Request
    from faulty.model import Plan

_CREATE = ("create_message",)
_START = is_type("content_block_start")
_STOP = is_type("content_block_stop")
_BLOCK = is_type("content_block_start", "content_block_delta", "content_block_stop")
_END = is_type("message_delta")
_FIRST = is_type("message_start")


def _delta(kind: str) -> Callable[[Event], bool]:
    return lambda event: get(event, "delta.type") == kind


def _starts(kind: str) -> Callable[[Event], bool]:
    return lambda event: get(event, "content_block.type") == kind


# The order of events


@defect("messages/stop-twice", at="messages.events", caught_by="messages/tools/stream/one-stop", source="BerriAI/litellm#37273")
def _(events: list[Event], _: Request) -> list[Event]:
    """Each block is closed twice, so that a tool runs twice."""
    return edit(events, _STOP, lambda event: [event, copy.deepcopy(event)])


@defect("messages/start-twice", at="messages.events", caught_by="messages/events/start-once", source="BerriAI/litellm#33224")
def _(events: list[Event], _: Request) -> list[Event]:
    """The message begins twice."""
    return edit(events, _FIRST, lambda event: [event, copy.deepcopy(event)])


@defect("messages/no-start", at="messages.events", caught_by="messages/events/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """The stream begins with the first block."""
    return edit(events, _FIRST, lambda _: [])


@defect("messages/no-block-start", at="messages.events", caught_by="messages/events/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """Deltas come for blocks that never began."""
    return edit(events, _START, lambda _: [])


@defect("messages/no-block-stop", at="messages.events", caught_by="messages/events/block-stop")
def _(events: list[Event], _: Request) -> list[Event]:
    """Blocks are not closed."""
    return edit(events, _STOP, lambda _: [])


@defect("messages/no-delta-at-the-end", at="messages.events", caught_by="messages/events/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """Nothing tells why the message ended."""
    return edit(events, _END, lambda _: [])


@defect("messages/no-stop", at="messages.events", caught_by="messages/events/stop-last")
def _(events: list[Event], _: Request) -> list[Event]:
    """The stream ends without `message_stop`."""
    return edit(events, is_type("message_stop"), lambda _: [])


@defect("messages/goes-on-after-stop", at="messages.events", caught_by="messages/events/stop-last")
def _(events: list[Event], _: Request) -> list[Event]:
    """The counts come after the end."""
    end = first_of(events, _END)
    return [*events[:end], *events[end + 1 :], events[end]] if end < len(events) else events


@defect("messages/end-before-block-stop", at="messages.events", caught_by="messages/events/block-stop")
def _(events: list[Event], _: Request) -> list[Event]:
    """The message is said to end while its last block is open."""
    stops = [number for number, event in enumerate(events) if _STOP(event)]
    end = first_of(events, _END)
    if not stops or end == len(events):
        return events
    return [*events[: stops[-1]], *events[stops[-1] + 1 : end + 1], events[stops[-1]], *events[end + 1 :]]


@defect("messages/blocks-overlap", at="messages.events", caught_by="messages/tools/stream/parallel", source="ollama/ollama#14825")
def _(events: list[Event], _: Request) -> list[Event]:
    """All blocks are closed at the very end, so that they overlap."""
    stops = [event for event in events if _STOP(event)]
    return edit(edit(events, _STOP, lambda _: []), _END, lambda event: [*stops, event])


@defect("messages/thinking-in-text-block", at="messages.events", caught_by="messages/thinking/stream", source="BerriAI/litellm#32357")
def _(events: list[Event], _: Request) -> list[Event]:
    """Thinking is sent as deltas of a text block."""
    return edit(events, _starts("thinking"), lambda event: put(event, "content_block", {"type": "text", "text": ""}))


@defect(
    "messages/arguments-in-text-deltas",
    at="messages.events",
    caught_by="messages/tools/stream/no-text-deltas",
    source="vllm-project/vllm#29725",
)
def _(events: list[Event], _: Request) -> list[Event]:
    """Arguments are sent as deltas of text."""
    return edit(
        events,
        _delta("input_json_delta"),
        lambda event: put(event, "delta", {"type": "text_delta", "text": event["delta"]["partial_json"]}),
    )


@defect("messages/signature-first", at="messages.events", caught_by="messages/thinking/stream")
def _(events: list[Event], _: Request) -> list[Event]:
    """The signature comes before the thinking that it signs."""
    signed = [event for event in events if _delta("signature_delta")(event)]
    rest = edit(events, _delta("signature_delta"), lambda _: [])
    return edit(rest, _starts("thinking"), lambda event: [event, *signed])


@defect("messages/signature-twice", at="messages.events", caught_by="messages/thinking/stream")
def _(events: list[Event], _: Request) -> list[Event]:
    """The signature is sent in two parts, of which readers keep the last."""
    return edit(events, _delta("signature_delta"), lambda event: [event, copy.deepcopy(event)])


@defect("messages/text-begins-full", at="messages.events", caught_by="messages/events/start-empty")
def _(events: list[Event], _: Request) -> list[Event]:
    """A message starts with a content block in it, and the same block begins again."""
    return edit(events, _FIRST, lambda event: put(event, "message.content", [{"type": "text", "text": ""}]))


@defect("messages/delta-twice", at="messages.events", caught_by="messages/events/message-delta-once")
def _(events: list[Event], _: Request) -> list[Event]:
    """The reason why the message ended comes twice."""
    return edit(events, _END, lambda event: [event, copy.deepcopy(event)])


@defect("messages/ends-twice", at="messages.events", caught_by="messages/events/stop-last")
def _(events: list[Event], _: Request) -> list[Event]:
    """The message stops twice."""
    return edit(events, is_type("message_stop"), lambda event: [event, copy.deepcopy(event)])


# Indexes and ids


@defect("messages/index-missing", at="messages.events", caught_by="messages/events/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """Events of blocks do not say of which."""
    return [drop(event, "index") for event in events]


@defect("messages/index-zero", at="messages.events", caught_by="messages/tools/stream/parallel")
def _(events: list[Event], _: Request) -> list[Event]:
    """All blocks have index 0."""
    return edit(events, _BLOCK, lambda event: put(event, "index", 0))


@defect("messages/index-from-one", at="messages.events", caught_by="messages/events/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """Blocks are counted from 1."""
    return edit(events, _BLOCK, lambda event: put(event, "index", event["index"] + 1))


@defect("messages/tools-share-an-id", at="messages.events", caught_by="messages/tools/stream/parallel", source="mudler/LocalAI#9470")
def _(events: list[Event], _: Request) -> list[Event]:
    """Parallel calls have one id."""
    return edit(events, _starts("tool_use"), lambda event: put(event, "content_block.id", "toolu_1"))


@defect("messages/tool-id-empty", at="messages.events", caught_by="messages/tools/stream/call")
def _(events: list[Event], _: Request) -> list[Event]:
    """Calls have an empty id."""
    return edit(events, _starts("tool_use"), lambda event: put(event, "content_block.id", ""))


@defect("messages/tool-twice", at="messages.plan", caught_by="messages/tools/call", source="mudler/LocalAI#10055")
def _(plan: Plan, _: Request) -> Plan:
    """Each call is told twice."""
    return replace(plan, calls=tuple(call for call in plan.calls for _ in range(2)))


@defect("messages/id-missing", at="messages.object", only=_CREATE, caught_by="messages/answer/id")
def _(body: Any, _: Request) -> Any:
    """A message has no id."""
    return drop(body, "id")


@defect("messages/one-id", at="messages.object", only=_CREATE, caught_by="messages/answer/id")
def _(body: Any, _: Request) -> Any:
    """All messages have the same id."""
    return put(body, "id", "msg_1")


# Tool calls


@defect("messages/first-arguments-lost", at="messages.events", caught_by="messages/tools/stream/call", source="BerriAI/litellm#25321")
def _(events: list[Event], _: Request) -> list[Event]:
    """The first piece of the arguments is lost."""
    first = first_of(events, _delta("input_json_delta"))
    return [*events[:first], *events[first + 1 :]]


@defect("messages/all-arguments-lost", at="messages.events", caught_by="messages/tools/stream/input-deltas", source="BerriAI/litellm#25321")
def _(events: list[Event], _: Request) -> list[Event]:
    """Calls come without their arguments."""
    return edit(events, _delta("input_json_delta"), lambda _: [])


@defect(
    "messages/arguments-begin-empty",
    at="messages.events",
    caught_by="messages/tools/stream/call",
    source="llamastack/llama-stack#5462",
)
def _(events: list[Event], _: Request) -> list[Event]:
    """The first piece of the arguments is `{}`, to which the rest is appended."""
    empty = {"type": "input_json_delta", "partial_json": "{}"}
    return edit(
        events, _starts("tool_use"), lambda event: [event, {"type": "content_block_delta", "index": event["index"], "delta": empty}]
    )


@defect("messages/arguments-as-object", at="messages.events", caught_by="messages/tools/stream/call")
def _(events: list[Event], _: Request) -> list[Event]:
    """A piece of the arguments is an object."""
    return edit(events, _delta("input_json_delta"), lambda event: put(event, "delta.partial_json", {}))


@defect("messages/input-begins-full", at="messages.events", caught_by="messages/tools/stream/input-empty")
def _(events: list[Event], _: Request) -> list[Event]:
    """A call begins with its arguments, which then come again in pieces."""
    return edit(events, _starts("tool_use"), lambda event: put(event, "content_block.input", {"city": "Paris"}))


@defect("messages/input-in-text", at="messages.object", only=_CREATE, caught_by="messages/tools/call")
def _(body: Any, _: Request) -> Any:
    """The input of a call is text."""
    content = [put(block, "input", json.dumps(block["input"])) if "input" in block else block for block in body["content"]]
    return put(body, "content", content)


@defect("messages/end-turn-for-tools", at="messages.events", caught_by="messages/tools/stream/stop-reason", source="BerriAI/litellm#34692")
def _(events: list[Event], _: Request) -> list[Event]:
    """A stream of calls ends with `end_turn`, so that agents do not run them."""
    return edit(
        events, lambda event: get(event, "delta.stop_reason") == "tool_use", lambda event: put(event, "delta.stop_reason", "end_turn")
    )


@defect("messages/empty-text-first", at="messages.events", caught_by="messages/tools/stream/no-empty-text", source="BerriAI/litellm#34692")
def _(events: list[Event], _: Request) -> list[Event]:
    """An empty text block stands in front of a call."""
    if not any(map(_starts("tool_use"), events)):
        return events
    empty = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_stop", "index": 0},
    ]
    shifted = edit(events, _BLOCK, lambda event: put(event, "index", event["index"] + 1))
    return [*shifted[:1], *empty, *shifted[1:]]


@defect("messages/only-first-call", at="messages.events", caught_by="messages/wire/all-calls-streamed", source="maximhq/bifrost#3441")
def _(events: list[Event], _: Request) -> list[Event]:
    """Streams keep only the first of several calls."""
    calls = [event["index"] for event in events if _starts("tool_use")(event)]
    return edit(events, lambda event: event.get("index") in calls[1:], lambda _: [])


@defect("messages/calls-as-text", at="messages.plan", caught_by="messages/tools/choice-any", source="unslothai/unsloth#4999")
def _(plan: Plan, _: Request) -> Plan:
    """Calls are left in the text as the model wrote them."""
    text = "".join(f'<tool_call>{{"name": "{call.name}", "arguments": {call.arguments}}}</tool_call>' for call in plan.calls)
    return replace(plan, text=plan.text + text, calls=(), finish="stop") if plan.calls else plan


@defect("messages/arguments-broken", at="messages.plan", caught_by="messages/tools/input")
def _(plan: Plan, _: Request) -> Plan:
    """The last character of the arguments is lost, so that they are no JSON."""
    return replace(plan, calls=tuple(Call(call.name, call.arguments[:-1]) for call in plan.calls))


@defect("messages/choice-none-ignored", at="messages.request", caught_by="messages/tools/choice-none")
def _(body: Any, _: Request) -> Any:
    """`tool_choice` none is ignored."""
    return drop(body, "tool_choice") if get(body, "tool_choice.type") == "none" else body


@defect("messages/choice-none-as-text", at="messages.plan", caught_by="messages/tools/choice-none-text")
def _(plan: Plan, request: Request) -> Plan:
    """With tool_choice `none` the call that the model would make is left in the text."""
    raw = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
    return replace(plan, text=plan.text + raw) if get(request.json, "tool_choice.type") == "none" else plan


@defect("messages/choice-any-ignored", at="messages.request", caught_by="messages/tools/choice-any")
def _(body: Any, _: Request) -> Any:
    """`tool_choice` any is ignored."""
    return drop(body, "tool_choice") if get(body, "tool_choice.type") == "any" else body


@defect("messages/choice-tool-becomes-any", at="messages.request", caught_by="messages/tools/choice-tool")
def _(body: Any, _: Request) -> Any:
    """A named tool is treated as any."""
    return put(body, "tool_choice", {"type": "any"}) if get(body, "tool_choice.type") == "tool" else body


@defect("messages/parallel-off-ignored", at="messages.request", caught_by="messages/tools/parallel-off")
def _(body: Any, _: Request) -> Any:
    """`disable_parallel_tool_use` is ignored."""
    return drop(body, "tool_choice.disable_parallel_tool_use")


@defect("messages/server-tools-called", at="messages.request", caught_by="messages/tools/server-tool")
def _(body: Any, _: Request) -> Any:
    """Tools that the server would run are offered to the model as functions of the client."""
    tools = get(body, "tools") or []
    own = [tool if "input_schema" in tool else {"name": get(tool, "name"), "input_schema": {"type": "object"}} for tool in tools]
    return {**body, "tools": own} if own else body


# Thinking


@defect("messages/thinking-unasked", at="messages.request", caught_by="messages/thinking/not-asked")
def _(body: Any, _: Request) -> Any:
    """Answers hold thinking that nobody asked for."""
    return {**body, "thinking": {"type": "adaptive"}} if isinstance(body, dict) and "thinking" not in body else body


@defect("messages/thinking-not-disabled", at="messages.request", caught_by="messages/thinking/disabled")
def _(body: Any, _: Request) -> Any:
    """Thinking that was switched off goes on."""
    return put(body, "thinking", {"type": "adaptive"}) if get(body, "thinking.type") == "disabled" else body


@defect("messages/thinking-in-text", at="messages.plan", caught_by="messages/wire/thinking-apart")
def _(plan: Plan, _: Request) -> Plan:
    """Thinking stays in the text, tags and all."""
    return replace(plan, reasoning="", text=f"<think>{plan.reasoning}</think>{plan.text}") if plan.reasoning else plan


@defect("messages/no-signature", at="messages.object", only=_CREATE, caught_by="messages/thinking/signature")
def _(body: Any, _: Request) -> Any:
    """Thinking has no signature."""
    return put(body, "content", [drop(block, "signature") for block in body["content"]])


@defect("messages/signature-empty", at="messages.object", only=_CREATE, caught_by="messages/thinking/signature")
def _(body: Any, _: Request) -> Any:
    """The signature of thinking is always empty."""
    return put(body, "content", [put(block, "signature", "") if "signature" in block else block for block in body["content"]])


# The end


@defect("messages/stop-reason-null", at="messages.events", caught_by="messages/events/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """A stream does not say why it ended."""
    return edit(events, _END, lambda event: put(event, "delta.stop_reason", None))


@defect("messages/stop-reason-of-chat", at="messages.object", only=_CREATE, caught_by="messages/tools/stop-reason")
def _(body: Any, _: Request) -> Any:
    """The reason is in the words of another API."""
    return put(body, "stop_reason", "stop")


@defect("messages/end-turn-for-limit", at="messages.plan", caught_by="messages/answer/max-tokens")
def _(plan: Plan, _: Request) -> Plan:
    """An answer that the token limit cut says `end_turn`."""
    return replace(plan, finish="stop") if plan.finish == "length" else plan


@defect("messages/limit-ignored", at="messages.request", caught_by="messages/answer/max-tokens")
def _(body: Any, _: Request) -> Any:
    """`max_tokens` is ignored."""
    return put(body, "max_tokens", 100_000) if isinstance(get(body, "max_tokens"), int) else body


@defect("messages/end-turn-for-stop-sequence", at="messages.plan", caught_by="messages/answer/stop-sequence")
def _(plan: Plan, _: Request) -> Plan:
    """A stop sequence that was met is not told."""
    return replace(plan, finish="stop", stop=None) if plan.finish == "stop_sequence" else plan


@defect("messages/stop-sequence-unnamed", at="messages.plan", caught_by="messages/answer/stop-sequence")
def _(plan: Plan, _: Request) -> Plan:
    """Nothing says which stop sequence was met."""
    return replace(plan, stop=None)


@defect("messages/stop-sequence-told", at="messages.plan", caught_by="messages/answer/stop-sequence")
def _(plan: Plan, _: Request) -> Plan:
    """The stop sequence is part of the answer."""
    return replace(plan, text=plan.text + (plan.stop or ""))


@defect("messages/stop-sequences-ignored", at="messages.request", caught_by="messages/answer/stop-sequence")
def _(body: Any, _: Request) -> Any:
    """Stop sequences are ignored."""
    return drop(body, "stop_sequences")


@defect("messages/stop-sequence-empty", at="messages.object", only=_CREATE, caught_by="messages/answer/stop-reason")
def _(body: Any, _: Request) -> Any:
    """No stop sequence is told as an empty one."""
    return put(body, "stop_sequence", body["stop_sequence"] or "")


# Usage


@defect("messages/no-usage-at-start", at="messages.events", caught_by="messages/events/text", source="BerriAI/litellm#24176")
def _(events: list[Event], _: Request) -> list[Event]:
    """`message_start` has no counts."""
    return edit(events, _FIRST, lambda event: drop(event, "message.usage"))


@defect("messages/no-usage-at-the-end", at="messages.events", caught_by="messages/events/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """`message_delta` has no counts."""
    return edit(events, _END, lambda event: drop(event, "usage"))


@defect("messages/only-output-tokens", at="messages.events", caught_by="messages/events/usage-cache")
def _(events: list[Event], _: Request) -> list[Event]:
    """`message_delta` counts only the answer."""
    return edit(events, _END, lambda event: put(event, "usage", {"output_tokens": get(event, "usage.output_tokens")}))


@defect("messages/usage-without-cache", at="messages.object", only=_CREATE, caught_by="messages/answer/usage-cache")
def _(body: Any, _: Request) -> Any:
    """A whole answer says nothing of the cache."""
    usage = {name: count for name, count in body["usage"].items() if not name.startswith("cache_")}
    return put(body, "usage", usage)


@defect("messages/counts-fall", at="messages.events", caught_by="messages/events/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """The answer's tokens at the start are more than at the end."""
    return edit(events, _FIRST, lambda event: put(event, "message.usage.output_tokens", 100_000))


@defect("messages/counts-of-chat", at="messages.object", only=_CREATE, caught_by="messages/answer/usage")
def _(body: Any, _: Request) -> Any:
    """Counts have the names of another API."""
    return put(body, "usage", {"prompt_tokens": 4, "completion_tokens": 8, "total_tokens": 12})


@defect("messages/output-zero", at="messages.object", only=_CREATE, caught_by="messages/answer/usage")
def _(body: Any, _: Request) -> Any:
    """The answer's tokens are not counted."""
    return put(body, "usage.output_tokens", 0)


@defect(
    "messages/cached-counted-twice",
    at="messages.object",
    only=_CREATE,
    caught_by="messages/wire/usage-cached",
    source="envoyproxy/ai-gateway#2236",
)
def _(body: Any, _: Request) -> Any:
    """Cached tokens are also counted as input."""
    return put(body, "usage.input_tokens", get(body, "usage.input_tokens") + get(body, "usage.cache_read_input_tokens"))


@defect("messages/count-in-other-field", at="messages.object", only=("count_message_tokens",), caught_by="messages/count/text")
def _(body: Any, _: Request) -> Any:
    """The count has another name."""
    return {"tokens": body["input_tokens"]}


@defect("messages/count-without-tools", at="messages.request", caught_by="messages/count/tools", source="ericc-ch/copilot-api#210")
def _(body: Any, request: Request) -> Any:
    """Tools are not counted, so that agents compact too late."""
    return drop(body, "tools") if request.operation == "count_message_tokens" else body


@defect("messages/count-without-system", at="messages.request", caught_by="messages/count/system")
def _(body: Any, request: Request) -> Any:
    """The system prompt is not counted."""
    return drop(body, "system") if request.operation == "count_message_tokens" else body


# The message


@defect("messages/content-as-text", at="messages.object", only=_CREATE, caught_by="messages/answer/text")
def _(body: Any, _: Request) -> Any:
    """The content is a text, not blocks."""
    return put(body, "content", "".join(block.get("text", "") for block in body["content"]))


@defect("messages/no-type", at="messages.object", only=_CREATE, caught_by="messages/answer/type")
def _(body: Any, _: Request) -> Any:
    """A message does not say what it is."""
    return drop(body, "type")


@defect("messages/no-role", at="messages.object", only=_CREATE, caught_by="messages/answer/role")
def _(body: Any, _: Request) -> Any:
    """A message does not say whose it is."""
    return drop(body, "role")


@defect("messages/shape-of-chat", at="messages.object", only=_CREATE, caught_by="messages/answer/text")
def _(body: Any, _: Request) -> Any:
    """The answer has the shape of another API."""
    text = "".join(block.get("text", "") for block in body["content"])
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": body["id"], "object": "chat.completion", "choices": [choice]}


@defect("messages/schema-ignored", at="messages.request", caught_by="messages/answer/structured-output")
def _(body: Any, _: Request) -> Any:
    """`output_config.format` is ignored."""
    return drop(body, "output_config")


@defect("messages/prefill-repeated", at="messages.plan", caught_by="messages/answer/prefill")
def _(plan: Plan, request: Request) -> Plan:
    """The beginning of the answer, which the client gave, is repeated."""
    last = (get(request.json, "messages") or [{}])[-1]
    return replace(plan, text=f"{last['content']}{plan.text}") if get(last, "role") == "assistant" else plan


@defect("messages/control-tokens", at="messages.plan", caught_by="messages/answer/no-markup")
def _(plan: Plan, _: Request) -> Plan:
    """The token that ends a turn is part of the text."""
    return replace(plan, text=plan.text + "<|im_end|>")


@defect("messages/no-emoji", at="messages.plan", caught_by="messages/answer/unicode")
def _(plan: Plan, _: Request) -> Plan:
    """Characters of four bytes are lost."""
    return replace(plan, text="".join(character if character <= "\uffff" else "\ufffd" for character in plan.text))


@defect("messages/first-word-lost", at="messages.events", caught_by="messages/events/unicode")
def _(events: list[Event], _: Request) -> list[Event]:
    """The first piece of the text is lost."""
    first = first_of(events, _delta("text_delta"))
    return [*events[:first], *events[first + 1 :]]


@defect("messages/words-repeated", at="messages.events", caught_by="messages/events/unicode")
def _(events: list[Event], _: Request) -> list[Event]:
    """Each delta holds all of the text so far."""
    so_far = ""
    changed = []
    for event in events:
        so_far += get(event, "delta.text") or ""
        changed.append(put(event, "delta.text", so_far) if get(event, "delta.text") else event)
    return changed


@defect("messages/stream-ignored", at="messages.request", caught_by="messages/events/text")
def _(body: Any, _: Request) -> Any:
    """`stream` is ignored."""
    return drop(body, "stream")


# Errors


@defect("messages/error-of-chat", at="messages.error", caught_by="messages/refusals/type-error")
def _(reply: Reply, _: Request) -> Reply:
    """Errors have the shape of another API."""
    message = get(reply.body, "error.message")
    return replace(reply, body={"error": {"code": reply.status, "message": message, "type": "invalid_request_error"}})


@defect("messages/error-as-text", at="messages.error", caught_by="messages/refusals/error-type")
def _(reply: Reply, _: Request) -> Reply:
    """The error is a text."""
    return replace(reply, body={"type": "error", "error": get(reply.body, "error.message")})


@defect("messages/error-type-unknown", at="messages.error", caught_by="messages/refusals/error-type")
def _(reply: Reply, _: Request) -> Reply:
    """The kind of the error is no kind of this API."""
    return replace(reply, body=put(reply.body, "error.type", "BadRequestError"))


@defect("messages/error-one-type", at="messages.error", caught_by="messages/refusals/unknown-route")
def _(reply: Reply, _: Request) -> Reply:
    """Every error is an `invalid_request_error`, whatever its status."""
    return replace(reply, body=put(reply.body, "error.type", "invalid_request_error"))


@defect("messages/no-messages-taken", at="messages.request", caught_by="messages/refusals/missing-messages")
def _(body: Any, _: Request) -> Any:
    """A request without messages is answered."""
    return {**body, "messages": [{"role": "user", "content": ""}]} if isinstance(body, dict) and not body.get("messages") else body


@defect("messages/no-limit-taken", at="messages.request", caught_by="messages/refusals/missing-max-tokens")
def _(body: Any, request: Request) -> Any:
    """A request without `max_tokens` is answered."""
    return {"max_tokens": 4096, **body} if isinstance(body, dict) and request.operation in _CREATE else body


@defect("messages/unknown-tool-choice-taken", at="messages.request", caught_by="messages/refusals/tool-choice-unknown")
def _(body: Any, _: Request) -> Any:
    """A choice of a tool that is not there is ignored."""
    names = [get(tool, "name") for tool in get(body, "tools") or []]
    return drop(body, "tool_choice") if get(body, "tool_choice.type") == "tool" and get(body, "tool_choice.name") not in names else body


@defect("messages/any-model", at="messages.request", caught_by="messages/refusals/unknown-model")
def _(body: Any, _: Request) -> Any:
    """A model that does not exist answers."""
    return put(body, "model", "reference") if isinstance(body, dict) else body


# Requests that are wrongly refused


def _refuses(  # noqa: PLR0913 - a row of a table
    name: str, caught_by: str, says: str, test: Callable[[Any], bool], *, status: int = 400, source: str | None = None
) -> None:
    """Register a defect that refuses a request which is right."""

    def refuse(body: Any, _: Request) -> Any:
        if test(body):
            raise Refusal(status, says)
        return body

    refuse.__doc__ = says
    defect(f"messages/{name}", at="messages.request", caught_by=caught_by, source=source)(refuse)


def _messages(body: Any) -> list[dict[str, Any]]:
    return [message for message in get(body, "messages") or [] if isinstance(message, dict)]


def _any_block(body: Any, test: Callable[[dict[str, Any]], bool]) -> bool:
    """Whether any block passes, those in results of tools included."""

    def blocks(content: Any) -> list[dict[str, Any]]:
        own = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
        return [*own, *(inner for block in own for inner in blocks(block.get("content")))]

    return any(test(block) for message in _messages(body) for block in blocks(message.get("content")))


_refuses(
    "system-role-refused", "messages/answer/system-in-messages", "The role system among the messages is refused.",
    lambda body: any(message.get("role") == "system" for message in _messages(body)), source="unslothai/unsloth#6006",
)  # fmt: skip
_refuses(
    "null-content-refused", "messages/wire/null-content", "Content that is null is refused.",
    lambda body: any(message.get("content") is None for message in _messages(body)), source="unslothai/unsloth#7017",
)  # fmt: skip
_refuses(
    "thinking-replayed-refused", "messages/thinking/replayed", "Thinking that is sent back is refused.",
    lambda body: _any_block(body, lambda block: block.get("type") == "thinking"), source="unslothai/unsloth#7017",
)  # fmt: skip
_refuses(
    "redacted-thinking-refused", "messages/thinking/foreign", "Redacted thinking is refused.",
    lambda body: _any_block(body, lambda block: block.get("type") == "redacted_thinking"),
)  # fmt: skip
_refuses(
    "context-management-refused", "messages/answer/context-management", "`context_management` is refused.",
    lambda body: get(body, "context_management") is not None, source="anthropics/claude-code#21612",
)  # fmt: skip
_refuses(
    "defer-loading-refused", "messages/tools/defer-loading", "`defer_loading` is refused.",
    lambda body: any(get(tool, "defer_loading") is not None for tool in get(body, "tools") or []), source="anthropics/claude-code#31033",
)  # fmt: skip
_refuses(
    "cache-control-refused", "messages/answer/text-blocks", "`cache_control` is refused.",
    lambda body: '"cache_control"' in json.dumps(body),
)  # fmt: skip
_refuses(
    "system-blocks-refused", "messages/answer/system-blocks", "A system prompt in blocks is refused.",
    lambda body: isinstance(get(body, "system"), list),
)  # fmt: skip
_refuses(
    "neighbours-refused", "messages/answer/two-user-turns", "Two messages of one role in a row are refused.",
    lambda body: any(one.get("role") == two.get("role") for one, two in zip(_messages(body), _messages(body)[1:], strict=False)),
)  # fmt: skip
_refuses(
    "is-error-refused", "messages/tools/result-error", "`is_error` is refused.",
    lambda body: _any_block(body, lambda block: "is_error" in block),
)  # fmt: skip
_refuses(
    "result-blocks-refused", "messages/tools/result-blocks", "Results of tools in blocks are refused.",
    lambda body: _any_block(body, lambda block: block.get("type") == "tool_result" and isinstance(block.get("content"), list)),
)  # fmt: skip
_refuses(
    "result-without-content-refused", "messages/tools/result-empty", "A result without content is refused.",
    lambda body: _any_block(body, lambda block: block.get("type") == "tool_result" and block.get("content") is None),
)  # fmt: skip
_refuses(
    "text-beside-results-refused", "messages/tools/result-with-text", "Text behind the results of its turn is refused.",
    lambda body: any(
        {get(block, "type") for block in message["content"]} >= {"tool_result", "text"}
        for message in _messages(body) if isinstance(message.get("content"), list)
    ),
)  # fmt: skip

_refuses(
    "two-results-refused", "messages/tools/results-two", "Two results in one turn are refused.",
    lambda body: any(
        [get(block, "type") for block in message["content"]].count("tool_result") > 1
        for message in _messages(body) if isinstance(message.get("content"), list)
    ),
)  # fmt: skip
_refuses(
    "forgotten-tool-refused", "messages/tools/history-unknown-tool", "A call of a tool that is not offered any more is refused.",
    lambda body: _any_block(
        body,
        lambda block: block.get("type") == "tool_use"
        and block.get("name") not in [get(tool, "name") for tool in get(body, "tools") or []],
    ),
)  # fmt: skip

# Models


@defect("messages/models-of-chat", at="messages.object", only=("list_models",), caught_by="messages/models/list")
def _(body: Any, _: Request) -> Any:
    """The list of models has the shape of another API, whoever asks."""
    models = [{"id": model["id"], "object": "model", "created": 0, "owned_by": "me"} for model in body["data"]]
    return {"object": "list", "data": models}


@defect("messages/more-for-ever", at="messages.object", only=("list_models",), caught_by="messages/wire/last-page")
def _(body: Any, _: Request) -> Any:
    """There is always another page, so that clients never stop."""
    return put(body, "has_more", True)


@defect("messages/model-in-other-words", at="messages.object", only=_CREATE, caught_by="messages/events/text")
def _(body: Any, _: Request) -> Any:
    """The answer names the model by its file."""
    return put(body, "model", "/models/file.gguf")
