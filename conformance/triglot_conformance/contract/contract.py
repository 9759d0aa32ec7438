"""Reads the contract in `specs/`: which schema fits which body or event, and the order of the events."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.documents import follow, read_once, read_yaml
from triglot_conformance.contract.order import StreamRules
from triglot_conformance.contract.schema import Schema
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from triglot_conformance.contract.problems import Problem

__all__ = ["Contract", "Dialect", "read_yaml"]

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
        try:
            return file.is_file() and (not path or follow(read_once(file), path) is not None)
        except (LookupError, TypeError, ValueError):
            return False


class Dialect:
    """One dialect's `openapi.yaml`, its schemas, and `events.yaml`."""

    def __init__(self, folder: Path) -> None:
        self._document = folder / "openapi.yaml"
        self._openapi: dict[str, Any] = read_yaml(self._document)
        self._folder = folder
        self.name = folder.name

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all properties that the schemas know."""
        return frozenset(name for file in sorted(self._folder.rglob("*.yaml")) for name in _property_names(read_once(file)))

    @cached_property
    def stream(self) -> StreamRules:
        """Order and invariants of the event stream."""
        return StreamRules(read_yaml(self._folder / "events.yaml"))

    def body_findings(self, method: str, path: str, status: int, body: Any) -> list[Finding]:
        """Hold a JSON body against the schema of the operation's answer; one finding for each rule that it breaks."""
        pointer = self._answer(method, path, status) or self._error_answer(status)
        schema = self._schema(f"{pointer}/content/application~1json/schema") if pointer else None
        if schema is None:
            return [
                _unknown_operation(
                    f"the contract knows no {method} {path}" if pointer is None else f"{method} {path} has no JSON for {status}"
                )
            ]
        return _findings((problem, "", None) for problem in schema.problems(body))

    def event_findings(self, method: str, path: str, events: Sequence[Any]) -> list[Finding]:
        """Hold the events of a stream against their schema; one finding for each rule, at the first event that breaks it."""
        schema = self._stream_schema(method, path)
        return self._event_findings(schema, events) if isinstance(schema, Schema) else [_unknown_operation(schema)]

    def message_findings(self, path: str, messages: Sequence[Any]) -> list[Finding]:
        """Hold the messages of the server on a WebSocket against their schema; findings as of events."""
        schema = self._socket_schema(path)
        return self._event_findings(schema, messages) if isinstance(schema, Schema) else [_unknown_operation(schema)]

    def check_body(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Check a JSON body against the schema of the operation's answer; what is wrong, in words."""
        return [finding.message for finding in self.body_findings(method, path, status, body)]

    def check_event(self, method: str, path: str, event: Any) -> list[str]:
        """Check one event against the schema of the operation's stream; what is wrong, in words."""
        return _words(self._stream_schema(method, path), event)

    def check_message(self, path: str, message: Any) -> list[str]:
        """Check one message of the server on a WebSocket; what is wrong, in words."""
        return _words(self._socket_schema(path), message)

    def _stream_schema(self, method: str, path: str) -> Schema | str:
        """The schema of an operation's events, or why there is none."""
        pointer = self._answer(method, path, 200)
        schema = self._schema(f"{pointer}/content/text~1event-stream/itemSchema/properties/data/contentSchema") if pointer else None
        return schema or f"the contract knows no {method} {path} that answers with an event stream"

    def _socket_schema(self, path: str) -> Schema | str:
        return self._schema(f"/paths/{_escape(path)}/x-triglot-websocket/event") or f"the contract knows no WebSocket at {path}"

    def _event_findings(self, schema: Schema, events: Sequence[Any]) -> list[Finding]:
        problems = [(problem, number) for number, event in enumerate(events) for problem in schema.problems(event)]
        if self.stream.has_types:
            problems = [(_of_any_event(problem), number) for problem, number in problems]
        return _findings(
            (problem, f"event {number} ({self.stream.symbol(events[number]) or 'unknown'}): ", number) for problem, number in problems
        )

    def _answer(self, method: str, path: str, status: int) -> str | None:
        """JSON pointer of the answer's description in the document. Of two paths that fit, the one with more words is meant."""
        for template, pattern in self._paths:
            operation = self._openapi["paths"][template].get(method.lower(), {})
            if "responses" in operation and pattern.fullmatch(path):
                responses = operation["responses"]
                known = next((key for key in (str(status), f"{status // 100}XX", "default") if key in responses), None)
                if known and "$ref" in responses[known]:
                    return str(responses[known]["$ref"]).removeprefix("#")
                return f"/paths/{_escape(template)}/{method.lower()}/responses/{known}" if known else None
        return None

    @cached_property
    def _paths(self) -> list[tuple[str, re.Pattern[str]]]:
        templates = sorted(self._openapi["paths"], key=lambda template: -len(re.sub(r"\{[^}]*\}", "", template)))
        return [(template, re.compile(re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(template)))) for template in templates]

    def _error_answer(self, status: int) -> str | None:
        """The same for an error at an operation that the contract does not know: it has the shape of all others."""
        if status < _ERROR:
            return None
        operations = ((path, method) for path, item in self._openapi["paths"].items() for method in item)
        return next((found for path, method in operations if (found := self._answer(method, path, status))), None)

    @cache  # noqa: B019 - as above
    def _schema(self, pointer: str) -> Schema | None:
        try:
            return Schema(self._document, pointer)
        except LookupError:
            return None  # this answer has no such form


def _property_names(value: Any) -> Iterator[str]:
    """The names below every `properties` of a document."""
    if isinstance(value, dict):
        known = value.get("properties")
        yield from known if isinstance(known, dict) else ()
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _property_names(inner)


def _findings(problems: Iterable[tuple[Problem, str, int | None]]) -> list[Finding]:
    """One finding for each rule, which says where it was broken first and how often in all."""
    first: dict[str, tuple[Problem, str, int | None]] = {}
    counts: dict[str, int] = {}
    for problem, place, number in problems:
        first.setdefault(problem.rule, (problem, place, number))
        counts[problem.rule] = counts.get(problem.rule, 0) + 1
    return [
        Finding("schema", f"{place}{problem.path}: {problem.message}{_more(counts[rule])}", f"schema {rule}", event=number)
        for rule, (problem, place, number) in first.items()
    ]


def _of_any_event(problem: Problem) -> Problem:
    """A problem with a field of the event itself, such as its number: the same fault in whatever event it is."""
    owner, _, fault = problem.rule.partition(" ")
    name, dot, field = owner.partition(".")
    return replace(problem, rule=f"event{dot}{field} {fault}") if name and problem.path == f"${dot}{field}" else problem


def _more(count: int) -> str:
    return f" (and {count - 1} more like it)" if count > 1 else ""


def _unknown_operation(message: str) -> Finding:
    return Finding("schema", message, "schema unknown operation")


def _words(schema: Schema | str, value: Any) -> list[str]:
    return [schema] if isinstance(schema, str) else [f"{problem.path}: {problem.message}" for problem in schema.problems(value)]


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
