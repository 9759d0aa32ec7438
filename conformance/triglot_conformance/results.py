"""The results of a run against a server, as data: what every report is made from, and what `results.schema.json` describes."""

from __future__ import annotations

from dataclasses import dataclass, field

from triglot_conformance.verdicts import Finding, Verdict  # noqa: TC001 - read at run time by the decoder

FORMAT = "triglot-conformance/1"


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
    """

    target: TargetFacts
    suite_version: str
    started_at: str
    duration_s: float
    options: dict[str, str] = field(default_factory=dict)
    capabilities: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    cases: list[CaseResult] = field(default_factory=list)
    format: str = FORMAT
