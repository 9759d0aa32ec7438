"""Writes a generated tree, or says how the tree on disk differs from it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MARK = b"# Generated from "
_DIFF_LINES = 20


class NotGeneratedError(Exception):
    """A file in the output folder that the generator has not written, and therefore does not touch."""


def write_tree(out: Path, files: Mapping[str, bytes], covered: list[str]) -> None:
    """Make the covered part of `out` hold exactly `files`.

    Args:
        out: the output folder.
        files: contents by path below `out`.
        covered: folders below `out` that are rewritten as a whole.

    Raises:
        NotGeneratedError: a file to replace or remove is not a generated one.
    """
    existing = _read_tree(out, covered)
    for path in sorted(existing):
        content = existing[path]
        if content and not content.startswith(_MARK) and not path.endswith("/openapi.json"):
            raise NotGeneratedError(f"{out / path}: not a generated file; move it elsewhere")
    for path in sorted(existing.keys() - files.keys()):
        (out / path).unlink()
    for path, content in sorted(files.items()):
        if existing.get(path) != content:
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def compare_tree(out: Path, files: Mapping[str, bytes], covered: list[str]) -> Iterator[str]:
    """Say for each file how `out` differs from `files`: missing, extra, or a short diff."""
    existing = _read_tree(out, covered)
    for path in sorted(existing.keys() | files.keys()):
        if path not in existing:
            yield f"missing: {out / path}"
        elif path not in files:
            yield f"extra: {out / path}"
        elif existing[path] != files[path]:
            yield f"differs: {out / path}\n" + _diff(existing[path], files[path], path)


def _read_tree(out: Path, covered: list[str]) -> dict[str, bytes]:
    paths = [out / "__init__.py", *(path for name in covered for path in (out / name).rglob("*"))]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths if path.is_file() and "__pycache__" not in path.parts}


def _diff(old: bytes, new: bytes, path: str) -> str:
    lines = difflib.unified_diff(
        old.decode(errors="replace").splitlines(), new.decode().splitlines(), f"{path} (on disk)", f"{path} (generated)", lineterm="", n=1
    )
    shown = [line[:200] for line in lines]
    more = [f"... {len(shown) - _DIFF_LINES} more lines"] if len(shown) > _DIFF_LINES else []
    return "\n".join(shown[:_DIFF_LINES] + more)
