"""Builds the support tables: where in a request the fields stand that are ignored or rejected.

The walk starts at each request schema and goes only where something that is present has an effect: below an ignored or rejected property
nothing is looked at, since the property is reported as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codegen.keywords import SUPPORT
from codegen.place import Map, SpecError
from codegen.source import ref_name
from codegen.unions import Branches, open_tag, split_branches, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.source import Dialect

_LOSSES = ("ignored", "rejected")


@dataclass(frozen=True)
class Loss:
    """One field or object that is ignored or rejected; `default` is a one-item tuple, or empty where there is none."""

    level: str
    reason: str
    default: tuple[Any, ...] = ()


@dataclass
class Node:
    """One place in a request; all links are names of other nodes. See `triglot.support.Node`."""

    losses: dict[str, Loss] = field(default_factory=dict)
    children: dict[str, str] = field(default_factory=dict)
    items: str | None = None
    values: str | None = None
    tag: str | None = None
    branches: dict[str, str | None] = field(default_factory=dict)
    unknown: str | None = None
    untagged: str | None = None
    whole: Loss | None = None

    def links(self) -> Iterator[str]:
        """Names of the nodes this one leads to."""
        yield from self.children.values()
        yield from (name for name in self.branches.values() if name)
        yield from (name for name in (self.items, self.values, self.unknown, self.untagged) if name)


@dataclass(frozen=True)
class _Field:
    """A property as one branch has it."""

    schema: Map
    inherited: Map | None

    @property
    def support(self) -> Map | None:
        annotation: Map | None = self.schema.get(SUPPORT, self.inherited)
        return annotation


class SupportWalk:
    """Walks the requests of a dialect; collects nodes and what is not annotated.

    Attributes:
        nodes: every node found, by name; a named schema's node has the schema's name.
        errors: properties without a support level, and fields that two untagged branches treat differently.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.nodes: dict[str, Node] = {}
        self.errors: list[SpecError] = []

    def add_request(self, name: str, schema: Map) -> None:
        """Walk a request body, the query parameters of an operation, or the events of a socket's client."""
        if name in self.nodes:
            return
        if "oneOf" in schema:
            node = self.nodes[name] = Node()
            self._tagged(name, node, split_branches(self._dialect, schema), None)
        else:
            self._object(name, [schema], None)

    def _value(self, name: str, schema: Map, inherited: Map | None) -> str:
        """Walk what a property, an array or a union may hold; gives the name of its node.

        `inherited` is the annotation of the enclosing schema; it reaches inline schemas only.
        """
        if "$ref" in schema:
            name, schema, inherited = ref_name(schema), self._dialect.resolve(schema), None
        if name in self.nodes:
            return name
        inherited = schema.get(SUPPORT, inherited)
        found = split_branches(self._dialect, schema)
        node = self.nodes[name] = Node()
        if found.arrays:
            items = [self._dialect.resolve(array)["items"] for array in found.arrays if "items" in self._dialect.resolve(array)]
            node.items = self._either(f"{name}[]", items, inherited) if items else None
        if found.tagged or found.open_branches:
            self._tagged(name, node, found, inherited)
        elif found.objects:
            self._object(name, found.objects, inherited)
        return name

    def _either(self, name: str, schemas: list[Map], inherited: Map | None) -> str:
        """Walk what a place may hold according to several branches."""
        schemas = [schema for index, schema in enumerate(schemas) if schema not in schemas[:index]]
        if len(schemas) == 1:
            return self._value(name, schemas[0], inherited)
        union = Map(schemas[0].place)
        union["anyOf"] = schemas
        return self._value(name, union, inherited)

    def _tagged(self, name: str, node: Node, found: Branches, inherited: Map | None) -> None:
        names = [*found.tagged, *(tag for tag, _ in found.open_branches if tag not in found.tagged)]
        if len(names) > 1:
            place = next(iter(found.tagged[names[0]].values())).place
            self.errors.append(SpecError(place, f"a union with this branch has two tags, {names}"))
        self.errors += (SpecError(branch.place, f"tag '{tag}' leads to two branches of one union") for tag, branch in found.clashes)
        node.tag = names[0]
        for tag, branch in found.tagged.get(names[0], {}).items():
            node.branches[tag] = self._branch(f"{name}/{tag}", branch, inherited, node.tag)
        if found.open_branches:
            node.unknown = self._branch(f"{name}/*", found.open_branches[0][1], inherited, node.tag)
        if found.objects:
            node.untagged = self._object(f"{name}/-", found.objects, inherited, node.tag)
            for branch in found.objects:
                for tag in tags_of(self._dialect.resolve(branch), node.tag):
                    node.branches.setdefault(tag, node.untagged)

    def _branch(self, name: str, written: Map, inherited: Map | None, tag: str) -> str:
        """Walk a branch; one that is ignored or rejected as a schema is lost as a whole."""
        schema = self._dialect.resolve(written)
        own = schema.get(SUPPORT)
        loss = _loss(own, schema, self._dialect) if own else None
        if "$ref" in written:
            name = ref_name(written)
        if loss is not None:
            name = f"{name}/whole"
            self.nodes[name] = Node(tag=tag, whole=loss)
        elif name not in self.nodes:
            self._object(name, [written], inherited, tag)
        return name

    def _object(self, name: str, written: list[Map], inherited: Map | None, tag: str | None = None) -> str:
        """Walk objects that share a place; several untagged branches become one node. `tag` is the property that a union tells by."""
        node = self.nodes.setdefault(name, Node())
        fields: dict[str, list[_Field]] = {}
        for branch in written:
            schema = self._dialect.resolve(branch)
            annotation = schema.get(SUPPORT, None if "$ref" in branch else inherited)
            properties = schema.get("properties") or Map(schema.place)
            for prop, value in properties.items():
                if "const" not in value and prop not in (tag, open_tag(schema)):
                    fields.setdefault(prop, []).append(_Field(value, annotation))
            if isinstance(schema.get("additionalProperties"), Map):
                node.values = self._value(f"{name}{{}}", schema["additionalProperties"], annotation)
        for prop, found in fields.items():
            self._field(f"{name}.{prop}", node, prop, found)
        return name

    def _field(self, name: str, node: Node, prop: str, found: list[_Field]) -> None:
        losses: list[Loss | None] = []
        for each in found:
            if "description" not in each.schema and "description" not in self._dialect.resolve(each.schema):
                self.errors.append(SpecError(each.schema.place, f"request field '{prop}' has no description"))
            if each.support is None:
                self.errors.append(SpecError(each.schema.place, f"request field '{prop}' has no x-triglot-support"))
                return
            losses.append(_loss(each.support, each.schema, self._dialect))
            if losses[-1] != losses[0]:
                self.errors.append(SpecError(each.schema.place, f"field '{prop}' has another support level in another untagged branch"))
        if losses[0] is not None:
            node.losses[prop] = losses[0]
        else:
            node.children[prop] = self._either(name, [each.schema for each in found], found[0].inherited)


