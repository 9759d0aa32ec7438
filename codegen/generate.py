"""The whole way of a dialect: read, check, extract, render."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from codegen.keywords import check_schemas
from codegen.models import reachable, render_events, render_models
from codegen.operations import Operation, read_operations
from codegen.order import read_order
from codegen.place import InvalidDialectError, Map, Place, SpecError
from codegen.render import header, render_dialect, render_order, render_package, render_resources, render_service, render_support
from codegen.sockets import Socket, read_sockets
from codegen.source import find_dialects, read_dialect
from codegen.support import SupportWalk, prune
from codegen.unions import check_unions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from codegen.source import Dialect


def generate_tree(specs: Path, only: list[str] | None = None) -> tuple[dict[str, bytes], list[str]]:
    """Generate the dialects under `specs`.

    Args:
        specs: the folder of the dialects.
        only: names of the dialects to generate; all of them when None.

    Returns:
        Contents by path, and the folders they fill. When all dialects are generated, that is the whole tree.

    Raises:
        SpecError, InvalidDialectError: a spec is wrong or not supported.
    """
    names = find_dialects(specs)
    for name in only or ():
        if name not in names:
            raise SpecError(Place(f"{specs.resolve().name}/{name}/openapi.yaml", 1, ""), "there is no such dialect")
    digest = hashlib.sha256("\0".join(names).encode()).hexdigest()[:12]
    files = {"__init__.py": render_package(specs.resolve().name, digest, tuple(names))}
    chosen = [name for name in names if only is None or name in only]
    for name in chosen:
        files |= {f"{name}/{file}": text for file, text in generate_dialect(read_dialect(specs, name)).items()}
    return {path: text.encode() for path, text in files.items()}, chosen if only else ["."]


def generate_dialect(dialect: Dialect) -> dict[str, str]:
    """Check one dialect and give its files by name.

    Raises:
        SpecError, InvalidDialectError: the spec is wrong or not supported.
    """
    _raise_all(check_schemas(dialect))
    _raise_all(check_unions(dialect))
    operations = read_operations(dialect)
    sockets = read_sockets(dialect, operations)
    order = read_order(dialect, sorted({operation.event for operation in operations if operation.event}))
    requests = _requests(dialect, operations, sockets)
    answers = _answers(dialect, operations, sockets)
    walk = SupportWalk(dialect)
    for name, schema in requests.items():
        walk.add_request(name, schema)
    _raise_all(walk.errors)
    _raise_all(_unused(dialect, requests, answers))
    opening = header(dialect.label, dialect.digest)
    files = {
        "__init__.py": render_dialect(dialect),
        "events.py": render_events(dialect, answers, opening),
        "service.py": render_service(dialect, operations, sockets),
        "resources.py": render_resources(dialect, operations, sockets),
        "openapi.json": json.dumps(dialect.document, ensure_ascii=False, indent=1) + "\n",
    }
    if requests:
        files["models.py"] = render_models(dialect, requests, opening)
        files["support.py"] = render_support(dialect, prune(walk.nodes), sorted(requests))
    if order is not None:
        files["order.py"] = render_order(dialect, order)
    return files


def _requests(dialect: Dialect, operations: list[Operation], sockets: list[Socket]) -> dict[str, Map]:
    """The schemas of all request bodies, query parameters and events of clients, by class name."""
    requests = {operation.request: dialect.schemas[operation.request] for operation in operations if operation.request}
    requests |= {socket.request: dialect.schemas[socket.request] for socket in sockets}
    for operation in operations:
        if operation.query is not None:
            if operation.query_name in dialect.schemas:
                raise SpecError(dialect.schemas[operation.query_name].place, f"'{operation.query_name}' names the query parameters already")
            requests[operation.query_name] = operation.query
    return requests


def _answers(dialect: Dialect, operations: list[Operation], sockets: list[Socket]) -> dict[str, Map]:
    names = {name for operation in operations for name in (operation.answer, operation.event, *operation.errors) if name}
    names |= {socket.event for socket in sockets}
    return {name: dialect.schemas[name] for name in sorted(names)}


def _unused(dialect: Dialect, requests: dict[str, Map], answers: dict[str, Map]) -> Iterator[SpecError]:
    used = {*requests, *answers, *reachable(dialect, [*requests.values(), *answers.values()])}
    for name, schema in dialect.schemas.items():
        if name not in used:
            yield SpecError(schema.place, f"nothing refers to schema '{name}'")


def _raise_all(errors: Iterable[SpecError]) -> None:
    found = {str(error): error for error in errors}  # what is wrong with a property is wrong with its copies
    if found:
        raise InvalidDialectError(list(found.values()))
