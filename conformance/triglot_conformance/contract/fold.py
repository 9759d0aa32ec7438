"""Folds a stream into the body that the same request would have got without streaming.

A fold takes any list of decoded JSON values, raises nothing but `FoldError`, and leaves the events as they are.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.paths import show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Event = dict[str, Any]


class FoldError(Exception):
    """The stream cannot be folded: it contradicts itself. The message names the event.

    Attributes:
        rule: the way, without values and numbers.
        body: what could be made of the stream all the same; None for nothing.
    """

    def __init__(self, message: str, rule: str = "contradiction", body: Event | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.body = body


def fold_messages(events: Sequence[Any]) -> Event:
    """Fold a Messages stream into a message. Tool input that a limit has cut stays empty.

    Raises:
        FoldError: tool input that is not JSON, or an event outside of its place.
    """
    message: Event = {}
    inputs: dict[int, str] = {}
    broken = _take_each(events, lambda event: _take_messages_event(message, inputs, event))
    for index, text in inputs.items():
        is_last = isinstance(message.get("content"), list) and index == len(message["content"]) - 1
        try:
            _at(message.get("content"), index, "block")["input"] = _parse_input(
                text, is_cut=is_last and message.get("stop_reason") in _CUTS
            )
        except FoldError as error:
            broken = broken or error
    return _unbroken(message, broken)


def _take_messages_event(message: Event, inputs: dict[int, str], event: Event) -> None:
    match event:
        case {"type": "message_start", "message": dict(start)}:
            message.clear()
            message.update(copy.deepcopy(start))
        case {"type": "content_block_start", "content_block": dict(block)}:
            message["content"].append(copy.deepcopy(block))
        case {"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": str(piece)}}:
            _at(message["content"], index, "block")
            inputs[index] = inputs.get(index, "") + piece
        case {"type": "content_block_delta", "index": index, "delta": dict(delta)}:
            _grow_block(_at(message["content"], index, "block"), delta)
        case {"type": "message_delta", "delta": dict(delta), "usage": dict(usage)}:
            message.update(copy.deepcopy(delta))
            message["usage"].update(copy.deepcopy(usage))
        case _:
            pass


def _grow_block(block: Event, delta: Event) -> None:
    field = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}.get(delta["type"])
    if field is not None:
        block[field] = block.get(field, "") + delta[field]  # a block that begins without the field lacks it, which its schema says
    elif delta["type"] == "citations_delta":
        block["citations"] = [*(block.get("citations") or []), delta["citation"]]


_CUTS = ("max_tokens", "model_context_window_exceeded")

# Events that add to an item, and what of it they make.
_OF_ITEMS = tuple(
    f"response.{name}"
    for name in ("content_part.", "output_text.", "refusal.", "reasoning_", "function_call_arguments.", "custom_tool_call_input.")
)
_IN_DELTAS = {"message": ["content"], "reasoning": ["content", "summary"], "function_call": ["arguments"], "custom_tool_call": ["input"]}


def fold_responses(events: Sequence[Any]) -> Event:
    """Fold a Responses stream into a response.

    The last event carries the final object. Its output is also put together from the items and deltas, and both must agree. What no delta
    carries, such as a seal, comes with the item when it is done.

    Raises:
        FoldError: the final object differs from what was streamed, or an event is outside of its place.
    """
    output: list[Event] = []
    final: Event = {}
    broken = _take_each(events, lambda event: _take_responses_event(output, final, event))
    if broken is None and final.get("output") != output:
        words, field = _first_difference(final.get("output"), output)
        broken = FoldError(words, f"{field} of the final output differs")
    return _unbroken(final, broken)


def _take_responses_event(output: list[Event], final: Event, event: Event) -> None:
    match event:
        case {"type": "response.output_item.added", "item": dict(item)}:
            output.append(copy.deepcopy(item))
        case {"type": "response.output_item.done", "item": dict(item)}:
            index = event["output_index"]
            built = _at(output, index, "item")
            grown = {name: built[name] for name in _IN_DELTAS.get(item["type"], ()) if name in built}
            output[index] = {**copy.deepcopy(item), **grown}
        case {"type": "response.completed" | "response.incomplete" | "response.failed", "response": dict(response)}:
            final.clear()
            final.update(copy.deepcopy(response))
        case {"type": str(kind)} if kind.startswith(_OF_ITEMS):
            _grow_item(_at(output, event["output_index"], "item"), event)
        case _:
            pass


def _grow_item(item: Event, event: Event) -> None:
    match event:
        case {"type": "response.content_part.added", "part": dict(part)}:
            if item.get("content") is None:
                item["content"] = []  # a reasoning item may begin without
            item["content"].append(copy.deepcopy(part))
        case {"type": "response.output_text.delta" | "response.reasoning_text.delta", "content_index": index, "delta": str(delta)}:
            _at(item["content"], index, "part")["text"] += delta
        case {"type": "response.refusal.delta", "content_index": index, "delta": str(delta)}:
            _at(item["content"], index, "part")["refusal"] += delta
        case {"type": "response.content_part.done", "content_index": index, "part": {"text": _} as part}:
            rest = {name: value for name, value in part.items() if name != "text"}
            _at(item["content"], index, "part").update(copy.deepcopy(rest))  # what no delta carries in full, such as log probabilities
        case {"type": "response.reasoning_summary_part.added", "part": dict(part)}:
            item["summary"].append(copy.deepcopy(part))
        case {"type": "response.reasoning_summary_text.delta", "summary_index": index, "delta": str(delta)}:
            _at(item["summary"], index, "summary part")["text"] += delta
        case {"type": "response.function_call_arguments.delta", "delta": str(delta)}:
            item["arguments"] += delta
        case {"type": "response.custom_tool_call_input.delta", "delta": str(delta)}:
            item["input"] += delta
        case _:
            pass


def _first_difference(said: Any, made: list[Event]) -> tuple[str, str]:
    """Which item of the final output is not the streamed one, and the field that differs."""
    if not isinstance(said, list):
        return f"the final output is {show(said)}, the stream made {show(made)}", "kind"
    if len(said) != len(made):
        return f"the final output has {len(said)} items, the stream made {len(made)}", "length"
    number = next(number for number, (one, other) in enumerate(zip(said, made, strict=True)) if one != other)
    one, other = said[number], made[number]
    if not isinstance(one, dict):
        return f"item {number} of the final output is {show(one)}, the stream made {show(other)}", "kind"
    field = next(name for name in {**one, **other} if name not in one or name not in other or one[name] != other[name])
    words = (show(side[field]) if field in side else "missing" for side in (one, other))
    return f"{field} of item {number} is {next(words)} in the final output, the stream made {next(words)}", field


def fold_chat(events: Sequence[Any]) -> Event:
    """Fold a Chat Completions stream into a completion.

    Raises:
        FoldError: a chunk does not fit those before it.
    """
    choices: dict[int, Event] = {}
    completion: Event = {}
    broken = _take_each(events, lambda event: _take_chunk(completion, choices, event))
    for choice in choices.values():
        choice["message"]["content"] = choice["message"].get("content") or ""
    completion |= {"choices": [choices[index] for index in sorted(choices)], "object": "chat.completion"}
    return _unbroken(completion, broken)


def _take_chunk(completion: Event, choices: dict[int, Event], event: Event) -> None:
    completion.update({key: copy.deepcopy(value) for key, value in event.items() if key not in ("choices", "object")})
    for piece in event["choices"]:
        index = piece["index"]
        if not isinstance(index, int):
            raise FoldError(f"the index of a choice is {show(index)}")
        choice = choices.setdefault(index, {"finish_reason": None, "index": index, "message": {}})
        choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
        _add_delta(choice["message"], piece["delta"])
        if piece.get("logprobs"):
            choice.setdefault("logprobs", {"content": []})["content"].extend(copy.deepcopy(piece["logprobs"].get("content") or []))


def _add_delta(message: Event, delta: Event) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            calls = message.setdefault("tool_calls", [])
            for piece in value or ():
                _add_call(calls, piece)
        elif isinstance(value, str) and key != "role":
            message[key] = (message.get(key) or "") + value
        else:
            message[key] = copy.deepcopy(value)


def _add_call(calls: list[Event], piece: Event) -> None:
    function = piece.get("function") or {}
    if piece["index"] == len(calls):
        calls.append({"type": piece["type"], "function": {"name": function["name"], "arguments": ""}, "id": piece["id"]})
    _at(calls, piece["index"], "tool call")["function"]["arguments"] += function.get("arguments") or ""


def _take_each(events: Sequence[Any], take: Callable[[Event], None]) -> FoldError | None:
    """Take the events one after the other; whatever goes wrong is a contradiction of the stream, of which the first is told."""
    broken: FoldError | None = None
    for number, event in enumerate(events):
        if not isinstance(event, dict):
            broken = broken or FoldError(f"event {number} is {show(event)}, no object", "event is no object")
            continue
        place = f"event {number} ({_name(event)})"
        try:
            take(event)
        except KeyError as error:
            name = error.args[0] if isinstance(error.args[0], str) else "something"
            broken = broken or FoldError(f"{place}: {name} is missing here or in what it adds to", f"{name} is missing")
        except FoldError as error:
            broken = broken or FoldError(f"{place}: {error}", f"{_name(event)} {error.rule}")
        except (AttributeError, TypeError, ValueError, IndexError, RecursionError) as error:
            broken = broken or FoldError(f"{place}: it does not fit what it adds to ({error})", f"{_name(event)} does not fit")
    return broken


def _unbroken(body: Event, broken: FoldError | None) -> Event:
    if broken is not None:
        broken.body = body or None
        raise broken
    return body


def _name(event: Event) -> str:
    name = event.get("type", "chunk")
    return name if isinstance(name, str) else show(name)


def _at(entries: Any, index: Any, what: str) -> Event:
    """The entry at an index, which must be there."""
    if not isinstance(entries, list) or not isinstance(index, int) or not 0 <= index < len(entries):
        raise FoldError(f"it is for {what} {show(index)}, which has not begun", f"for a {what} that has not begun")
    entry = entries[index]
    if not isinstance(entry, dict):
        raise FoldError(f"{what} {index} is {show(entry)}, no object")
    return entry


def _parse_input(text: str, *, is_cut: bool) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        if is_cut:
            return {}
        raise FoldError(f"the streamed tool input is not JSON: {show(text)}", "tool input is not JSON") from error


FOLDS: dict[str, Callable[[Sequence[Any]], Event]] = {"messages": fold_messages, "responses": fold_responses, "chat": fold_chat}
