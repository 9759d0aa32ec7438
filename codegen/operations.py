"""Reads the operations of a dialect: what the service Protocol and the Falcon resources are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.keywords import SUPPORT, check_schema, check_support
from codegen.place import Map, Place, Seq, SpecError, expect_map, expect_seq, expect_str
from codegen.source import ref_name
from codegen.unions import split_branches, types_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.source import Dialect

SOCKET = "x-triglot-websocket"
_WHEN = "x-triglot-when-header"
_METHODS = ("get", "put", "post", "delete", "patch")
_ALLOWED = {
    "document": {"openapi", "info", "servers", "tags", "security", "paths", "components"},
    "components": {"schemas", "parameters", "responses", "headers", "securitySchemes"},
    "path item": {*_METHODS, "parameters", SOCKET},
    "operation": {
        *("operationId", "summary", "description", "tags", "parameters", "requestBody", "responses", "deprecated", "security"),
        *("x-triglot-verbatim", _WHEN),
    },
    "parameter": {"name", "in", "required", "description", "schema", "deprecated", "x-triglot-catch-all", SUPPORT},
    "request body": {"required", "description", "content"},
    "response": {"description", "headers", "content"},
    "media type": {"schema", "itemSchema"},
    "stream item": {"type", "required", "properties", "description"},
    "stream data": {"type", "contentMediaType", "contentSchema", "description"},
}
_JSON = "application/json"
_STREAM = "text/event-stream"


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        name: `operationId`, the handler of the JSON answer.
        method: lower case.
        path: path template as the spec has it.
        summary: first sentence of the description.
        path_parameters: names, in the order of the path.
        catch_all: those of them that may contain slashes.
        request: schema of the request body, or None.
        needs_no_body: the method may have a body, and the operation goes without, too.
        query: the query parameters as an object schema, or None.
        answer: schema of the 200 JSON answer, or None.
        verbatim: the JSON answer is passed through as bytes.
        event: schema of the stream's events, or None.
        when_header: only requests that carry this header belong to the operation.
        place: where it stands.
    """

    name: str
    method: str
    path: str
    summary: str
    path_parameters: tuple[str, ...]
    catch_all: frozenset[str]
    request: str | None
    needs_no_body: bool
    query: Map | None
    answer: str | None
    verbatim: bool
    event: str | None
    when_header: str | None
    errors: tuple[str, ...]
    place: Place

    @property
    def query_name(self) -> str:
        """Class name of the query parameters."""
        return "".join(word.capitalize() for word in self.name.split("_")) + "Query"

    @property
    def query_lists(self) -> tuple[str, ...]:
        """The query parameters that may be repeated."""
        properties = self.query["properties"] if self.query is not None else {}
        return tuple(name for name, schema in properties.items() if "array" in types_of(schema))

    @property
    def has_request(self) -> bool:
        """Whether the handler gets a validated body or query."""
        return self.request is not None or self.query is not None

    @property
    def stream_name(self) -> str:
        """The handler of the stream: where there is a JSON answer too, the verb becomes `stream`, or `follow` for what exists already."""
        if self.answer is None:
            return self.name
        return f"{'follow' if self.method == 'get' else 'stream'}_{self.name.partition('_')[2]}"

    @property
    def chooser(self) -> str:
        """What holds the field `stream` that chooses between the answers."""
        return "query" if self.request is None else "request"


def read_operations(dialect: Dialect) -> list[Operation]:
    """The operations in the order of the spec.

    Raises:
        SpecError: something in them is not supported.
    """
    document = dialect.document
    _only(document, "document")
    _only(document["components"], "components")
    version = expect_str(document.get("openapi"), document.at("openapi"))
    if not version.startswith("3.2."):
        raise SpecError(document.at("openapi"), f"OpenAPI {version} is not supported, 3.2 is")
    info = expect_map(document.get("info"), document.at("info"))
    expect_str(info.get("title"), info.at("title"))
    paths = expect_map(document.get("paths"), document.at("paths"))
    operations = [operation for path in paths for operation in _read_path(dialect, path, expect_map(paths[path], paths.at(path)))]
    names: set[str] = set()
    for operation in operations:
        for name in {operation.name, operation.stream_name if operation.event else operation.name}:
            if name in names:
                raise SpecError(operation.place, f"handler '{name}' belongs to another operation already")
            names.add(name)
    return operations


