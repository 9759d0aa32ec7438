"""Defects of Chat Completions."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from faulty.calls import Call
from faulty.edits import drop, edit, first_of, get, has, put
from faulty.exchange import Refusal, Reply
from faulty.hooks import defect

if TYPE_CHECKING:
    from collections.abc import Callable

    from faulty.exchange import Event, Request
    from faulty.model import Plan

_CREATE = ("create_chat_completion",)
_FINISH = "choices.0.finish_reason"
_DELTA = "choices.0.delta"
_CALL = f"{_DELTA}.tool_calls.0"
_ARGUMENTS = f"{_CALL}.function.arguments"

# Identity of the answer


@defect("chat/object-of-chunks", at="chat.object", only=_CREATE, caught_by="chat/answer/object")
def _(body: Any, _: Request) -> Any:
    """A whole completion says that it is a chunk."""
    return put(body, "object", "chat.completion.chunk")


@defect("chat/no-id", at="chat.object", only=_CREATE, caught_by="chat/answer/id")
def _(body: Any, _: Request) -> Any:
    """A completion has no id."""
    return drop(body, "id")


@defect("chat/empty-id", at="chat.events", caught_by="chat/chunks/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """Chunks have an empty id."""
    return [put(event, "id", "") for event in events]


@defect("chat/id-per-chunk", at="chat.events", caught_by="chat/chunks/one-id")
def _(events: list[Event], _: Request) -> list[Event]:
    """Each chunk has an id of its own."""
    return [put(event, "id", f"{event['id']}{number}") for number, event in enumerate(events)]


@defect("chat/model-changes", at="chat.events", caught_by="chat/chunks/one-model")
def _(events: list[Event], _: Request) -> list[Event]:
    """The first chunk names the model as the request did, later ones by its file."""
    return [*events[:1], *(put(event, "model", "/models/file.gguf") for event in events[1:])]


@defect("chat/created-in-text", at="chat.object", only=_CREATE, caught_by="chat/answer/created")
def _(body: Any, _: Request) -> Any:
    """The time is a text."""
    return put(body, "created", "2026-01-01T00:00:00Z")


@defect("chat/object-of-whole", at="chat.events", caught_by="chat/chunks/object")
def _(events: list[Event], _: Request) -> list[Event]:
    """Chunks say that they are whole completions."""
    return [put(event, "object", "chat.completion") for event in events]


@defect("chat/created-in-milliseconds", at="chat.events", caught_by="chat/chunks/one-created")
def _(events: list[Event], _: Request) -> list[Event]:
    """The time is in milliseconds, and each chunk's own."""
    return [put(event, "created", event["created"] * 1000 + number) for number, event in enumerate(events)]


@defect("chat/one-id", at="chat.object", only=_CREATE, caught_by="chat/wire/fresh-ids")
def _(body: Any, _: Request) -> Any:
    """All completions have the same id."""
    return put(body, "id", "chatcmpl-1")


@defect("chat/event-lines", at="frames", caught_by="chat/chunks/no-event-lines")
def _(frames: list[bytes], request: Request) -> list[bytes]:
    """Chunks have event lines, so that browsers' readers do not see them."""
    return [b"event: chunk\n" + frame for frame in frames] if request.dialect == "chat" else frames


# Choices


@defect("chat/no-role", at="chat.object", only=_CREATE, caught_by="chat/answer/text")
def _(body: Any, _: Request) -> Any:
    """The message does not say whose it is."""
    return drop(body, "choices.0.message.role")


@defect("chat/no-role-in-stream", at="chat.events", caught_by="chat/chunks/role-first")
def _(events: list[Event], _: Request) -> list[Event]:
    """No chunk tells the role."""
    return [drop(event, f"{_DELTA}.role") for event in events]


@defect("chat/no-index", at="chat.events", caught_by="chat/chunks/text")
def _(events: list[Event], _: Request) -> list[Event]:
    """Pieces do not say which choice they belong to."""
    return [drop(event, "choices.0.index") for event in events]


