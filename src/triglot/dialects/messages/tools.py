"""The tools of a Messages request as chat functions, and which of them may be called. Source: specs/messages/schemas/tools.yaml."""

from __future__ import annotations

from typing import Any

from triglot.dialects.chat_request import function_tool
from triglot.dialects.tools import ToolChoice, offer_tools
from triglot.generated.messages import models as wire


def convert_tools(request: wire.CreateMessage | wire.CountMessageTokens) -> dict[str, Any]:
    """The `tools`, `tool_choice` and `parallel_tool_calls` of the chat request.

    Raises:
        ApiError: `tool_choice` cannot be met.
    """
    tools = [
        function_tool(tool.name, tool.description, tool.input_schema, strict=tool.strict or None)
        for tool in request.tools or ()
        if isinstance(tool, wire.CustomTool)
    ]
    choice = request.tool_choice
    offered = offer_tools(tools, _map_choice(choice))
    if offered and choice is not None and not isinstance(choice, wire.ToolChoiceNone) and choice.disable_parallel_tool_use is not None:
        offered["parallel_tool_calls"] = not choice.disable_parallel_tool_use
    return offered


def _map_choice(choice: Any) -> ToolChoice:
    match choice:
        case wire.ToolChoiceAny():
            return ToolChoice("required")
        case wire.ToolChoiceTool(name=name):
            return ToolChoice("required", [name])
        case wire.ToolChoiceNone():
            return ToolChoice("none")
        case _:
            return ToolChoice()
