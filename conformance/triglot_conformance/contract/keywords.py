"""What the keywords of schemas mean, and how a finding words them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.documents import follow, read_once, target
from triglot_conformance.contract.paths import show

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NAMES = 12  # how many names of a list are told


def one_of(values: list[Any]) -> str:
    """Values to choose from, in words."""
    shown = [show(value) for value in values]
    if len(shown) == 1:
        return shown[0]
    if len(shown) > _NAMES:
        return f"one of {len(shown)} names such as {', '.join(shown[:_NAMES])}"
    return f"one of {', '.join(shown)}"


def expected(schema: Any, file: Path) -> str:
    """What a schema asks for, in words; `file` is where it stands."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(expected(branch, file) for branch in schema["anyOf"]))
    if "$ref" in schema:
        file, pointer = target(file, schema["$ref"])
        return expected(follow(read_once(file), pointer), file)
    if "enum" in schema or "const" in schema:
        return one_of(schema.get("enum", [schema.get("const")]))
    if "oneOf" in schema or "properties" in schema:
        return "an object"
    names = schema.get("type", "anything")
    return " or ".join(_KINDS.get(name, str(name)) for name in (names if isinstance(names, list) else [names]))


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


_KINDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "an array",
}
TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer()),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
BOUNDS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], bool], str]] = {
    "minimum": (_number, lambda value, limit: value >= limit, "at least"),
    "maximum": (_number, lambda value, limit: value <= limit, "at most"),
    "exclusiveMinimum": (_number, lambda value, limit: value > limit, "more than"),
    "exclusiveMaximum": (_number, lambda value, limit: value < limit, "less than"),
    "minLength": (
        lambda value: len(value) if isinstance(value, str) else None,
        lambda value, limit: value >= limit,
        "a length of at least",
    ),
    "maxLength": (lambda value: len(value) if isinstance(value, str) else None, lambda value, limit: value <= limit, "a length of at most"),
    "minItems": (lambda value: len(value) if isinstance(value, list) else None, lambda value, limit: value >= limit, "a count of at least"),
    "maxItems": (lambda value: len(value) if isinstance(value, list) else None, lambda value, limit: value <= limit, "a count of at most"),
}
