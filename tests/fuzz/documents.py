"""The contract as the fuzz reads it, with what Schemathesis has to be told beside."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from triglot_conformance.contract.contract import Contract
from triglot_conformance.fuzz.documents import operations, read_document

SPECS = Path(__file__).parents[2] / "specs"
CONTRACT = Contract(SPECS)


@cache
def complete_document(dialect: str) -> dict[str, Any]:
    """The document, with the sentinel that ends a stream: `contentSchema` alone does not tell of it."""
    document = read_document(SPECS / dialect)
    sentinel = CONTRACT.dialect(dialect).stream.sentinel if dialect != "control" else None
    for _, _, operation in operations(document):
        stream = operation["responses"].get("200", {}).get("content", {}).get("text/event-stream")
        if stream is not None and sentinel is not None:
            fields = stream["itemSchema"]["properties"]
            fields["data"] = {"anyOf": [{"const": sentinel}, fields["data"]]}
    return document


@cache
def body_validator(dialect: str, schema: str) -> Draft202012Validator:
    """A validator of a request body; `schema` is its `$ref`."""
    return Draft202012Validator({"$ref": schema, "components": complete_document(dialect)["components"]})


@cache
def backend_validator() -> Draft202012Validator:
    """A validator of what a llama-server may be sent: a chat request, whose messages may be none at all."""
    document = read_document(SPECS / "chat")
    del document["components"]["schemas"]["CreateChatCompletion"]["properties"]["messages"]["minItems"]
    return Draft202012Validator({"$ref": "#/components/schemas/CreateChatCompletion", "components": document["components"]})