def _flag(value: Map, key: str) -> bool:
    if not isinstance(value.get(key, False), bool):
        raise SpecError(value.at(key), f"{key} is not true or false")
    return bool(value.get(key, False))


def _only(value: Map, kind: str) -> Map:
    for key in value:
        if key not in _ALLOWED[kind]:
            raise SpecError(value.at(key), f"keyword '{key}' is not supported")
    return value


def _read_path(dialect: Dialect, path: str, item: Map) -> Iterator[Operation]:
    _only(item, "path item")
    shared = _parameters(item)
    for method in item:
        if method not in ("parameters", SOCKET):
            yield _read_operation(dialect, path, method, expect_map(item[method], item.at(method)), shared)


def _read_operation(dialect: Dialect, path: str, method: str, spec: Map, shared: list[Any]) -> Operation:
    _only(spec, "operation")
    name = expect_str(spec.get("operationId"), spec.at("operationId"))
    if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name):
        raise SpecError(spec.at("operationId"), f"operationId '{name}' is not verb_noun in snake_case")
    description = expect_str(spec.get("summary") or spec.get("description"), spec.at("description"))
    parameters = [_parameter(dialect, item, spec.place) for item in [*shared, *_parameters(spec)]]
    path_parameters = tuple(re.findall(r"{([a-z_]+)}", path))
    _check_path(path, path_parameters, parameters, spec.place)
    answer, event, errors = _read_responses(dialect, spec)
    verbatim = _flag(spec, "x-triglot-verbatim")
    if verbatim and answer is None:
        raise SpecError(spec.at("x-triglot-verbatim"), "there is no JSON answer to pass through")
    request = _read_request(dialect, spec)
    query = _query_schema(parameters, spec.place)
    if answer and event:
        _check_chooser(dialect.schemas[request] if request else query, spec.place)
    return Operation(
        name=name,
        method=method,
        path=path,
        summary=_first_sentence(description),
        path_parameters=path_parameters,
        catch_all=frozenset(parameter["name"] for parameter in parameters if parameter.get("x-triglot-catch-all")),
        request=request,
        needs_no_body=method in ("put", "post", "patch") and not _needs_body(spec),
        query=query,
        answer=answer,
        verbatim=verbatim,
        event=event,
        when_header=expect_str(spec[_WHEN], spec.at(_WHEN)) if _WHEN in spec else None,
        errors=errors,
        place=spec.place,
    )


def _check_chooser(schema: Map | None, place: Place) -> None:
    properties = schema.get("properties") or {} if schema is not None else {}
    if "stream" not in properties:
        raise SpecError(place, "the request has no field 'stream' to choose between the answers")


def _first_sentence(text: str) -> str:
    return re.split(r"[.!?](?=\s|$)", " ".join(text.split()), maxsplit=1)[0] + "."


def _component(dialect: Dialect, value: Map) -> Map:
    if "$ref" not in value:
        return value
    kind, name = value["$ref"].split("/")[2:]
    section = dialect.document["components"][kind]
    return expect_map(section[name], section.at(name))


def _parameters(value: Map) -> Seq:
    return expect_seq(value.get("parameters") or Seq(value.place), value.at("parameters"))


def _parameter(dialect: Dialect, value: Any, place: Place) -> Map:
    parameter = _only(_component(dialect, expect_map(value, place)), "parameter")
    expect_str(parameter.get("name"), parameter.at("name"))
    where = parameter.get("in")
    if where not in ("path", "query", "header"):
        raise SpecError(parameter.at("in"), f"a parameter in '{where}' is not supported")
    schema = expect_map(parameter.get("schema"), parameter.at("schema"))
    for error in (*check_schema(schema), *check_support(parameter)):
        raise error
    _flag(parameter, "x-triglot-catch-all")
    return parameter


def _check_path(path: str, names: tuple[str, ...], parameters: list[Map], place: Place) -> None:
    declared = {parameter["name"]: parameter for parameter in parameters if parameter["in"] == "path"}
    if set(declared) != set(names):
        raise SpecError(place, f"path parameters {sorted(declared)} do not fit the path {path}")
    for name, parameter in declared.items():
        if parameter.get("x-triglot-catch-all") and not path.endswith(f"{{{name}}}"):
            raise SpecError(parameter.at("x-triglot-catch-all"), f"'{name}' does not end the path")
        if parameter["schema"].get("type") != "string":
            raise SpecError(parameter.at("schema"), "a path parameter is a string")


