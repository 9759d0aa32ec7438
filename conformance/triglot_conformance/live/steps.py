"""What a case asks of a live server: the block `live` of its `case.yaml`, with what the case itself says as defaults."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from triglot_conformance.live.assertions import check_assertion_source
from triglot_conformance.live.jsonpath import check_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from triglot_conformance.case import Step
    from triglot_conformance.wire.encodings import Encoding

PLACEHOLDER: Final = re.compile(r"\{\{([^{}]+)\}\}")
OWN_BODY: Final = "live.json"


class LiveError(Exception):
    """The block `live` of a case is wrong; the message says where."""


@dataclass(frozen=True)
class Leaving:
    """When the client hangs up: behind so many events, or so many seconds after it has sent its request."""

    after_events: int | None = None
    after_s: float | None = None


@dataclass(frozen=True)
class Polling:
    """The request is sent again while the value at a JSONPath is one of some."""

    path: str
    values: tuple[Any, ...]
    within_s: float


@dataclass(frozen=True)
class LiveStep:
    """One request to a live server, and what must come of it.

    Attributes:
        number: from 1.
        body: text with placeholders; None for no body.
        encoding: how the body is compressed, None for not at all.
        keeps_model: the model that the body names is part of the case.
        reads_slowly: the client reads a few bytes at a time.
        writes_split: the request is sent in small pieces.
        leaves: the client hangs up early.
        socket: name of the WebSocket that the body is a message on.
        twin: the same request is also sent without streaming.
        parallel: so many of it are sent at once.
        statuses: any of them is right.
        stream: the answer is an event stream.
        answer_headers: patterns to be found in headers; None for a header that must be absent.
        ordered: the stream is a whole one, so that the order of its events can be judged.
        breaks: the stream may end in an error, as long as it says so.
        exercised: assertions that hold when the model did what the case is about.
        assertions: what must hold.
        bind: names and JSONPaths of values for later steps.
        slot_free_within_s: no request: the server's slots must all be idle within this time.
    """

    number: int
    method: str = "POST"
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    encoding: Encoding | None = None
    keeps_model: bool = False
    reads_slowly: bool = False
    writes_split: bool = False
    leaves: Leaving | None = None
    poll: Polling | None = None
    socket: str | None = None
    twin: bool = False
    parallel: int = 1
    statuses: tuple[int, ...] = (200,)
    stream: bool = False
    answer_headers: Mapping[str, str | None] = field(default_factory=dict)
    ordered: bool = True
    breaks: bool = False
    exercised: Sequence[Mapping[str, Any]] = ()
    assertions: Sequence[Mapping[str, Any]] = ()
    bind: Mapping[str, str] = field(default_factory=dict)
    slot_free_within_s: float | None = None


@dataclass(frozen=True)
class LiveCase:
    """How a case runs against a live server.

    Attributes:
        ground: the plainest case of its dialect and mode; what is wrong there is not counted again elsewhere.
        shows: the need of which this case tells whether the server has it.
        alone: nothing else is asked meanwhile: what it looks at hangs on time, or on what the server has in its cache.
    """

    steps: tuple[LiveStep, ...]
    ground: bool = False
    shows: str | None = None
    alone: bool = False

    @property
    def mode(self) -> str:
        """`errors`, `stream` or `json`: what the answers of this case have in common with those of others."""
        last = self.steps[-1]
        return "errors" if min(last.statuses) >= 400 else "stream" if last.stream else "json"  # noqa: PLR2004


@dataclass(frozen=True)
class Usual:
    """What a client of the dialect sends unless told otherwise."""

    path: str
    headers: Mapping[str, str]


def read_live(folder: Path, source: Mapping[str, Any], steps: Sequence[Step], usual: Usual) -> LiveCase:
    """Read the block `live` of a case.

    Args:
        folder: the case's.
        source: the block; valid by the schema.
        steps: of the case as it is replayed; none where it is not.
        usual: for a request without one to be replayed.

    Raises:
        LiveError: a body is missing or malformed, or a step sends what no earlier one binds.
    """
    sources = source.get("steps") or ([source] if len(steps) <= 1 else [{} for _ in steps])
    is_one = "steps" not in source and len(steps) <= 1
    live_steps = []
    for number, one in enumerate(sources, 1):
        default = steps[number - 1] if number <= len(steps) else None
        place = folder if is_one else folder / str(number)
        live_steps.append(_read_step(place, number, one, default or usual))
    _check_bindings(folder, live_steps)
    return LiveCase(tuple(live_steps), source.get("ground", False), source.get("shows"), source.get("alone", False))


def _read_step(folder: Path, number: int, source: Mapping[str, Any], usual: Step | Usual) -> LiveStep:
    if "slot_free" in source:
        return LiveStep(number, slot_free_within_s=float(source["slot_free"]["within_s"]))
    _check_paths(folder, source)
    default = None if isinstance(usual, Usual) else usual
    body = _read_body(folder, default)
    expect = source.get("expect", {})
    method = source.get("method", default.method if default else "POST")
    if method == "POST" and body is None and "path" not in source and default is None:
        raise LiveError(f"{folder}: a POST needs {OWN_BODY} or request.json")
    statuses = expect.get("status", default.status if default else 200)
    stream = expect.get("stream", default.stream is not None if default and not (folder / OWN_BODY).is_file() else _asks_for_stream(body))
    twin = bool(default and default.stream and default.body and default.folds)
    return LiveStep(
        number=number,
        method=method,
        path=source.get("path", usual.path),
        headers={**usual.headers, **source.get("headers", {})},
        body=body,
        encoding=source.get("encoding", default.encoding if default else None),
        keeps_model=source.get("model") == "keep",
        reads_slowly=source.get("reads") == "slow",
        writes_split=source.get("writes") == "split",
        leaves=_read_leaving(source, default),
        poll=_read_polling(source, default),
        socket=source.get("socket", default.socket if default else None),
        twin=source.get("twin", twin) and stream,
        parallel=source.get("parallel", 1),
        statuses=tuple(statuses) if isinstance(statuses, list) else (statuses,),
        stream=stream,
        answer_headers=expect.get("headers", {}),
        ordered=expect.get("order", not (default and default.is_part)),
        breaks=expect.get("breaks", False),
        exercised=source.get("exercised", ()),
        assertions=source.get("assert", ()),
        bind=source.get("bind", {}),
    )


def _check_paths(folder: Path, source: Mapping[str, Any]) -> None:
    """Find out what a schema does not see: whether paths and patterns are such."""
    try:
        for assertion in (*source.get("exercised", ()), *source.get("assert", ())):
            check_assertion_source(assertion)
        for path in (*source.get("bind", {}).values(), *([source["poll"]["path"]] if "poll" in source else ())):
            check_path(path)
    except ValueError as error:
        raise LiveError(f"{folder}: {error}") from None


def _read_body(folder: Path, default: Step | None) -> str | None:
    own = folder / OWN_BODY
    try:
        if own.is_file():
            return own.read_text(encoding="utf-8")
        if default is not None:
            return None if default.request is None else default.request.decode("utf-8")
        shared = folder / "request.json"
        return shared.read_text(encoding="utf-8") if shared.is_file() else None
    except UnicodeDecodeError as error:
        raise LiveError(f"{folder}: the body of a live request is UTF-8: {error}") from error


def _asks_for_stream(body: str | None) -> bool:
    try:
        document = json.loads(PLACEHOLDER.sub("0", body or "null"))
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("stream") is True


def _read_leaving(source: Mapping[str, Any], default: Step | None) -> Leaving | None:
    if "leaves" in source:
        return Leaving(source["leaves"].get("after_events"), source["leaves"].get("after_s"))
    return Leaving(after_events=1) if default and default.leaves else None


def _read_polling(source: Mapping[str, Any], default: Step | None) -> Polling | None:
    if "poll" in source:
        poll = source["poll"]
        return Polling(poll["path"], tuple(poll["while"]), float(poll.get("within_s", 30)))
    if default and default.poll:
        return Polling(
            "$" + "".join(f"[{key}]" if key.isdecimal() else f".{key}" for key in default.poll.field.split(".")),
            tuple(default.poll.values),
            30,
        )
    return None


def _check_bindings(folder: Path, steps: Sequence[LiveStep]) -> None:
    known: set[str] = set()
    for step in steps:
        sent = [step.path, *step.headers.values(), step.body or ""]
        unknown = {name.removeprefix("json:") for text in sent for name in PLACEHOLDER.findall(text)} - known
        if unknown:
            raise LiveError(f"{folder}: live step {step.number} sends {{{{{min(unknown)}}}}}, which no earlier step binds")
        known |= step.bind.keys()


def fill_path(text: str, bindings: Mapping[str, Any]) -> str:
    """Put values in the place of placeholders in a path, as SDKs do: what means something in a path is escaped."""
    return PLACEHOLDER.sub(lambda found: quote(str(bindings[found.group(1)]), safe="!$&'()*+,;=:@", errors="replace"), text)


def fill(text: str, bindings: Mapping[str, Any], *, in_json: bool) -> str:
    """Put values in the place of placeholders.

    Args:
        text: with `{{name}}`, or, for a whole JSON value, `"{{json:name}}"`.
        bindings: values by name.
        in_json: the text is JSON, so that strings are escaped.
    """

    def value(name: str) -> str:
        found = bindings[name]
        written = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        return json.dumps(written, ensure_ascii=False)[1:-1] if in_json else written

    whole = re.compile(r'"\{\{json:([^{}]+)\}\}"')
    text = whole.sub(lambda found: json.dumps(bindings[found.group(1)], ensure_ascii=False), text) if in_json else text
    return PLACEHOLDER.sub(lambda found: value(found.group(1)), text)
