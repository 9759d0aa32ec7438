"""Folds a stream into the body that the same request would have got without streaming."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Event = dict[str, Any]


class FoldError(Exception):
    """The stream cannot be folded: it contradicts itself."""


def fold_messages(events: list[Event]) -> Event:
    """Fold a Messages stream into a message.

    Raises:
        FoldError: tool input that is not JSON, or an event outside of its place.
    """
    message: Event = {}
    partial: dict[int, str] = {}
    for event in events:
        match event:
            case {"type": "message_start", "message": dict(start)}:
                message = json.loads(json.dumps(start))
            case {"type": "content_block_start", "content_block": dict(block)}:
                message["content"].append(dict(block))
            case {"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": piece}}:
                partial[index] = partial.get(index, "") + piece
            case {"type": "content_block_delta", "index": index, "delta": delta}:
                field = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}[delta["type"]]
                message["content"][index][field] += delta[field]
            case {"type": "content_block_stop", "index": index} if index in partial:
                message["content"][index]["input"] = _parse_input(partial[index])
            case {"type": "message_delta", "delta": delta, "usage": usage}:
                message |= delta
                message["usage"] |= usage
            case _:
                pass
    return message


# What of an output item comes in deltas.
_IN_DELTAS = {"message": ["content"], "reasoning": ["content", "summary"], "function_call": ["arguments"], "custom_tool_call": ["input"]}


def fold_responses(events: list[Event]) -> Event:
    """Fold a Responses stream into a response.

    The last event carries the final object. Its output is also put together from the items and deltas, and both must agree. What no delta
    carries, such as a seal, comes with the item when it is done.

    Raises:
        FoldError: the final object differs from what was streamed.
    """
    output: list[Event] = []
    final: Event = {}
    for event in events:
        match event:
            case {"type": "response.output_item.added", "item": dict(item)}:
                output.append(json.loads(json.dumps(item)))
            case {"type": "response.output_item.done", "output_index": index, "item": dict(item)}:
                built = output[index]
                output[index] = {**item, **{name: built[name] for name in _IN_DELTAS.get(item["type"], ()) if name in built}}
            case {"type": "response.completed" | "response.incomplete" | "response.failed", "response": dict(response)}:
                final = response
            case {"output_index": index}:
                _grow_item(output[index], event)
            case _:
                pass
    if final.get("output") != output:
        raise FoldError(f"the final output is {json.dumps(final.get('output'))[:400]}, the stream made {json.dumps(output)[:400]}")
    return final


def _grow_item(item: Event, event: Event) -> None:
    match event:
        case {"type": "response.content_part.added", "part": dict(part)}:
            item["content"].append(json.loads(json.dumps(part)))
        case {"type": "response.output_text.delta" | "response.reasoning_text.delta", "content_index": index, "delta": delta}:
            item["content"][index]["text"] += delta
        case {"type": "response.content_part.done", "content_index": index, "part": {"text": _, **rest}}:
            item["content"][index] |= rest  # what no delta carries in full, such as log probabilities
        case {"type": "response.reasoning_summary_part.added", "part": dict(part)}:
            item["summary"].append(dict(part))
        case {"type": "response.reasoning_summary_text.delta", "summary_index": index, "delta": delta}:
            item["summary"][index]["text"] += delta
        case {"type": "response.function_call_arguments.delta", "delta": delta}:
            item["arguments"] += delta
        case {"type": "response.custom_tool_call_input.delta", "delta": delta}:
            item["input"] += delta
        case _:
            pass


def fold_chat(events: list[Event]) -> Event:
    """Fold a Chat Completions stream into a completion."""
    choices: dict[int, Event] = {}
    completion: Event = {}
    for event in events:
        completion |= {key: value for key, value in event.items() if key not in ("choices", "object")}
        for piece in event["choices"]:
            choice = choices.setdefault(piece["index"], {"finish_reason": None, "index": piece["index"], "message": {}})
            choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
            _add_delta(choice["message"], piece["delta"])
            if piece.get("logprobs"):
                choice.setdefault("logprobs", {"content": []})["content"].extend(piece["logprobs"]["content"])
    for choice in choices.values():
        choice["message"]["content"] = choice["message"].get("content") or ""
    return completion | {"choices": [choices[index] for index in sorted(choices)], "object": "chat.completion"}


def _add_delta(message: Event, delta: Event) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            calls = message.setdefault("tool_calls", [])
            for piece in value:
                _add_call(calls, piece)
        elif isinstance(value, str) and key != "role":
            message[key] = (message.get(key) or "") + value
        else:
            message[key] = value


def _add_call(calls: list[Event], piece: Event) -> None:
    if piece["index"] == len(calls):
        calls.append({"type": piece["type"], "function": {"name": piece["function"]["name"], "arguments": ""}, "id": piece["id"]})
    calls[piece["index"]]["function"]["arguments"] += piece["function"].get("arguments") or ""


def _parse_input(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise FoldError(f"the streamed tool input is not JSON: {text!r}") from error


FOLDS: dict[str, Callable[[list[Event]], Event]] = {"messages": fold_messages, "responses": fold_responses, "chat": fold_chat}
