"""Reads the files of one dialect and bundles them into one OpenAPI document.

YAML is read by the rules of JSON: only `true`, `false`, `null` and numbers are more than strings, and a key may stand only once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from codegen.place import Map, Place, Seq, SpecError, expect_map, expect_str

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BESIDE_COPY = {"description", "default", "deprecated", "x-triglot-support"}
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True)
class Dialect:
    """One dialect's specs, read and bundled.

    Attributes:
        name: name of the folder.
        label: what generated files call their source, `specs/chat`.
        digest: first 12 hex digits of the SHA-256 over names and contents of all files of the folder.
        document: the OpenAPI document; every `$ref` in it is `#/components/...`.
        events: `events.yaml`, or None.
    """

    name: str
    label: str
    digest: str
    document: Map
    events: Map | None

    @property
    def schemas(self) -> Map:
        """All named schemas, by name, sorted."""
        schemas: Map = self.document["components"]["schemas"]
        return schemas

    def resolve(self, schema: Map) -> Map:
        """Follow `$ref` to the schema that it names."""
        while "$ref" in schema:
            schema = self.schemas[ref_name(schema)]
        return schema


def ref_name(schema: Map) -> str:
    """The schema name at the end of a bundled `$ref`."""
    return str(schema["$ref"]).rpartition("/")[2]


def find_dialects(specs: Path) -> list[str]:
    """Names of the folders that hold an `openapi.yaml`, sorted."""
    return sorted(path.parent.name for path in specs.glob("*/openapi.yaml"))


def read_dialect(specs: Path, name: str) -> Dialect:
    """Read and bundle `specs/<name>`.

    Raises:
        SpecError: a file is not YAML, a reference leads nowhere, or a schema name is used twice.
    """
    folder = specs / name
    label = f"{specs.resolve().name}/{name}"
    texts = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in sorted(folder.rglob("*.yaml"))}
    trees = {file: parse_yaml(text, f"{label}/{file}") for file, text in texts.items()}
    digest = hashlib.sha256("".join(f"{file}\0{text}\0" for file, text in sorted(texts.items())).encode()).hexdigest()[:12]
    root = expect_map(trees["openapi.yaml"], Place(f"{label}/openapi.yaml", 1, ""))
    events = trees.get("events.yaml")
    return Dialect(
        name=name,
        label=label,
        digest=digest,
        document=_bundle(root, trees),
        events=None if events is None else expect_map(events, Place(f"{label}/events.yaml", 1, "")),
    )


def parse_yaml(text: str, file: str) -> Any:
    """Read one YAML document into a tree of `Map`, `Seq` and scalars.

    Raises:
        SpecError: it is not YAML, or a key stands twice in one mapping.
    """
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecError(Place(file, line, ""), f"not YAML: {error.problem}") from error
    return _convert(node, Place(file, 1, "")) if node is not None else None


def _convert(node: yaml.Node, place: Place) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _convert_mapping(node, place)
    if isinstance(node, yaml.SequenceNode):
        seq = Seq(place, [item.start_mark.line + 1 for item in node.value])
        seq.extend(_convert(item, seq.at(index)) for index, item in enumerate(node.value))
        return seq
    quoted = isinstance(node, yaml.ScalarNode) and node.style  # of a plain scalar: "" from the C loader, None from the other
    return node.value if quoted else _convert_plain(node.value)


def _convert_mapping(node: yaml.MappingNode, place: Place) -> Map:
    result = Map(place)
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in result:
            raise SpecError(Place(place.file, line, place.pointer), f"key '{key}' stands here twice")
        result.lines[key] = line
        result[key] = None
        result[key] = _convert(value_node, result.at(key))
    return result


def _convert_plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return text


def _bundle(root: Map, trees: dict[str, Any]) -> Map:
    named: dict[str, Any] = {}
    for file, tree in trees.items():
        schemas = _schemas_of(file, tree)
        for name in schemas or ():
            if name in named:
                raise SpecError(schemas.at(name), f"schema '{name}' is also defined at {named[name][1].at(name)}")
            named[name] = (file, schemas)
    document = _rewrite(root, "openapi.yaml", trees)
    components = expect_map(document.setdefault("components", Map(document.place)), document.at("components"))
    bundled = Map(document.place)
    for name in sorted(named):
        file, schemas = named[name]
        bundled.lines[name] = schemas.lines[name]
        bundled[name] = _rewrite(expect_map(schemas[name], schemas.at(name)), file, trees)
    components["schemas"] = bundled
    return expect_map(document, document.place)


def _schemas_of(file: str, tree: Any) -> Map:
    if file == "openapi.yaml":
        tree = _component_section(tree, "schemas")
    elif not file.startswith("schemas/"):
        tree = None
    return tree if isinstance(tree, Map) else Map(Place(file, 1, ""))


def _component_section(root: Map, kind: str) -> Any:
    components = root.get("components")
    return components.get(kind) if isinstance(components, Map) else None


def _rewrite(value: Any, file: str, trees: dict[str, Any], trail: tuple[Place, ...] = ()) -> Any:
    """Copy a tree with each `$ref` pointing into the bundle; a reference to a property becomes a copy of it.

    `trail` holds the places of the properties that are being copied.
    """
    if isinstance(value, Seq):
        items = Seq(value.place, value.lines)
        items.extend(_rewrite(item, file, trees, trail) for item in value)
        return items
    if not isinstance(value, Map):
        return value
    is_reference = isinstance(value.get("$ref"), str) and not value.place.pointer.endswith("/properties")
    if is_reference and "/properties/" in value["$ref"]:
        return _copy_property(value, file, trees, trail)
    result = Map(value.place, value.lines)
    for key, item in value.items():
        if key == "$ref" and not value.place.pointer.endswith("/properties"):
            result[key] = _target(expect_str(item, value.at(key)), value.at(key), file, trees)
        elif key == "mapping" and value.place.pointer.endswith("/discriminator"):
            mapping = expect_map(item, value.at(key))
            result[key] = Map(mapping.place, mapping.lines)
            for tag, ref in mapping.items():
                result[key][tag] = _target(expect_str(ref, mapping.at(tag)), mapping.at(tag), file, trees)
        else:
            result[key] = _rewrite(item, file, trees, trail)
    return result


def _copy_property(value: Map, file: str, trees: dict[str, Any], trail: tuple[Place, ...]) -> Map:
    """The property that a reference `<file>#/<schema>/properties/<name>` leads to; what stands beside the reference replaces its own.

    The copy keeps the place of the property: what is wrong with it is wrong there.
    """
    place = value.at("$ref")
    target, parts = _locate(value["$ref"], place, file, trees)
    schema = _schemas_of(target, trees[target]).get(parts[0])
    properties = schema.get("properties") if isinstance(schema, Map) else None
    if len(parts) != 3 or not isinstance(properties, Map) or not isinstance(properties.get(parts[2]), Map):  # noqa: PLR2004
        raise SpecError(place, f"'{value['$ref']}' leads to nothing")
    written = properties[parts[2]]
    if written.place in trail:
        raise SpecError(place, f"'{value['$ref']}' leads back to itself")
    copied = _rewrite(written, target, trees, (*trail, written.place))
    result = Map(copied.place, {**copied.lines, **value.lines})
    result.update(copied)
    for key in value:
        if key != "$ref":
            if key not in _BESIDE_COPY:
                raise SpecError(value.at(key), f"keyword '{key}' is not supported beside $ref")
            result[key] = _rewrite(value[key], file, trees, trail)
    return result


def _locate(ref: str, place: Place, file: str, trees: dict[str, Any]) -> tuple[str, list[str]]:
    """The file that a reference in `file` leads to, and the steps of its pointer."""
    path, hash_, pointer = ref.partition("#")
    target = _join(PurePosixPath(file).parent, path) if path else file
    if not hash_ or target not in trees:
        raise SpecError(place, f"'{ref}' leads to no file of this dialect")
    return target, pointer.removeprefix("/").split("/")


def _target(ref: str, place: Place, file: str, trees: dict[str, Any]) -> str:
    """The bundled form of a reference that stands in `file`."""
    target, parts = _locate(ref, place, file, trees)
    tree = trees[target]
    if target == "openapi.yaml":
        *prefix, name = parts
        kind = prefix[1] if len(prefix) == 2 and prefix[0] == "components" else ""  # noqa: PLR2004 - #/components/<kind>/<name>
        section = _component_section(tree, kind)
    else:
        name, section, kind = parts[0] if len(parts) == 1 else "", tree, "schemas"
    if not isinstance(section, Map) or name not in section:
        raise SpecError(place, f"'{ref}' leads to nothing")
    return f"#/components/{kind}/{name}"


def _join(folder: PurePosixPath, path: str) -> str:
    parts = list(folder.parts)
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
