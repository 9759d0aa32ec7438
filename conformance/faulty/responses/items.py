"""Items: how they are kept and listed, and what they say to the model. Source: specs/responses/schemas."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Document = dict[str, Any]

PREFIXES: Final = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "function_call_output": "fco_",
    "custom_tool_call": "ctc_",
    "custom_tool_call_output": "ctco_",
    "tool_search_call": "tsc_",
    "shell_call": "sh_",
    "local_shell_call": "lsh_",
    "apply_patch_call": "apc_",
    "compaction": "cmp_",
}
# What a client leaves out and a listed item has.
_COMPLETED: Final = {"status": "completed"}
_DEFAULTS: Final[dict[str, Document]] = {
    "message": _COMPLETED,
    "reasoning": {"summary": []},
    "function_call": _COMPLETED,
    "function_call_output": _COMPLETED,
    "custom_tool_call": _COMPLETED,
    "custom_tool_call_output": _COMPLETED,
    "tool_search_call": {"status": "completed", "execution": "client"},
    "tool_search_output": {"status": "completed", "execution": "client"},
    "shell_call": _COMPLETED,
    "shell_call_output": _COMPLETED,
    "local_shell_call": _COMPLETED,
    "apply_patch_call": _COMPLETED,
    "additional_tools": {"role": "developer"},
}


def is_reference(item: Document) -> bool:
    """Whether an item stands for a stored one, with its tag or without."""
    return item.get("type") == "item_reference" or (item.get("type") is None and item.get("role") is None)


def fill_item(item: Document, new_id: Callable[[str], str]) -> Document:
    """An item of a request as it is kept and listed: with a type and an id, and its content as parts."""
    kind = "message" if item.get("type") is None else item["type"]
    filled: Document = {"type": kind, "id": item.get("id") or new_id(PREFIXES.get(kind, "item_"))}
    filled |= {name: value for name, value in item.items() if value is not None and name not in filled}
    for name, value in _DEFAULTS.get(kind, {}).items():
        filled.setdefault(name, value)
    if kind == "message" and isinstance(filled["content"], str):
        part: Document = {"type": "output_text" if filled["role"] == "assistant" else "input_text", "text": filled["content"]}
        filled["content"] = [part]
    for name in ("content", "output"):
        if isinstance(filled.get(name), list):
            filled[name] = [_fill_part(part) for part in filled[name]]
    return filled


def _fill_part(part: Document) -> Document:
    match part.get("type"):
        case "output_text":
            return {**part, "annotations": part.get("annotations") or []}
        case "input_image":
            return {**part, "detail": part.get("detail") or "auto"}
        case _:
            return part


def text_of(content: Any) -> str:
    """The text of a content or of a tool's result: a text, or parts; what is not text is named."""
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(_text_of_part(part) for part in content)


def _text_of_part(part: Document) -> str:
    match part:
        case {"text": str(text)} | {"refusal": str(text)} | {"type": "encrypted_content", "encrypted_content": str(text)}:
            return text
        case {"type": "input_file", "file_data": str(url)} if url.startswith("data:text/"):
            return _text_of_file(url)
        case {"type": str(kind)}:
            return f"[{kind}]"
        case _:
            return json.dumps(part)


def _text_of_file(url: str) -> str:
    head, _, data = url.partition(",")
    return b64decode(data).decode() if head.endswith(";base64") else unquote(data)


def latest_context(items: Iterable[Document]) -> list[Document]:
    """What the model reads of stored items: from the latest compaction on, and of what came before it instructions and the user's words."""
    kept = list(items)
    start = max((number for number, item in enumerate(kept) if item["type"] == "compaction"), default=0)
    spoken = [item for item in kept[:start] if item["type"] == "message" and item["role"] != "assistant"]
    return spoken + kept[start:]
