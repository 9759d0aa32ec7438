"""A response told as events. Source: specs/responses/events.yaml.

What is told is always a whole response, known beforehand; a stream that was cut tells a shorter one. Text comes in the same pieces each
time, so that the events of a response begin with those of every shorter one.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from faulty.model import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Document = dict[str, Any]

_ENDS: Final = {
    "completed": "response.completed",
    "incomplete": "response.incomplete",
    "cancelled": "response.incomplete",
    "failed": "response.failed",
}
# What of an item is told in pieces, and how the item looks before the first of them.
_OPENED: Final[dict[str, Document]] = {
    "message": {"content": []},
    "reasoning": {"summary": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
    "compaction": {"encrypted_content": ""},
}


def tell_response(final: Document, *, queued: bool = False) -> list[Document]:
    """The events of a response, from the first to the last.

    Args:
        final: the response as it is in the end.
        queued: whether it waits at first, as one in the background does.
    """
    begun = {**final, "status": "in_progress", "completed_at": None, "error": None, "incomplete_details": None, "output": [], "usage": None}
    waiting = begun | {"status": "queued"}
    events: list[Document] = [{"type": "response.created", "response": waiting if queued else begun}]
    if queued:
        events.append({"type": "response.queued", "response": waiting})
    events.append({"type": "response.in_progress", "response": begun})
    for index, item in enumerate(final["output"]):
        events += [{"type": event["type"], "output_index": index, **event} for event in _tell_item(item)]
    events.append({"type": _ENDS[final["status"]], "response": final})
    return [{"type": event["type"], "sequence_number": number, **event} for number, event in enumerate(events)]


def cut_output(told: list[Document]) -> list[Document]:
    """The output that events amount to where they stop: the item that was open is incomplete."""
    output: list[Document] = []
    for event in told:
        match event:
            case {"type": "response.output_item.added", "item": item}:
                output.append(copy.deepcopy(item) | ({"status": "incomplete"} if "status" in item else {}))
            case {"type": "response.output_item.done", "item": item}:
                output[-1] = item
            case {"output_index": _}:
                _grow(output[-1], event)
            case _:
                pass
    return output


def _grow(item: Document, event: Document) -> None:
    match event:
        case {"type": "response.content_part.added", "part": part}:
            item["content"].append(copy.deepcopy(part))
        case {"type": "response.reasoning_summary_part.added", "part": part}:
            item["summary"].append(dict(part))
        case {"type": "response.shell_call_command.added"}:
            item["action"]["commands"].append("")
        case {"delta": delta, "content_index": index}:
            part = item["content"][index]
            part["refusal" if part["type"] == "refusal" else "text"] += delta
            if event.get("logprobs"):
                part["logprobs"] += map(_token_in_full, event["logprobs"])
        case {"delta": delta, "summary_index": index}:
            item["summary"][index]["text"] += delta
        case {"delta": delta, "command_index": index}:
            item["action"]["commands"][index] += delta
        case {"delta": delta}:
            item["input" if item["type"] == "custom_tool_call" else "arguments"] += delta
        case _:
            pass


def _tell_item(item: Document) -> Iterator[Document]:
    opened = {**item, **_OPENED.get(item["type"], {})}
    opened.pop("encrypted_content", None) if item["type"] == "reasoning" else None
    if "content" in item:
        opened["content"] = []
    if "status" in item:
        opened["status"] = "in_progress"
    if item["type"] == "shell_call":
        opened["action"] = {**item["action"], "commands": []}
    yield {"type": "response.output_item.added", "item": opened}
    yield from _TOLD.get(item["type"], _tell_nothing)(item)
    yield {"type": "response.output_item.done", "item": item}


def _tell_nothing(_item: Document) -> Iterator[Document]:
    yield from ()


def _tell_message(item: Document) -> Iterator[Document]:
    yield from _tell_content(item)


def _tell_reasoning(item: Document) -> Iterator[Document]:
    yield from _tell_summary(item)
    if item.get("content"):
        yield from _tell_content(item)


def _tell_content(item: Document) -> Iterator[Document]:
    for index, part in enumerate(item["content"]):
        place = {"item_id": item["id"], "content_index": index}
        field = "refusal" if part["type"] == "refusal" else "text"
        kind = {"output_text": "output_text", "refusal": "refusal", "reasoning_text": "reasoning_text"}[part["type"]]
        empty = {**part, field: ""} | ({"logprobs": []} if "logprobs" in part else {})
        yield {"type": "response.content_part.added", **place, "part": empty}
        for delta in _tell_text(part, field):
            yield {"type": f"response.{kind}.delta", **place, **delta}
        whole: Document = {field: part[field]}
        if kind == "output_text":
            whole["logprobs"] = [_token_in_short(token) for token in part.get("logprobs") or []]
        yield {"type": f"response.{kind}.done", **place, **whole}
        yield {"type": "response.content_part.done", **place, "part": part}


def _tell_text(part: Document, field: str) -> Iterator[Document]:
    if part.get("logprobs"):
        for token in part["logprobs"]:
            yield {"delta": token["token"], "logprobs": [_token_in_short(token)]}
        return
    rest: Document = {"logprobs": []} if part["type"] == "output_text" else {}
    for piece in pieces(part[field]):
        yield {"delta": piece, **rest}


def _tell_summary(item: Document) -> Iterator[Document]:
    for index, part in enumerate(item["summary"]):
        place = {"item_id": item["id"], "summary_index": index}
        yield {"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}}
        for piece in pieces(part["text"]):
            yield {"type": "response.reasoning_summary_text.delta", **place, "delta": piece}
        yield {"type": "response.reasoning_summary_text.done", **place, "text": part["text"]}
        yield {"type": "response.reasoning_summary_part.done", **place, "part": part}


def _tell_field(event: str, field: str) -> Callable[[Document], Iterator[Document]]:
    def tell(item: Document) -> Iterator[Document]:
        for piece in pieces(item[field]):
            yield {"type": f"response.{event}.delta", "item_id": item["id"], "delta": piece}
        yield {"type": f"response.{event}.done", "item_id": item["id"], field: item[field]}

    return tell


def _tell_commands(item: Document) -> Iterator[Document]:
    for index, command in enumerate(item["action"]["commands"]):
        yield {"type": "response.shell_call_command.added", "command_index": index, "command": ""}
        for piece in pieces(command):
            yield {"type": "response.shell_call_command.delta", "command_index": index, "delta": piece}
        yield {"type": "response.shell_call_command.done", "command_index": index, "command": command}


def _tell_compacting(item: Document) -> Iterator[Document]:
    yield {"type": "response.compaction.compacting", "item_id": item["id"]}


def _token_in_short(token: Document) -> Document:
    tops = [{"token": top["token"], "logprob": top["logprob"]} for top in token["top_logprobs"]]
    return {"token": token["token"], "logprob": token["logprob"], "top_logprobs": tops}


def _token_in_full(token: Document) -> Document:
    tops = [{**top, "bytes": list(top["token"].encode())} for top in token["top_logprobs"]]
    return {**token, "bytes": list(token["token"].encode()), "top_logprobs": tops}


_TOLD: Final[dict[str, Callable[[Document], Iterator[Document]]]] = {
    "message": _tell_message,
    "reasoning": _tell_reasoning,
    "function_call": _tell_field("function_call_arguments", "arguments"),
    "custom_tool_call": _tell_field("custom_tool_call_input", "input"),
    "shell_call": _tell_commands,
    "compaction": _tell_compacting,
}