@defect("chat/one-index", at="chat.events", caught_by="chat/chunks/two-choices")
def _(events: list[Event], _: Request) -> list[Event]:
    """All choices have index 0."""
    return [put(event, "choices.0.index", 0) for event in events]


@defect("chat/one-choice", at="chat.request", caught_by="chat/answer/two-choices")
def _(body: Any, _: Request) -> Any:
    """`n` is ignored."""
    return drop(body, "n")


@defect("chat/words-repeated", at="chat.events", caught_by="chat/chunks/json-schema")
def _(events: list[Event], _: Request) -> list[Event]:
    """Each chunk holds all of the text so far."""
    so_far = ""
    changed = []
    for event in events:
        so_far += get(event, f"{_DELTA}.content") or ""
        changed.append(put(event, f"{_DELTA}.content", so_far) if has(f"{_DELTA}.content")(event) else event)
    return changed


@defect("chat/spaces-stripped", at="chat.events", caught_by="chat/chunks/line-separators")
def _(events: list[Event], _: Request) -> list[Event]:
    """Chunks are stripped of their spaces."""
    return edit(
        events, has(f"{_DELTA}.content"), lambda event: put(event, f"{_DELTA}.content", event["choices"][0]["delta"]["content"].strip())
    )


@defect("chat/first-word-lost", at="chat.events", caught_by="chat/chunks/json-schema")
def _(events: list[Event], _: Request) -> list[Event]:
    """The first piece of the text is lost where thinking turns into text."""
    first = first_of(events, has(f"{_DELTA}.content"))
    return [*events[:first], *events[first + 1 :]]


@defect("chat/control-tokens", at="chat.plan", caught_by="chat/answer/no-markup")
def _(plan: Plan, _: Request) -> Plan:
    """The token that ends a turn is part of the text."""
    return replace(plan, text=plan.text + "<|im_end|>")


@defect("chat/no-emoji", at="chat.plan", caught_by="chat/answer/unicode")
def _(plan: Plan, _: Request) -> Plan:
    """Characters of four bytes are lost."""
    return replace(plan, text="".join(character if character <= "\uffff" else "\ufffd" for character in plan.text))


@defect("chat/thinking-in-text", at="chat.plan", caught_by="chat/answer/no-markup")
def _(plan: Plan, _: Request) -> Plan:
    """Thinking stays in the text, tags and all."""
    return replace(plan, reasoning="", text=f"<think>{plan.reasoning}</think>{plan.text}") if plan.reasoning else plan


# The end


@defect("chat/never-finished", at="chat.events", caught_by="chat/chunks/finish-once")
def _(events: list[Event], _: Request) -> list[Event]:
    """No chunk tells why the answer ended."""
    return edit(events, has(_FINISH), lambda _: [])


@defect("chat/finish-null", at="chat.object", only=_CREATE, caught_by="chat/answer/text")
def _(body: Any, _: Request) -> Any:
    """A whole answer does not say why it ended."""
    return put(body, _FINISH, None)


@defect("chat/finish-unknown", at="chat.object", only=_CREATE, caught_by="chat/answer/text")
def _(body: Any, _: Request) -> Any:
    """The reason is in the words of the engine."""
    return put(body, _FINISH, "eos_token")


@defect("chat/finished-twice", at="chat.events", caught_by="chat/chunks/finish-once")
def _(events: list[Event], _: Request) -> list[Event]:
    """The chunk with the reason comes twice."""
    return edit(events, has(_FINISH), lambda event: [event, copy.deepcopy(event)])


@defect("chat/goes-on-after-the-end", at="chat.events", caught_by="chat/chunks/finish-last")
def _(events: list[Event], _: Request) -> list[Event]:
    """The last piece of text comes after the reason."""
    last = first_of(events, has(_FINISH))
    return [*events[: last - 1], events[last], events[last - 1], *events[last + 1 :]]


