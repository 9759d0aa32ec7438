"""Differences that are meant. Each entry of specs/drift-allow.toml says which, and why."""

from __future__ import annotations

import tomllib
from dataclasses import astuple, dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from codegen.drift.compare import Kind
from codegen.drift.shape import BrokenInputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from codegen.drift.compare import Difference

NEEDED = {"kind", "pointer", "reason"}
OPTIONAL = {"sdk", "value"}


@dataclass(frozen=True, slots=True)
class Allowance:
    """One pointer of an `[[allow]]` entry; `pointer`, `sdk` and `value` are globs, in which `*` also crosses slashes.

    Attributes:
        kind: the kind of difference.
        pointer: where, relative to the specs folder: `responses/schemas/tools.yaml#/McpTool/*`.
        reason: why the difference is meant.
        sdk: name of an SDK type, as the report prints it.
        value: the enum value or branch.
    """

    kind: str
    pointer: str
    reason: str
    sdk: str = "*"
    value: str = "*"

    def covers(self, difference: Difference) -> bool:
        """Whether this entry is about that difference."""
        return (
            self.kind == difference.kind
            and fnmatchcase(difference.pointer.partition("/")[2], self.pointer)
            and fnmatchcase(difference.value, self.value)
            and (self.sdk == "*" or any(fnmatchcase(name, self.sdk) for name in difference.sdk))
        )

    def __str__(self) -> str:
        narrowed = [f"{name} = {glob!r}" for name, glob in (("sdk", self.sdk), ("value", self.value)) if glob != "*"]
        return ", ".join([f"kind = {self.kind!r}", f"pointer = {self.pointer!r}", *narrowed])


def read_allowances(path: Path) -> list[Allowance]:
    """The entries of an allow-list; an absent file has none.

    Raises:
        BrokenInputError: the file is no TOML, or an entry lacks something, has an unknown key, or gives no reason.
    """
    if not path.exists():
        return []
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BrokenInputError(f"{path.name}: {error}") from error
    if set(content) - {"allow"}:
        raise BrokenInputError(f"{path.name}: only [[allow]] tables stand here, not {', '.join(sorted(set(content) - {'allow'}))}")
    entries = enumerate(content.get("allow", []), 1)
    return [allowance for number, entry in entries for allowance in _read_entry(entry, f"{path.name}: entry {number}")]


def _read_entry(entry: dict[str, Any], place: str) -> list[Allowance]:
    if lacking := sorted(NEEDED - set(entry)):
        raise BrokenInputError(f"{place} has no {', '.join(lacking)}")
    if unknown := sorted(set(entry) - NEEDED - OPTIONAL):
        raise BrokenInputError(f"{place} has an unknown key {', '.join(unknown)}")
    pointers = entry["pointer"] if isinstance(entry["pointer"], list) else [entry["pointer"]]
    entries = [Allowance(**{**entry, "pointer": pointer}) for pointer in pointers]
    for allowance in entries:
        if not all(isinstance(text, str) and text.strip() for text in astuple(allowance)):
            raise BrokenInputError(f"{place}: every value is a text, and none is empty")
        if allowance.kind not in set(Kind):
            raise BrokenInputError(f"{place}: {allowance.kind!r} is no kind of difference; kinds are {', '.join(Kind)}")
    return entries


def sift(differences: Iterable[Difference], allowances: list[Allowance]) -> tuple[list[Difference], list[Allowance]]:
    """The differences that no entry covers, and the entries that cover nothing any more."""
    left = []
    used: set[Allowance] = set()
    for difference in differences:
        covering = [allowance for allowance in allowances if allowance.covers(difference)]
        used.update(covering)
        if not covering:
            left.append(difference)
    return left, [allowance for allowance in allowances if allowance not in used]
