"""Judges one answer: bytes against the expectation, events against their schemas, their order, and the fold.

Everything here is pure: the same checks run on a server's answer and, without any server, on the expected files themselves.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.fold import FOLDS, FoldError
from triglot_conformance.replay.placeholders import PLACEHOLDER, Bindings
from triglot_conformance.verdicts import Finding
from triglot_conformance.wire.http1 import Head, Message
from triglot_conformance.wire.sse import Frame, parse_stream

if TYPE_CHECKING:
    import re

    from triglot_conformance.case import Case, Step
    from triglot_conformance.contract.contract import Contract, Dialect

_SAMPLES = {"time": "1700000000", "opaque": "c2lnbmF0dXJl", "text": "Words.", "count": "1"}


def judge_stream(dialect: Dialect, step: Step, answer: Message, bindings: Bindings, *, again: bool = False) -> list[Finding]:
    """Judge the answer to a streaming request.

    Args:
        dialect: its contract.
        step: what was asked and is expected.
        answer: what the server sent.
        bindings: the values of placeholders so far.
        again: the same stream has been judged in full before, so equal bytes are enough.

    Returns:
        What is wrong, the plainest first; nothing when all is well.
    """
    assert step.stream is not None  # noqa: S101 - the caller chose this judge by it
    findings = _judge_head(step, answer, "text/event-stream", bindings)
    if findings:
        return findings
    try:
        frames = parse_stream(answer.body)
    except UnicodeDecodeError as error:
        return [Finding("utf-8", str(error))]
    findings = _compare_frames(parse_stream(step.stream.encode()), frames, bindings)
    if again and not findings:
        return []
    events, broken = decode_events(frames, dialect)
    findings += broken
    if not broken:
        findings += _judge_events(step, dialect, events)
        if step.body is not None and step.folds:
            findings += _judge_fold(dialect.name, events, step.body)
    return findings


def judge_body(dialect: Dialect, step: Step, answer: Message, bindings: Bindings) -> list[Finding]:
    """Judge the answer to a request without streaming."""
    assert step.body is not None  # noqa: S101 - the caller chose this judge by it
    findings = _judge_head(step, answer, "application/json", bindings)
    if findings:
        return findings
    difference = bindings.match(step.body, answer.body.decode("utf-8", "replace"))
    if difference:
        findings.append(Finding("body", difference))
    try:
        body = json.loads(answer.body)
    except ValueError as error:
        return [*findings, Finding("json", str(error))]
    broken = dialect.check_body(step.method, step.path.partition("?")[0], answer.status, body)
    return [*findings, *(Finding("schema", message) for message in broken)]


def judge_head(step: Step, answer: Message, bindings: Bindings) -> list[Finding]:
    """Judge an answer without a body."""
    return _judge_head(step, answer, None, bindings)


def judge_backend_request(step: Step, requests: list[Message], sent: bytes | None, bindings: Bindings) -> list[Finding]:
    """Judge what the backend was asked: nothing, the client's own bytes, or at least the named fields."""
    if not step.asks:
        return [Finding("backend", f"the backend was asked although it must not be: {requests[0].body[:200]!r}")] if requests else []
    if not requests or (len(requests) > 1 and step.ending in ("complete", "left")):
        return [Finding("backend", f"the backend was asked {len(requests)} times")]
    body = requests[-1].body
    if step.verbatim:
        return [] if body == sent else [Finding("backend", f"the backend received {body[:300]!r} instead of the client's own bytes")]
    return _judge_fields(step.backend_request, body, bindings)


def judge_count_request(step: Step, counts: list[Message], bindings: Bindings) -> list[Finding]:
    """Judge what the backend was asked to count."""
    if step.count_request is None:
        return []
    if not counts:
        return [Finding("backend", "the backend was not asked to count tokens")]
    return _judge_fields(step.count_request, counts[-1].body, bindings)


def _judge_fields(expected: str | None, body: bytes, bindings: Bindings) -> list[Finding]:
    if expected is None:
        return []
    try:
        received = json.loads(body)
    except ValueError as error:
        return [Finding("backend", f"the backend received no JSON: {error}")]
    return [Finding("backend", message) for message in _compare_fields(json.loads(expected), received, bindings)]


def decode_events(frames: list[Frame], dialect: Dialect) -> tuple[list[Any], list[Finding]]:
    """The JSON events of a stream, its framing checked."""
    rules = dialect.stream
    findings: list[Finding] = []
    events: list[Any] = []
    payloads = [frame for frame in frames if frame.data is not None or not frame.complete]
    if rules.sentinel is not None and payloads and payloads[-1].data == rules.sentinel:
        payloads.pop()
    for number, frame in enumerate(payloads):
        if not frame.complete:
            findings.append(Finding("framing", f"event {number}: no blank line ends it: {frame.raw[-80:]!r}"))
            continue
        try:
            event = json.loads(frame.data or "")
        except ValueError:
            findings.append(Finding("framing", f"event {number}: its data is not JSON: {(frame.data or '')[:80]!r}"))
            continue
        events.append(event)
        line = event.get(rules.event_line) if rules.event_line else None
        if frame.event != line:
            findings.append(Finding("framing", f"event {number}: its event line says {frame.event!r}, expected {line!r}"))
    return events, findings


