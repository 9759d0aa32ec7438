"""Reads Messages requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from faulty.calls import Tool
from faulty.checks import bad_field, check_base64, check_image, check_range, check_required, check_schema, check_types
from faulty.exchange import Refusal
from faulty.model import Prompt, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPES: dict[str, type | tuple[type, ...]] = {
    "model": str, "messages": list, "max_tokens": int, "system": (str, list), "stream": bool, "tools": list, "tool_choice": dict,
    "thinking": dict, "output_config": dict, "stop_sequences": list, "temperature": float, "top_p": float, "top_k": int, "metadata": dict,
    "context_management": dict, "mcp_servers": list, "service_tier": str,
}  # fmt: skip
# Tools that the API defines and the client runs; the model gets them under their names. Others it never calls.
_CLIENT_TOOLS = {"bash": "command", "text_editor": "path", "memory": "path", "computer": "action"}

_NONCE = "x-anthropic-billing-header"  # differs in each request of a coding agent, and says nothing to a model


def read_prompt(body: dict[str, Any], *, counts: bool = False) -> Prompt:
    """What the model is asked.

    Args:
        body: the request.
        counts: only the tokens of the prompt are wanted, so no bound is needed.

    Raises:
        Refusal: a field is missing or wrong.
    """
    check_required(body, ["model", "messages"] if counts else ["model", "max_tokens", "messages"])
    check_types(body, _TYPES)
    for name, lowest, highest in (("max_tokens", 0, 1 << 30), ("temperature", 0, 2), ("top_p", 0, 1), ("top_k", 0, 1 << 30)):
        check_range(body, name, lowest, highest)
    if not body["messages"]:
        raise bad_field("messages", "must not be empty")
    if not all(isinstance(text, str) for text in body.get("stop_sequences", [])):
        raise bad_field("stop_sequences", "must hold strings")
    if body.get("compaction"):
        raise bad_field("compaction", "is not supported here: no summaries are written")
    if body.get("thread", {}).get("type") == "continue":
        raise Refusal(404, "This conversation is not kept here; send all of it", param="thread", details={"error_code": "thread_not_found"})
    tools, choice = _choose(body.get("tool_choice", {"type": "auto"}), _read_tools(body.get("tools", [])))
    form = body.get("output_config", {}).get("format")
    return Prompt(
        turns=tuple(_read_turns(body)),
        tools=tools,
        choice=choice,
        parallel=not body.get("tool_choice", {}).get("disable_parallel_tool_use"),
        schema=None if form is None else check_schema(form.get("schema"), "output_config.format.schema"),
        reasons=_reasons(body.get("thinking", {"type": "disabled"})),
        max_tokens=body.get("max_tokens"),
        stops=tuple(body.get("stop_sequences", [])),
    )


def _reasons(thinking: dict[str, Any]) -> bool:
    match thinking:
        case {"type": "enabled"}:
            check_required(thinking, ["budget_tokens"], "thinking.")
            check_types(thinking, {"budget_tokens": int}, "thinking.")
            return True
        case {"type": str(kind)}:
            return kind != "disabled"
        case _:
            raise bad_field("thinking.type", "is missing")


def _read_turns(body: dict[str, Any]) -> Iterator[Turn]:
    if system := body.get("system"):
        texts = (turn.text for turn in _read_content("system", system, "system"))
        yield Turn("system", "\n".join(text for text in texts if not text.startswith(_NONCE)))
    for number, message in enumerate(body["messages"]):
        where = f"messages.{number}"
        if not isinstance(message, dict):
            raise bad_field(where, "must be an object")
        role = message.get("role")
        if role not in {"user", "assistant", "system"}:
            raise bad_field(f"{where}.role", "must be user, assistant or system")
        yield from _join(_read_content(role, message.get("content") or [], f"{where}.content"))


def _join(turns: Iterator[Turn]) -> Iterator[Turn]:
    """Turns of one message: results stay alone, neighbouring texts become one."""
    texts: list[Turn] = []
    for turn in turns:
        if turn.role == "tool":
            yield turn
        else:
            texts.append(turn)
    if texts:
        yield Turn(texts[0].role, "\n".join(turn.text for turn in texts))


def _read_content(role: Any, content: Any, where: str) -> Iterator[Turn]:
    if isinstance(content, str):
        yield Turn(role, content)
    elif isinstance(content, list):
        for number, block in enumerate(content):
            yield from _read_block(role, block, f"{where}.{number}")
    else:
        raise bad_field(where, "must be a string or an array")


def _read_block(role: Any, block: Any, where: str) -> Iterator[Turn]:
    match block:
        case {"type": "text"}:
            check_required(block, ["text"], f"{where}.")
            check_types(block, {"text": str}, f"{where}.")
            if not block["text"]:
                raise bad_field(f"{where}.text", "must not be empty")
            yield Turn(role, block["text"])
        case {"type": "image" | "document", "source": dict(source)}:
            yield Turn(role, _read_source(source, f"{where}.source"))
        case {"type": "search_result"}:
            yield Turn(role, _text_of(block.get("content"), f"{where}.content"))
        case {"type": "tool_use" | "server_tool_use"}:
            check_required(block, ["id", "name"], f"{where}.")
            yield Turn(role, json.dumps([block["name"], block.get("input")]))
        case {"type": "tool_result"}:
            check_required(block, ["tool_use_id"], f"{where}.")
            text = _text_of(block.get("content"), f"{where}.content")
            yield Turn("tool", f"Error: {text}" if block.get("is_error") else text)
        case {"type": "redacted_thinking"}:  # checked, though no model here can read it
            check_required(block, ["data"], f"{where}.")
            check_types(block, {"data": str}, f"{where}.")
        case {"type": str(kind)} if kind.endswith("_tool_result"):
            yield Turn(role, json.dumps(block.get("content")))
        case {"type": str()}:
            pass  # thinking, and what is not known: the model need not see it
        case _:
            raise bad_field(f"{where}.type", "is missing")


def _text_of(content: Any, where: str) -> str:
    if content is None:
        return ""
    return "\n".join(turn.text for turn in _read_content("user", content, where))


def _read_source(source: dict[str, Any], where: str) -> str:
    match source:
        case {"type": "base64", "media_type": str(kind), "data": data}:
            (check_image if kind.startswith("image/") else check_base64)(data, f"{where}.data")
            return f"[{kind}]"
        case {"type": "text", "data": str(text)}:
            return text
        case {"type": "content"}:
            return _text_of(source.get("content"), f"{where}.content")
        case {"type": str(kind)}:
            raise bad_field(where, f"of type {kind!r} cannot be read here; send the content itself")
        case _:
            raise bad_field(f"{where}.type", "is missing")


def _read_tools(tools: list[Any]) -> tuple[Tool, ...]:
    found: list[Tool] = []
    for number, tool in enumerate(tools):
        where = f"tools.{number}"
        if not isinstance(tool, dict):
            raise bad_field(where, "must be an object")
        kind = tool.get("type") or "custom"
        if kind == "custom":
            check_required(tool, ["name", "input_schema"], f"{where}.")
            found.append(Tool(tool["name"], check_schema(tool["input_schema"], f"{where}.input_schema")))
            continue
        argument = next((argument for family, argument in _CLIENT_TOOLS.items() if kind.startswith(f"{family}_2")), None)
        if argument:
            check_required(tool, ["name"], f"{where}.")
            found.append(Tool(tool["name"], {"type": "object", "properties": {argument: {"type": "string"}}}))
    names = [tool.name for tool in found]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise bad_field("tools", f"has two tools named {doubled}")
    return tuple(found)


def _choose(choice: dict[str, Any], tools: tuple[Tool, ...]) -> tuple[tuple[Tool, ...], Literal["auto", "none", "required"]]:
    """The tools that `tool_choice` leaves, and how urgent they are."""
    match choice:
        case {"type": "auto"}:
            return tools, "auto"
        case {"type": "none"}:
            return (), "none"
        case {"type": "any"} if tools:
            return tools, "required"
        case {"type": "any"}:
            raise bad_field("tool_choice", "requires a call, but there are no tools that could be called")
        case {"type": "tool", "name": str(name)}:
            left = tuple(tool for tool in tools if tool.name == name)
            if not left:
                raise bad_field("tool_choice.name", f"is {name!r}, which is not among the tools that can be called")
            return left, "required"
        case _:
            raise bad_field("tool_choice.type", "must be auto, any, tool or none")
