"""Judges an event stream: its frames, each event, what holds across them, and what they fold to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from triglot_conformance.contract.fold import FOLDS, FoldError
from triglot_conformance.contract.paths import look_up, show
from triglot_conformance.contract.state import stream_state_findings
from triglot_conformance.contract.usage import stream_usage_findings
from triglot_conformance.live.framing import read_frames
from triglot_conformance.live.judgement import is_answer, judge_answer, path_of, tell_coding
from triglot_conformance.live.leeway import excuse
from triglot_conformance.verdicts import Finding
from triglot_conformance.wire.sse import parse_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot_conformance.contract.contract import Dialect
    from triglot_conformance.live.client import Answer
    from triglot_conformance.live.judgement import Judgement
    from triglot_conformance.live.steps import LiveStep
    from triglot_conformance.wire.sse import Frame


def judge_stream(dialect: Dialect, step: LiveStep, answer: Answer, judgement: Judgement) -> None:
    """Judge the answer to a streaming request, and note its events and what they fold to."""
    try:
        frames = [timed.frame for timed in answer.frames] or parse_stream(answer.body)
    except UnicodeDecodeError as error:
        judgement.findings.append(tell_coding(answer) or Finding("utf-8", f"the stream is not UTF-8: {error}", "utf-8 stream"))
        return
    is_whole = not answer.left and answer.error is None
    stream = read_frames(frames, dialect, is_whole=is_whole)
    judgement.events, judgement.findings = stream.events, stream.findings
    judgement.sources |= {"events": stream.events, "frames": _as_json(answer, frames)}
    known = [event for event in stream.events if not _may_ignore(dialect, event)]
    numbers = [number for number, event in enumerate(stream.events) if not _may_ignore(dialect, event)]
    failure = next((number for number, event in enumerate(stream.events) if _is_failure(dialect, event)), None)
    found = _judge_events(dialect, step, known)
    if step.ordered and not answer.left:
        found += dialect.stream.order_findings(known)
        if dialect.stream.sentinel and not stream.is_ended and failure is None and is_whole:
            found.append(Finding("framing", f"no `data: {dialect.stream.sentinel}` ends the stream", "framing no sentinel"))
    elif answer.left:
        found += [finding for finding in dialect.stream.order_findings(known) if finding.event is not None]
    found += _judge_across(dialect, step, known, cut=not is_whole or not step.ordered)
    judgement.findings += [_renumber(finding, numbers) for finding in found]
    if failure is not None and not step.breaks:
        judgement.findings.insert(0, _tell_failure(stream.events[failure], failure))
    elif failure is None and step.ordered and is_whole and is_answer(dialect, step):
        _fold(dialect, step, known, judgement)


def _judge_events(dialect: Dialect, step: LiveStep, events: Sequence[Any]) -> list[Finding]:
    if step.socket is not None:
        return excuse(dialect.name, dialect.message_findings(path_of(step), events))
    return excuse(dialect.name, dialect.event_findings(step.method, path_of(step), events))


def _judge_across(dialect: Dialect, step: LiveStep, events: Sequence[Any], *, cut: bool) -> list[Finding]:
    """What holds across events; of a part of a stream only what a later part cannot mend."""
    if not step.ordered:
        return []
    found = [*dialect.stream.invariant_findings(events), *stream_state_findings(events), *stream_usage_findings(dialect.name, events)]
    return [finding for finding in found if finding.event is not None or not cut]


def _fold(dialect: Dialect, step: LiveStep, events: Sequence[Any], judgement: Judgement) -> None:
    """What the stream folds to is an answer like any other."""
    try:
        body = FOLDS[dialect.name](events)
    except FoldError as error:
        judgement.findings.append(Finding("fold", f"the stream cannot be folded: {error}", f"fold {error.rule}"))
        if error.body is not None:
            judgement.body = judgement.sources["body"] = error.body  # so that assertions can be held against what came
        return
    judgement.body = judgement.sources["body"] = body
    method = step.method if step.socket is None else "POST"
    found = [*excuse(dialect.name, dialect.body_findings(method, path_of(step), 200, body)), *judge_answer(dialect.name, body)]
    told = {finding.rule for finding in judgement.findings}
    judgement.findings += [
        replace(finding, message=f"in what the stream folds to: {finding.message}") for finding in found if finding.rule not in told
    ]


def _is_failure(dialect: Dialect, event: Any) -> bool:
    return dialect.stream.is_failure(event) or event.get("type") == "response.failed"


def _tell_failure(event: Any, number: int) -> Finding:
    told = (look_up(event, path) for path in ("error.message", "response.error.message", "message"))
    words = next((message for message in told if isinstance(message, str)), event)
    return Finding("failure", f"event {number}: the stream ends in an error: {show(words)}", "failure in the stream", event=number)


def _may_ignore(dialect: Dialect, event: Any) -> bool:
    """Whether clients skip this event, so that it is none for the order.

    The documents of Messages ask clients to expect unknown events, and the official SDKs skip them. In Responses, others than OpenAI put a
    prefix and a colon before the types of their own events (Open Responses), so that they are told from misspelt ones.
    """
    kind = event.get("type")
    match dialect.name:
        case "messages":
            return isinstance(kind, str) and not dialect.stream.knows(event)
        case "responses":
            return isinstance(kind, str) and ":" in kind
        case _:
            return False


def _renumber(finding: Finding, numbers: Sequence[int]) -> Finding:
    """The finding with the number that its event has in the whole stream."""
    if finding.event is None or finding.event >= len(numbers) or numbers[finding.event] == finding.event:
        return finding
    number = numbers[finding.event]
    message = finding.message.replace(f"event {finding.event}", f"event {number}", 1)
    return replace(finding, message=message, event=number)


def _as_json(answer: Answer, frames: Sequence[Frame]) -> list[dict[str, Any]]:
    times = [timed.at_ms for timed in answer.frames] or [answer.end_ms] * len(frames)
    return [
        {"event": frame.event, "data": frame.data, "comments": list(frame.comments), "at_ms": at_ms}
        for frame, at_ms in zip(frames, times, strict=True)
    ]