def check_expectations(case: Case, contract: Contract) -> list[Finding]:
    """Hold a case's own expected files against the contract, with samples in place of the placeholders."""
    findings = [Finding("spec", f"{pointer} leads nowhere") for pointer in case.spec if not contract.resolves(pointer)]
    dialect = contract.dialect(case.dialect)
    for step in case.steps:
        if step.stream is not None:
            findings += judge_stream(dialect, step, _sample(step, "text/event-stream", step.stream), Bindings())
        if step.body is not None:
            findings += judge_body(dialect, step, _sample(step, "application/json", step.body), Bindings())
    return findings


def _judge_head(step: Step, answer: Message, media_type: str | None, bindings: Bindings) -> list[Finding]:
    """A wrong status or type makes every further finding noise, so these stand alone."""
    if answer.status != step.status:
        return [Finding("status", f"{answer.status}, expected {step.status}; the body starts {answer.body[:200]!r}")]
    if media_type is not None and answer.media_type != media_type:
        return [Finding("content-type", f"{answer.media_type!r}, expected {media_type!r}; the body starts {answer.body[:200]!r}")]
    found = ((name, expected, answer.head.get(name)) for name, expected in step.answer_headers.items())
    return [
        Finding("headers", f"{name} is {value!r}, expected {expected!r}")
        for name, expected, value in found
        if (value is not None if expected is None else value is None or bindings.match(expected, value))
    ]


def _judge_events(step: Step, dialect: Dialect, events: list[Any]) -> list[Finding]:
    findings = []
    if not step.is_part:
        findings += [Finding("order", message) for message in dialect.stream.check_order(events)]
        findings += [Finding("invariant", message) for message in dialect.stream.check_invariants(events)]
    for number, event in enumerate(events):
        path = step.path.partition("?")[0]
        broken = dialect.check_message(path, event) if step.socket else dialect.check_event(step.method, path, event)
        findings += [Finding("schema", f"event {number} ({dialect.stream.symbol(event)}): {message}") for message in broken]
    return findings


def _judge_fold(dialect: str, events: list[Any], body: str) -> list[Finding]:
    try:
        folded = FOLDS[dialect](events)
    except (FoldError, LookupError, TypeError) as error:
        return [Finding("fold", f"the stream cannot be folded: {error!r}")]
    difference = Bindings().match(body, json.dumps(folded, ensure_ascii=False, separators=(",", ":")))
    return [Finding("fold", f"the folded stream differs from the body: {difference}")] if difference else []


def _compare_frames(expected: list[Frame], actual: list[Frame], bindings: Bindings) -> list[Finding]:
    """The first frame that differs; what follows one is rarely worth reading."""
    for number, (wanted, got) in enumerate(zip(expected, actual, strict=False)):
        difference = bindings.match(wanted.raw.decode(), got.raw.decode())
        if difference:
            return [Finding("bytes", f"frame {number} of {len(expected)}: {difference}")]
    if len(actual) < len(expected):
        return [Finding("bytes", f"the stream ends after {len(actual)} frames; missing: {expected[len(actual)].raw.decode()[:160]!r}")]
    if len(actual) > len(expected):
        return [Finding("bytes", f"unexpected frame {len(expected)}: {actual[len(expected)].raw.decode()[:160]!r}")]
    return []


def _compare_fields(expected: dict[str, Any], received: Any, bindings: Bindings) -> list[str]:
    """Every field named in `expected` must be there with its value; `null` means absent. Key order counts: it reaches the prompt."""
    if not isinstance(received, dict):
        return [f"the backend received {type(received).__name__}, not an object"]
    findings = []
    for name, value in expected.items():
        got = json.dumps(received.get(name), ensure_ascii=False)
        difference = bindings.match(json.dumps(value, ensure_ascii=False), got)
        if difference:
            findings.append(f"{name} of the backend's request: {difference}")
    return findings


def _sample(step: Step, media_type: str, text: str) -> Message:
    named = ((name, PLACEHOLDER.sub(_sample_value, value)) for name, value in step.answer_headers.items() if value is not None)
    head = Head(f"HTTP/1.1 {step.status} Sample", (("content-type", media_type), *named))
    return Message(head, PLACEHOLDER.sub(_sample_value, text).encode())


def _sample_value(found: re.Match[str]) -> str:
    kind, _, name = found.group(1).partition(":")
    return name.partition("#")[0] + name.encode().hex().ljust(8, "0") if kind == "id" else _SAMPLES[kind]
