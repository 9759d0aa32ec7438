"""Tools as the model sees them, and its calls as items. Source: specs/responses/schemas/tools.yaml, tool_choice.yaml, output_items.yaml."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from faulty.calls import Call, Tool
from faulty.exchange import Refusal
from faulty.responses.grammar import keep_to, to_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Document = dict[str, Any]

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
# Tools without a schema of their own, which the client runs all the same.
_BUILT_IN: Final[dict[str, Document]] = {
    "shell": {"type": "object", "properties": {"commands": _TEXTS}, "required": ["commands"]},
    "local_shell": {"type": "object", "properties": {"command": _TEXTS}, "required": ["command"]},
    "apply_patch": {
        "type": "object",
        "properties": {"type": {"enum": ["update_file", "create_file", "delete_file"]}, "path": _TEXT, "diff": _TEXT},
        "required": ["type", "path", "diff"],
    },
}


@dataclass(frozen=True)
class Offer:
    """A tool of the request, and what the model knows it as. `pattern` is what the input of a custom tool must match."""

    kind: str
    name: str
    tool: Tool
    namespace: str | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Offered:
    """What the model may and must call."""

    offers: tuple[Offer, ...]
    choice: Literal["auto", "none", "required"]


def offer_tools(tools: Iterable[Document], choice: Any) -> Offered:
    """The tools that the model is offered; those that only OpenAI's servers could run are left out.

    Raises:
        Refusal: the choice cannot be met.
    """
    given = list(tools)
    offers = tuple(offer for tool in given for offer in _offers(tool))
    match choice:
        case None | "auto":
            return Offered(offers, "auto")
        case "none":
            return Offered((), "none")
        case "required":
            if not given:
                raise Refusal(400, "Tool choice 'required' must be specified with 'tools' parameter.", param="tool_choice")
            return Offered(offers, "required" if offers else "auto")
        case {"type": "allowed_tools", "mode": mode, "tools": allowed}:
            named = [_find(offers, given, one) for one in allowed]
            return Offered(tuple(offer for found in named for offer in found), mode)
        case _:
            found = _find(offers, given, choice)
            return Offered(found, "required") if found else Offered(offers, "auto")


def _offers(tool: Document, namespace: str | None = None) -> Iterator[Offer]:
    kind, name = tool["type"], tool.get("name") or tool["type"]
    known_as = f"{namespace}.{name}" if namespace else name
    if kind == "function":
        yield Offer(kind, name, Tool(known_as, tool.get("parameters") or {}), namespace)
    elif kind == "custom":
        form = tool.get("format") or {}
        pattern = to_pattern(form["syntax"], form["definition"]) if form.get("type") == "grammar" else None
        yield Offer(kind, name, Tool(known_as, free=True), namespace, pattern)
    elif kind == "namespace":
        for member in tool["tools"]:
            yield from _offers(member, name)
    elif kind in _BUILT_IN:
        yield Offer(kind, name, Tool(kind, _BUILT_IN[kind]))
    elif kind == "tool_search" and tool.get("execution") == "client":
        yield Offer(kind, name, Tool(kind, tool.get("parameters") or {}))


def _find(offers: tuple[Offer, ...], given: list[Document], wanted: Document) -> tuple[Offer, ...]:
    """The offers that a choice names; none where it names a tool that the request has and this server does not run."""
    kind, name = wanted.get("type"), wanted.get("name")
    if kind == "namespace":
        found = tuple(offer for offer in offers if offer.namespace == name)
    else:
        found = tuple(offer for offer in offers if offer.kind == kind and name in (None, offer.name))
    if not found and not any(tool["type"] == kind and name in (None, tool.get("name")) for tool in given):
        raise Refusal(400, f"Tool choice '{name or kind}' not found in 'tools' parameter.", param="tool_choice")
    return found


def call_items(calls: Iterable[Call], offered: Offered, new_id: Callable[[str], str], *, cut: bool, limit: int | None) -> list[Document]:
    """The items of the model's calls.

    Args:
        calls: in their order.
        offered: what it was offered.
        new_id: makes an id from a prefix.
        cut: whether the token limit may have cut the last one.
        limit: most calls of built-in tools.
    """
    known = {offer.tool.name: offer for offer in offered.offers}
    made = list(calls)
    items: list[Document] = []
    for number, call in enumerate(made):
        offer = known.get(call.name) or Offer("function", call.name, Tool(call.name))
        built_in = sum(item["type"] not in ("function_call", "custom_tool_call") for item in items)
        if offer.kind not in ("function", "custom") and limit is not None and built_in >= limit:
            continue
        whole = not (cut and number == len(made) - 1) or (not offer.tool.free and _parse(call.arguments) is not None)
        item = _ITEMS[offer.kind](offer, call.arguments, new_id)
        if item is not None:
            items.append(
                item | {"status": "completed" if whole else "incomplete"} | ({"namespace": offer.namespace} if offer.namespace else {})
            )
    return items


def _parse(arguments: str) -> Document | None:
    try:
        value = json.loads(arguments)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _function_call(offer: Offer, arguments: str, new_id: Callable[[str], str]) -> Document:
    return {"type": "function_call", "id": new_id("fc_"), "call_id": new_id("call_"), "name": offer.name, "arguments": arguments}


def _custom_call(offer: Offer, text: str, new_id: Callable[[str], str]) -> Document:
    written = text if offer.pattern is None else keep_to(offer.pattern, text)
    return {"type": "custom_tool_call", "id": new_id("ctc_"), "call_id": new_id("call_"), "name": offer.name, "input": written}


def _shell_call(_offer: Offer, arguments: str, new_id: Callable[[str], str]) -> Document | None:
    given = _parse(arguments)
    if given is None:
        return None
    action = {"commands": _texts(given.get("commands")), "timeout_ms": None, "max_output_length": None}
    return {"type": "shell_call", "id": new_id("sh_"), "call_id": new_id("call_"), "action": action}


def _local_shell_call(_offer: Offer, arguments: str, new_id: Callable[[str], str]) -> Document | None:
    given = _parse(arguments)
    if given is None:
        return None
    action: Document = {
        "type": "exec",
        "command": _texts(given.get("command")),
        "env": {},
        "working_directory": None,
        "user": None,
        "timeout_ms": None,
    }
    return {"type": "local_shell_call", "id": new_id("lsh_"), "call_id": new_id("call_"), "action": action}


def _patch_call(_offer: Offer, arguments: str, new_id: Callable[[str], str]) -> Document | None:
    given = _parse(arguments)
    if given is None:
        return None
    operation = {"type": given.get("type", "update_file"), "path": str(given.get("path", "")), "diff": str(given.get("diff", ""))}
    return {"type": "apply_patch_call", "id": new_id("apc_"), "call_id": new_id("call_"), "operation": operation}


def _search_call(_offer: Offer, arguments: str, new_id: Callable[[str], str]) -> Document | None:
    given = _parse(arguments)
    if given is None:
        return None
    return {"type": "tool_search_call", "id": new_id("tsc_"), "call_id": new_id("call_"), "execution": "client", "arguments": given}


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


_ITEMS: Final[dict[str, Callable[[Offer, str, Callable[[str], str]], Document | None]]] = {
    "function": _function_call,
    "custom": _custom_call,
    "shell": _shell_call,
    "local_shell": _local_shell_call,
    "apply_patch": _patch_call,
    "tool_search": _search_call,
}
