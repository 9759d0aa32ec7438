"""Has datamodel-code-generator write the request models (pydantic) and the answer and event types (TypedDict)."""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datamodel_code_generator import generate
from datamodel_code_generator.enums import DataModelType, InputFileType, OpenAPIScope
from datamodel_code_generator.format import Formatter, PythonVersion
from datamodel_code_generator.parser import LiteralType

from codegen.keywords import SUPPORT
from codegen.place import Map, SpecError
from codegen.source import ref_name
from codegen.unions import split_branches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from codegen.source import Dialect

# Descriptions stay in openapi.json: in the models they would only make the import slower. Formats describe and are not checked; a model
# would turn the string into something else.
_LEFT_OUT = {"description", "deprecated", "format", SUPPORT}


def reachable(dialect: Dialect, roots: Iterable[Map]) -> list[str]:
    """Names of the schemas that `roots` refer to, directly or not; sorted."""
    found: set[str] = set()
    frontier = [name for root in roots for name in _references(root)]
    while frontier:
        name = frontier.pop()
        if name not in found:
            found.add(name)
            frontier += _references(dialect.schemas[name])
    return sorted(found)


def render_models(dialect: Dialect, roots: Mapping[str, Map], header: str) -> str:
    """Pydantic models of the named `roots` and everything they refer to."""
    source = _generate(
        _document(dialect, roots, keep_not=True),
        header,
        output_model_type=DataModelType.PydanticV2BaseModel,
        use_annotated=True,
        field_constraints=True,
    )
    unions = {name for name, schema in dialect.schemas.items() if "anyOf" in schema and split_branches(dialect, schema).tagged}
    return _take_first_branch(source, unions)


def render_events(dialect: Dialect, roots: Mapping[str, Map], header: str) -> str:
    """TypedDicts of the named `roots` and everything they refer to; unions of them are type aliases."""
    return _generate(
        _document(dialect, roots, keep_not=False),
        header,
        output_model_type=DataModelType.TypingTypedDict,
        use_closed_typed_dict=False,
    )


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Map):
        if isinstance(value.get("$ref"), str):
            yield ref_name(value)
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _document(dialect: Dialect, roots: Mapping[str, Map], *, keep_not: bool) -> dict[str, Any]:
    names = reachable(dialect, roots.values())
    schemas = {**{name: dialect.schemas[name] for name in names}, **roots}
    prepared = {name: _Preparation(name, keep_not=keep_not) for name in schemas}
    found = {name: preparation.convert(schemas[name], name) for name, preparation in prepared.items()}
    for preparation in prepared.values():
        for name, schema in preparation.hoisted.items():
            if name in found:
                raise SpecError(dialect.schemas[name].place, f"the generator needs the name '{name}' for a union")
            found[name] = schema
    return {
        "openapi": "3.2.0",
        "info": {"title": dialect.name, "version": "1"},
        "paths": {},
        "components": {"schemas": dict(sorted(found.items()))},
    }


class _Preparation:
    """Puts one named schema into the words that datamodel-code-generator understands.

    A tagged union inside an `anyOf` gets a name of its own: datamodel-code-generator would dissolve it into the `anyOf`, and its
    discriminator would be lost.
    """

    def __init__(self, name: str, *, keep_not: bool) -> None:
        self._name = name
        self._keep_not = keep_not
        self.hoisted: dict[str, dict[str, Any]] = {}

    def convert(self, schema: Map, path: str) -> dict[str, Any]:
        """The schema at `path`, a name in PascalCase for where it stands."""
        result: dict[str, Any] = {}
        for key, value in schema.items():
            match key:
                case _ if key in _LEFT_OUT:
                    pass
                case "properties":
                    result[key] = {name: self.convert(item, path + _pascal(name)) for name, item in value.items()}
                case "items" | "additionalProperties" if isinstance(value, Map):
                    result[key] = self.convert(value, f"{path}Item")
                case "oneOf":
                    result[key] = [self.convert(branch, path) for branch in value]
                case "anyOf":
                    result[key] = [self._convert_branch(branch, path) for branch in value]
                case "not":
                    if self._keep_not:
                        result["pattern"] = rf"^(?!({'|'.join(map(re.escape, value['enum']))})\Z)"
                case _:
                    result[key] = _plain(value)
        if "properties" in result:
            result.setdefault("additionalProperties", True)
        return result

    def _convert_branch(self, branch: Map, path: str) -> dict[str, Any]:
        converted = self.convert(branch, path)
        if "oneOf" not in branch:
            return converted
        name = f"Known{path}"
        while name in self.hoisted:
            name += "Too"
        self.hoisted[name] = converted
        return {"$ref": f"#/components/schemas/{name}"}


def _take_first_branch(source: str, unions: set[str]) -> str:
    """Have pydantic stop at the first branch of a named union that fits.

    By itself it tries all of them and compares, which doubles the cost of a long request; here at most one branch fits.
    """
    encoded = source.encode()
    starts = [0, *itertools.accumulate(len(line) for line in encoded.splitlines(keepends=True))]
    for statement in reversed(ast.parse(source).body):
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(
                    args=[_, ast.expr(lineno=line, col_offset=column, end_lineno=int(end_line), end_col_offset=int(end_column))]
                ),
            ) if name in unions:
                start, end = starts[line - 1] + column, starts[end_line - 1] + end_column
                encoded = encoded[:start] + b"Annotated[" + encoded[start:end] + b", Field(union_mode='left_to_right')]" + encoded[end:]
    return encoded.decode()


def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _generate(document: dict[str, Any], header: str, **options: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = generate(
            document,
            input_file_type=InputFileType.OpenAPI,
            openapi_scopes=[OpenAPIScope.Schemas],
            target_python_version=PythonVersion.PY_311,
            custom_file_header=header,
            disable_timestamp=True,
            disable_future_imports=True,
            formatters=[Formatter.BUILTIN],
            settings_path=Path(__file__).parent,  # this project's pyproject, not that of the working directory
            enum_field_as_literal=LiteralType.All,
            use_union_operator=True,
            use_type_alias=True,
            **options,
        )
    if not isinstance(result, str):
        raise TypeError("datamodel-code-generator wrote more than one module")
    return result.rstrip("\n") + "\n"
