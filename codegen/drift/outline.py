"""SDK type -> YAML in the language of the specs: names, types and required-ness, from which a new schema is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from codegen.drift.shape import Object, Shape


def outline(shape: Shape, name: str) -> str:
    """YAML text with the schema `name` and every object below it as a schema of its own."""
    schemas: dict[str, Any] = {}
    pending: list[Object] = []
    written: list[Object] = []
    if len(shape.objects) == 1 and shape.kinds == {"object"}:
        pending.append(shape.objects[0])
    else:
        schemas[name] = describe(shape, pending)
    while pending:
        branch = pending.pop(0)
        if branch not in written:
            written.append(branch)
            schemas[label(branch, written)] = describe_object(branch, pending)
    return yaml.dump(schemas, sort_keys=False, width=140, default_flow_style=None)


def describe(shape: Shape, pending: list[Object]) -> Any:
    """One shape as a schema; objects in it become references, and are put on the pending list."""
    if shape.anything:
        return {}
    branches: list[Any] = [{"type": kind} for kind in sorted(shape.types)]
    values = [value.value for value in sorted(shape.values)]
    if values:
        branches.append({"const": values[0]} if len(values) == 1 else {"enum": values})
    branches += [{"type": "array", "items": describe(item, pending)} for item in shape.items]
    for branch in shape.objects:
        if branch.fields:
            pending.append(branch)
            branches.append({"$ref": f"#/{branch.name}"})
        else:
            branches.append(describe_object(branch, pending))
    if shape.null and len(branches) == 1 and "type" in branches[0]:
        return {**branches[0], "type": [branches[0]["type"], "null"]}
    if shape.null:
        branches.append({"type": "null"})
    return branches[0] if len(branches) == 1 else {"anyOf": branches}


def describe_object(branch: Object, pending: list[Object]) -> dict[str, Any]:
    """One object branch as a schema."""
    schema: dict[str, Any] = {"type": "object"}
    required = [name for name, known in branch.fields.items() if known.required]
    if required:
        schema["required"] = required
    if branch.fields:
        schema["properties"] = {name: describe(known.shape, pending) for name, known in branch.fields.items()}
    if branch.rest is not None and not branch.rest.anything:
        schema["additionalProperties"] = describe(branch.rest, pending)
    return schema


def label(branch: Object, written: list[Object]) -> str:
    """The name of a schema; a second SDK type of the same name is told apart by its module."""
    twins = [other for other in written if other.name == branch.name]
    return branch.name if len(twins) == 1 else branch.place
