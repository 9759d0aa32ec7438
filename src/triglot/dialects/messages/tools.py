"""The tools of a Messages request as chat functions, and which of them may be called. Source: specs/messages/schemas/tools.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot.dialects.chat_request import function_tool
from triglot.dialects.messages.client_tools import client_function, describe
from triglot.dialects.messages.toolsets import function_name, toolset_functions, toolset_members
from triglot.dialects.tools import ToolChoice, offer_tools
from triglot.errors import ApiError, ErrorKind
from triglot.generated.messages import models as wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.dialects.messages.toolsets import Member


def convert_tools(request: wire.CreateMessage | wire.CountMessageTokens) -> dict[str, Any]:
    """The `tools`, `tool_choice` and `parallel_tool_calls` of the chat request.

    What the provider would run itself is no function: nobody would answer its call.

    Raises:
        ApiError: `tool_choice` cannot be met, or two tools have the same name.
    """
    tools = request.tools or ()
    functions = [function for tool in tools for function in _convert_tool(tool)]
    _check_names(functions)
    choice = request.tool_choice
    offered = offer_tools(functions, _map_choice(choice, functions, tools))
    if offered and choice is not None and not isinstance(choice, wire.ToolChoiceNone) and choice.disable_parallel_tool_use is not None:
        offered["parallel_tool_calls"] = not choice.disable_parallel_tool_use
    return offered


def called_members(request: wire.CreateMessage) -> dict[str, Member]:
    """The names of the functions that stand for members of toolsets, and what a call of them is called in the answer."""
    return {
        function_name(*member): member for tool in request.tools or () if isinstance(tool, wire.Toolset) for member in toolset_members(tool)
    }


def _convert_tool(tool: Any) -> list[dict[str, Any]]:
    match tool:
        case wire.CustomTool():
            description = describe(tool.description, tool.input_examples)
            return [function_tool(tool.name, description, tool.input_schema, strict=tool.strict or None)]
        case wire.BashTool() | wire.TextEditorTool() | wire.MemoryTool() | wire.ComputerTool():
            return [client_function(tool)]
        case wire.Toolset():
            return toolset_functions(tool)
        case _:
            return []


def _check_names(functions: list[dict[str, Any]]) -> None:
    names: set[str] = set()
    for function in functions:
        name = function["function"]["name"]
        if name in names:
            raise ApiError(ErrorKind.INVALID_REQUEST, f"tools: Tool names must be unique, but {name} is there twice.", param="tools")
        names.add(name)


def _map_choice(choice: Any, functions: list[dict[str, Any]], tools: Sequence[Any]) -> ToolChoice:
    match choice:
        case wire.ToolChoiceAny():
            return ToolChoice("required")
        case wire.ToolChoiceTool(name=name):
            return ToolChoice("required", _find_functions(name, functions, tools))
        case wire.ToolChoiceNone():
            return ToolChoice("none")
        case _:
            return ToolChoice()


def _find_functions(name: str, functions: list[dict[str, Any]], tools: Sequence[Any]) -> list[str]:
    """The functions that a choice means: the one of that name, or the members of the set of that name, or the members of that name.

    Raises:
        ApiError: it means a tool that nobody can call here, such as a web search; it is told apart from one that is not there.
    """
    if any(function["function"]["name"] == name for function in functions):
        return [name]
    members = [member for tool in tools if isinstance(tool, wire.Toolset) for member in toolset_members(tool)]
    if meant := [function_name(*member) for member in members if name in (member.toolset_name, member.name)]:
        return meant
    for tool in tools:
        if getattr(tool, "name", None) == name:
            message = f"tool_choice names {name}, which cannot be served here: {tool.type} runs on the servers of its provider."
            raise ApiError(ErrorKind.UNSUPPORTED, message, param="tool_choice")
    return [name]