def _loss(annotation: Map, schema: Map, dialect: Dialect) -> Loss | None:
    [(level, reason)] = annotation.items()
    if level not in _LOSSES:
        return None
    target = dialect.resolve(schema)
    default = next(((holder["default"],) for holder in (schema, target) if "default" in holder), ())
    return Loss(level, reason, default)


def prune(nodes: dict[str, Node]) -> dict[str, Node]:
    """Drop the nodes below which nothing is ever lost, and the links to them; sorted by name."""
    live = {name for name, node in nodes.items() if node.losses or node.whole}
    while more := {name for name, node in nodes.items() if name not in live and live.intersection(node.links())}:
        live |= more

    def keep(name: str | None) -> str | None:
        return name if name in live else None

    pruned: dict[str, Node] = {}
    for name in sorted(live):
        node = nodes[name]
        has_rest = keep(node.unknown) or keep(node.untagged)
        pruned[name] = Node(
            losses=dict(sorted(node.losses.items())),
            children={key: child for key, child in sorted(node.children.items()) if child in live},
            items=keep(node.items),
            values=keep(node.values),
            tag=node.tag,
            branches={tag: keep(branch) for tag, branch in sorted(node.branches.items()) if has_rest or branch in live},
            unknown=keep(node.unknown),
            untagged=keep(node.untagged),
            whole=node.whole,
        )
    return pruned
