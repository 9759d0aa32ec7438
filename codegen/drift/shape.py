"""The neutral form in which a spec schema and an SDK type are compared.

A `Shape` says everything that a value at one place may be. Unions, references, nullables and aliases are already flattened into it, so
`Optional[Literal["a"]]`, `enum: [a, null]` and `anyOf: [{const: a}, {type: 'null'}]` are the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Scalar: TypeAlias = str | int | float | bool


class BrokenInputError(Exception):
    """The specs, the SDK types or a drift file cannot be read; the message says where and why."""


class Value(NamedTuple):
    """One literal. The JSON type is part of it, because Python holds `True == 1`."""

    type: str
    value: Scalar

    @classmethod
    def of(cls, value: Scalar) -> Value:
        """Wraps a decoded literal.

        Raises:
            BrokenInputError: the literal is no JSON scalar.
        """
        for kind, json_type in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
            if isinstance(value, kind):
                return cls(json_type, value)
        raise BrokenInputError(f"not a JSON scalar: {value!r}")

    def __str__(self) -> str:
        return str(self.value).lower() if self.type == "boolean" else str(self.value)


@dataclass(slots=True, eq=False)
class Field:
    """One property of an object.

    Attributes:
        shape: what it may hold; its place is that of the named schema when the property refers to one.
        required: whether it must be present.
        place: of the property itself.
    """

    shape: Shape
    required: bool
    place: str = ""


@dataclass(slots=True, eq=False)
class Object:
    """One object branch. Compared by identity: each schema and each SDK type becomes exactly one `Object`.

    Attributes:
        name: of the SDK type, or the last part of the schema's pointer.
        place: pointer into the spec file, or the qualified name of the SDK type.
        fields: properties by their name on the wire.
        rest: what other properties may hold; None when the source says nothing about them.
        open_except: in the open branch of a union, the tags it does not take (field name, values); else None.
    """

    name: str
    place: str
    fields: dict[str, Field] = field(default_factory=dict)
    rest: Shape | None = None
    open_except: tuple[str, frozenset[Value]] | None = None


@dataclass(slots=True, eq=False)
class Shape:
    """Everything a value at one place may be.

    Attributes:
        place: pointer into the spec file, or the SDK type and field.
        anything: no statement at all: every value is allowed.
        null: null is allowed.
        types: scalar JSON types allowed as a whole (string, integer, number, boolean).
        values: literals allowed besides those types.
        items: the element shape of each array branch.
        objects: the object branches.
    """

    place: str
    anything: bool = False
    null: bool = False
    types: set[str] = field(default_factory=set)
    values: set[Value] = field(default_factory=set)
    items: list[Shape] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)

    def absorb(self, other: Shape) -> None:
        """Widens this shape by all that the other one allows."""
        self.anything |= other.anything
        self.null |= other.null
        self.types |= other.types
        self.values |= other.values
        self.items += [item for item in other.items if item not in self.items]
        self.objects += [branch for branch in other.objects if branch not in self.objects]

    def settle(self) -> None:
        """Drops literals that a whole type already covers: `str | Literal["a"]` is a string, both booleans are a boolean."""
        if {Value("boolean", True), Value("boolean", False)} <= self.values:
            self.types.add("boolean")
        self.values = {value for value in self.values if not self.takes_whole(value.type)}

    def takes_whole(self, json_type: str) -> bool:
        """Whether every value of a scalar type is allowed; a number may be an integer."""
        return json_type in self.types or (json_type == "integer" and "number" in self.types)

    def takes(self, value: Value) -> bool:
        """Whether this literal is allowed."""
        return self.anything or value in self.values or self.takes_whole(value.type)

    @property
    def kinds(self) -> set[str]:
        """The JSON types that occur here, null left out."""
        kinds = self.types | {value.type for value in self.values}
        return kinds | ({"array"} if self.items else set()) | ({"object"} if self.objects else set())

    @property
    def is_literal(self) -> bool:
        """Whether only literals (and perhaps null) are allowed, as in the tag of a union."""
        return bool(self.values) and not (self.anything or self.types or self.items or self.objects)

    def __str__(self) -> str:
        if self.anything:
            return "anything"
        parts = sorted(self.kinds - {value.type for value in self.values}) + sorted(repr(str(value)) for value in self.values)
        return " | ".join(parts + ["null"] * self.null) or "nothing"


def merge(shapes: Iterable[Shape], place: str) -> Shape:
    """The union of several shapes, as a new shape at `place`."""
    merged = Shape(place)
    for shape in shapes:
        merged.absorb(shape)
    merged.settle()
    return merged
