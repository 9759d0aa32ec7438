"""Tool choice, in the one form that every backend reads right.

llama-server knows only `auto`, `none` and `required`, and renders the tools even for `none`. So a choice is made by what is offered: one
named tool is that tool alone with `required`, an allowed set is that set, `none` is no tools at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from triglot.backend.profiles import Profile

Mode: TypeAlias = Literal["auto", "required", "none"]


class ToolChoice(msgspec.Struct, frozen=True):
    """A dialect's choice: a mode, and the names it is limited to (`None`: all)."""

    mode: Mode = "auto"
    names: Collection[str] | None = None


def offer_tools(tools: Sequence[dict[str, Any]], choice: ToolChoice) -> dict[str, Any]:
    """The `tools` and `tool_choice` of the chat request: empty when no tool may be called.

    Args:
        tools: chat function tools, `{"type": "function", "function": {"name": ...}}`.
        choice: what the client allows.

    Raises:
        ApiError: the choice names a tool that is not there, or demands a call without any tool.
    """
    if choice.mode == "none":
        return {}
    offered = list(tools)
    if choice.names is not None:
        known = {tool["function"]["name"] for tool in tools}
        if missing := [name for name in choice.names if name not in known]:
            message = f"tool_choice names {', '.join(missing)}, which is not among the function tools of this request."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param="tool_choice")
        offered = [tool for tool in tools if tool["function"]["name"] in choice.names]
    if not offered:
        if choice.mode == "required":
            message = "tool_choice demands a tool call, but the request has no tool that can be called here."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param="tool_choice")
        return {}
    return {"tools": offered} if choice.mode == "auto" else {"tools": offered, "tool_choice": "required"}


def make_room_for_calls(request: dict[str, Any], profile: Profile) -> None:
    """Take the schema for the text out of a chat request whose answer has to be a call, where the backend would not make one beside it."""
    if profile.schema_bars_calls and request.get("tool_choice") == "required":
        request.pop("response_format", None)