@defect("chat/stop-for-tools", at="chat.events", caught_by="chat/tools/stream/finish")
def _(events: list[Event], _: Request) -> list[Event]:
    """A stream of tool calls ends with `stop`, so that agents do not run them."""
    return edit(events, lambda event: get(event, _FINISH) == "tool_calls", lambda event: put(event, _FINISH, "stop"))


@defect("chat/stop-for-length", at="chat.plan", caught_by="chat/answer/length")
def _(plan: Plan, _: Request) -> Plan:
    """An answer that the token limit cut says `stop`."""
    return replace(plan, finish="stop") if plan.finish == "length" else plan


@defect("chat/limit-ignored", at="chat.request", caught_by="chat/answer/max-tokens")
def _(body: Any, _: Request) -> Any:
    """Token limits are ignored."""
    return drop(drop(body, "max_tokens"), "max_completion_tokens")


@defect("chat/new-limit-ignored", at="chat.request", caught_by="chat/answer/length")
def _(body: Any, _: Request) -> Any:
    """Only the older name of the token limit is known."""
    return drop(body, "max_completion_tokens")


@defect("chat/stops-ignored", at="chat.request", caught_by="chat/answer/stop-string")
def _(body: Any, _: Request) -> Any:
    """Stop strings are ignored."""
    return drop(body, "stop")


@defect("chat/stop-told", at="chat.plan", caught_by="chat/answer/stop-string")
def _(plan: Plan, _: Request) -> Plan:
    """The stop string is part of the answer."""
    return replace(plan, text=plan.text + (plan.stop or ""))


# Usage


@defect("chat/usage-ignored", at="chat.request", caught_by="chat/chunks/usage-asked")
def _(body: Any, _: Request) -> Any:
    """`include_usage` is ignored."""
    return drop(body, "stream_options")


@defect("chat/usage-unasked", at="chat.request", caught_by="chat/chunks/usage-not-asked")
def _(body: Any, _: Request) -> Any:
    """Every stream ends with counts; clients that read `choices[0]` break."""
    return {**body, "stream_options": {"include_usage": True}} if isinstance(body, dict) and body.get("stream") else body


@defect("chat/usage-with-a-choice", at="chat.events", caught_by="chat/chunks/usage-alone")
def _(events: list[Event], _: Request) -> list[Event]:
    """The chunk with the counts has a choice."""
    return edit(events, has("usage"), lambda event: put(event, "choices", [{"index": 0, "delta": {}, "finish_reason": None}]))


@defect("chat/usage-without-choices", at="chat.events", caught_by="chat/chunks/usage-asked")
def _(events: list[Event], _: Request) -> list[Event]:
    """The chunk with the counts has no `choices` at all."""
    return edit(events, has("usage"), lambda event: drop(event, "choices"))


@defect("chat/usage-twice", at="chat.events", caught_by="chat/chunks/usage-asked")
def _(events: list[Event], _: Request) -> list[Event]:
    """The chunk with the counts comes twice."""
    return edit(events, has("usage"), lambda event: [event, copy.deepcopy(event)])


@defect("chat/usage-missing", at="chat.object", only=_CREATE, caught_by="chat/answer/usage")
def _(body: Any, _: Request) -> Any:
    """A whole answer tells no counts."""
    return drop(body, "usage")


@defect("chat/total-wrong", at="chat.object", only=_CREATE, caught_by="chat/answer/usage")
def _(body: Any, _: Request) -> Any:
    """The total is that of the answer alone."""
    return put(body, "usage.total_tokens", get(body, "usage.completion_tokens"))


@defect("chat/cached-beside-prompt", at="chat.object", only=_CREATE, caught_by="chat/wire/usage-cached")
def _(body: Any, _: Request) -> Any:
    """Cached tokens are not counted among those of the prompt."""
    rest = get(body, "usage.prompt_tokens") - get(body, "usage.prompt_tokens_details.cached_tokens")
    return put(put(body, "usage.prompt_tokens", rest), "usage.total_tokens", rest + get(body, "usage.completion_tokens"))


