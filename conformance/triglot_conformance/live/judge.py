"""Judges one answer of a live server: strict on all that the protocol fixes, tolerant of what a model says and of what clients let pass.

Everything here is pure, and takes whatever bytes a server may send.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from triglot_conformance.contract.fold import FOLDS, FoldError
from triglot_conformance.contract.ids import id_findings, twin_id_findings
from triglot_conformance.contract.paths import look_up, show
from triglot_conformance.contract.shape import shape_findings
from triglot_conformance.contract.state import state_findings, stream_state_findings
from triglot_conformance.contract.strict_json import decode_json
from triglot_conformance.contract.usage import stream_usage_findings, usage_findings
from triglot_conformance.live.assertions import check_assertions
from triglot_conformance.live.framing import read_frames
from triglot_conformance.verdicts import Finding
from triglot_conformance.wire.sse import parse_stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triglot_conformance.contract.contract import Dialect
    from triglot_conformance.live.client import Answer
    from triglot_conformance.live.steps import LiveStep
    from triglot_conformance.wire.sse import Frame

_ERROR: Final = 400
_EMPTY: Final = {204, 304}
_STREAM, _JSON = "text/event-stream", "application/json"
_STARTS: Final = 300  # bytes of a body that a finding shows
_ANSWERS: Final = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
"""What is answered at these has ids and counts, and a stream that folds into it."""


@dataclass
class Judgement:
    """What came of an answer.

    Attributes:
        findings: what is wrong, the plainest first; those about the twin have `exchange` 1, all others 0.
        body: the JSON body, or what the stream folds to; None for neither.
        events: of the stream.
        sources: what assertions can look at, by the names of `on`.
    """

    findings: list[Finding] = field(default_factory=list)
    body: Any = None
    events: list[Any] = field(default_factory=list)
    sources: dict[str, Any] = field(default_factory=dict)


def judge(
    dialect: Dialect, step: LiveStep, answer: Answer, whole: Answer | None = None, bodies: Mapping[str, Any] | None = None
) -> Judgement:
    """Judge what came of a step.

    Args:
        dialect: its contract.
        step: what was asked and is expected.
        answer: what the server sent.
        whole: the answer to the same request without streaming, where it was sent as well.
        bodies: those of earlier steps, as `step:1` and so on.
    """
    judgement = Judgement(sources={**(bodies or {}), "headers": _joined(answer.headers)})
    stop = _judge_status(step, answer) or _judge_head(step, answer)
    if stop:
        judgement.findings = [stop]  # anything further would be noise
        return judgement
    if step.stream and answer.status < _ERROR:
        _judge_stream(dialect, step, answer, judgement)
    else:
        _judge_body(dialect, step, answer, judgement)
    if answer.error and not answer.left:
        judgement.findings.append(Finding("connection", f"the answer is not whole: {answer.error}", "connection answer is not whole"))
    judgement.findings += _judge_headers(step, judgement.sources["headers"])
    if whole is not None:
        _judge_twin(dialect, step, whole, judgement)
    judgement.findings += check_assertions(step.assertions, judgement.sources)
    return judgement


# The head


def _judge_status(step: LiveStep, answer: Answer) -> Finding | None:
    if answer.status in step.statuses:
        return None
    if not answer.status:
        return Finding("connection", f"there is no answer: {answer.error}", "connection no answer")
    expected = " or ".join(map(str, step.statuses))
    words = f"the status is {answer.status}, expected {expected}; the body starts {_start(answer.body)}"
    return Finding("status", words, f"status not {expected}")


def _judge_head(step: LiveStep, answer: Answer) -> Finding | None:
    """What the body is; with another type than was asked for it cannot be judged."""
    if not answer.body and (_has_no_body(step, answer) or step.method == "OPTIONS"):
        return None
    expected = _STREAM if step.stream and answer.status < _ERROR else _JSON
    if answer.media_type == expected:
        return None
    words = f"the content type is {show(answer.media_type)}, expected {expected}; the body starts {_start(answer.body)}"
    return Finding("content-type", words, f"content-type not {expected} for {'an error' if answer.status >= _ERROR else 'an answer'}")


def _judge_headers(step: LiveStep, headers: Mapping[str, str]) -> list[Finding]:
    found = []
    for name, pattern in step.answer_headers.items():
        value = headers.get(name.lower())
        if pattern is None and value is not None:
            found.append(Finding("headers", f"{name} is {show(value)}, expected to be absent", f"headers {name} must be absent"))
        elif pattern is not None and value is None:
            found.append(Finding("headers", f"{name} is missing, expected a match of {pattern}", f"headers {name} is missing"))
        elif pattern is not None and value is not None and not re.search(pattern, value):
            found.append(Finding("headers", f"{name} is {show(value)}, expected a match of {pattern}", f"headers {name} is wrong"))
    return found


# A JSON body


def _judge_body(dialect: Dialect, step: LiveStep, answer: Answer, judgement: Judgement) -> None:
    if _has_no_body(step, answer):
        if answer.body:
            judgement.findings.append(Finding("body", f"there is a body, expected none: {_start(answer.body)}", "body where there is none"))
        return
    if not answer.body and (answer.left or step.method == "OPTIONS"):
        return
    body, problem = _decode(answer.body)
    if problem:
        judgement.findings.append(problem)
        return
    judgement.body = judgement.sources["body"] = body
    judgement.findings += dialect.body_findings(step.method, _path(step), answer.status, body)
    if answer.status < _ERROR and _is_answer(dialect, step):
        judgement.findings += _judge_answer(dialect.name, body)


def _judge_answer(dialect: str, body: Any) -> list[Finding]:
    """What holds within a whole answer, however it came."""
    return [*state_findings(dialect, body), *id_findings(dialect, body), *usage_findings(dialect, body)]


def _decode(body: bytes) -> tuple[Any, Finding | None]:
    try:
        return decode_json(body), None
    except UnicodeDecodeError as error:
        return None, Finding("utf-8", f"the body is not UTF-8: {error}", "utf-8 body")
    except ValueError as error:
        return None, Finding("json", f"the body is not JSON ({error}); it starts {_start(body)}", "json body")


# An event stream


def _judge_stream(dialect: Dialect, step: LiveStep, answer: Answer, judgement: Judgement) -> None:
    try:
        frames = [timed.frame for timed in answer.frames] or parse_stream(answer.body)
    except UnicodeDecodeError as error:
        judgement.findings.append(Finding("utf-8", f"the stream is not UTF-8: {error}", "utf-8 stream"))
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
    if failure is not None:
        judgement.findings.insert(0, _tell_failure(stream.events[failure], failure))
    elif step.ordered and is_whole and _is_answer(dialect, step):
        _fold(dialect, step, known, judgement)


def _judge_events(dialect: Dialect, step: LiveStep, events: Sequence[Any]) -> list[Finding]:
    if step.socket is not None:
        return dialect.message_findings(_path(step), events)
    return dialect.event_findings(step.method, _path(step), events)


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
    found = [*dialect.body_findings(method, _path(step), 200, body), *_judge_answer(dialect.name, body)]
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


# The twin


def _judge_twin(dialect: Dialect, step: LiveStep, whole: Answer, judgement: Judgement) -> None:
    """The same request without streaming gets the same answer in one piece."""
    judged = Judgement()
    stop = _judge_twin_head(whole)
    if stop:
        judged.findings = [stop]
    else:
        _judge_body(dialect, step, whole, judged)
    if judged.body is not None:
        judgement.sources["whole"] = judged.body
    told = {finding.rule for finding in judgement.findings}
    judgement.findings += [_of_twin(finding) for finding in judged.findings if finding.rule not in told]
    if judgement.body is not None and judged.body is not None:
        judgement.findings += shape_findings(dialect.name, judgement.body, judged.body)
        judgement.findings += twin_id_findings(judgement.body, judged.body)


def _judge_twin_head(whole: Answer) -> Finding | None:
    if whole.status != 200:  # noqa: PLR2004
        words = f"the status is {whole.status}, expected 200; the body starts {_start(whole.body)}"
        return Finding("status", words if whole.status else f"there is no answer: {whole.error}", "status not 200")
    if whole.media_type != _JSON:
        words = f"the content type is {show(whole.media_type)}, expected {_JSON}; the body starts {_start(whole.body)}"
        return Finding("content-type", words, f"content-type not {_JSON} for an answer")
    if whole.error:
        return Finding("connection", f"the answer is not whole: {whole.error}", "connection answer is not whole")
    return None


def _of_twin(finding: Finding) -> Finding:
    return replace(finding, message=f"the same request without streaming: {finding.message}", exchange=1)


# Facts


def _is_answer(dialect: Dialect, step: LiveStep) -> bool:
    """Whether what is asked for is an answer of the model, or a stored one."""
    path = _ANSWERS[dialect.name]
    return _path(step) == path or (dialect.name == "responses" and re.fullmatch(rf"{path}/[^/]+(/cancel)?", _path(step)) is not None)


def _has_no_body(step: LiveStep, answer: Answer) -> bool:
    return step.method == "HEAD" or answer.status in _EMPTY


def _path(step: LiveStep) -> str:
    return step.path.partition("?")[0]


def _joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in lower case; values of one name are joined."""
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name.lower()] = f"{joined[name.lower()]}, {value}" if name.lower() in joined else value
    return joined


def _start(body: bytes) -> str:
    return show(body[:_STARTS].decode("utf-8", "replace")) if body else "with nothing"
