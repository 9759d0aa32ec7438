"""The contract as one OpenAPI document for each dialect, made ready for fuzzing: what specs/README.md says once for all is written out."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.contract import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_METHODS = ("get", "put", "post", "delete", "patch")


def read_document(folder: Path) -> dict[str, Any]:
    """The contract of the dialect in a folder, everything that it refers to inside it.

    What it leaves unsaid is said: null counts as absent in a request, and a WebSocket refuses a plain GET.
    """
    document = _Bundle(folder / "openapi.yaml").document
    for schema in _request_schemas(document):
        _allow_null(schema)
    for path in document["paths"].values():
        if "x-triglot-websocket" in path:
            path.setdefault("get", {"responses": {"426": path["post"]["responses"]["4XX"]}})
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every operation."""
    for path, item in document["paths"].items():
        yield from ((method, path, item[method]) for method in _METHODS if method in item)


class _Bundle:
    """Puts schemas of other files among the document's own, by the last word of the reference."""

    def __init__(self, path: Path) -> None:
        self._root = path.resolve()
        self._files: dict[Path, Any] = {}
        self._names: dict[tuple[Path, str], str] = {}
        self._schemas: dict[str, Any] = {}
        self.document: dict[str, Any] = self._walk(self._read(self._root), self._root)
        self.document.setdefault("components", {}).setdefault("schemas", {}).update(self._schemas)

    def _read(self, path: Path) -> Any:
        if path not in self._files:
            self._files[path] = read_yaml(path)
        return self._files[path]

    def _walk(self, value: Any, file: Path) -> Any:
        if isinstance(value, list):
            return [self._walk(item, file) for item in value]
        if not isinstance(value, dict):
            return copy.copy(value)
        walked = {key: self._walk(item, file) for key, item in value.items()}
        if isinstance(value.get("$ref"), str):
            walked["$ref"] = self._name(value["$ref"], file)
        if "propertyName" in value and isinstance(value.get("mapping"), dict):
            walked["mapping"] = {tag: self._name(reference, file) for tag, reference in value["mapping"].items()}
        return walked

    def _name(self, reference: str, file: Path) -> str:
        """The same reference, inside the document."""
        target, _, pointer = reference.partition("#")
        path = (file.parent / target).resolve() if target else file
        if path == self._root:
            return f"#{pointer}"
        key = (path, pointer)
        if key not in self._names:
            word = pointer.rpartition("/")[2]
            name = self._names[key] = word if word not in self._schemas else f"{path.stem}_{word}"
            self._schemas[name] = {}  # it may refer to itself
            schema = self._read(path)
            for step in pointer.split("/")[1:]:
                schema = schema[step]
            self._schemas[name] = self._walk(schema, path)
        return f"#/components/schemas/{self._names[key]}"


def _request_schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object in a request body's schema, and in those it refers to."""
    schemas = document["components"]["schemas"]
    pending: list[Any] = [operation.get("requestBody") for _, _, operation in operations(document)]
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
