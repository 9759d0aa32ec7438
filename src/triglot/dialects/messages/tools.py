"""The tools of a Messages request as chat functions, and which of them may be called. Source: specs/messages/schemas/tools.yaml."""

from __future__ import annotations

from typing import Any

from triglot.dialects.chat_request import function_tool
from triglot.dialects.messages.client_tools import client_function, describe
from triglot.dialects.tools import ToolChoice, offer_tools
from triglot.errors import ApiError, ErrorKind
from triglot.generated.messages import models as wire


def convert_tools(request: wire.CreateMessage | wire.CountMessageTokens) -> dict[str, Any]:
    """The `tools`, `tool_choice` and `parallel_tool_calls` of the chat request.

    What the provider would run itself is no function: nobody would answer its call.

    Raises:
        ApiError: `tool_choice` cannot be met, or two tools have the same name.
    """
    tools = request.tools or ()
    functions = [function for tool in tools if (function := _convert_tool(tool)) is not None]
    _check_names(functions)
    choice = request.tool_choice
    if isinstance(choice, wire.ToolChoiceTool):
        _check_choice(choice.name, functions, tools)
    offered = offer_tools(functions, _map_choice(choice))
    if offered and choice is not None and not isinstance(choice, wire.ToolChoiceNone) and choice.disable_parallel_tool_use is not None:
        offered["parallel_tool_calls"] = not choice.disable_parallel_tool_use
    return offered


def _convert_tool(tool: Any) -> dict[str, Any] | None:
    match tool:
        case wire.CustomTool():
            description = describe(tool.description, tool.input_examples)
            return function_tool(tool.name, description, tool.input_schema, strict=tool.strict or None)
        case wire.BashTool() | wire.TextEditorTool() | wire.MemoryTool() | wire.ComputerTool():
            return client_function(tool)
        case _:
            return None


def _check_names(functions: list[dict[str, Any]]) -> None:
    names: set[str] = set()
    for function in functions:
        name = function["function"]["name"]
        if name in names:
            raise ApiError(ErrorKind.INVALID_REQUEST, f"tools: Tool names must be unique, but {name} is there twice.", param="tools")
        names.add(name)


def _check_choice(name: str, functions: list[dict[str, Any]], tools: Any) -> None:
    """Refuse a tool that is in the request and cannot be called, such as a web search, in words of its own."""
    if any(function["function"]["name"] == name for function in functions):
        return
    for tool in tools:
        if getattr(tool, "name", None) == name:
            message = f"tool_choice names {name}, which cannot be served here: {tool.type} runs on the servers of its provider."
            raise ApiError(ErrorKind.UNSUPPORTED, message, param="tool_choice")


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
