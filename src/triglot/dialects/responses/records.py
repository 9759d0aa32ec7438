"""The items of a request as they are stored and listed: each with an id, and in the long form of those that have a short one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Document = dict[str, Any]

_PREFIXES: Final = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "function_call_output": "fco_",
    "custom_tool_call": "ctc_",
    "custom_tool_call_output": "ctco_",
    "tool_search_call": "tsc_",
    "tool_search_output": "tso_",
    "shell_call": "sh_",
    "shell_call_output": "sho_",
    "local_shell_call": "lsh_",
    "local_shell_call_output": "lsho_",
    "apply_patch_call": "apc_",
    "apply_patch_call_output": "apco_",
    "compaction": "cmp_",
    "mcp_approval_response": "mcpr_",
}
_OTHER_PREFIX: Final = "item_"
# What listed items must have and what clients leave out.
_DEFAULTS: Final[dict[str, Mapping[str, Any]]] = {
    "message": {"status": "completed"},
    "reasoning": {"summary": []},
    "function_call": {"status": "completed"},
    "function_call_output": {"status": "completed"},
    "custom_tool_call": {"status": "completed"},
    "custom_tool_call_output": {"status": "completed"},
    "tool_search_call": {"status": "completed", "execution": "client"},
    "tool_search_output": {"status": "completed", "execution": "client"},
    "shell_call": {"status": "completed"},
    "shell_call_output": {"status": "completed"},
    "apply_patch_call": {"status": "completed"},
    "local_shell_call": {"status": "completed"},
    "computer_call": {"status": "completed", "pending_safety_checks": []},
    "computer_call_output": {"status": "completed"},
    "additional_tools": {"role": "developer"},
}


def record_input(given: str | Sequence[Mapping[str, Any]], new_id: Callable[[str], str]) -> list[Document]:
    """The items of a request's input, as documents with ids.

    What stands for a stored item, or is only an order, is no item of its own and is left out.

    Args:
        given: the input, decoded, as the client wrote it.
        new_id: makes an id from a prefix.
    """
    if isinstance(given, str):
        return [_record({"role": "user", "content": given}, new_id)]
    return [_record(item, new_id) for item in given if _is_kept(item)]


def is_reference(item: Mapping[str, Any]) -> bool:
    """Whether an item stands for a stored one, with its tag or without."""
    kind = item.get("type")
    return kind == "item_reference" or (kind is None and item.get("role") is None)


def _is_kept(item: Mapping[str, Any]) -> bool:
    return not is_reference(item) and item.get("type") != "compaction_trigger"


def _record(item: Mapping[str, Any], new_id: Callable[[str], str]) -> Document:
    kind = "message" if item.get("type") is None else item["type"]
    given_id = item.get("id")  # of an item of an unknown kind it may be anything
    item_id = given_id if given_id and isinstance(given_id, str) else new_id(_PREFIXES.get(kind, _OTHER_PREFIX))
    record: Document = {"type": kind, "id": item_id}
    for name, value in item.items():
        if value is not None and name not in record:
            record[name] = value
    for name, value in _DEFAULTS.get(kind, {}).items():
        record.setdefault(name, value)
    if kind == "message" and isinstance(record["content"], str):
        record["content"] = [{"type": _text_type(record["role"]), "text": record["content"]}]
    for name in ("content", "output"):
        if isinstance(record.get(name), list):
            record[name] = [_fill_part(part) for part in record[name]]
    return record


def _fill_part(part: Any) -> Any:
    """A part with the fields that it has in an answer; in an item of an unknown kind it may be anything."""
    match part:
        case {"type": "output_text"}:
            return {**part, "annotations": part.get("annotations") or []}
        case {"type": "input_image"}:
            return {**part, "detail": part.get("detail") or "auto"}
        case _:
            return part


def _text_type(role: str) -> str:
    return "output_text" if role == "assistant" else "input_text"