@defect("chat/counts-zero", at="chat.object", only=_CREATE, caught_by="chat/answer/usage")
def _(body: Any, _: Request) -> Any:
    """All counts are zero."""
    return put(body, "usage", {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})


@defect("chat/counts-in-text", at="chat.object", only=_CREATE, caught_by="chat/answer/usage")
def _(body: Any, _: Request) -> Any:
    """Counts are texts."""
    return put(body, "usage.prompt_tokens", str(get(body, "usage.prompt_tokens")))


# Tool calls


@defect("chat/calls-dropped", at="chat.events", caught_by="chat/tools/stream/choice-required", source="codelion/optillm#312")
def _(events: list[Event], _: Request) -> list[Event]:
    """Streams leave tool calls out."""
    return edit(events, has(f"{_DELTA}.tool_calls"), lambda _: [])


@defect("chat/calls-as-text", at="chat.plan", caught_by="chat/tools/choice-required", source="unslothai/unsloth#4999")
def _(plan: Plan, _: Request) -> Plan:
    """Calls are left in the text as the model wrote them."""
    text = "".join(f'<tool_call>{{"name": "{call.name}", "arguments": {call.arguments}}}</tool_call>' for call in plan.calls)
    return replace(plan, text=plan.text + text, calls=(), finish="stop") if plan.calls else plan


@defect("chat/calls-also-as-text", at="chat.plan", caught_by="chat/tools/stream/no-text", source="mudler/LocalAI#10052")
def _(plan: Plan, _: Request) -> Plan:
    """Calls are told twice, as calls and as raw text."""
    return replace(plan, text=f"<tool_call>{plan.calls[0].arguments}</tool_call>") if plan.calls else plan


@defect("chat/arguments-as-object", at="chat.object", only=_CREATE, caught_by="chat/tools/call")
def _(body: Any, _: Request) -> Any:
    """Arguments are an object, not its text."""
    path = "choices.0.message.tool_calls.0.function.arguments"
    return put(body, path, json.loads(get(body, path) or "{}"))


@defect("chat/arguments-begin-late", at="chat.events", caught_by="chat/tools/stream/arguments")
def _(events: list[Event], _: Request) -> list[Event]:
    """The first piece of the arguments is lost."""
    first = first_of(events, has(_ARGUMENTS))
    return [*events[:first], *events[first + 1 :]]


@defect("chat/arguments-begin-empty", at="chat.events", caught_by="chat/tools/stream/arguments", source="llamastack/llama-stack#5462")
def _(events: list[Event], _: Request) -> list[Event]:
    """The first piece of the arguments is `{}`, to which the rest is appended."""
    return edit(events, has(f"{_CALL}.id"), lambda event: put(event, _ARGUMENTS, "{}"))


@defect("chat/call-id-missing", at="chat.events", caught_by="chat/tools/stream/call")
def _(events: list[Event], _: Request) -> list[Event]:
    """Streamed calls have no id."""
    return [drop(event, f"{_CALL}.id") for event in events]


@defect("chat/call-id-changes", at="chat.events", caught_by="chat/tools/stream/id-once")
def _(events: list[Event], _: Request) -> list[Event]:
    """Each piece of a call brings a new id."""
    ids = iter(range(10_000))
    return edit(events, has(f"{_DELTA}.tool_calls"), lambda event: put(event, f"{_CALL}.id", f"call_{next(ids)}"))


@defect("chat/call-index-missing", at="chat.events", caught_by="chat/tools/stream/index")
def _(events: list[Event], _: Request) -> list[Event]:
    """Pieces of calls do not say of which."""
    return [drop(event, f"{_CALL}.index") for event in events]


