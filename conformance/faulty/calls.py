"""Which tools a user's words ask for, and with which arguments."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from faulty.schemas import fit

if TYPE_CHECKING:
    from collections.abc import Iterator

_USE = re.compile(r"\b[Uu]se (?:the )?(?P<tool>[\w./:-]*\w)(?: tool)?(?: with (?P<given>.+))?", re.DOTALL)
_WEATHER = re.compile(r"\bweather (?:like )?(?:in |for )?(?P<places>[A-Z].*?)(?: today| right now)?[?.!]?$", re.IGNORECASE | re.DOTALL)
_ADD = re.compile(r"(?P<a>\d+) *(?:\+|and|plus) *(?P<b>\d+)")


@dataclass(frozen=True)
class Tool:
    """A tool on offer. `parameters` is its JSON schema; `free` says that it takes any text instead."""

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    free: bool = False

    @property
    def names(self) -> list[str]:
        """Names of its parameters, in their order."""
        return list(self.parameters.get("properties") or {})


@dataclass(frozen=True)
class Call:
    """A call of a tool. `arguments` is JSON text, or the input of a tool that takes any text."""

    name: str
    arguments: str


def wanted_calls(asked: str, tools: tuple[Tool, ...]) -> tuple[Call, ...]:
    """The calls that the words ask for; none if no tool fits."""
    return tuple(_wanted(asked, tools)) if tools else ()


def forced_call(tool: Tool, asked: str) -> Call:
    """A call for want of a better one."""
    if tool.free:
        return Call(tool.name, asked)
    wanted = tool.parameters.get("required") or tool.names
    properties = {name: schema for name, schema in (tool.parameters.get("properties") or {}).items() if name in wanted}
    return Call(tool.name, _text(fit({**tool.parameters, "type": "object", "properties": properties}, asked)))


def _wanted(asked: str, tools: tuple[Tool, ...]) -> Iterator[Call]:
    for part in re.split(r"\s+and then\s+|\s*;\s+|(?<=\S),? and (?=[Uu]se )", asked):
        use = _USE.search(part)
        tool = _named(use["tool"], tools) if use else None
        if use and tool:
            yield Call(tool.name, _arguments(tool, (use["given"] or "").strip()))
            continue
        weather, tool = _WEATHER.search(part), _like(("weather", "forecast"), tools)
        if weather and tool:
            for place in re.split(r",? and |, ", weather["places"]):
                yield Call(tool.name, _text({(tool.names or ["city"])[0]: place.strip()}))
            continue
        add, tool = _ADD.search(part), _like(("add", "sum", "plus"), tools)
        if add and tool:
            yield Call(tool.name, _text(dict(zip(tool.names or ["a", "b"], (int(add["a"]), int(add["b"])), strict=False))))


def _named(name: str, tools: tuple[Tool, ...]) -> Tool | None:
    ends = re.compile(rf"(^|[^A-Za-z0-9]){re.escape(name)}$")
    return next((tool for tool in tools if tool.name == name), None) or next((tool for tool in tools if ends.search(tool.name)), None)


def _like(words: tuple[str, ...], tools: tuple[Tool, ...]) -> Tool | None:
    return next((tool for tool in tools if any(word in tool.name.lower() for word in words)), None)


def _arguments(tool: Tool, given: str) -> str:
    if tool.free:
        return given.removeprefix("input=")
    schemas = tool.parameters.get("properties") or {}
    pairs = [pair.partition("=") for pair in re.split(r",? and (?=\w+=)|, (?=\w+=)", given)] if "=" in given else []
    return _text({name.strip(): _typed(value.strip().removesuffix("."), schemas.get(name.strip(), {})) for name, _, value in pairs})


def _typed(value: str, schema: dict[str, Any]) -> Any:
    """The value in the type that the schema wants, if it can be read so."""
    if schema.get("type") in {"integer", "number", "boolean", "array", "object"}:
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
