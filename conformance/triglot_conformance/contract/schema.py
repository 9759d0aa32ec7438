"""Checks JSON against the schemas of the specs, and says every problem in the words of a server's maintainer.

The specs keep to a short list of keywords (`specs/README.md`), so that each schema is compiled once into closures: a live run checks tens
of thousands of events, and wants of each error its place, what stood there, what was expected, and a name for the kind of fault. Unlike in
plain JSON Schema a `null` in an optional property is read as absence, as the conventions of the specs say, and a `oneOf` with a
`discriminator` is judged by the one branch that its tag names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from triglot_conformance.contract.documents import follow, read_once, target
from triglot_conformance.contract.keywords import BOUNDS, TYPES, expected, one_of
from triglot_conformance.contract.paths import show
from triglot_conformance.contract.problems import Problem, path_of, problem_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from triglot_conformance.contract.problems import Place

Check: TypeAlias = "Callable[[Any, Place | None, list[Problem]], None]"


class SchemaError(Exception):
    """A schema uses what this checker does not know; the message names the place and the keyword."""


class Schema:
    """A compiled schema: the one at a pointer of a file."""

    def __init__(self, file: Path, pointer: str) -> None:
        schema = follow(read_once(file.resolve()), pointer)
        self._check = _Compiler(file.resolve(), pointer.rpartition("/")[2]).compile(schema, "")

    def problems(self, value: Any) -> list[Problem]:
        """Everything that does not fit, in the order of the schema; empty where all fits."""
        found: list[Problem] = []
        self._check(value, None, found)
        return found


@cache
def _compile(file: Path, pointer: str) -> Check:
    """The check of a named schema, compiled when it is first used, so that recursion ends."""
    compiled: list[Check] = []

    def check(value: Any, place: Place | None, out: list[Problem]) -> None:
        if not compiled:
            compiled.append(_Compiler(file, pointer.rpartition("/")[2]).compile(follow(read_once(file), pointer), ""))
        compiled[0](value, place, out)

    return check


@dataclass(frozen=True)
class _Compiler:
    """Compiles what stands written in one named schema. Every check appends to `out` what does not fit.

    Attributes:
        name: of the schema; rules begin with it.
    """

    file: Path
    name: str

    def compile(self, schema: Any, within: str) -> Check:
        """Compile a schema; `within` is its place below the named one."""
        if schema is True or not schema:
            return _anything
        if "$ref" in schema:
            return self._reference(schema["$ref"], within)
        unknown = schema.keys() - _KEYWORDS - _ANNOTATIONS
        if unknown:
            raise SchemaError(f"{self.file}: {self.name}{within}: unknown keyword {min(unknown)}")
        checks = [make(self, schema, within) for make, keywords in _MAKERS if schema.keys() & keywords]
        return checks[0] if len(checks) == 1 else _kind_first(checks) if checks else _anything

    def _reference(self, reference: str, within: str) -> Check:
        file, pointer = target(self.file, reference)
        schema = follow(read_once(file), pointer)
        if schema.keys() & _NAMED:
            return _compile(file, pointer)
        return _Compiler(file, self.name).compile(schema, within)  # a word or a number is named by its owner

    def type(self, schema: Any, within: str) -> Check:
        """`type`, one or several."""
        rule = f"{self.name}{within}"
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        fits = [TYPES[name] for name in names]
        wanted = expected(schema, self.file)

        def check(value: Any, place: Place | None, out: list[Problem]) -> None:
            if not any(fit(value) for fit in fits):
                out.append(problem_at(place, f"is {show(value)}, expected {wanted}", f"{rule} is no {' or '.join(names)}", about_kind=True))

        return check

    def enum(self, schema: Any, within: str) -> Check:
        """`enum` and `const`."""
        rule = f"{self.name}{within}"
        values = schema.get("enum", [schema.get("const")])
        words = {value for value in values if isinstance(value, str)}
        rest = [value for value in values if not isinstance(value, str)]
        about_kind = "const" in schema

        def check(value: Any, place: Place | None, out: list[Problem]) -> None:
            fits = value in words if isinstance(value, str) else any(value == other and type(value) is type(other) for other in rest)
            if not fits:
                kind = "has an unknown value" if isinstance(value, str) else "is no string"
                out.append(problem_at(place, f"is {show(value)}, expected {one_of(values)}", f"{rule} {kind}", about_kind=about_kind))

        return check

    def properties(self, schema: Any, within: str) -> Check:
        """`properties`, `required` and `additionalProperties`, which go together."""
        rule = f"{self.name}{within}"
        inner = {name: self.compile(part, f"{within}.{name}") for name, part in schema.get("properties", {}).items()}
        required = schema.get("required", [])
        others = schema.get("additionalProperties", True)
        other = None if others in (True, False) else self.compile(others, f"{within}.*")

        def check(value: Any, place: Place | None, out: list[Problem]) -> None:
            if not isinstance(value, dict):
                return
            out.extend(problem_at(place, f"{name} is missing", f"{rule} lacks {name}") for name in required if name not in value)
            for name, part in value.items():
                known = inner.get(name)
                if known is not None:
                    if part is not None or name in required:
                        known(part, (place, name), out)
                elif others is False:
                    out.append(problem_at(place, f"{show(name)} is not allowed here", f"{rule} has another field"))
                elif other is not None:
                    other(part, (place, name), out)

        return check

    def items(self, schema: Any, within: str) -> Check:
        """`items`."""
        inner = self.compile(schema["items"], f"{within}[*]")

        def check(value: Any, place: Place | None, out: list[Problem]) -> None:
            if isinstance(value, list):
                for number, part in enumerate(value):
                    inner(part, (place, number), out)

        return check

    def bounds(self, schema: Any, within: str) -> Check:
        """Bounds of numbers, lengths and counts, and `pattern`."""
        rule = f"{self.name}{within}"
        limits = [(BOUNDS[name], name, schema[name]) for name in BOUNDS if name in schema]
        pattern = re.compile(schema["pattern"]) if "pattern" in schema else None

        def check(value: Any, place: Place | None, out: list[Problem]) -> None:
            for (measure, fits, words), name, limit in limits:
                measured = measure(value)
                if measured is not None and not fits(measured, limit):
                    out.append(problem_at(place, f"is {show(value)}, expected {words} {limit}", f"{rule} breaks its {name}"))
            if pattern and isinstance(value, str) and not pattern.search(value):
                out.append(problem_at(place, f"is {show(value)}, expected a match of {pattern.pattern}", f"{rule} breaks its pattern"))

        return check

    def any_of(self, schema: Any, within: str) -> Check:
        """`anyOf`: the problems are those of the branch that was most likely meant."""
        rule = f"{self.name}{within}"
        branches = [(self.compile(branch, within), _fields(branch, self.file)) for branch in schema["anyOf"]]
        wanted = expected(schema, self.file)

        def check(value: Any, place: Place | None, out: list[Problem]) -> None:
            tries: list[tuple[int, list[Problem]]] = []
            for branch, fields in branches:
                found: list[Problem] = []
                branch(value, place, found)
                if not found:
                    return
                tries.append((len(fields & value.keys()) if isinstance(value, dict) else 0, found))
            here = path_of(place)
            meant = [one for one in tries if not any(_rules_out(problem, here) for problem in one[1])]
            if meant:
                out.extend(max(meant, key=lambda one: one[0])[1])  # the first of those that know most of its fields
            elif isinstance(value, dict):
                out.extend(min(tries, key=lambda one: len(one[1]))[1])
            else:
                out.append(problem_at(place, f"is {show(value)}, expected {wanted}", f"{rule} is of no allowed kind", about_kind=True))

        return check

    def one_of(self, schema: Any, within: str) -> Check:
        """`oneOf`: of tagged objects, the branch that the tag names."""
        rule = f"{self.name}{within}"
        if "discriminator" not in schema:
            raise SchemaError(f"{self.file}: {self.name}{within}: oneOf without discriminator")
        name = schema["discriminator"]["propertyName"]
        branches = {tag: self._reference(reference, within) for tag, reference in schema["discriminator"]["mapping"].items()}

        def check(value: Any, place: Place | None, out: list[Problem]) -> None:
            if not isinstance(value, dict):
                out.append(
                    problem_at(place, f"is {show(value)}, expected an object with a {name}", f"{rule} is no object", about_kind=True)
                )
                return
            tag = value.get(name)
            branch = branches.get(tag) if isinstance(tag, str) else None
            if branch:
                branch(value, place, out)
            elif name not in value:
                out.append(problem_at(place, f"{name} is missing", f"{rule} lacks {name}", about_kind=True))
            else:
                words = f"is {show(tag)}, expected {one_of(list(branches))}"
                out.append(problem_at((place, name), words, f"{rule}.{name} has an unknown value", about_kind=True))

        return check

    def refused(self, schema: Any, within: str) -> Check:
        """`not: {enum: [...]}`: the tag of the open branch of a union."""
        rule = f"{self.name}{within}"
        if schema["not"].keys() != {"enum"}:
            raise SchemaError(f"{self.file}: {self.name}{within}: not with anything but enum")
        known = schema["not"]["enum"]

        def check(value: Any, place: Place | None, out: list[Problem]) -> None:
            if value in known:
                out.append(
                    problem_at(place, f"is {show(value)}, which has a form of its own", f"{rule} has a form of its own", about_kind=True)
                )

        return check


def _anything(_value: Any, _place: Place | None, _out: list[Problem]) -> None:
    pass


def _kind_first(checks: list[Check]) -> Check:
    """One check after the other; what is of the wrong kind is not judged further."""

    def check(value: Any, place: Place | None, out: list[Problem]) -> None:
        before = len(out)
        for each in checks:
            each(value, place, out)
            if len(out) > before:
                return

    return check


def _fields(schema: Any, file: Path) -> set[str]:
    """The names of an object's fields, as far as they stand in one place."""
    while "$ref" in schema:
        file, pointer = target(file, schema["$ref"])
        schema = follow(read_once(file), pointer)
    return set(schema.get("properties", {}))


def _rules_out(problem: Problem, here: str) -> bool:
    """Whether a problem says that this branch was not meant: another kind of value, or another tag."""
    return problem.about_kind and (
        problem.path == here or (problem.path.startswith(here) and problem.path.removeprefix(here) in (".type", ".role"))
    )


_ANNOTATIONS = {"description", "default", "deprecated", "format", "title", "discriminator", "contentMediaType", "x-triglot-support"}
_NAMED = {"properties", "items", "anyOf", "oneOf", "additionalProperties", "$ref"}
_MAKERS: list[tuple[Callable[[_Compiler, Any, str], Check], set[str]]] = [
    (_Compiler.type, {"type"}),
    (_Compiler.enum, {"enum", "const"}),
    (_Compiler.refused, {"not"}),
    (_Compiler.bounds, {*BOUNDS, "pattern"}),
    (_Compiler.properties, {"properties", "required", "additionalProperties"}),
    (_Compiler.items, {"items"}),
    (_Compiler.any_of, {"anyOf"}),
    (_Compiler.one_of, {"oneOf"}),
]
_KEYWORDS = set[str]().union(*(keywords for _, keywords in _MAKERS))