@defect("chat/call-index-zero", at="chat.events", caught_by="chat/tools/stream/parallel")
def _(events: list[Event], _: Request) -> list[Event]:
    """All calls have index 0."""
    return edit(events, has(f"{_DELTA}.tool_calls"), lambda event: put(event, f"{_CALL}.index", 0))


@defect("chat/call-index-from-one", at="chat.events", caught_by="chat/tools/stream/index")
def _(events: list[Event], _: Request) -> list[Event]:
    """Calls are counted from 1."""
    return edit(events, has(f"{_DELTA}.tool_calls"), lambda event: put(event, f"{_CALL}.index", get(event, f"{_CALL}.index") + 1))


@defect("chat/name-in-pieces", at="chat.events", caught_by="chat/tools/stream/name-once")
def _(events: list[Event], _: Request) -> list[Event]:
    """The name of the function comes with every piece of the arguments."""
    name = get(next(filter(has(f"{_CALL}.function.name"), events), {}), f"{_CALL}.function.name")
    return edit(events, has(_ARGUMENTS), lambda event: put(event, f"{_CALL}.function.name", f"{name}_"))


@defect("chat/calls-share-an-id", at="chat.object", only=_CREATE, caught_by="chat/tools/parallel", source="mudler/LocalAI#9470")
def _(body: Any, _: Request) -> Any:
    """Parallel calls have one id."""
    calls = get(body, "choices.0.message.tool_calls") or []
    return put(body, "choices.0.message.tool_calls", [{**call, "id": calls[0]["id"]} for call in calls]) if calls else body


@defect("chat/call-twice", at="chat.events", caught_by="chat/tools/stream/name-once", source="mudler/LocalAI#10055")
def _(events: list[Event], _: Request) -> list[Event]:
    """A call is told in pieces, and once more when it is complete."""
    last = first_of(events, has(_FINISH))
    if not any(map(has(f"{_CALL}.id"), events)):
        return events
    first = next(filter(has(f"{_CALL}.id"), events))
    again = put(put(first, f"{_CALL}.index", 1 + max(get(event, f"{_CALL}.index") or 0 for event in events)), f"{_CALL}.id", "call_again")
    arguments = "".join(get(event, _ARGUMENTS) or "" for event in events if get(event, f"{_CALL}.index") == 0)
    return [*events[:last], put(again, _ARGUMENTS, arguments), *events[last:]]


@defect("chat/only-first-call", at="chat.events", caught_by="chat/wire/all-calls-streamed", source="maximhq/bifrost#3441")
def _(events: list[Event], _: Request) -> list[Event]:
    """Streams keep only the first of several calls."""
    return edit(events, lambda event: (get(event, f"{_CALL}.index") or 0) > 0, lambda _: [])


@defect("chat/choice-none-ignored", at="chat.request", caught_by="chat/tools/choice-none")
def _(body: Any, _: Request) -> Any:
    """`tool_choice` none is ignored."""
    return drop(body, "tool_choice") if get(body, "tool_choice") == "none" else body


@defect("chat/choice-none-as-text", at="chat.plan", caught_by="chat/tools/choice-none-text")
def _(plan: Plan, request: Request) -> Plan:
    """With tool_choice `none` the call that the model would make is left in the text."""
    raw = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
    return replace(plan, text=plan.text + raw) if get(request.json, "tool_choice") == "none" else plan


@defect("chat/choice-required-ignored", at="chat.request", caught_by="chat/tools/choice-required")
def _(body: Any, _: Request) -> Any:
    """`tool_choice` required is ignored."""
    return drop(body, "tool_choice") if get(body, "tool_choice") == "required" else body


@defect("chat/choice-named-ignored", at="chat.request", caught_by="chat/tools/choice-named", source="ggml-org/llama.cpp#26535")
def _(body: Any, _: Request) -> Any:
    """A named tool is treated as auto."""
    return drop(body, "tool_choice") if isinstance(get(body, "tool_choice"), dict) else body


