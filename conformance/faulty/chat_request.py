"""Reads Chat Completions requests."""

from __future__ import annotations

from typing import Any, Literal, cast

from faulty.calls import Tool
from faulty.checks import bad_field, check_base64, check_image, check_range, check_required, check_schema, check_types, is_a
from faulty.exchange import Refusal
from faulty.model import Prompt, Role, Turn

_TYPES: dict[str, type | tuple[type, ...]] = {
    "messages": list, "model": str, "stream": bool, "stream_options": dict, "n": int, "max_tokens": int, "max_completion_tokens": int,
    "stop": (str, list), "temperature": float, "top_p": float, "frequency_penalty": float, "presence_penalty": float, "seed": int,
    "logprobs": bool, "top_logprobs": int, "tools": list, "tool_choice": (str, dict), "parallel_tool_calls": bool, "response_format": dict,
    "reasoning_effort": str, "metadata": dict, "user": str, "chat_template_kwargs": dict,
}  # fmt: skip
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_MOST_CHOICES = 8


def read_prompt(body: dict[str, Any]) -> Prompt:
    """What the model is asked.

    Raises:
        Refusal: a field is missing or wrong.
    """
    check_types(body, _TYPES)
    check_required(body, ["messages"])
    for name, lowest, highest in (("temperature", 0, 2), ("top_p", 0, 1), ("n", 1, _MOST_CHOICES), ("top_logprobs", 0, 20)):
        check_range(body, name, lowest, highest)
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    if limit is not None and limit != -1 and limit < 1:
        raise bad_field("max_completion_tokens" if "max_completion_tokens" in body else "max_tokens", "must be at least 1")
    if body.get("top_logprobs") and not body.get("logprobs"):
        raise bad_field("top_logprobs", "needs logprobs")
    if not body["messages"]:
        raise bad_field("messages", "must not be empty")
    tools, choice = _choose(body, _read_tools(body.get("tools", [])))
    return Prompt(
        turns=tuple(_read_message(message, f"messages.{number}") for number, message in enumerate(body["messages"])),
        tools=tools,
        choice=choice,
        parallel=body.get("parallel_tool_calls", True),
        schema=_read_format(body.get("response_format", {"type": "text"})),
        reasons=body.get("chat_template_kwargs", {}).get("enable_thinking") is not False
        and body.get("reasoning_effort") not in {"none", "minimal"},
        max_tokens=limit,
        stops=_read_stops(body.get("stop", [])),
    )


def _read_stops(stop: str | list[Any]) -> tuple[str, ...]:
    stops = [stop] if isinstance(stop, str) else stop
    if not all(isinstance(text, str) for text in stops):
        raise bad_field("stop", "must hold strings")
    return tuple(stops)


def _read_message(message: Any, where: str) -> Turn:
    if not isinstance(message, dict):
        raise bad_field(where, "must be an object")
    if message.get("role") not in _ROLES:
        raise bad_field(f"{where}.role", f"must be one of {', '.join(_ROLES)}")
    role = _ROLES[message["role"]]
    if message["role"] == "tool":
        check_required(message, ["tool_call_id"], f"{where}.")
    if message.get("content") is None and role != "assistant":
        raise bad_field(f"{where}.content", "is missing")
    for number, call in enumerate(message.get("tool_calls") or []):
        if not isinstance(call, dict) or not isinstance(call.get("id"), str):
            raise bad_field(f"{where}.tool_calls.{number}", "must be an object with an id")
    return Turn(role, _read_content(message.get("content") or "", f"{where}.content"))


def _read_content(content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise bad_field(where, "must be a string or an array")
    return "\n".join(_read_part(part, f"{where}.{number}") for number, part in enumerate(content))


def _read_part(part: Any, where: str) -> str:
    match part:
        case {"type": "text" | "refusal" as kind} if isinstance(part.get(kind), str):
            return str(part[kind])
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            if not url.startswith("data:"):
                raise bad_field(f"{where}.image_url.url", "cannot be fetched from here; send the image as a data URL")
            check_image(url.partition(",")[2], f"{where}.image_url.url")
            return "[image]"
        case {"type": "input_audio", "input_audio": {"data": data, "format": "wav" | "mp3"}}:
            check_base64(data, f"{where}.input_audio.data")
            return "[audio]"
        case {"type": "file", "file": {"file_data": str() as url}}:
            check_base64(url.partition(",")[2], f"{where}.file.file_data")
            return "[file]"
        case {"type": str(kind)}:
            raise bad_field(where, f"of type {kind!r} cannot be read")
        case _:
            raise bad_field(f"{where}.type", "is missing")


def _read_tools(tools: list[Any]) -> tuple[Tool, ...]:
    found: list[Tool] = []
    for number, tool in enumerate(tools):
        match tool:
            case {"type": "function", "function": {"name": str(name), **rest}}:
                schema = rest.get("parameters")
                found.append(Tool(name, check_schema(schema, f"tools.{number}.function.parameters") if schema is not None else {}))
            case {"type": "function"}:
                raise bad_field(f"tools.{number}.function.name", "is missing")
            case {"type": "custom", "custom": {"name": str()}}:
                raise bad_field(f"tools.{number}", "is a custom tool; there are only functions here")
            case {"type": str(kind)}:
                raise bad_field(f"tools.{number}", f"is of type {kind!r}; there are only functions here")
            case _:
                raise bad_field(f"tools.{number}.type", "is missing")
    return tuple(found)


def _choose(body: dict[str, Any], tools: tuple[Tool, ...]) -> tuple[tuple[Tool, ...], Literal["auto", "none", "required"]]:
    """The tools that `tool_choice` leaves, and how urgent they are."""
    names: list[Any]
    match body.get("tool_choice", "auto"):
        case ("none" | "auto" | "required") as choice:
            if choice == "required" and not tools:
                raise bad_field("tool_choice", "requires a call, but there are no tools")
            return tools, cast("Literal['auto', 'none', 'required']", choice)
        case {"type": "function", "function": {"name": str(name)}}:
            names, mode = [name], "required"
        case {"type": "allowed_tools", "allowed_tools": {"mode": "auto" | "required" as mode, "tools": list(allowed)}}:
            names = [tool.get("function", {}).get("name") for tool in allowed if is_a(tool, dict)]
        case other:
            raise bad_field("tool_choice", f"cannot be {other!r}")
    left = tuple(tool for tool in tools if tool.name in names)
    if not left:
        raise bad_field("tool_choice", f"names {', '.join(map(str, names))}, which is not among the tools")
    return left, cast("Literal['auto', 'none', 'required']", mode)


def _read_format(form: dict[str, Any]) -> dict[str, Any] | None:
    match form:
        case {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return form.get("schema") or {}
        case {"type": "json_schema", "json_schema": {"name": str(), **rest}}:
            return check_schema(rest.get("schema") or {}, "response_format.json_schema.schema")
        case {"type": "json_schema"}:
            raise Refusal(400, "response_format.json_schema.name is missing", param="response_format.json_schema.name", code="missing")
        case _:
            raise bad_field("response_format.type", "must be text, json_object or json_schema")
