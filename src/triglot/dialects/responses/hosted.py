"""What a provider's own tools did in a conversation, told as text, because nothing here can call them again.

Source: specs/responses/schemas/input_items.yaml; the fields of hosted items that it leaves open are those of the SDK's types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from triglot.dialects.responses.prior import output_text
from triglot.dialects.telling import describe_call, describe_result
from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from collections.abc import Iterator

_READABLE: Final = ("filename", "title", "url", "text", "logs", "content", "message")


def describe_item(item: Any) -> str | None:
    """The item as text of the assistant; `None` if it is of another kind or says nothing."""
    return "\n".join(_describe(item)) or None


def describe_approval(response: wire.McpApprovalResponse) -> str:
    """The user's word on a call, as text of the user."""
    word = "approved" if response.approve else "refused"
    call = f"The call {response.approval_request_id}" if response.approval_request_id else "The call"
    return f"[{call} is {word}{f': {response.reason}' if response.reason else ''}]"


def _describe(item: Any) -> Iterator[str]:  # noqa: C901, PLR0912 - one flat match
    more: dict[str, Any] = getattr(item, "model_extra", None) or {}
    match item:
        case wire.PriorWebSearchCall():
            yield describe_call("web_search", item.action or {})
        case wire.PriorFileSearchCall():
            yield describe_call("file_search", {"queries": more.get("queries") or []})
            yield from _results("file_search", more.get("results"))
        case wire.PriorCodeInterpreterCall():
            yield describe_call("code_interpreter", {"code": more.get("code")})
            yield from _results("code_interpreter", more.get("outputs"))
        case wire.PriorImageGenerationCall():
            yield describe_call("image_generation", {"prompt": more["revised_prompt"]} if more.get("revised_prompt") else {})
        case wire.PriorComputerCall():
            yield describe_call("computer", more.get("actions") or more.get("action") or {})
        case wire.ComputerCallOutput():
            yield describe_result("computer", "a screenshot, which is not shown here")
        case wire.PriorMcpListTools():
            names = ", ".join(_names(more.get("tools"))) or "no tools"
            yield f"[The MCP server {item.server_label} offers: {names}]"
        case wire.PriorMcpApprovalRequest():
            yield f"[{_mcp_name(item)} may be called with {item.arguments} once the user approves of call {item.id}]"
        case wire.PriorMcpCall():
            yield f"[{_mcp_name(item)} was called with {item.arguments}]"
            if item.output:
                yield describe_result(_mcp_name(item), item.output)
            if more.get("error"):
                yield describe_result(_mcp_name(item), f"Error: {_readable(more['error'])}")
        case wire.PriorProgram():
            yield describe_call("program", {"code": more.get("code")})
        case wire.PriorProgramOutput():
            yield describe_result("program", str(more.get("result") or ""))
        # what follows comes here only if it has no call id, as where the provider ran it
        case wire.PriorToolSearchCall():
            yield describe_call("tool_search", item.arguments)
        case wire.PriorShellCall(action=what) | wire.PriorLocalShellCall(action=what) | wire.PriorApplyPatchCall(operation=what):
            yield describe_call(item.type.removesuffix("_call"), what or {})
        case wire.ShellCallOutput() | wire.LocalShellCallOutput() | wire.ApplyPatchCallOutput():
            yield describe_result(item.type.removesuffix("_call_output"), output_text(item))
        case _:
            pass


def _results(name: str, values: Any) -> Iterator[str]:
    if text := _readable(values):
        yield describe_result(name, text)


def _readable(value: Any, depth: int = 6) -> str:
    """The texts for people in a value of any shape."""
    if isinstance(value, str):
        return value
    if not depth:
        return ""
    if isinstance(value, list):
        texts = [_readable(element, depth - 1) for element in value]
    elif isinstance(value, dict):
        texts = [_readable(value[name], depth - 1) for name in _READABLE if name in value]
    else:
        texts = []
    return "\n".join(text for text in texts if text)


def _names(tools: Any) -> Iterator[str]:
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict) and isinstance(tool.get("name"), str):
            yield tool["name"]


def _mcp_name(item: wire.PriorMcpCall | wire.PriorMcpApprovalRequest) -> str:
    return f"{item.server_label}.{item.name}" if item.server_label else str(item.name)