@defect("chat/choice-named-refused", at="chat.request", caught_by="chat/tools/choice-named", source="mudler/LocalAI#9509")
def _(body: Any, _: Request) -> Any:
    """A named tool is refused."""
    if isinstance(get(body, "tool_choice"), dict):
        raise Refusal(400, "tool_choice must be a string", param="tool_choice")
    return body


@defect("chat/parallel-off-ignored", at="chat.request", caught_by="chat/tools/parallel-off")
def _(body: Any, _: Request) -> Any:
    """`parallel_tool_calls` false is ignored."""
    return drop(body, "parallel_tool_calls")


@defect("chat/arguments-broken", at="chat.plan", caught_by="chat/tools/call")
def _(plan: Plan, _: Request) -> Plan:
    """The last character of the arguments is lost, so that they are no JSON."""
    return replace(plan, calls=tuple(Call(call.name, call.arguments[:-1]) for call in plan.calls))


@defect("chat/no-arguments-as-nothing", at="chat.plan", caught_by="chat/tools/no-parameters")
def _(plan: Plan, _: Request) -> Plan:
    """The arguments of a call without any are empty, which is no JSON."""
    return replace(plan, calls=tuple(replace(call, arguments="" if call.arguments == "{}" else call.arguments) for call in plan.calls))


# Form of the answer


@defect("chat/schema-ignored", at="chat.request", caught_by="chat/answer/json-schema")
def _(body: Any, _: Request) -> Any:
    """`response_format` is ignored."""
    return drop(body, "response_format")


@defect("chat/json-fenced", at="chat.plan", caught_by="chat/answer/json-schema")
def _(plan: Plan, request: Request) -> Plan:
    """JSON is wrapped in a code fence."""
    return replace(plan, text=f"```json\n{plan.text}\n```") if get(request.json, "response_format") else plan


@defect("chat/schema-loosely", at="chat.plan", caught_by="chat/answer/json-schema")
def _(plan: Plan, request: Request) -> Plan:
    """The answer is JSON, but not what the schema asks for."""
    return replace(plan, text='{"result": "ok"}') if get(request.json, "response_format") else plan


@defect("chat/json-object-ignored", at="chat.request", caught_by="chat/answer/json-object", source="ggml-org/llama.cpp#24096")
def _(body: Any, _: Request) -> Any:
    """`json_object` is not enforced."""
    return drop(body, "response_format") if get(body, "response_format.type") == "json_object" else body


@defect("chat/no-logprobs", at="chat.request", caught_by="chat/answer/logprobs")
def _(body: Any, _: Request) -> Any:
    """Log probabilities are not told."""
    return drop(drop(body, "logprobs"), "top_logprobs")


@defect("chat/logprobs-infinite", at="chat.object", only=_CREATE, caught_by="chat/answer/logprobs")
def _(body: Any, _: Request) -> Any:
    """A probability of zero is written as `-Infinity`, which is no JSON."""
    path = "choices.0.logprobs.content.0.logprob"
    return put(body, path, -float("inf")) if get(body, path) is not None else body


@defect("chat/logprobs-positive", at="chat.object", only=_CREATE, caught_by="chat/answer/logprobs")
def _(body: Any, _: Request) -> Any:
    """Probabilities are told instead of their logarithms."""
    path = "choices.0.logprobs.content.0.logprob"
    return put(body, path, 0.99) if get(body, path) is not None else body


@defect("chat/stream-ignored", at="chat.request", caught_by="chat/chunks/text")
def _(body: Any, _: Request) -> Any:
    """`stream` is ignored."""
    return drop(body, "stream")


@defect("chat/stream-unasked", at="chat.request", caught_by="chat/answer/text")
def _(body: Any, _: Request) -> Any:
    """Every answer is a stream."""
    return {**body, "stream": True} if isinstance(body, dict) else body


# Errors


