"""Spec schema -> shape. Reads the language of specs/README.md; places are pointers such as `specs/chat/schemas/tools.yaml#/Tool`."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from codegen.drift.shape import BrokenInputError, Field, Object, Shape, Value
from codegen.operations import SOCKET
from codegen.place import Map, expect_map, expect_seq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codegen.source import Dialect

SCALAR_TYPES = ("string", "integer", "number", "boolean")
METHODS = {**{method: method.upper() for method in ("get", "post", "put", "patch", "delete")}, SOCKET: "WEBSOCKET"}
STEPS = {
    "request": ("requestBody", "content", "application/json", "schema"),
    "answer": ("responses", "200", "content", "application/json", "schema"),
    "events": ("responses", "200", "content", "text/event-stream", "itemSchema", "properties", "data", "contentSchema"),
    "error": ("responses", "4XX", "content", "application/json", "schema"),
}
SOCKET_STEPS = {"request": ("request",), "events": ("event",)}
UNIONS = ("anyOf", "oneOf")


class Contract:
    """One dialect's spec as shapes; the same schema always becomes the same `Object`.

    Attributes:
        dialect: the bundled spec.
        reached: names of the schemas that some shape was built from.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.reached: set[str] = set()
        self._objects: dict[str, Object] = {}
        self._items: dict[str, Shape] = {}
        self._pending: deque[Callable[[], None]] = deque()

    def operations(self) -> Iterator[tuple[str, Map]]:
        """Each operation under its name, such as `POST /v1/responses`, and each socket as `WEBSOCKET /v1/responses`."""
        for path, item in expect_map(self.dialect.document["paths"], self.dialect.document.place).items():
            for method, title in METHODS.items():
                if method in item:
                    yield f"{title} {path}", expect_map(item[method], item.at(method))

    def part(self, operation: Map, part: str) -> Shape:
        """The shape of one part of an operation.

        Args:
            operation: one of `operations()`.
            part: `request` (JSON body), `answer` (JSON of 200), `events` (data of the stream's events), `error` (JSON of 4XX) or `query`;
                a socket has `request` and `events`; `/name` after it steps into a property.

        Raises:
            BrokenInputError: the operation has no such part.
        """
        name, *path = part.split("/")
        if name == "query":
            return self._query(operation)
        steps = SOCKET_STEPS if "event" in operation else STEPS
        if name not in steps:
            raise BrokenInputError(f"{where(operation)}: no part of an operation is called {name!r}")
        node = operation
        for step in (*steps[name], *(step for field in path for step in ("properties", field))):
            node = self._resolve(node)
            if step not in node:
                raise BrokenInputError(f"{where(operation)}: no {part}, because there is no {step!r} at {where(node)}")
            node = expect_map(node[step], node.at(step))
        return self.shape(node)

    def shape(self, schema: Map) -> Shape:
        """The shape of a schema, with everything below it filled in.

        Raises:
            BrokenInputError: a schema is not in the language of specs/README.md.
        """
        shape = Shape(where(self._resolve(schema)))
        self._add(schema, shape)
        shape.settle()
        while self._pending:
            self._pending.popleft()()
        return shape

    def unreached(self) -> list[str]:
        """The places of all named schemas that no shape was built from."""
        return [where(schema) for name, schema in self.dialect.schemas.items() if name not in self.reached]

    def _query(self, operation: Map) -> Shape:
        table = Object("query", f"{where(operation)}/parameters")
        for written in operation.get("parameters", []):
            parameter = self._resolve(written)
            if parameter.get("in") == "query":
                schema = expect_map(parameter["schema"], parameter.at("schema"))
                table.fields[parameter["name"]] = Field(self.shape(schema), parameter.get("required", False), where(parameter))
        return Shape(table.place, objects=[table])

    def _resolve(self, node: Map) -> Map:
        seen = [node]
        while "$ref" in node:
            _, _, kind, name = node["$ref"].split("/")
            node = self.dialect.document["components"][kind][name]
            if any(node is earlier for earlier in seen):
                raise BrokenInputError(f"{where(seen[0])}: the reference leads back to itself")
            seen.append(node)
            if kind == "schemas":
                self.reached.add(name)
        return node

    def _add(self, schema: Map, shape: Shape) -> None:
        schema = self._resolve(schema)
        unions = [keyword for keyword in UNIONS if keyword in schema]
        if unions:
            self._add_union(schema, unions, shape)
        elif "const" in schema or "enum" in schema:
            self._add_literals(schema, shape)
        elif "type" in schema:
            for kind in schema["type"] if isinstance(schema["type"], list) else [schema["type"]]:
                self._add_type(schema, kind, shape)
        elif "properties" in schema or "additionalProperties" in schema:
            shape.objects.append(self._object(schema))
        elif "items" in schema:
            shape.items.append(self._item(schema))
        else:
            shape.anything = True

    def _add_union(self, schema: Map, unions: list[str], shape: Shape) -> None:
        if len(unions) > 1 or "properties" in schema:
            raise BrokenInputError(f"{where(schema)}: a union stands alone, without properties and without a second union")
        branches = expect_seq(schema[unions[0]], schema.at(unions[0]))
        solid = [branch for branch in branches if branch != {"type": "null"}]
        if shape.place == where(schema) and len(solid) == 1:  # only nullable: what differs, differs in that branch
            shape.place = where(self._resolve(solid[0]))
        for index, branch in enumerate(branches):
            self._add(expect_map(branch, branches.at(index)), shape)

    def _add_literals(self, schema: Map, shape: Shape) -> None:
        literals = expect_seq(schema["enum"], schema.at("enum")) if "enum" in schema else [schema["const"]]
        for literal in literals:
            if literal is None:
                shape.null = True
            else:
                shape.values.add(Value.of(literal))

    def _add_type(self, schema: Map, kind: Any, shape: Shape) -> None:
        if kind == "null":
            shape.null = True
        elif kind in SCALAR_TYPES:
            shape.types.add(kind)
        elif kind == "array":
            shape.items.append(self._item(schema))
        elif kind == "object":
            shape.objects.append(self._object(schema))
        else:
            raise BrokenInputError(f"{where(schema)}/type: {kind!r} is no JSON type")

    def _item(self, schema: Map) -> Shape:
        place = f"{where(schema)}/items"
        if place not in self._items:
            self._items[place] = Shape(place, anything="items" not in schema)
            if "items" in schema:
                self._later(expect_map(schema["items"], schema.at("items")), self._items[place])
        return self._items[place]

    def _later(self, schema: Map, shape: Shape) -> None:
        # Filled from a work list, not by recursion: a union must never absorb a shape that is still being built.
        def fill() -> None:
            shape.place = where(self._resolve(schema))
            self._add(schema, shape)
            shape.settle()

        self._pending.append(fill)

    def _object(self, schema: Map) -> Object:
        place = where(schema)
        known = self._objects.get(place)
        if known is not None:
            return known
        known = self._objects[place] = Object(unescape(place.rpartition("/")[2]), place)
        required = set(schema.get("required", ()))
        properties = expect_map(schema.get("properties", Map(schema.place)), schema.at("properties"))
        for name in properties:
            property_schema = expect_map(properties[name], properties.at(name))
            known.fields[name] = Field(Shape(where(property_schema)), name in required, where(property_schema))
            self._later(property_schema, known.fields[name].shape)
            if "not" in property_schema:
                known.open_except = (name, frozenset(Value.of(value) for value in property_schema["not"]["enum"]))
        known.rest = self._rest(schema)
        return known

    def _rest(self, schema: Map) -> Shape | None:
        rest = schema.get("additionalProperties", True)
        if rest is False:
            return None
        shape = Shape(f"{where(schema)}/additionalProperties", anything=rest is True)
        if rest is not True:
            self._later(expect_map(rest, schema.at("additionalProperties")), shape)
        return shape


def where(node: Map) -> str:
    """The place of a node as reports write it."""
    return f"{node.place.file}#{node.place.pointer}"


def escape(part: str) -> str:
    """One part of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def unescape(part: str) -> str:
    """The name that one part of a JSON pointer stands for."""
    return part.replace("~1", "/").replace("~0", "~")
