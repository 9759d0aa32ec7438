"""Reads the contract in `specs/`: which schema fits which body or event, and the order of the events.

Schemas are JSON Schema 2020-12 inside OpenAPI documents; `$ref` is followed across files as it stands. A `oneOf` with a
`discriminator` is judged by the one branch its tag names, which is what it means and makes the finding readable.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from triglot_conformance.contract.order import StreamRules

if TYPE_CHECKING:
    from collections.abc import Iterator

_MESSAGE_LIMIT = 240
_ERROR = 400


class Contract:
    """The specs of every dialect below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cache  # noqa: B019 - one contract lives as long as the run
    def dialect(self, name: str) -> Dialect:
        """The contract of one dialect, read once."""
        return Dialect(self.folder / name)

    def resolves(self, pointer: str) -> bool:
        """Whether a pointer such as `messages/events.yaml#/order` leads to something."""
        name, _, path = pointer.partition("#")
        file = self.folder / name
        if not file.is_file():
            return False
        value = _read_once(file) if path else None
        for key in path.split("/")[1:]:
            if not isinstance(value, dict):
                return False
            value = value.get(key.replace("~1", "/").replace("~0", "~"))
        return not path or value is not None


class Dialect:
    """One dialect's `openapi.yaml`, its schemas, and `events.yaml`."""

    def __init__(self, folder: Path) -> None:
        self._document = folder / "openapi.yaml"
        self._openapi: dict[str, Any] = read_yaml(self._document)
        self._registry: Registry[Any] = Registry(retrieve=_retrieve)  # type: ignore[call-arg]
        self._folder = folder
        self.name = folder.name

    @cached_property
    def stream(self) -> StreamRules:
        """Order and invariants of the event stream."""
        return StreamRules(read_yaml(self._folder / "events.yaml"))

    def check_body(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Check a JSON body against the schema of the operation's answer."""
        pointer = self._answer(method, path, status) or self._error_answer(status)
        return self._check(f"{pointer}/content/application~1json/schema", body) if pointer else [f"the contract knows no {method} {path}"]

    def check_event(self, method: str, path: str, event: Any) -> list[str]:
        """Check one event against the schema of the operation's stream."""
        pointer = self._answer(method, path, 200)
        if not pointer:
            return [f"the contract knows no {method} {path}"]
        return self._check(f"{pointer}/content/text~1event-stream/itemSchema/properties/data/contentSchema", event)

    def check_message(self, path: str, message: Any) -> list[str]:
        """Check one message of the server on a WebSocket."""
        if "x-triglot-websocket" not in self._openapi["paths"].get(path, {}):
            return [f"the contract knows no WebSocket at {path}"]
        return self._check(f"/paths/{_escape(path)}/x-triglot-websocket/event", message)

    def _answer(self, method: str, path: str, status: int) -> str | None:
        """JSON pointer of the answer's description in the document. Of two paths that fit, the one with more words is meant."""
        for template, item in sorted(self._openapi["paths"].items(), key=lambda entry: -len(re.sub(r"\{[^}]*\}", "", entry[0]))):
            if "responses" in item.get(method.lower(), {}) and re.fullmatch(re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(template)), path):
                responses = item[method.lower()]["responses"]
                known = next((key for key in (str(status), f"{status // 100}XX", "default") if key in responses), None)
                if known and "$ref" in responses[known]:
                    return str(responses[known]["$ref"]).removeprefix("#")
                return f"/paths/{_escape(template)}/{method.lower()}/responses/{known}" if known else None
        return None

    def _error_answer(self, status: int) -> str | None:
        """The same for an error at an operation that the contract does not know: it has the shape of all others."""
        if status < _ERROR:
            return None
        operations = ((path, method) for path, item in self._openapi["paths"].items() for method in item)
        return next((found for path, method in operations if (found := self._answer(method, path, status))), None)

    def _check(self, pointer: str, instance: Any) -> list[str]:
        error = best_match(self._validator(pointer).iter_errors(instance))
        return [f"{error.json_path}: {error.message[:_MESSAGE_LIMIT]}"] if error else []

    @cache  # noqa: B019 - as above
    def _validator(self, pointer: str) -> Any:
        return _Validator({"$ref": f"{self._document.resolve().as_uri()}#{pointer}"}, registry=self._registry)


def read_yaml(path: Path) -> Any:
    """Read one YAML file."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader, in C where there is one


@cache
def _read_once(path: Path) -> Any:
    return read_yaml(path)


def _retrieve(uri: str) -> Resource[Any]:
    return DRAFT202012.create_resource(_read_once(Path(unquote(urlsplit(uri).path))))


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _one_of(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    tagged = schema.get("discriminator")
    if not tagged or not isinstance(instance, dict):
        yield from Draft202012Validator.VALIDATORS["oneOf"](validator, branches, instance, schema)
        return
    name = tagged["propertyName"]
    reference = tagged["mapping"].get(instance.get(name))
    if reference is None:
        yield ValidationError(f"{name} is {instance.get(name)!r}, expected one of {', '.join(tagged['mapping'])}")
        return
    yield from validator.descend(instance, {"$ref": reference})


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Validator = extend(Draft202012Validator, {"oneOf": _one_of})  # type: ignore[no-untyped-call]
