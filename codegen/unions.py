"""Looks at unions by their tags: which branch has which, and whether mappings and open branches are complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codegen.keywords import subschemas
from codegen.place import Map, SpecError
from codegen.source import ref_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.source import Dialect


@dataclass
class Branches:
    """The leaves of a union, sorted by kind; the `$ref`s and unions on the way are gone.

    Attributes:
        tagged: tag property -> tag -> branch as the union writes it (mostly a `$ref`).
        objects: branches without a discriminator that are objects.
        open_branches: (tag property, branch) of the branches for unknown tags.
        arrays: branches that are arrays.
        scalars: everything else.
        clashes: (tag, branch) where a tag already has another branch.
    """

    tagged: dict[str, dict[str, Map]] = field(default_factory=dict)
    objects: list[Map] = field(default_factory=list)
    open_branches: list[tuple[str, Map]] = field(default_factory=list)
    arrays: list[Map] = field(default_factory=list)
    scalars: list[Map] = field(default_factory=list)
    clashes: list[tuple[str, Map]] = field(default_factory=list)


def tags_of(schema: Map, name: str) -> list[str]:
    """The tags that an object schema gives its property `name`: of `const`, or of `enum`; empty when it gives none."""
    prop = (schema.get("properties") or {}).get(name)
    if not isinstance(prop, Map):
        return []
    tags = [prop["const"]] if "const" in prop else prop.get("enum") or []
    return [tag for tag in tags if isinstance(tag, str)]


def open_tag(schema: Map) -> str | None:
    """Name of the property that makes an object schema the open branch of a union, or None."""
    for name, prop in (schema.get("properties") or {}).items():
        if isinstance(prop, Map) and "not" in prop:
            return str(name)
    return None


def split_branches(dialect: Dialect, schema: Map) -> Branches:
    """Sort the leaves below a schema; a schema that is no union is its own only leaf."""
    found = Branches()
    _collect(dialect, schema, found)
    return found


def _collect(dialect: Dialect, written: Map, found: Branches) -> None:
    schema = dialect.resolve(written)
    if "oneOf" in schema:
        name = schema["discriminator"]["propertyName"]
        tagged = found.tagged.setdefault(name, {})
        for branch in schema["oneOf"]:
            for each in tags_of(dialect.resolve(branch), name):
                if tagged.setdefault(each, branch) != branch:
                    found.clashes.append((each, branch))
    elif "anyOf" in schema:
        for branch in schema["anyOf"]:
            _collect(dialect, branch, found)
    elif (tag := open_tag(schema)) is not None:
        found.open_branches.append((tag, written))
    elif "properties" in schema or "additionalProperties" in schema or "object" in types_of(schema):
        found.objects.append(written)
    elif "items" in schema or "array" in types_of(schema):
        found.arrays.append(written)
    else:
        found.scalars.append(written)


def types_of(schema: Map) -> list[str]:
    """The names in a schema's `type`; empty when it has none."""
    types = schema.get("type", [])
    return types if isinstance(types, list) else [types]


def check_unions(dialect: Dialect) -> Iterator[SpecError]:
    """Everything wrong with the unions of a dialect."""
    for schema in _all_schemas(dialect.document["components"]):
        if "oneOf" in schema:
            yield from _check_tagged(dialect, schema)
        if "anyOf" in schema:
            yield from _check_open(dialect, schema)


def _all_schemas(components: Map) -> Iterator[Map]:
    stack: list[Map] = list(components["schemas"].values())
    while stack:
        schema = stack.pop()
        yield schema
        stack.extend(subschemas(schema))


def _check_tagged(dialect: Dialect, schema: Map) -> Iterator[SpecError]:
    name = schema["discriminator"]["propertyName"]
    meant: dict[str, str] = {}
    for index, written in enumerate(schema["oneOf"]):
        place = schema["oneOf"].at(index)
        if "$ref" not in written:
            yield SpecError(place, "a branch of a tagged union is a $ref to a named schema")
            continue
        branch = dialect.resolve(written)
        tags = tags_of(branch, name)
        if not tags:
            yield SpecError(place, f"branch '{ref_name(written)}' has no '{name}' with a const")
        elif name not in branch.get("required", ()):
            yield SpecError(place, f"branch '{ref_name(written)}' does not require '{name}'")
        for tag in tags:
            if meant.setdefault(tag, ref_name(written)) != ref_name(written):
                yield SpecError(place, f"tag '{tag}' already belongs to '{meant[tag]}'")
    yield from _check_mapping(schema["discriminator"]["mapping"], meant)


def _check_mapping(mapping: Map, meant: dict[str, str]) -> Iterator[SpecError]:
    for tag, name in meant.items():
        if tag not in mapping:
            yield SpecError(mapping.place, f"tag '{tag}' is missing in the mapping")
        elif mapping[tag].rpartition("/")[2] != name:
            yield SpecError(mapping.at(tag), f"tag '{tag}' belongs to '{name}'")
    for tag in mapping:
        if tag not in meant:
            yield SpecError(mapping.at(tag), f"tag '{tag}' is in no branch")


def _check_open(dialect: Dialect, schema: Map) -> Iterator[SpecError]:
    found = split_branches(dialect, schema)
    if len(found.open_branches) > 1:
        yield SpecError(schema.at("anyOf"), "a union has more than one open branch")
    for tag_name, written in found.open_branches:
        branch = dialect.resolve(written)
        known = set(found.tagged.get(tag_name, ()))
        for untagged in found.objects:
            known.update(tags_of(dialect.resolve(untagged), tag_name))
        negated = branch["properties"][tag_name]["not"]
        listed = set(negated["enum"])
        place = negated.at("enum")
        yield from (SpecError(place, f"known tag '{tag}' is missing in the open branch") for tag in sorted(known - listed))
        yield from (SpecError(place, f"tag '{tag}' belongs to no branch of the union") for tag in sorted(listed - known))
        if tag_name not in branch.get("required", ()):
            yield SpecError(branch.place, f"the open branch does not require '{tag_name}'")
