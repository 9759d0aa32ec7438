"""The Chat Completions request on its way to the backend: untouched, unless the backend would misread it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.tools import ToolChoice, offer_tools

if TYPE_CHECKING:
    from triglot.backend.profiles import Profile

_SYSTEM_ROLES: Final = frozenset({"system", "developer"})
_SCHEME_LETTERS: Final = 16


def convert_request(document: dict[str, Any], body: bytes, profile: Profile) -> bytes:
    """Return the body to send: `body` itself where nothing has to change.

    Args:
        document: the decoded body; it is not modified.
        body: the bytes the client sent.
        profile: how the backend reads requests.

    Raises:
        ApiError: `tool_choice` cannot be met.
    """
    changed = dict(document)
    if profile.misreads_choices:
        _convert_tools(changed)
    if profile.schemaless_json:
        _convert_response_format(changed)
    if profile.one_system_message:
        _merge_system_messages(changed)
    return body if changed == document else msgspec.json.encode(changed)


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