def _error(reply: Reply, body: Any) -> Reply:
    return replace(reply, body=body)


@defect("chat/error-as-detail", at="chat.error", caught_by="chat/refusals/error-fields")
def _(reply: Reply, _: Request) -> Reply:
    """Errors have the shape of a web framework."""
    return _error(reply, {"detail": reply.body["error"]["message"]})


@defect("chat/error-as-text", at="chat.error", caught_by="chat/refusals/error-fields")
def _(reply: Reply, _: Request) -> Reply:
    """The error is a text."""
    return _error(reply, {"error": reply.body["error"]["message"]})


@defect("chat/error-code-as-number", at="chat.error", caught_by="chat/refusals/malformed-json")
def _(reply: Reply, _: Request) -> Reply:
    """The code of an error is its HTTP status."""
    return _error(reply, put(reply.body, "error.code", reply.status))


@defect("chat/error-without-message", at="chat.error", caught_by="chat/refusals/error-fields")
def _(reply: Reply, _: Request) -> Reply:
    """An error does not say what went wrong."""
    return _error(reply, drop(reply.body, "error.message"))


# Requests that are wrongly taken, or wrongly refused


@defect("chat/any-model", at="chat.request", caught_by="chat/refusals/unknown-model")
def _(body: Any, _: Request) -> Any:
    """A model that does not exist answers."""
    return drop(body, "model")


@defect("chat/no-messages-taken", at="chat.request", caught_by="chat/refusals/empty-messages")
def _(body: Any, _: Request) -> Any:
    """An empty conversation is answered."""
    return {**body, "messages": [{"role": "user", "content": ""}]} if isinstance(body, dict) and body.get("messages") == [] else body


@defect("chat/any-temperature", at="chat.request", caught_by="chat/refusals/bad-temperature")
def _(body: Any, _: Request) -> Any:
    """A negative temperature is taken."""
    return drop(body, "temperature")


@defect("chat/any-role", at="chat.request", caught_by="chat/refusals/unknown-role")
def _(body: Any, _: Request) -> Any:
    """A role that does not exist is taken for the user's."""
    known = {"system", "developer", "user", "assistant", "tool", "function"}
    messages = [message if get(message, "role") in known else {**message, "role": "user"} for message in get(body, "messages") or []]
    return {**body, "messages": messages} if messages else body


@defect("chat/any-stream", at="chat.request", caught_by="chat/refusals/stream-no-boolean")
def _(body: Any, _: Request) -> Any:
    """A `stream` that is neither true nor false counts as false."""
    return body if isinstance(get(body, "stream"), bool) else drop(body, "stream")


@defect("chat/any-format", at="chat.request", caught_by="chat/refusals/unknown-format")
def _(body: Any, _: Request) -> Any:
    """A form of the answer that does not exist is ignored."""
    return body if get(body, "response_format.type") in {"text", "json_object", "json_schema"} else drop(body, "response_format")


@defect("chat/other-tools-fail", at="chat.error", caught_by="chat/refusals/unknown-tool-type")
def _(reply: Reply, _: Request) -> Reply:
    """A tool of a kind that is not known is a fault of the server."""
    return replace(reply, status=500) if (get(reply.body, "error.param") or "").startswith("tools.") else reply


def _refuses(  # noqa: PLR0913 - a row of a table
    name: str, caught_by: str, says: str, test: Callable[[Any], bool], *, status: int = 400, source: str | None = None
) -> None:
    """Register a defect that refuses a request which is right."""

    def refuse(body: Any, _: Request) -> Any:
        if test(body):
            raise Refusal(status, says)
        return body

    refuse.__doc__ = says
    defect(f"chat/{name}", at="chat.request", caught_by=caught_by, source=source)(refuse)


def _any_message(body: Any, test: Callable[[dict[str, Any]], bool]) -> bool:
    return any(test(message) for message in get(body, "messages") or [] if isinstance(message, dict))


