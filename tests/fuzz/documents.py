"""The OpenAPI documents, made ready for fuzzing: what specs/README.md says once for all of them is written out."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jsonschema import Draft202012Validator

import triglot.generated
from triglot_conformance.contract.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = ("get", "put", "post", "delete", "patch")
CONTRACT = Contract(Path(__file__).parents[2] / "specs")


def read_document(dialect: str) -> dict[str, Any]:
    """The document as it is served."""
    path = Path(triglot.generated.__path__[0]) / dialect / "openapi.json"
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])


@cache
def complete_document(dialect: str) -> dict[str, Any]:
    """The document with what it leaves unsaid: null counts as absent in a request, a stream may have a sentinel, a socket refuses GET."""
    document = read_document(dialect)
    for schema in _find_request_schemas(document):
        _allow_null(schema)
    sentinel = CONTRACT.dialect(dialect).stream.sentinel if dialect != "control" else None
    for operation in _operations(document):
        stream = operation["responses"]["200"]["content"].get("text/event-stream")
        if stream is not None and sentinel is not None:
            fields = stream["itemSchema"]["properties"]
            fields["data"] = {"anyOf": [{"const": sentinel}, fields["data"]]}
    for path in document["paths"].values():
        if "x-triglot-websocket" in path:
            path.setdefault("get", {"responses": {"426": path["post"]["responses"]["4XX"]}})
    return document


@cache
def body_validator(dialect: str, schema: str) -> Draft202012Validator:
    """A validator of a request body; `schema` is its `$ref`."""
    return Draft202012Validator({"$ref": schema, "components": complete_document(dialect)["components"]})


@cache
def backend_validator() -> Draft202012Validator:
    """A validator of what a llama-server may be sent: a chat request, whose messages may be none at all."""
    document = read_document("chat")
    del document["components"]["schemas"]["CreateChatCompletion"]["properties"]["messages"]["minItems"]
    return Draft202012Validator({"$ref": "#/components/schemas/CreateChatCompletion", "components": document["components"]})


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def _find_request_schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object in a request body's schema, and in those it refers to."""
    schemas = document["components"]["schemas"]
    pending = [operation.get("requestBody") for operation in _operations(document)]
    seen: set[str] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending += node
        elif isinstance(node, dict):
            yield node
            pending += [value for key, value in node.items() if key != "discriminator"]
            name = node["$ref"].rpartition("/")[2] if isinstance(node.get("$ref"), str) else None
            if name is not None and name not in seen:
                seen.add(name)
                pending.append(schemas[name])


def _allow_null(schema: dict[str, Any]) -> None:
    if isinstance(schema.get("properties"), dict):
        for name in schema["properties"].keys() - set(schema.get("required", ())):
            schema["properties"][name] = {"anyOf": [schema["properties"][name], {"type": "null"}]}
