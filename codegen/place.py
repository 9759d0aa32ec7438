"""Where something stands in a spec file, and the tree that remembers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """A position in a spec file.

    Attributes:
        file: path of the file as it is shown to the user.
        line: line number, from 1.
        pointer: JSON pointer inside the file, without the leading "#".
    """

    file: str
    line: int
    pointer: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: #{self.pointer}"


class SpecError(Exception):
    """A spec that the generator cannot take; the message starts with `file:line: #/pointer:`."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place


class InvalidDialectError(Exception):
    """Everything found wrong in one dialect, in file order."""

    def __init__(self, errors: list[SpecError]) -> None:
        self.errors = sorted(errors, key=lambda error: (error.place.file, error.place.line, str(error)))
        super().__init__("\n".join(str(error) for error in self.errors))


class Map(dict[str, Any]):
    """A YAML mapping that knows its place; keys keep the order of the file."""

    def __init__(self, place: Place, lines: dict[str, int] | None = None) -> None:
        super().__init__()
        self.place = place
        self.lines = lines if lines is not None else {}

    def at(self, key: str) -> Place:
        """The place of the entry `key`, or of the whole mapping when there is no such entry."""
        if key not in self:
            return self.place
        escaped = key.replace("~", "~0").replace("/", "~1")
        return Place(self.place.file, self.lines.get(key, self.place.line), f"{self.place.pointer}/{escaped}")


class Seq(list[Any]):
    """A YAML sequence that knows its place."""

    def __init__(self, place: Place, lines: list[int] | None = None) -> None:
        super().__init__()
        self.place = place
        self.lines = lines if lines is not None else []

    def at(self, index: int) -> Place:
        """The place of item `index`."""
        return Place(self.place.file, self.lines[index], f"{self.place.pointer}/{index}")


def expect_map(value: object, place: Place) -> Map:
    """Give `value` back as the mapping it has to be.

    Raises:
        SpecError: it is something else.
    """
    if not isinstance(value, Map):
        raise SpecError(place, "a mapping is expected here")
    return value


def expect_seq(value: object, place: Place) -> Seq:
    """Give `value` back as the list it has to be.

    Raises:
        SpecError: it is something else.
    """
    if not isinstance(value, Seq):
        raise SpecError(place, "a list is expected here")
    return value


def expect_str(value: object, place: Place) -> str:
    """Give `value` back as the non-empty string it has to be.

    Raises:
        SpecError: it is something else.
    """
    if not isinstance(value, str) or not value:
        raise SpecError(place, "a string is expected here")
    return value
