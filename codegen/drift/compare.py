"""Walks a spec shape and an SDK shape in parallel and lists what differs.

Direction matters. In a request the spec must accept all that the SDK can send; a looser spec is fine. In an answer the SDK must be able to
read all that the spec lets us send. What the SDK has and the spec lacks is listed in both directions, so that new things are noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from codegen.drift.contract import escape
from codegen.drift.match import carries, label_of, match_branches
from codegen.drift.shape import merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codegen.drift.match import Group
    from codegen.drift.shape import Field, Object, Shape


class Direction(StrEnum):
    """Who sends."""

    REQUEST = "request"
    ANSWER = "answer"


class Kind(StrEnum):
    """What a difference is."""

    MISSING_FIELD = "missing-field"
    MISSING_BRANCH = "missing-branch"
    MISSING_ENUM_VALUE = "missing-enum-value"
    EXTRA_FIELD = "extra-field"
    EXTRA_BRANCH = "extra-branch"
    EXTRA_ENUM_VALUE = "extra-enum-value"
    TYPE_DIFFERS = "type-differs"
    NULL_DIFFERS = "null-differs"
    REQUIRED_DIFFERS = "required-differs"
    UNTYPED = "untyped"
    UNREACHABLE = "unreachable"


@dataclass(slots=True)
class Difference:
    """One line of the report.

    Attributes:
        kind: what differs.
        pointer: where, in our files.
        value: the enum value or branch in question; empty when the pointer says it all.
        text: what the SDK has and what the spec has.
        sdk: names of the SDK types.
    """

    kind: Kind
    pointer: str
    value: str
    text: str
    sdk: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        value = f" [{self.value}]" if self.value else ""
        return (
            f"{self.kind:<18} {self.pointer}{value}: {self.text} ({', '.join(self.sdk)})"
            if self.sdk
            else (f"{self.kind:<18} {self.pointer}{value}: {self.text}")
        )


class Comparison:
    """Collects the differences of any number of parallel walks.

    One spec schema may stand for several SDK types, here and elsewhere. So a field counts as extra only when none of the SDK types that the
    schema was compared with knows it, and a branch of a request only when it was never matched.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], Difference] = {}
        self._walked: set[tuple[Direction, frozenset[object], frozenset[object]]] = set()
        self._compared = 0
        self._known: dict[str, set[str]] = {}
        self._unknown: list[tuple[Object, str, str]] = []
        self._idle: list[tuple[Object, str]] = []

    def walk(self, spec: Shape, sdk: Shape, direction: Direction) -> None:
        """Compares everything from here down."""
        if spec.anything or sdk.anything:
            self._compare_untyped(spec, sdk, direction)
            return
        self._compare_types(spec, sdk, direction)
        self._compare_values(spec, sdk, direction)
        if spec.items and sdk.items and self._is_new(spec.items, sdk.items, direction):
            self.walk(merge(spec.items, spec.items[0].place), merge(sdk.items, sdk.items[0].place), direction)
        if spec.objects and sdk.objects:
            self._compare_branches(spec, sdk, direction)

    @property
    def compared(self) -> int:
        """How many spec properties were held against an SDK field."""
        return self._compared

    def differences(self) -> list[Difference]:
        """All differences so far, ordered by pointer."""
        for branch, sdk_name in self._idle:
            if branch.place not in self._known:
                self._add(Kind.EXTRA_BRANCH, branch.place, "the SDK never sends it", sdk_name, label_of(branch))
        for owner, name, sdk_name in self._unknown:
            if name not in self._known[owner.place]:
                self._add(Kind.EXTRA_FIELD, owner.fields[name].place, "the SDK has no such field", sdk_name)
        return sorted(self._found.values(), key=lambda found: (found.pointer, found.kind, found.value))

    def _is_new(self, spec: Sequence[object], sdk: Sequence[object], direction: Direction) -> bool:
        step = (direction, frozenset(spec), frozenset(sdk))
        fresh = step not in self._walked
        self._walked.add(step)
        return fresh

    def _add(self, kind: Kind, pointer: str, text: str, sdk_name: str, value: str = "") -> None:
        found = self._found.setdefault((kind, pointer, value), Difference(kind, pointer, value, text))
        if sdk_name and sdk_name not in found.sdk:
            found.sdk.append(sdk_name)

    def _compare_untyped(self, spec: Shape, sdk: Shape, direction: Direction) -> None:
        if not sdk.anything and (sdk.objects or direction is Direction.ANSWER):
            self._add(Kind.UNTYPED, spec.place, f"SDK {sdk}, spec anything", sdk.place)
        elif not spec.anything and direction is Direction.REQUEST:
            self._add(Kind.TYPE_DIFFERS, spec.place, f"SDK anything, spec {spec}", sdk.place)

    def _compare_types(self, spec: Shape, sdk: Shape, direction: Direction) -> None:
        missing = {kind for kind in sdk.kinds if not has_kind(spec, kind, direction)}
        if direction is Direction.REQUEST:
            narrower = {kind for kind in sdk.types - missing if not spec.takes_whole(kind)}
            null = sdk.null and not spec.null
        else:
            narrower = {kind for kind in spec.kinds if not has_kind(sdk, kind, Direction.REQUEST)}
            narrower |= {kind for kind in spec.types if not sdk.takes_whole(kind)}
            null = spec.null and not sdk.null
        if missing or narrower:
            self._add(Kind.TYPE_DIFFERS, spec.place, f"SDK {sdk}, spec {spec}", sdk.place)
        if null:
            owner = "SDK" if sdk.null else "spec"
            self._add(Kind.NULL_DIFFERS, spec.place, f"only the {owner} has null", sdk.place)

    def _compare_values(self, spec: Shape, sdk: Shape, direction: Direction) -> None:
        for value in sorted(sdk.values):
            if has_kind(spec, value.type, direction) and not spec.takes(value):
                self._add(Kind.MISSING_ENUM_VALUE, spec.place, "the SDK has this value", sdk.place, str(value))
        if direction is Direction.ANSWER:
            for value in sorted(spec.values):
                if has_kind(sdk, value.type, direction) and not sdk.takes(value):
                    self._add(Kind.EXTRA_ENUM_VALUE, spec.place, "the SDK cannot read this value", sdk.place, str(value))

    def _compare_branches(self, spec: Shape, sdk: Shape, direction: Direction) -> None:
        matching = match_branches(spec.objects, sdk.objects)
        for branch, label in matching.missing:
            self._add(Kind.MISSING_BRANCH, spec.place, "the SDK has this branch", branch.name, label)
        for branch in matching.extra:
            if direction is Direction.ANSWER:
                self._add(Kind.EXTRA_BRANCH, branch.place, "the SDK cannot read it", sdk.place, label_of(branch))
            else:
                self._idle.append((branch, sdk.place))
        for group in matching.groups:
            self._compare_objects(group, direction)

    def _compare_objects(self, group: Group, direction: Direction) -> None:
        if not self._is_new([group.spec], group.sdk, direction):
            return
        names = dict.fromkeys(name for branch in group.sdk for name in branch.fields)
        self._known.setdefault(group.spec.place, set()).update(names)
        if names and not group.spec.fields and (group.spec.rest is None or group.spec.rest.anything):
            self._add(Kind.UNTYPED, group.spec.place, f"SDK object with {', '.join(names)}; spec any object", group.sdk[0].name)
            return
        for name in names:
            self._compare_field(group, name, direction)
        self._compare_rest(group, direction)

    def _compare_field(self, group: Group, name: str, direction: Direction) -> None:
        spec, owners = group.spec, [branch for branch in group.sdk if name in branch.fields]
        sdk = merge((branch.fields[name].shape for branch in owners), f"{owners[0].name}.{name}")
        ours = spec.fields.get(name)
        if name == group.either_way and not carries(spec, name):
            return
        if ours is None:
            if spec.rest is None or spec.rest.anything:
                self._add(Kind.MISSING_FIELD, f"{spec.place}/properties/{escape(name)}", f"SDK {sdk}, spec nothing", owners[0].name)
            else:
                self.walk(spec.rest, sdk, direction)
            return
        self._compared += 1
        if name != group.either_way:
            self._compare_required(ours, [branch.fields.get(name) for branch in group.sdk], f"{owners[0].name}.{name}", direction)
        if name == group.tag:  # tags that the spec lacks are missing branches already
            sdk.values = {value for value in sdk.values if ours.shape.takes(value)}
        self.walk(ours.shape, sdk, direction)

    def _compare_required(self, ours: Field, theirs: Iterable[Field | None], sdk_name: str, direction: Direction) -> None:
        required = {known is not None and known.required for known in theirs}
        if direction is Direction.REQUEST and ours.required and False in required:
            self._add(Kind.REQUIRED_DIFFERS, ours.place, "the SDK may leave it out, the spec requires it", sdk_name)
        if direction is Direction.ANSWER and not ours.required and True in required:
            self._add(Kind.REQUIRED_DIFFERS, ours.place, "the SDK requires it, the spec may leave it out", sdk_name)

    def _compare_rest(self, group: Group, direction: Direction) -> None:
        rests = [branch.rest for branch in group.sdk if branch.rest is not None]
        maps = [branch for branch in group.sdk if branch.rest is not None and not branch.fields]
        sdk_names = ", ".join(branch.name for branch in group.sdk)
        for name, ours in group.spec.fields.items():
            if any(name in branch.fields for branch in group.sdk):
                continue
            if ours.required and direction is Direction.REQUEST:
                self._add(Kind.REQUIRED_DIFFERS, ours.place, "the SDK has no such field, the spec requires it", sdk_names)
            if not rests:
                self._unknown.append((group.spec, name, sdk_names))
        if rests and group.spec.rest is None and direction is Direction.REQUEST:
            self._add(Kind.TYPE_DIFFERS, group.spec.place, "the SDK allows other properties, the spec does not", sdk_names)
        elif maps and group.spec.rest is not None:
            self.walk(group.spec.rest, merge(rests, rests[0].place), direction)


def has_kind(outer: Shape, kind: str, direction: Direction) -> bool:
    """Whether a JSON type occurs in a shape. A number may be an integer; an answer may send integers where the SDK reads numbers."""
    if kind in outer.kinds or (kind == "integer" and "number" in outer.kinds):
        return True
    return direction is Direction.ANSWER and kind == "number" and "integer" in outer.kinds
