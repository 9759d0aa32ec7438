"""What an answer says of its own state must fit what it holds: statuses, stop reasons, and how things begin in a stream.

Schemas describe a field alone; these rules relate fields, as every client does that asks why an answer has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.paths import MISSING, look_up, show
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Fault = tuple[str, str]
"""Words, and the same as a rule."""

_UNFINISHED = ("queued", "in_progress")
_NOTHING: tuple[Any, ...] = (MISSING, None, "", [], {})
_STATUSES = {
    "response.created": ("queued", "in_progress"),
    "response.queued": ("queued",),
    "response.in_progress": ("in_progress",),
    "response.completed": ("completed",),
    "response.incomplete": ("incomplete", "cancelled"),
    "response.failed": ("failed",),
}
# What deltas are added to is empty at first: clients differ in whether they keep what stands there.
_GROWN_ITEMS = {"message": "content", "function_call": "arguments", "custom_tool_call": "input"}
_GROWN_BLOCKS = {"text": "text", "thinking": "thinking", "tool_use": "input"}
_GROWN_PARTS = {"output_text": "text", "reasoning_text": "text", "refusal": "refusal", "summary_text": "text"}


def state_findings(dialect: str, body: Any) -> list[Finding]:
    """Check a whole answer, or what a stream folds to.

    Args:
        dialect: `chat`, `responses` or `messages`.
        body: the completion, response or message.
    """
    faults = {"chat": _chat_faults, "responses": _response_faults, "messages": _message_faults}[dialect](body)
    return [Finding("state", words, f"state {way}") for words, way in faults]


def stream_state_findings(events: Sequence[Any]) -> list[Finding]:
    """Check what the events of a stream say of the state at their moment; of each rule the first breach."""
    found: dict[str, Finding] = {}
    for number, event in enumerate(events):
        kind = look_up(event, "type")
        check = _EVENTS.get(kind) if isinstance(kind, str) else None
        for words, way in check(event) if check else ():
            found.setdefault(way, Finding("state", f"event {number} ({kind}): {words}", f"state {way}", event=number))
    return list(found.values())


def _chat_faults(body: Any) -> Iterator[Fault]:
    choices = look_up(body, "choices")
    if choices == []:
        yield "$.choices is empty", "choices is empty"
    for number, choice in enumerate(choices if isinstance(choices, list) else ()):
        calls = look_up(choice, "message.tool_calls")
        if look_up(choice, "finish_reason") == "tool_calls" and calls in _NOTHING:
            yield f'$.choices[{number}].finish_reason is "tool_calls", but there is no call', "tool_calls without a call"
        if look_up(choice, "index") != number:
            yield f"$.choices[{number}].index is {show(look_up(choice, 'index'))}, expected {number}", "index of a choice"


def _message_faults(body: Any) -> Iterator[Fault]:
    reason, content = look_up(body, "stop_reason"), look_up(body, "content")
    blocks = content if isinstance(content, list) else []
    calls = any(look_up(block, "type") == "tool_use" for block in blocks)
    if reason is None:
        yield "$.stop_reason is null in a whole message", "stop_reason is null at the end"
    if reason == "tool_use" and not calls:
        yield '$.stop_reason is "tool_use", but there is no tool_use block', "stop_reason tool_use without a block"
    if calls and reason == "end_turn":
        yield '$.stop_reason is "end_turn", but there is a tool_use block that waits for its result', "stop_reason end_turn with a tool_use"
    if reason == "stop_sequence" and look_up(body, "stop_sequence") is None:
        yield '$.stop_sequence is null, but $.stop_reason is "stop_sequence"', "stop_sequence is null"
    if isinstance(look_up(body, "stop_sequence"), str) and reason != "stop_sequence":
        words = f"$.stop_sequence is {show(look_up(body, 'stop_sequence'))}, but $.stop_reason is {show(reason)}"
        yield words, "stop_sequence without its stop_reason"
    for number, block in enumerate(blocks):
        if look_up(block, "type") == "text" and look_up(block, "text") == "":
            yield f"$.content[{number}] is an empty text, which no request may send back", "an empty text block"


def _response_faults(body: Any) -> Iterator[Fault]:
    if look_up(body, "object") != "response":
        return
    status = look_up(body, "status")
    for name, owner in (("error", "failed"), ("incomplete_details", "incomplete")):
        value = look_up(body, name)
        if status == owner and value is None:
            yield f'$.{name} is null, but $.status is "{owner}"', f"{name} is null although {owner}"
        if status == "completed" and value not in _NOTHING:
            yield f'$.{name} is {show(value)}, but $.status is "completed"', f"{name} although completed"
    if status in ("completed", "incomplete") and look_up(body, "usage") in (MISSING, None):
        yield f"$.usage is {'null' if 'usage' in body else 'missing'}, but $.status is {show(status)}", "usage is null at the end"
    output = look_up(body, "output")
    for number, item in enumerate(output if isinstance(output, list) else ()):
        if status == "completed" and look_up(item, "status") in _UNFINISHED:
            words = f'$.output[{number}].status is {show(look_up(item, "status"))}, but $.status is "completed"'
            yield words, "an unfinished item although completed"


def _message_starts(event: Any) -> Iterator[Fault]:
    for name in ("content", "stop_reason", "stop_sequence"):
        value = look_up(event, f"message.{name}")
        if value not in _NOTHING:
            yield f"message.{name} is {show(value)}, but nothing has been written yet", f"message_start with {name}"


def _message_ends(event: Any) -> Iterator[Fault]:
    if look_up(event, "delta.stop_reason") is None:
        yield "delta.stop_reason is null, but the message ends here", "message_delta without stop_reason"


def _item_begins(event: Any) -> Iterator[Fault]:
    yield from _check_empty(event, "item", _GROWN_ITEMS)
    status = look_up(event, "item.status")
    if status in ("completed", "incomplete") and look_up(event, "item.type") in list(_GROWN_ITEMS):
        yield f"item.status is {show(status)}, but the item begins here", "item is finished when added"


def _item_ends(event: Any) -> Iterator[Fault]:
    status = look_up(event, "item.status")
    if status in _UNFINISHED:
        yield f"item.status is {show(status)}, but the item is done", "item is unfinished when done"


def _response_changes(event: Any) -> Iterator[Fault]:
    kind, status = event["type"], look_up(event, "response.status")
    if isinstance(status, str) and status not in _STATUSES[kind]:
        yield f"response.status is {show(status)}, expected {' or '.join(map(show, _STATUSES[kind]))}", f"status in {kind}"
    if kind == "response.created" and look_up(event, "response.output") not in _NOTHING:
        yield "response.output is not empty, but nothing has been written yet", "output in response.created"


def _check_empty(event: Any, what: str, grown: dict[str, str]) -> Iterator[Fault]:
    kind = look_up(event, f"{what}.type")
    field = grown.get(kind) if isinstance(kind, str) else None
    value = look_up(event, f"{what}.{field}") if field else None
    if value not in _NOTHING:
        yield f"{what}.{field} is {show(value)}, but deltas are added to it, so it begins empty", f"{kind} does not begin empty"


_EVENTS: dict[str, Callable[[Any], Iterator[Fault]]] = {
    "message_start": _message_starts,
    "content_block_start": lambda event: _check_empty(event, "content_block", _GROWN_BLOCKS),
    "message_delta": _message_ends,
    "response.output_item.added": _item_begins,
    "response.output_item.done": _item_ends,
    "response.content_part.added": lambda event: _check_empty(event, "part", _GROWN_PARTS),
    "response.reasoning_summary_part.added": lambda event: _check_empty(event, "part", _GROWN_PARTS),
    **dict.fromkeys(_STATUSES, _response_changes),
}
