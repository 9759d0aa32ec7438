"""Reads the files of the specs and follows references in them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def read_yaml(path: Path) -> Any:
    """Read one YAML file, as of YAML 1.2: `on`, `off`, `yes` and `no` are strings."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader, in C where there is one


@cache
def read_once(path: Path) -> Any:
    """Read one YAML file, once in a run."""
    return read_yaml(path)


def follow(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer; raises KeyError where there is none."""
    for key in pointer.split("/")[1:]:
        name = key.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def target(file: Path, reference: str) -> tuple[Path, str]:
    """The file and the pointer that a `$ref` in a file means."""
    name, _, pointer = reference.partition("#")
    return (file.parent / name).resolve() if name else file, pointer


_WORDS: Final = {
    first: [(tag, form) for tag, form in forms if not tag.endswith(":bool") or first in "tTfF"]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_LOADER: Final[Any] = type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {"yaml_implicit_resolvers": _WORDS})
