"""Ids: there where a client needs them, and never the same for two things.

How they look is the server's affair: the official documents call ids opaque, so their prefixes are no rule here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.paths import MISSING, look_up, show
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator


def id_findings(dialect: str, body: Any) -> list[Finding]:
    """Check the ids of a whole answer, or of what a stream folds to.

    Args:
        dialect: `chat`, `responses` or `messages`.
        body: the completion, response or message.
    """
    found: list[Finding] = []
    seen: dict[tuple[str, str], str] = {}
    for place, kind, value in _ids(dialect, body):
        if value is MISSING:
            continue  # the schema says so
        if not isinstance(value, str) or not value.strip():
            found.append(Finding("ids", f"{place} is {show(value)}, expected an id", f"ids {kind} is empty"))
        elif (kind, value) in seen:
            words = f"{place} is {show(value)}, which {seen[kind, value]} is already"
            found.append(Finding("ids", words, f"ids {kind} twice"))
        else:
            seen[kind, value] = place
    return found


def twin_id_findings(fold: Any, whole: Any) -> list[Finding]:
    """Two answers to two requests are two things, so that their ids differ."""
    one, other = look_up(fold, "id"), look_up(whole, "id")
    if not isinstance(one, str) or not one or one != other:
        return []
    return [Finding("ids", f"$.id is {show(one)} in two answers to two requests", "ids answer twice")]


def _ids(dialect: str, body: Any) -> Iterator[tuple[str, str, Any]]:
    """Place, kind and value of every id; ids of one kind are different."""
    yield "$.id", "answer", look_up(body, "id")
    match dialect:
        case "chat":
            for number, choice in enumerate(_list(body, "choices")):
                for call, entry in enumerate(_list(choice, "message.tool_calls")):
                    yield f"$.choices[{number}].message.tool_calls[{call}].id", "tool call", look_up(entry, "id")
        case "responses":
            for number, item in enumerate(_list(body, "output")):
                yield f"$.output[{number}].id", "item", look_up(item, "id")
                if str(look_up(item, "type")).endswith("_call") and look_up(item, "call_id") is not None:
                    yield f"$.output[{number}].call_id", "call", look_up(item, "call_id")
        case _:
            for number, block in enumerate(_list(body, "content")):
                if str(look_up(block, "type")).endswith("tool_use"):
                    yield f"$.content[{number}].id", "tool use", look_up(block, "id")


def _list(value: Any, path: str) -> list[Any]:
    found = look_up(value, path)
    return found if isinstance(found, list) else []
