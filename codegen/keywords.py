"""Checks that schemas use only the keywords that specs/README.md names, in the shapes it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from codegen.place import Map, Seq, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.source import Dialect

TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
LEVELS = ("honoured", "translated", "ignored", "rejected")
SUPPORT = "x-triglot-support"

_NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_COUNTS = {"minLength", "maxLength", "minItems", "maxItems"}
_TEXTS = {"format", "pattern", "description"}
_SUBSCHEMAS = {"items", "additionalProperties"}
_BRANCHES = {"anyOf", "oneOf"}
_OTHERS = {"type", "properties", "required", "enum", "const", "discriminator", "default", "deprecated", "not", "$ref", SUPPORT}
KEYWORDS = _NUMBERS | _COUNTS | _TEXTS | _SUBSCHEMAS | _BRANCHES | _OTHERS
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
        if key not in KEYWORDS:
            yield SpecError(schema.at(key), f"keyword '{key}' is not supported")
        elif "$ref" in schema and key not in _BESIDE_REF:
            yield SpecError(schema.at(key), f"keyword '{key}' is not supported beside $ref")
        else:
            yield from _check_value(schema, key, value)
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


def _check_value(schema: Map, key: str, value: Any) -> Iterator[SpecError]:  # noqa: C901 - a flat table of keywords
    place = schema.at(key)
    match key:
        case "type":
            names = value if isinstance(value, Seq) else [value]
            yield from (SpecError(place, f"type '{name}' is not supported") for name in names if name not in TYPES)
        case "properties":
            yield from _check_properties(schema, value)
        case "required":
            yield from _check_required(schema, value)
        case "enum":
            if not isinstance(value, Seq) or not value or any(isinstance(item, (Map, Seq)) for item in value):
                yield SpecError(place, "enum is not a list of scalars")
            elif "default" in schema and schema["default"] not in value:
                yield SpecError(schema.at("default"), "default is not in enum")
        case "const" if isinstance(value, (Map, Seq)):
            yield SpecError(place, "const is not a scalar")
        case "discriminator":
            if not isinstance(value, Map) or set(value) != {"propertyName", "mapping"}:
                yield SpecError(place, "discriminator needs propertyName and mapping, and nothing else")
        case "x-triglot-support":
            yield from _check_support(schema, value)
        case "deprecated" if not isinstance(value, bool):
            yield SpecError(place, "deprecated is not true or false")
        case _ if key in _NUMBERS and (not isinstance(value, (int, float)) or isinstance(value, bool)):
            yield SpecError(place, f"{key} is not a number")
        case _ if key in _COUNTS and (not isinstance(value, int) or isinstance(value, bool)):
            yield SpecError(place, f"{key} is not a whole number")
        case _ if key in _TEXTS and (not isinstance(value, str) or not value):
            yield SpecError(place, f"{key} is not a string")
        case _ if key in _SUBSCHEMAS:
            if isinstance(value, Map):
                yield from check_schema(value)
            elif key == "items" or not isinstance(value, bool):
                yield SpecError(place, f"{key} is not a schema")
        case _ if key in _BRANCHES:
            if not isinstance(value, Seq) or not value or not all(isinstance(branch, Map) for branch in value):
                yield SpecError(place, f"{key} is not a list of schemas")
            else:
                for branch in value:
                    yield from check_schema(branch)


def _check_properties(schema: Map, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, Map):
        yield SpecError(schema.at("properties"), "properties is not a mapping")
        return
    if schema.get("type") not in ("object", ["object", "null"]):
        yield SpecError(schema.at("properties"), "properties need type: object beside them")
    for name, item in value.items():
        if isinstance(item, Map):
            yield from check_schema(item)
        else:
            yield SpecError(value.at(name), "a property is not a schema")


def _check_required(schema: Map, value: Any) -> Iterator[SpecError]:
    if not isinstance(value, Seq):
        yield SpecError(schema.at("required"), "required is not a list")
        return
    for index, name in enumerate(value):
        if name not in (schema.get("properties") or ()):
            yield SpecError(value.at(index), f"required property '{name}' is not in properties")


def _check_support(schema: Map, value: Any) -> Iterator[SpecError]:
    place = schema.at(SUPPORT)
    if not isinstance(value, Map) or len(value) != 1:
        yield SpecError(place, "x-triglot-support needs exactly one level with its reason")
        return
    [(level, reason)] = value.items()
    if level not in LEVELS:
        yield SpecError(place, f"support level '{level}' is not one of {', '.join(LEVELS)}")
    elif not isinstance(reason, str) or not reason:
        yield SpecError(place, f"support level '{level}' has no reason")
