"""The results of a run against a server, as data: what every report is made from, and what `results.schema.json` describes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from triglot_conformance.verdicts import Finding, Verdict

FORMAT = "triglot-conformance/1"

# What is kept of one body or one frame, and of all the frames of one stream, in bytes of UTF-8.
TEXT_LIMIT = 64 * 1024
STREAM_LIMIT = 4 * TEXT_LIMIT
_MARK_ROOM = 64
_ALL_CUT = "\n[cut: 0 of "

_T = TypeVar("_T")


class ResultsError(Exception):
    """A file does not hold the results of a run."""


@dataclass
class Event:
    """A frame of an event stream.

    Attributes:
        at_ms: when it was complete, from the moment the request was sent.
        raw: its text as received, its blank line included; what is not UTF-8 is replaced.
    """

    at_ms: float
    raw: str


@dataclass
class Exchange:
    """A request and its answer, with times in milliseconds from the moment the request was sent.

    Attributes:
        step: number of the step, from 1.
        part: what the exchange is for: `stream`, `whole`, `poll 3`.
        request_headers, headers: without secrets.
        request_body, body: text, cut where it is long.
        head_ms: when the head of the answer was there; None for no answer.
        events: of a stream.
        error: why there is no whole answer; None where there is one.
    """

    step: int
    part: str
    method: str
    url: str
    request_headers: dict[str, str]
    request_body: str | None = None
    status: int | None = None
    headers: list[list[str]] = field(default_factory=list)
    head_ms: float | None = None
    events: list[Event] = field(default_factory=list)
    body: str | None = None
    end_ms: float = 0.0
    error: str | None = None


@dataclass
class CaseResult:
    """What came of one case.

    Attributes:
        reason: one sentence for every verdict but `pass`.
        known: why it is known to fail, None where it is not.
    """

    id: str
    dialect: str
    level: str
    requirement: str
    spec: list[str]
    source: list[str]
    needs: list[str]
    verdict: Verdict
    reason: str = ""
    findings: list[Finding] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    known: str | None = None
    duration_ms: float = 0.0


@dataclass
class TargetFacts:
    """Which server was run against.

    Attributes:
        name: what the user calls it.
        url: its base URL, without credentials.
        software: what it says of itself; empty for nothing.
        model: the model asked for.
    """

    name: str
    url: str
    software: str = ""
    model: str = ""


@dataclass
class RunResult:
    """One run against one server.

    Attributes:
        started_at: ISO 8601, UTC.
        options: those of the command line that change what is run.
        capabilities: by need: `shown`, `absent`, `unknown` or `declared absent`.
        notes: what concerns the whole run, such as a server that answers 200 to anything.
        planned: how many cases were to run; more than there are where the run was stopped. None for a run that does not say.
    """

    target: TargetFacts
    suite_version: str
    started_at: str
    duration_s: float
    options: dict[str, str] = field(default_factory=dict)
    capabilities: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    cases: list[CaseResult] = field(default_factory=list)
    planned: int | None = None
    format: str = FORMAT


def to_json(run: RunResult) -> str:
    """Write a run as JSON, the same for the same run: one line for each case, so that two runs can be compared line by line.

    Bodies and frames are cut to `TEXT_LIMIT` bytes, and what goes beyond `STREAM_LIMIT` bytes of a stream loses its text but not its place;
    each cut says so. Halves of surrogate pairs, which no UTF-8 can hold, become U+FFFD.
    """
    facts = {"format": run.format} | asdict(replace(run, cases=[]))
    del facts["cases"]
    head = ",\n".join(f'"{name}": {_dump(value)}' for name, value in facts.items())
    cases = ",\n".join(_dump(asdict(_shorten(case))) for case in run.cases)
    return f'{{\n{head},\n"cases": [\n{cases}\n]\n}}\n'


def from_json(text: str) -> RunResult:
    """Read what `to_json` has written. Members that this version does not know are passed over.

    Raises:
        ResultsError: the text is not JSON, has another format, or breaks `results.schema.json`; the message says where.
    """
    if not text.strip():
        raise ResultsError("there is nothing in it")
    try:
        source = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"not JSON: {error}") from error
    named = source.get("format") if isinstance(source, dict) else None
    if named is None:
        raise ResultsError(f'not the results of a run: there is no "format", which must be {FORMAT!r}')
    if named != FORMAT:
        raise ResultsError(f"its format is {named!r}, and this version reads {FORMAT!r}")
    problem = best_match(_schema().iter_errors(source))
    if problem:
        raise ResultsError(f"{problem.json_path}: {problem.message[:300]}")
    run = _build(RunResult, source)
    run.target = _build(TargetFacts, source["target"])
    run.cases = [_build_case(case) for case in source["cases"]]
    return run


def _build_case(source: dict[str, Any]) -> CaseResult:
    case = _build(CaseResult, source)
    case.verdict = Verdict(source["verdict"])
    case.findings = [_build(Finding, finding) for finding in source["findings"]]
    case.exchanges = [_build(Exchange, exchange) for exchange in source["exchanges"]]
    for exchange in case.exchanges:
        exchange.events = [_build(Event, event) for event in exchange.events]  # type: ignore[arg-type]  # as they were read
    return case


def _build(of: type[_T], source: dict[str, Any]) -> _T:
    return of(**{each.name: source[each.name] for each in fields(of) if each.name in source})  # type: ignore[arg-type]  # a dataclass


def _dump(value: Any) -> str:
    return _clean(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def _shorten(case: CaseResult) -> CaseResult:
    return replace(case, exchanges=[shorten(exchange) for exchange in case.exchanges])


def shorten(exchange: Exchange) -> Exchange:
    """An exchange with its texts cut as `to_json` cuts them."""
    events, left = [], STREAM_LIMIT
    for event in exchange.events:
        raw = _cut(event.raw, TEXT_LIMIT)
        if not raw.startswith(_ALL_CUT):
            size = len(raw.encode())
            raw = raw if size <= left else _mark(0, len(_clean(event.raw).encode()))
            left -= size
        events.append(Event(event.at_ms, raw))
    return replace(
        exchange,
        events=events,
        body=None if exchange.body is None else _cut(exchange.body, TEXT_LIMIT),
        request_body=None if exchange.request_body is None else _cut(exchange.request_body, TEXT_LIMIT),
    )


def _cut(text: str, limit: int) -> str:
    """The start of a text and a mark that says how much there was, together at most `limit` bytes."""
    content = _clean(text).encode()
    if len(content) <= limit:
        return content.decode()
    kept = content[: limit - _MARK_ROOM].decode("utf-8", "ignore")
    return kept + _mark(len(kept.encode()), len(content))


def _mark(kept: int, size: int) -> str:
    return f"\n[cut: {kept} of {size} bytes]"


def _clean(text: str) -> str:
    """Without halves of surrogate pairs."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@cache
def _schema() -> Any:
    return Draft202012Validator(json.loads(files("triglot_conformance").joinpath("results.schema.json").read_text("utf-8")))
