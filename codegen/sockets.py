"""Reads the WebSockets of a dialect: paths that, beside their operations, take a connection on which events go both ways."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.operations import SOCKET
from codegen.place import Map, SpecError, expect_map, expect_str
from codegen.source import ref_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.operations import Operation
    from codegen.source import Dialect

_KEYS = {"operationId", "summary", "description", "request", "event"}


@dataclass(frozen=True)
class Socket:
    """One WebSocket.

    Attributes:
        name: `operationId`, the handler of a connection.
        path: path template; operations of the same path are served beside it.
        summary: what it is for, in one sentence.
        request: schema of what the client sends.
        event: schema of what the client is sent.
        upgrade_only: the path has no `get` operation: a GET that asks for no WebSocket is refused.
    """

    name: str
    path: str
    summary: str
    request: str
    event: str
    upgrade_only: bool


def read_sockets(dialect: Dialect, operations: list[Operation]) -> list[Socket]:
    """The WebSockets in the order of the spec.

    Raises:
        SpecError: something in one is not supported.
    """
    paths = dialect.document["paths"]
    sockets = [_read_socket(dialect, path, paths[path], operations) for path in paths if SOCKET in paths[path]]
    return list(_check_names(dialect, sockets, operations))


def _read_socket(dialect: Dialect, path: str, item: Map, operations: list[Operation]) -> Socket:
    place = item.at(SOCKET)
    spec = expect_map(item[SOCKET], place)
    for key in spec:
        if key not in _KEYS:
            raise SpecError(spec.at(key), f"keyword '{key}' is not supported")
    methods = [operation.method for operation in operations if operation.path == path]
    if "{" in path or not methods:
        raise SpecError(place, "a WebSocket stands beside an operation, on a path without parameters")
    name = expect_str(spec.get("operationId"), spec.at("operationId"))
    if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name):
        raise SpecError(spec.at("operationId"), f"operationId '{name}' is not verb_noun in snake_case")
    return Socket(
        name=name,
        path=path,
        summary=expect_str(spec.get("summary"), spec.at("summary")),
        request=_schema_name(dialect, spec, "request", "oneOf"),
        event=_schema_name(dialect, spec, "event", "oneOf", "anyOf"),
        upgrade_only="get" not in methods,
    )


def _schema_name(dialect: Dialect, spec: Map, key: str, *unions: str) -> str:
    schema = expect_map(spec.get(key), spec.at(key))
    if list(schema) != ["$ref"] or not any(keyword in dialect.schemas[ref_name(schema)] for keyword in unions):
        raise SpecError(spec.at(key), f"{key} is a $ref to a named union")
    return ref_name(schema)


def _check_names(dialect: Dialect, sockets: list[Socket], operations: list[Operation]) -> Iterator[Socket]:
    names = {operation.name for operation in operations} | {operation.stream_name for operation in operations}
    for socket in sockets:
        if socket.name in names:
            raise SpecError(
                dialect.document["paths"][socket.path].at(SOCKET), f"handler '{socket.name}' belongs to another operation already"
            )
        names.add(socket.name)
        yield socket
