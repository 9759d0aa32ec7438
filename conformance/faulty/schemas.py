"""JSON values that fit a schema, filled with what the user said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAIR = re.compile(r"\b(\w+)\s*=\s*(\w+)")


def fit(schema: Mapping[str, Any], asked: str) -> Any:
    """A value that fits the schema.

    Args:
        schema: a JSON schema of the kinds that function tools and structured outputs use.
        asked: words to take values from.
    """
    return _fit(schema, "", asked, schema)


def any_object(asked: str) -> dict[str, Any]:
    """An object with what the words name."""
    pairs = dict(_PAIR.findall(asked))
    name, age = _find_name(asked), _find_age(asked)
    found: dict[str, Any] = {**({"name": name} if name else {}), **({"age": age} if age is not None else {}), **pairs}
    return found or {"answer": asked}


def _fit(schema: Any, key: str, asked: str, root: Mapping[str, Any]) -> Any:  # noqa: C901, PLR0911, PLR0912 - one line for each kind
    if isinstance(schema, bool):
        return _find_text(key, asked)
    if "$ref" in schema:
        target: Any = root
        for part in str(schema["$ref"]).removeprefix("#").split("/")[1:]:
            target = target[part]
        return _fit(target, key, asked, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return next((value for value in schema["enum"] if str(value).lower() in asked.lower()), schema["enum"][0])
    for union in ("anyOf", "oneOf"):
        if schema.get(union):
            return _fit(schema[union][0], key, asked, root)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            return {name: _fit(part, name, asked, root) for name, part in (schema.get("properties") or {}).items()}
        case "array":
            return [_fit(schema.get("items") or {}, key, asked, root) for _ in range(max(1, schema.get("minItems", 1)))]
        case "integer" | "number":
            return max(_find_number(key, asked), schema.get("minimum", 0))
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _find_text(key, asked)


def _find_number(key: str, asked: str) -> int:
    if key == "age" and (age := _find_age(asked)) is not None:
        return age
    named = re.search(rf"\b{re.escape(key)}\b\D{{0,5}}(\d+)", asked, re.IGNORECASE) if key else None
    numbers: list[str] = [named[1]] if named else re.findall(r"\d+", asked)
    position = 1 if key in {"b", "y", "second"} and len(numbers) > 1 else 0
    return int(numbers[position]) if numbers else 1


def _find_text(key: str, asked: str) -> str:
    if key == "name" and (name := _find_name(asked)):
        return name
    named = re.search(rf"\b{re.escape(key)}\s*(?:=|:|is|named)?\s*(\w+)", asked, re.IGNORECASE) if key else None
    capital = re.findall(r"(?<!^)\b[A-Z]\w+", asked)
    return named[1] if named else capital[0] if capital else asked


def _find_name(asked: str) -> str | None:
    found = re.search(r"\bname (?:is |= ?)?([A-Z]\w*)|\b([A-Z]\w*) is \d+ years", asked) or re.search(
        r"(?:I am|called) ([A-Z]\w*)()", asked
    )
    return (found[1] or found[2]) if found else None


def _find_age(asked: str) -> int | None:
    found = re.search(r"\bage (?:is |of |= ?)?(\d+)|(\d+) years", asked)
    return int(found[1] or found[2]) if found else None
