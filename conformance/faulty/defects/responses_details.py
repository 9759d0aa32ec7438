"""Answers of Responses servers that are wrong in a detail, and WebSockets that remember the wrong things."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faulty.edits import drop, edit, get, is_type, put
from faulty.hooks import behaviour, defect

if TYPE_CHECKING:
    from faulty.exchange import Event, Request
    from faulty.framing import Whole
    from faulty.model import Plan

_LIST = ("list_response_input_items",)

behaviour(
    "responses/socket-remembers-all",
    "Goes on from any response that a WebSocket has ever told.",
    caught_by="responses/socket/chain-forgotten",
)
behaviour(
    "responses/socket-remembers-failures",
    "Goes on from a response on a WebSocket although another continuation has failed.",
    caught_by="responses/socket/failed-turn",
)
behaviour("responses/socket-memory-shared", "What one WebSocket remembers all others know.", caught_by="responses/socket/other-connection")
behaviour("responses/socket-lanes-share-memory", "Each lane forgets what the others told.", caught_by="responses/socket/lanes")
behaviour("responses/socket-warm-up-answers", "Generates although it was told not to.", caught_by="responses/socket/warm-up")
behaviour("responses/socket-errors-without-status", "Errors on a WebSocket have no status.", caught_by="responses/socket/wrong-field")
behaviour("responses/socket-ends-at-nonsense", "Closes a WebSocket on which something is no JSON.", caught_by="responses/socket/not-json")
behaviour("responses/socket-stores-nothing", "Stores no response from a WebSocket.", caught_by="responses/socket/stored")
behaviour("responses/chain-of-two", "Goes no further back in a chain than one response.", caught_by="responses/state/chain")
behaviour("responses/delete-twice", "Deletes what is not there.", caught_by="responses/state/delete")


@defect("responses/tier-untold", at="responses.object", caught_by="responses/json/service-tier")
def _(response: Any, _: Request) -> Any:
    """An answer does not say in which tier it was made."""
    return drop(response, "service_tier")


@defect("responses/requests-unnamed", at="whole", caught_by="responses/json/headers")
def _(whole: Whole, _: Request) -> Whole:
    """No answer names its request."""
    headers = {name: value for name, value in whole.head.headers.items() if name != "x-request-id"}
    return replace(whole, head=replace(whole.head, headers=headers))


@defect("responses/read-as-completed", at="responses.object", caught_by="responses/state/incomplete-stored", only=("get_response",))
def _(response: Any, _: Request) -> Any:
    """A stored response that the limit cut reads as completed."""
    return response | {"status": "completed", "incomplete_details": None} if get(response, "status") == "incomplete" else response


@defect("responses/listed-as-given", at="responses.object", caught_by="responses/state/input-items-text", only=_LIST)
def _(page: Any, _: Request) -> Any:
    """A text is listed as it was given, not as a part of a message."""
    return put(page, "data", [put(item, "content", get(item, "content.0.text")) for item in page["data"]])


@defect("responses/keys-sorted", at="responses.plan", caught_by="responses/stream/structured-output")
def _(plan: Plan, _: Request) -> Plan:
    """The keys of JSON come in the order of the alphabet."""
    return replace(plan, text=json.dumps(json.loads(plan.text), sort_keys=True)) if plan.text.startswith("{") else plan


@defect("responses/custom-input-escaped", at="responses.plan", caught_by="responses/stream/custom-tool/escapes")
def _(plan: Plan, _: Request) -> Plan:
    """The input of a custom tool is what stands in the model's JSON."""
    calls = (call if call.arguments[:1] == "{" else replace(call, arguments=json.dumps(call.arguments)[1:-1]) for call in plan.calls)
    return replace(plan, calls=tuple(calls))


@defect("responses/formless-streams", at="responses.request", caught_by="responses/stream/json-object")
def _(body: Any, _: Request) -> Any:
    """A stream is in no form, whatever was asked for."""
    return drop(body, "text") if get(body, "stream") else body


@defect("responses/logprobs-in-pieces-only", at="responses.events", caught_by="responses/stream/logprobs")
def _(events: list[Event], _: Request) -> list[Event]:
    """The whole text comes without its log probabilities."""
    return edit(events, is_type("response.output_text.done"), lambda event: put(event, "logprobs", []))


@defect("responses/padding-unwanted", at="responses.events", caught_by="responses/stream/obfuscation")
def _(events: list[Event], _: Request) -> list[Event]:
    """Deltas are padded although padding was refused."""
    return edit(events, is_type("response.output_text.delta"), lambda event: put(event, "obfuscation", "xyz"))


def _calls_completed(event: Event) -> Event:
    output = [put(item, "status", "completed") if get(item, "call_id") else item for item in get(event, "response.output") or []]
    changed: Event = put(event, "response.output", output) if output else put(event, "item.status", "completed")
    return changed


@defect("responses/cut-call-completed", at="responses.events", caught_by="responses/stream/function-call/cut-by-limit")
def _(events: list[Event], _: Request) -> list[Event]:
    """A call that the token limit cut is completed, so that agents run half a call."""
    return edit(events, is_type("response.output_item.done", "response.incomplete"), _calls_completed)


@defect("responses/bare-name-in-the-end", at="responses.events", caught_by="responses/stream/namespace")
def _(events: list[Event], _: Request) -> list[Event]:
    """The namespace of a call is told only when the call begins."""
    return edit(events, is_type("response.output_item.done"), lambda event: drop(event, "item.namespace"))
