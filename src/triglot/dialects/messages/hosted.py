"""What a provider's own tools did in a conversation, told as text, because nothing here can call them again.

Source: specs/messages/schemas/messages.yaml; the fields of the results are those of the SDK's types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from triglot.generated.messages import models as wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Call: TypeAlias = wire.InputServerToolUseBlock | wire.InputMcpToolUseBlock
Result: TypeAlias = wire.InputServerToolResultBlock | wire.InputMcpToolResultBlock

_READABLE: Final = (
    *("title", "url", "text", "data", "stdout", "stderr", "error_code", "error_message", "tool_name"),
    *("lines", "content", "source", "tool_references"),
)
_SEALED: Final = ("base64", "image", "pdf")
_DEPTH: Final = 6


def describe_result(result: Result, turn: Sequence[Any]) -> str:
    """The readable part of a result. The name is that of its call in the same turn or, without one, that of the result's type."""
    name = next((block.name for block in turn if isinstance(block, Call) and block.id == result.tool_use_id), None)
    if isinstance(result, wire.InputMcpToolResultBlock):
        content = result.content or ""
        text = content if isinstance(content, str) else "\n".join(block.text for block in content)
        return f"[result of {name or 'an MCP tool'}: {'Error: ' if result.is_error else ''}{text}]"
    text = "\n".join(_read(result.content, _DEPTH))
    return f"[result of {name or result.type.removesuffix('_tool_result')}: {text}]"


def _read(value: Any, depth: int) -> Iterator[str]:
    """The texts for people in a value of any shape, without what only its maker can read."""
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, list):
        for element in value:
            yield from _read(element, depth)
    elif isinstance(value, dict) and depth and value.get("type") not in _SEALED and value.get("file_type") not in _SEALED:
        if value.get("return_code"):
            yield f"return code {value['return_code']}"
        for name in _READABLE:
            if name in value:
                yield from _read(value[name], depth - 1)
