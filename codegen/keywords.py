"""Checks that schemas use only the keywords that specs/README.md names, in the shapes it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from codegen.place import Map, Seq, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codegen.source import Dialect

TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
LEVELS = ("honoured", "translated", "ignored", "rejected")
SUPPORT = "x-triglot-support"

_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
_TEXTS = ("format", "pattern", "description")
_BESIDE_REF = {"$ref", "description", "default", "deprecated", SUPPORT}


def check_schemas(dialect: Dialect) -> Iterator[SpecError]:
    """Everything wrong with the named schemas of a dialect, taken one by one."""
    schemas = dialect.schemas
    for name, schema in schemas.items():
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
            yield SpecError(schema.place, f"schema name '{name}' is not in PascalCase")
        if "description" not in schema:
            yield SpecError(schema.place, f"schema '{name}' has no description")
        yield from check_schema(schema)


def check_schema(schema: Map) -> Iterator[SpecError]:
    """Everything wrong with one schema and the schemas inside it."""
    for key, value in schema.items():
        if key not in _CHECKS:
            yield SpecError(schema.at(key), f"keyword '{key}' is not supported")
        elif "$ref" in schema and key not in _BESIDE_REF:
            yield SpecError(schema.at(key), f"keyword '{key}' is not supported beside $ref")
        else:
            yield from _CHECKS[key](schema, key, value)
    if "oneOf" in schema and "discriminator" not in schema:
        yield SpecError(schema.at("oneOf"), "oneOf needs a discriminator; a union without a common tag is anyOf")
    if "discriminator" in schema and "oneOf" not in schema:
        yield SpecError(schema.at("discriminator"), "keyword 'discriminator' is not supported without oneOf")
    if "not" in schema and not _is_open_tag(schema):
        yield SpecError(schema.at("not"), "keyword 'not' is not supported except as {type: string, not: {enum: [...]}}")


def subschemas(schema: Map) -> Iterator[Map]:
    """The schemas directly inside a schema."""
    for value in (schema.get("properties") or {}).values():
        if isinstance(value, Map):
            yield value
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Map):
            yield schema[key]
    for key in ("anyOf", "oneOf"):
        yield from (branch for branch in schema.get(key) or () if isinstance(branch, Map))


def _is_open_tag(schema: Map) -> bool:
    negated = schema["not"]
    return (
        schema.get("type") == "string"
        and isinstance(negated, Map)
        and list(negated) == ["enum"]
        and isinstance(negated["enum"], Seq)
        and bool(negated["enum"])
        and all(isinstance(tag, str) for tag in negated["enum"])
    )


def _accept(_schema: Map, _key: str, _value: Any) -> Iterator[SpecError]:
    yield from ()


def _check_type(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    names = value if isinstance(value, Seq) else [value]
    yield from (
        SpecError(schema.at(key), f"type '{name}' is not supported") for name in names if not isinstance(name, str) or name not in TYPES
    )


def _check_scalar(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if isinstance(value, (Map, Seq)):
        yield SpecError(schema.at(key), f"{key} is not a scalar")


def _check_enum(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, Seq) or not value or any(isinstance(item, (Map, Seq)) for item in value):
        yield SpecError(schema.at(key), "enum is not a list of scalars")
    elif "default" in schema and schema["default"] not in value:
        yield SpecError(schema.at("default"), "default is not in enum")


def _check_discriminator(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if (
        not isinstance(value, Map)
        or set(value) != {"propertyName", "mapping"}
        or not isinstance(value["propertyName"], str)
        or not isinstance(value["mapping"], Map)
    ):
        yield SpecError(schema.at(key), "discriminator needs propertyName and mapping, and nothing else")


def _check_flag(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, bool):
        yield SpecError(schema.at(key), f"{key} is not true or false")


def _check_number(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        yield SpecError(schema.at(key), f"{key} is not a number")


def _check_count(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        yield SpecError(schema.at(key), f"{key} is not a count")


def _check_text(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, str) or not value:
        yield SpecError(schema.at(key), f"{key} is not a string")


def _check_items(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if isinstance(value, Map):
        yield from check_schema(value)
    else:
        yield SpecError(schema.at(key), f"{key} is not a schema")


def _check_additional(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, bool):
        yield from _check_items(schema, key, value)


def _check_branches(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, Seq) or not value or not all(isinstance(branch, Map) for branch in value):
        yield SpecError(schema.at(key), f"{key} is not a list of schemas")
        return
    for branch in value:
        yield from check_schema(branch)


def _check_properties(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, Map):
        yield SpecError(schema.at(key), "properties is not a mapping")
        return
    if schema.get("type") not in ("object", ["object", "null"]):
        yield SpecError(schema.at(key), "properties need type: object beside them")
    for name, item in value.items():
        if isinstance(item, Map):
            yield from check_schema(item)
        else:
            yield SpecError(value.at(name), "a property is not a schema")


def _check_required(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, Seq):
        yield SpecError(schema.at(key), "required is not a list")
        return
    properties = schema.get("properties")
    for index, name in enumerate(value):
        if not isinstance(properties, Map) or not isinstance(name, str) or name not in properties:
            yield SpecError(value.at(index), f"required property '{name}' is not in properties")


def check_support(schema: Map) -> Iterator[SpecError]:
    """Everything wrong with the annotation of a schema or a parameter, where it has one."""
    if SUPPORT in schema:
        yield from _check_support(schema, SUPPORT, schema[SUPPORT])


def _check_support(schema: Map, key: str, value: Any) -> Iterator[SpecError]:
    place = schema.at(key)
    if not isinstance(value, Map) or len(value) != 1:
        yield SpecError(place, "x-triglot-support needs exactly one level with its reason")
        return
    [(level, reason)] = value.items()
    if level not in LEVELS:
        yield SpecError(place, f"support level '{level}' is not one of {', '.join(LEVELS)}")
    elif not isinstance(reason, str) or not reason:
        yield SpecError(place, f"support level '{level}' has no reason")


_CHECKS: dict[str, Callable[[Map, str, Any], Iterator[SpecError]]] = {
    **dict.fromkeys(_NUMBERS, _check_number),
    **dict.fromkeys(_COUNTS, _check_count),
    **dict.fromkeys(_TEXTS, _check_text),
    **dict.fromkeys(("anyOf", "oneOf"), _check_branches),
    **dict.fromkeys(("$ref", "default", "not"), _accept),
    "type": _check_type,
    "properties": _check_properties,
    "required": _check_required,
    "items": _check_items,
    "additionalProperties": _check_additional,
    "enum": _check_enum,
    "const": _check_scalar,
    "discriminator": _check_discriminator,
    "deprecated": _check_flag,
    SUPPORT: _check_support,
}
