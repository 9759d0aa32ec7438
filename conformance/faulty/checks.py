"""Checks of request bodies. Each raises a refusal that names the field."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from faulty.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from faulty.host import Host

_WORDS = {str: "a string", int: "an integer", float: "a number", bool: "a boolean", list: "an array", dict: "an object"}
_IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")


def as_object(body: Any) -> dict[str, Any]:
    """The body, which must be an object; fields that are null are left out."""
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object", code="invalid_body")
    return {name: value for name, value in body.items() if value is not None}


def check_types(body: Mapping[str, Any], types: Mapping[str, type | tuple[type, ...]], where: str = "") -> None:
    """Check the types of the fields that are there. `int` also takes no boolean, `float` any number."""
    for name, wanted in types.items():
        if name in body and not is_a(body[name], wanted):
            kinds = wanted if isinstance(wanted, tuple) else (wanted,)
            raise bad_field(f"{where}{name}", f"must be {' or '.join(_WORDS[kind] for kind in kinds)}")


def is_a(value: Any, wanted: type | tuple[type, ...]) -> bool:
    """Whether a JSON value is of a type; true and false are no numbers."""
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (float in kinds and isinstance(value, int))


def check_required(body: Mapping[str, Any], names: Sequence[str], where: str = "") -> None:
    """Check that the fields are there."""
    for name in names:
        if body.get(name) is None:
            raise bad_field(f"{where}{name}", "is missing")


def check_range(body: Mapping[str, Any], name: str, lowest: float, highest: float) -> None:
    """Check that a number lies in a range, ends included."""
    if name in body and not lowest <= body[name] <= highest:
        raise bad_field(name, f"must be from {lowest:g} to {highest:g}, not {body[name]!r}")


def check_model(body: Mapping[str, Any], host: Host) -> str:
    """The model that is asked for; the first one if none is named."""
    model = str(body.get("model", host.models[0]))
    if model not in host.models:
        raise Refusal(404, f"There is no model {model!r}; /v1/models lists those there are", param="model", code="model_not_found")
    return model


def check_schema(schema: Any, where: str) -> dict[str, Any]:
    """A JSON schema, checked."""
    if not isinstance(schema, dict):
        raise bad_field(where, "must be a JSON schema")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise bad_field(where, f"is no JSON schema: {error.message}") from error
    return schema


def check_base64(data: Any, where: str) -> None:
    """Check that a text is base64."""
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise bad_field(where, "is not base64") from error


def check_image(data: Any, where: str) -> None:
    """Check that a text is base64 of an image, as its first bytes tell."""
    check_base64(data, where)
    if not base64.b64decode(data).startswith(_IMAGES):
        raise bad_field(where, "is no image of a known kind")


def bad_field(where: str, what: str) -> Refusal:
    """The refusal of a field."""
    return Refusal(400, f"{where} {what}", param=where, code="invalid_value")
