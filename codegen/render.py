"""Fills the templates: one function an output file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.operations import Operation
    from codegen.order import Order
    from codegen.sockets import Socket
    from codegen.source import Dialect
    from codegen.support import Node

_WIDTH = 140


def header(label: str, digest: str) -> str:
    """The two lines that open every generated module."""
    return f"# Generated from {label} (sha256 {digest}). DO NOT EDIT.\n# Regenerate: nox -s generate"


def render_package(label: str, digest: str, dialects: tuple[str, ...]) -> str:
    """`generated/__init__.py`."""
    return _fill("package", label, digest, dialects=dialects)


def render_dialect(dialect: Dialect) -> str:
    """`generated/<dialect>/__init__.py`."""
    return _fill("dialect", dialect.label, dialect.digest, dialect=dialect)


def render_service(dialect: Dialect, operations: list[Operation], sockets: list[Socket]) -> str:
    """The Protocol that the hand-written service implements."""
    names = {"operations": operations, "sockets": sockets, "class_name": service_name(dialect)}
    return _fill("service", dialect.label, dialect.digest, dialect=dialect, **names)


def render_resources(dialect: Dialect, operations: list[Operation], sockets: list[Socket]) -> str:
    """The Falcon resources and their routes."""
    paths: dict[str, list[Operation]] = {}
    for operation in operations:
        paths.setdefault(operation.path, []).append(operation)
    values = {
        "paths": paths,
        "sockets": {socket.path: socket for socket in sockets},
        "names": resource_names(list(paths)),
        "class_name": service_name(dialect),
    }
    return _fill("resources", dialect.label, dialect.digest, dialect=dialect, **values)


def render_support(dialect: Dialect, nodes: Mapping[str, Node], roots: list[str]) -> str:
    """The support tables."""
    return _fill("support", dialect.label, dialect.digest, dialect=dialect, nodes=nodes, roots=roots)


def render_order(dialect: Dialect, order: Order) -> str:
    """The order table."""
    return _fill("order", dialect.label, dialect.digest, dialect=dialect, order=order)


def service_name(dialect: Dialect) -> str:
    """Name of the dialect's Protocol, such as `MessagesService`."""
    return f"{dialect.name.capitalize()}Service"


def resource_names(paths: list[str]) -> dict[str, str]:
    """Class name for each path: `/v1/models/{model_id}` is `ModelsByModelIdResource`; the version stays where it tells two paths apart."""
    names: dict[str, str] = {}
    for path in paths:
        parts = path.strip("/").split("/")
        short = _resource_name([part for part in parts if not re.fullmatch(r"v[0-9]+", part)])
        names[path] = _resource_name(parts) if short in names.values() else short
    return names


def _resource_name(parts: list[str]) -> str:
    words = "_".join(f"by_{part.strip('{}')}" if part.startswith("{") else part for part in parts)
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", words)) + "Resource"


def falcon_path(operation: Operation) -> str:
    """The path template in Falcon's words."""
    path = operation.path
    for name in operation.catch_all:
        path = path.replace(f"{{{name}}}", f"{{{name}:path}}")
    return path


def constant_name(name: str) -> str:
    """`CreateMessage` as `CREATE_MESSAGE`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).upper()


def literal(value: Any, indent: int = 0, used: int = 0) -> str:
    """Python source of a value made of dicts, tuples and scalars; broken into lines where it is too long.

    Args:
        value: what to write.
        indent: spaces in front of the line the literal starts on.
        used: characters that stand before and after it on that line, without the indent.
    """
    flat = _flat(value)
    if indent + used + len(flat) <= _WIDTH or not isinstance(value, dict) or not value:
        return flat
    inner = " " * (indent + 4)
    lines = [f"{_flat(key)}: {literal(item, indent + 4, len(_flat(key)) + 3)}" for key, item in value.items()]
    return "{\n" + "".join(f"{inner}{line},\n" for line in lines) + " " * indent + "}"


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_flat, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, str) and value.isprintable() and not {'"', "\\"} & set(value):
        return f'"{value}"'
    return repr(value)


def _fill(template: str, label: str, digest: str, **values: Any) -> str:
    return _ENVIRONMENT.get_template(f"{template}.py.jinja").render(header=header(label, digest), **values)


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("codegen"),
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701 - the output is Python
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters.update(constant_name=constant_name, falcon_path=falcon_path, literal=literal)
