"""Cases as data: a folder with `case.yaml` and the bytes that go in and must come out. docs/authoring-cases.md teaches the format."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from yaml import YAMLError

from triglot_conformance.contract.contract import read_yaml
from triglot_conformance.live.steps import LiveError, Usual, read_live
from triglot_conformance.replay.backend import STANDING, Hold
from triglot_conformance.replay.placeholders import PLACEHOLDER
from triglot_conformance.wire.http1 import HttpError, Message, parse_recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from triglot_conformance.live.steps import LiveCase
    from triglot_conformance.replay.backend import Ending
    from triglot_conformance.wire.encodings import Encoding

_JSON = {"Content-Type": "application/json"}

# What a client of each dialect sends unless the case says otherwise.
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
HEADERS = {"chat": _JSON, "responses": _JSON, "messages": {**_JSON, "anthropic-version": "2023-06-01", "x-api-key": "any"}}

_TRIES = 1000  # of a poll; each is an exchange, so this is seconds


class CaseError(Exception):
    """A case folder is wrong; the message names the file."""


@dataclass(frozen=True)
class Poll:
    """A request that is sent again while a field of the answer, a dotted path, has one of some values; `tries` is how often at most."""

    field: str
    values: list[Any]
    tries: int


@dataclass(frozen=True)
class Step:
    """One request and what must come of it. Method, path, headers and body may hold placeholders that earlier steps have bound.

    Attributes:
        request: body of the request, None for none.
        encoding: how the body is compressed, None for not at all.
        poll: whether and how often the request is sent again, None for not at all.
        leaves: the client hangs up as soon as it has received `stream`.
        socket: name of the WebSocket that the body is a message on, None for a request of its own.
        answer: the backend's answer, None where no generation request may reach it.
        holds: where the backend falls silent.
        through: number of the last step that the backend's answer is for; it may be asked at any time until then.
        standing: recordings of this case for what else the backend is asked, by name.
        backend_request: what the backend must have received: named fields only, unless `verbatim`.
        count_request: the same of the last request for a count of tokens.
        stream: the expected event stream, with placeholders.
        body: the expected JSON body, with placeholders; beside `stream`, what the same request gets without streaming.
        is_part: the stream is a part of a whole one, so that the order of its events proves nothing.
    """

    folder: Path
    method: str
    path: str
    headers: dict[str, str]
    request: bytes | None
    encoding: Encoding | None
    poll: Poll | None
    leaves: bool
    socket: str | None
    answer: Message | None
    ending: Ending
    verbatim: bool
    holds: list[Hold]
    through: int
    standing: dict[str, Message]
    backend_request: str | None
    count_request: str | None
    status: int
    answer_headers: dict[str, str | None]
    stream: str | None
    body: str | None
    folds: bool
    is_part: bool

    @property
    def asks(self) -> bool:
        """Whether the backend is asked for an answer."""
        return self.answer is not None or self.ending != "complete"


@dataclass(frozen=True)
class Case:
    """A requirement with its steps.

    Attributes:
        id: the folder's path below `cases/`; its first part is the dialect.
        steps: as they are replayed; none for a case that only runs live.
        setup: how the server must be set up; see `setups`.
        live: how it runs against any server; None where it does not.
    """

    id: str
    requirement: str
    level: str
    spec: list[str]
    steps: list[Step]
    needs: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    setup: str = "default"
    live: LiveCase | None = None

    @property
    def dialect(self) -> str:
        """`chat`, `responses` or `messages`."""
        return self.id.partition("/")[0]


def load_cases(folder: Path, globs: Sequence[str] = ("*",)) -> list[Case]:
    """Read every case below a folder whose id fits one of some patterns, in the order of their ids.

    Raises:
        CaseError: a case is wrong, or there is none.
    """
    found = {path.parent.relative_to(folder).as_posix(): path.parent for path in sorted(folder.rglob("case.yaml"))}
    if not found:
        raise CaseError(f"no case.yaml below {folder}")
    chosen = [case_id for case_id in found if any(fnmatchcase(case_id, glob) for glob in globs)]
    if not chosen:
        raise CaseError(f"no case matches {' or '.join(globs)}")
    return [load_case(found[case_id], case_id) for case_id in chosen]


def load_case(folder: Path, case_id: str) -> Case:
    """Read one case folder.

    Raises:
        CaseError: `case.yaml` breaks its schema, or a file is missing or malformed.
    """
    try:
        source = read_yaml(folder / "case.yaml")
    except (YAMLError, UnicodeDecodeError) as problem:
        raise CaseError(f"{folder / 'case.yaml'}: {' '.join(str(problem).split())}") from problem
    error = best_match(_schema().iter_errors(source))
    if error:
        raise CaseError(f"{folder / 'case.yaml'}: {error.json_path}: {error.message}")
    dialect = case_id.partition("/")[0]
    if dialect not in PATHS:
        raise CaseError(f"{folder}: the first part of a case's path is a dialect, one of {', '.join(PATHS)}")
    if "live" in source["origin"]:
        steps = []
    elif "steps" in source:
        steps = [_load_step(folder / str(number), dialect, step, number) for number, step in enumerate(source["steps"], 1)]
    else:
        steps = [_load_step(folder, dialect, source, 1)]
    _check_steps(folder, steps)
    optional = {name: source[name] for name in ("needs", "source", "setup") if name in source}
    if "live" in source:
        try:
            optional["live"] = read_live(folder, source["live"], steps, Usual(PATHS[dialect], HEADERS[dialect]))
        except LiveError as error:
            raise CaseError(str(error)) from None
    elif not steps:
        raise CaseError(f"{folder}: a case without anything to replay has a block `live`")
    return Case(case_id, source["requirement"], source["level"], source["spec"], steps, **optional)


def _load_step(folder: Path, dialect: str, source: dict[str, Any], number: int) -> Step:
    request, backend, expect = source.get("request", {}), source.get("backend", {}), source.get("expect", {})
    step = Step(
        folder=folder,
        method=request.get("method", "GET" if "socket" in request else "POST"),
        path=request.get("path", PATHS[dialect]),
        headers=({} if "socket" in request else HEADERS[dialect]) | request.get("headers", {}),
        request=_read(folder / "request.json"),
        encoding=request.get("encoding"),
        poll=_load_poll(request.get("poll")),
        leaves=request.get("leaves", False),
        socket=request.get("socket"),
        answer=_read_recording(folder / "backend.http"),
        ending=backend.get("ending", "complete"),
        verbatim=backend.get("verbatim", False),
        holds=[Hold(hold["event"], hold.get("until"), hold.get("times", 1)) for hold in backend.get("holds", [])],
        through=backend.get("through", number),
        standing={name: found for name in set(STANDING.values()) if (found := _read_recording(folder / name))},
        backend_request=_read_text(folder / "backend_request.json"),
        count_request=_read_text(folder / "count_request.json"),
        status=expect.get("status", 200),
        answer_headers=expect.get("headers", {}),
        stream=_read_text(folder / "expected.sse"),
        body=(_read_text(folder / "expected.json") or "").removesuffix("\n") or None,
        folds=expect.get("fold", True),
        is_part=expect.get("part", False) or request.get("leaves", False),
    )
    if step.stream is None and step.body is None and step.method != "HEAD":
        raise CaseError(f"{folder}: neither expected.sse nor expected.json")
    if step.method == "POST" and step.request is None and "path" not in request:
        raise CaseError(f"{folder}: a POST needs request.json")
    if step.leaves and (step.stream is None or step.body is not None):
        raise CaseError(f"{folder}: a client that leaves has received expected.sse and nothing else")
    if step.socket and (step.request is None or step.stream is None or step.body is not None):
        raise CaseError(f"{folder}: on a WebSocket request.json is answered by expected.sse")
    if step.poll and step.body is None:
        raise CaseError(f"{folder}: a poll ends in expected.json")
    return step


def _load_poll(source: dict[str, Any] | None) -> Poll | None:
    return None if source is None else Poll(source["field"], source["while"], source.get("tries", _TRIES))


def _check_steps(folder: Path, steps: list[Step]) -> None:
    """What a request takes over from an earlier answer must have been found in one, and one script at a time is played."""
    known: set[str] = set()
    busy_through = 0
    for number, step in enumerate(steps, 1):
        sent = [step.path, *step.headers.values(), (step.request or b"").decode("utf-8", "replace")]
        unknown = {name for text in sent for name in PLACEHOLDER.findall(text)} - known
        if unknown:
            raise CaseError(f"{folder}: step {number} sends {{{{{min(unknown)}}}}}, which no earlier step finds")
        if step.asks and number <= busy_through:
            raise CaseError(f"{folder}: step {number} has an answer of the backend, which is still busy with an earlier one")
        if not number <= step.through <= len(steps):
            raise CaseError(f"{folder}: step {number} lasts through a step that is not there")
        busy_through = max(busy_through, step.through)
        known |= {name for text in (step.stream, step.body, *step.answer_headers.values()) for name in PLACEHOLDER.findall(text or "")}


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _read_text(path: Path) -> str | None:
    content = _read(path)
    try:
        return None if content is None else content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CaseError(f"{path}: {error}") from error


def _read_recording(path: Path) -> Message | None:
    content = _read(path)
    try:
        return None if content is None else parse_recording(content)
    except HttpError as error:
        raise CaseError(f"{path}: {error}") from error


@cache
def _schema() -> Any:
    package = files("triglot_conformance")
    assertion = json.loads(package.joinpath("live/assertion.schema.json").read_text("utf-8"))
    registry: Registry[Any] = Registry().with_resource("assertion.schema.json", DRAFT202012.create_resource(assertion))
    return Draft202012Validator(json.loads(package.joinpath("case.schema.json").read_text("utf-8")), registry=registry)
