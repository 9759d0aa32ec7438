"""The calls of earlier answers and what came of them, as the calls and results of a chat.

A call goes back under the name and with the arguments that the model itself used, so that it sees its own words again. Source:
specs/responses/schemas/input_items.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from triglot.dialects.arguments import arguments_text, encode_arguments
from triglot.dialects.responses.content import convert_result
from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from triglot.dialects.chat_request import Part
    from triglot.dialects.responses.plan import CallNamer


class Call(NamedTuple):
    """A call: its id, the chat function and the JSON text of the arguments."""

    call_id: str
    name: str
    arguments: str


class Result(NamedTuple):
    """The result of a call: text, and parts that only a user's message can hold."""

    call_id: str
    text: str
    others: list[Part]


def convert_call(item: Any, name_call: CallNamer) -> Call | None:  # noqa: PLR0911 - one flat match
    """A call as the model made it; `None` for any other item, and for a call without an id, which nothing can answer."""
    match item:
        case wire.PriorFunctionCall():
            name = name_call("function", item.name, item.namespace)
            return Call(item.call_id, name, arguments_text(item.arguments, "arguments"))
        case wire.PriorCustomToolCall():
            return Call(item.call_id, name_call("custom", item.name, item.namespace), encode_arguments({"input": item.input}))
        case wire.PriorShellCall() if call_id := item.call_id or item.id:
            return Call(call_id, name_call("shell", "shell", None), encode_arguments(_given(item.action)))
        case wire.PriorLocalShellCall() if call_id := item.call_id or item.id:
            return Call(call_id, name_call("local_shell", "local_shell", None), encode_arguments(_given(item.action, "type")))
        case wire.PriorApplyPatchCall() if call_id := item.call_id or item.id:
            return Call(call_id, name_call("apply_patch", "apply_patch", None), encode_arguments(_given(item.operation)))
        case wire.PriorToolSearchCall(call_id=str(call_id)):
            return Call(call_id, name_call("tool_search", "tool_search", None), _search_arguments(item.arguments))
        case _:
            return None


def convert_output(item: Any, name_call: CallNamer) -> Result | None:
    """What came of a call; `None` for any other item, and for an output that does not say which call it belongs to.

    Raises:
        ApiError: an image is not inline.
    """
    match item:
        case wire.FunctionCallOutput(call_id=str(call_id)) | wire.CustomToolCallOutput(call_id=str(call_id)):
            return Result(call_id, *convert_result(item.output, call_id))
        case wire.ShellCallOutput(call_id=str(call_id)) | wire.ApplyPatchCallOutput(call_id=str(call_id)):
            return Result(call_id, output_text(item), [])
        case wire.LocalShellCallOutput():
            named = (item.model_extra or {}).get("call_id") or item.id  # clients name the call in either
            return Result(named, output_text(item), []) if isinstance(named, str) else None
        case wire.ToolSearchOutput(call_id=str(call_id)):
            return Result(call_id, found_tools(item.tools, name_call), [])
        case _:
            return None


def output_text(item: wire.ShellCallOutput | wire.LocalShellCallOutput | wire.ApplyPatchCallOutput) -> str:
    """What a tool that clients run on calls of its own form gave back."""
    match item:
        case wire.ShellCallOutput():
            return "\n".join(_shell_text(chunk) for chunk in item.output or ())
        case wire.LocalShellCallOutput():
            return item.output or ""
        case wire.ApplyPatchCallOutput(status="failed"):
            return f"Error:\n{item.output}" if item.output else "Error: the change could not be applied."
        case _:
            return item.output or "The change is applied."


def found_tools(tools: list[Any], name_call: CallNamer) -> str:
    """What a search for tools found, by the names that the model calls them by."""
    names = [name for tool in tools for name in _chat_names(tool, name_call)]
    return f"Tools found: {', '.join(names)}" if names else "No tools found."


def _chat_names(tool: Any, name_call: CallNamer) -> list[str]:
    match tool:
        case wire.FunctionTool(name=name):
            return [name_call("function", name, None)]
        case wire.CustomTool(name=name):
            return [name_call("custom", name, None)]
        case wire.NamespaceTool(name=namespace, tools=members):
            return [
                name_call("custom" if isinstance(member, wire.CustomTool) else "function", member.name, namespace)
                for member in members
                if isinstance(member, wire.FunctionTool | wire.CustomTool)
            ]
        case _:
            return []


def _given(fields: dict[str, Any] | None, *without: str) -> dict[str, Any]:
    """The fields that were set, in their order; what is null or an empty object was made up when the call was told."""
    return {name: value for name, value in (fields or {}).items() if value not in (None, {}) and name not in without}


def _search_arguments(arguments: Any) -> str:
    """Arguments of any shape: clients send an object, or its JSON text."""
    if isinstance(arguments, dict):
        return encode_arguments(arguments)
    text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode() if arguments is not None else ""
    return arguments_text(text, "query")


def _shell_text(chunk: dict[str, Any]) -> str:
    """What one command printed, and how it ended if it did not end well."""
    outcome = chunk.get("outcome")
    outcome = outcome if isinstance(outcome, dict) else {}
    lines = [str(chunk.get("stdout") or "").removesuffix("\n")]
    if chunk.get("stderr"):
        lines.append(f"stderr:\n{chunk['stderr']}".removesuffix("\n"))
    if outcome.get("type") == "timeout":
        lines.append("[timed out]")
    elif outcome.get("exit_code"):
        lines.append(f"[exit code {outcome['exit_code']}]")
    return "\n".join(line for line in lines if line)