def _query_schema(parameters: list[Map], place: Place) -> Map | None:
    """The query parameters as the properties of one object."""
    found = [parameter for parameter in parameters if parameter["in"] == "query"]
    if not found:
        return None
    schema, properties, required = Map(place), Map(place), []
    for parameter in found:
        prop = Map(parameter.place, {**parameter.lines, **parameter["schema"].lines})
        prop.update(parameter["schema"])
        prop.update({key: parameter[key] for key in ("description", SUPPORT) if key in parameter})
        properties.lines[parameter["name"]] = parameter.place.line
        properties[parameter["name"]] = prop
        if parameter.get("required"):
            required.append(parameter["name"])
    schema.update({"type": "object", "properties": properties, "required": required})
    return schema


def _read_request(dialect: Dialect, spec: Map) -> str | None:
    if "requestBody" not in spec:
        return None
    body = _only(expect_map(spec["requestBody"], spec.at("requestBody")), "request body")
    content = expect_map(body.get("content"), body.at("content"))
    for media_type in content:
        if media_type != _JSON:
            raise SpecError(content.at(media_type), f"request media type '{media_type}' is not supported")
    if _JSON not in content:
        raise SpecError(body.at("content"), f"'{_JSON}' is missing")
    return _schema_name(dialect, content, _JSON, is_request=True)


def _needs_body(spec: Map) -> bool:
    return "requestBody" in spec and _flag(spec["requestBody"], "required")


def _schema_name(dialect: Dialect, content: Map, media_type: str, *, is_request: bool = False) -> str:
    media = _only(expect_map(content[media_type], content.at(media_type)), "media type")
    schema = expect_map(media.get("schema"), media.at("schema"))
    if list(schema) != ["$ref"]:
        raise SpecError(media.at("schema"), "the schema of a body is a $ref to a named schema")
    name = ref_name(schema)
    leaves = split_branches(dialect, dialect.schemas[name])
    if leaves.arrays or leaves.scalars or (is_request and leaves.tagged):
        raise SpecError(media.at("schema"), f"schema '{name}' of a body is not an object")
    return name


def _read_responses(dialect: Dialect, spec: Map) -> tuple[str | None, str | None, tuple[str, ...]]:
    responses = expect_map(spec.get("responses"), spec.at("responses"))
    answer = event = None
    errors: list[str] = []
    for status in responses:
        response = _only(_component(dialect, expect_map(responses[status], responses.at(status))), "response")
        content = expect_map(response.get("content"), response.at("content"))
        for media_type in content:
            if status == "200" and media_type == _STREAM:
                event = _event_name(content, media_type)
            elif media_type != _JSON:
                raise SpecError(content.at(media_type), f"media type '{media_type}' is not supported")
            elif status == "200":
                answer = _schema_name(dialect, content, media_type)
            elif re.fullmatch(r"[45](XX|[0-9][0-9])", status):
                errors.append(_schema_name(dialect, content, media_type))
            else:
                raise SpecError(responses.at(status), f"status '{status}' is not supported")
    if answer is None and event is None:
        raise SpecError(spec.at("responses"), "there is no 200 answer")
    if not {"4XX", "5XX"} <= set(responses):
        raise SpecError(spec.at("responses"), "the error answers 4XX and 5XX are missing")
    return answer, event, tuple(sorted(set(errors)))


def _event_name(content: Map, media_type: str) -> str:
    """The schema in `data` of a server-sent event."""
    media = _only(expect_map(content[media_type], content.at(media_type)), "media type")
    item = _only(expect_map(media.get("itemSchema"), media.at("itemSchema")), "stream item")
    properties = expect_map(item.get("properties"), item.at("properties"))
    for name in properties:
        if name not in ("event", "data"):
            raise SpecError(properties.at(name), f"stream field '{name}' is not supported")
    data = _only(expect_map(properties.get("data"), properties.at("data")), "stream data")
    schema = expect_map(data.get("contentSchema"), data.at("contentSchema"))
    if data.get("contentMediaType") != _JSON or "$ref" not in schema:
        raise SpecError(properties.at("data"), "data needs contentMediaType application/json and a contentSchema that is a $ref")
    return ref_name(schema)
