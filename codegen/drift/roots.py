"""Which SDK type belongs to which part of which operation: the reader of roots.toml."""

from __future__ import annotations

import importlib
import importlib.metadata
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.drift.shape import BrokenInputError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Root:
    """The SDK types of one operation.

    Attributes:
        dialect: folder below specs.
        operation: `POST /v1/messages`.
        parts: part of the operation (see `Contract.part`) -> SDK types, as `module:Name` or `module:Generic[module:Name]`.
        elsewhere: fields of the SDK's parameters that do not travel in the body, such as those that become headers.
    """

    dialect: str
    operation: str
    parts: dict[str, list[str]]
    elsewhere: frozenset[str]


def read_roots(path: Path) -> list[Root]:
    """The table of roots.

    Raises:
        BrokenInputError: it is no TOML, or not of this form.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))["root"]
        return [
            Root(
                table.pop("dialect"),
                table.pop("operation"),
                elsewhere=frozenset(table.pop("elsewhere", [])),
                parts={part: list(names) for part, names in table.items()},
            )
            for table in tables
        ]
    except (OSError, tomllib.TOMLDecodeError, KeyError, AttributeError) as error:
        raise BrokenInputError(f"{path}: {error!r}") from error


def load_type(name: str) -> Any:
    """Imports an SDK type.

    Args:
        name: `module:Name`, or `module:Generic[module:Name]`.

    Raises:
        BrokenInputError: there is no such module or name.
    """
    generic, _, argument = name.removesuffix("]").partition("[")
    module, _, attribute = generic.partition(":")
    try:
        sdk_type = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BrokenInputError(f"the SDK type {name!r} cannot be imported: {error}") from error
    return sdk_type[load_type(argument)] if argument else sdk_type


def version_complaints(upstream: Path) -> list[str]:
    """What is wrong with the installed SDKs, measured by the `[sdk]` table of upstream.toml.

    Raises:
        BrokenInputError: the file cannot be read.
    """
    try:
        wanted: dict[str, str] = tomllib.loads(upstream.read_text("utf-8"))["sdk"]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise BrokenInputError(f"{upstream}: {error!r}") from error
    complaints = []
    for package, version in wanted.items():
        try:
            installed = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed != version:
            complaints.append(f"{package} {version} is named in {upstream.name}, {installed} is installed")
    return complaints
