"""The Chat Completions request on its way to the backend: untouched, unless the backend would misread it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.arguments import arguments_text
from triglot.dialects.tools import ToolChoice, make_room_for_calls, offer_tools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triglot.backend.profiles import Profile

_SYSTEM_ROLES: Final = frozenset({"system", "developer"})
_OURS: Final = ("cancel_id", "session_id", "use_adapter")  # some servers refuse fields that they do not know
_SCHEME_LETTERS: Final = 16
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
WATCHED: Final[Mapping[str, Any]] = MappingProxyType({"return_progress": True})
"""What a stream of llama-server needs for it to notice, while it reads the prompt, that nobody waits any more."""


def convert_request(document: dict[str, Any], body: bytes, profile: Profile, more: Mapping[str, Any] = _NOTHING) -> bytes:
    """Return the body to send: `body` itself where nothing has to change.

    Args:
        document: the decoded body; it is not modified.
        body: the bytes the client sent.
        profile: how the backend reads requests.
        more: fields that the backend gets besides, in place of the client's of the same name.

    Raises:
        ApiError: `tool_choice` cannot be met.
    """
    changed = dict(document)
    if not profile.extensions:
        for name in _OURS:
            changed.pop(name, None)
    if profile.misreads_choices:
        _convert_tools(changed)
    make_room_for_calls(changed, profile)
    if profile.schemaless_json:
        _convert_response_format(changed)
    if profile.one_system_message:
        _merge_system_messages(changed)
    if profile.needs_object_arguments:
        _repair_calls(changed)
    more = {name: value for name, value in more.items() if changed.get(name) != value}
    if changed != document or not more.keys().isdisjoint(changed):
        return msgspec.json.encode({**changed, **more})
    return body[: body.rindex(b"}")] + b"," + msgspec.json.encode(more)[1:] if more else body


def can_fold(document: dict[str, Any]) -> bool:
    """Whether the stream of this request to llama-server says all that its answer in one piece says.

    It does not repeat the beginning of an answer that the request gives. It leaves out the log probabilities of tokens without a text, such
    as the last one, and has none beside tools. With `verbose` each form tells of itself.
    """
    if any(document.get(name) for name in ("logprobs", "n_probs", "verbose")):
        return False
    messages = document["messages"]
    return not messages or messages[-1].get("role") != "assistant"


def streamed(document: dict[str, Any]) -> dict[str, Any]:
    """The fields by which the answer to a request without `stream` comes as a stream that can be folded."""
    options = {**(document.get("stream_options") or {}), "include_usage": True}
    return {"stream": True, "stream_options": options, **WATCHED}


def find_remote_images(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The images that the request names by URL: their places, and the objects that hold the URLs."""
    return [
        (f"messages[{index}].content[{position}].image_url", image)
        for index, message in enumerate(document["messages"])
        if isinstance(content := message.get("content"), list)
        for position, part in enumerate(content)
        if isinstance(image := part.get("image_url"), dict) and "://" in str(image.get("url"))[:_SCHEME_LETTERS]
    ]


def _convert_tools(request: dict[str, Any]) -> None:
    tools = request.get("tools") or []
    functions = [tool for tool in tools if tool.get("type", "function") == "function"]
    choice = request.get("tool_choice") or "auto"
    if len(functions) == len(tools) and choice in ("auto", "required"):
        return
    for name in ("tools", "tool_choice"):
        request.pop(name, None)
    request.update(offer_tools(functions, _map_choice(choice)))


def _map_choice(choice: Any) -> ToolChoice:
    match choice:
        case "none" | "auto" | "required":
            return ToolChoice(choice)
        case {"type": "function", "function": {"name": str(name)}}:
            return ToolChoice("required", [name])
        case {"type": "allowed_tools", "allowed_tools": {"mode": "auto" | "required" as mode, "tools": list(tools)}}:
            return ToolChoice(mode, [tool["function"]["name"] for tool in tools if tool.get("type") == "function"])
        case _:
            return ToolChoice()


def _convert_response_format(request: dict[str, Any]) -> None:
    if request.get("response_format") == {"type": "json_object"}:
        request["response_format"] = {"type": "json_object", "schema": {"type": "object"}}


def _merge_system_messages(request: dict[str, Any]) -> None:
    messages = request["messages"]
    positions = [position for position, message in enumerate(messages) if message.get("role") in _SYSTEM_ROLES]
    if positions in ([], [0]):
        return
    parts = [messages[position].get("content") or "" for position in positions]
    content: Any
    if all(isinstance(part, str) for part in parts):
        content = "\n\n".join(parts)
    else:
        content = [piece for part in parts for piece in (part if isinstance(part, list) else [{"type": "text", "text": part}])]
    rest = [message for message in messages if message.get("role") not in _SYSTEM_ROLES]
    request["messages"] = [{"role": "system", "content": content}, *rest]


def _repair_calls(request: dict[str, Any]) -> None:
    """Give calls in the conversation arguments that the backend reads: a model that was cut off has left half a call to all later turns."""
    messages = request["messages"]
    repaired = [_repair_message(message) for message in messages]
    if any(new is not old for new, old in zip(repaired, messages, strict=True)):
        request["messages"] = repaired


def _repair_message(message: dict[str, Any]) -> dict[str, Any]:
    calls = message.get("tool_calls")
    if not isinstance(calls, list) or message.get("role") != "assistant":
        return message
    repaired = [_repair_call(call) for call in calls]
    return message if all(new is old for new, old in zip(repaired, calls, strict=True)) else {**message, "tool_calls": repaired}


def _repair_call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    text = function.get("arguments")
    if not isinstance(text, str) or (repaired := arguments_text(text, "arguments")) is text:
        return call
    return {**call, "function": {**function, "arguments": repaired}}