def _is_broken(arguments: Any) -> bool:
    try:
        return not isinstance(json.loads(arguments), dict)
    except (TypeError, ValueError):
        return True


_refuses(
    "nulls-refused", "chat/answer/null-fields", "Fields that are null are refused.",
    lambda body: isinstance(body, dict) and None in body.values(),
)  # fmt: skip
_refuses(
    "developer-refused", "chat/answer/developer", "The role developer is refused.",
    lambda body: _any_message(body, lambda message: message.get("role") == "developer"), source="unslothai/unsloth#5122",
)  # fmt: skip
_refuses(
    "second-system-refused", "chat/answer/late-system", "A second system message is refused.",
    lambda body: sum(get(message, "role") == "system" for message in get(body, "messages") or []) > 1,
    source="unslothai/unsloth#5122",
)  # fmt: skip
_refuses(
    "parts-refused", "chat/answer/text-parts", "Content in parts is refused.",
    lambda body: _any_message(body, lambda message: isinstance(message.get("content"), list)),
)  # fmt: skip
_refuses(
    "null-content-refused", "chat/tools/result", "An assistant message with null content is refused.",
    lambda body: _any_message(body, lambda message: message.get("role") == "assistant" and message.get("content") is None),
)  # fmt: skip
_refuses(
    "broken-arguments-fail", "chat/tools/history-malformed", "Malformed arguments in the history fail for ever.",
    lambda body: _any_message(
        body, lambda message: any(_is_broken(get(call, "function.arguments")) for call in message.get("tool_calls") or [])
    ),
    status=500, source="ggml-org/llama.cpp#25510",
)  # fmt: skip
_refuses(
    "tool-results-refused", "chat/tools/result", "Results of tools are refused.",
    lambda body: _any_message(body, lambda message: message.get("role") == "tool"),
)  # fmt: skip

_refuses(
    "result-parts-refused", "chat/tools/result-parts", "Results of tools in parts are refused.",
    lambda body: _any_message(body, lambda message: message.get("role") == "tool" and isinstance(message.get("content"), list)),
)  # fmt: skip
_refuses(
    "two-results-refused", "chat/tools/results-two", "Two results in a row are refused.",
    lambda body: any(
        get(one, "role") == get(two, "role") == "tool"
        for one, two in zip(get(body, "messages") or [], (get(body, "messages") or [])[1:], strict=False)
    ),
)  # fmt: skip
_refuses(
    "forgotten-tool-refused", "chat/tools/history-unknown-tool", "A call of a tool that is not offered any more is refused.",
    lambda body: _any_message(
        body,
        lambda message: any(
            get(call, "function.name") not in [get(tool, "function.name") for tool in get(body, "tools") or []]
            for call in message.get("tool_calls") or []
        ),
    ),
)  # fmt: skip
_refuses(
    "strict-refused", "chat/tools/strict", "`strict` of a function is refused.",
    lambda body: any(get(tool, "function.strict") is not None for tool in get(body, "tools") or []),
)  # fmt: skip

# Models


@defect("chat/models-as-list", at="chat.object", only=("list_models",), caught_by="chat/models/list")
def _(body: Any, _: Request) -> Any:
    """The list of models is a bare array."""
    return body["data"]


@defect("chat/models-without-object", at="chat.object", only=("list_models",), caught_by="chat/models/list")
def _(body: Any, _: Request) -> Any:
    """Models do not say what they are."""
    return put(body, "data", [drop(model, "object") for model in body["data"]])


@defect("chat/models-one-segment", at="incoming", caught_by="chat/wire/model-with-slash")
def _(request: Request, _: Request) -> Request:
    """The id of a model cannot hold a slash: paths are decoded before they are matched, so that `%2F` is one, too."""
    if request.path.startswith("/v1/models/") and "/" in unquote(request.path.removeprefix("/v1/models/")):
        raise Refusal(404, "Not Found")
    return request
