"""Judges one answer of a live server: strict on all that the protocol fixes, tolerant of what a model says and of what clients let pass.

Everything here is pure, and takes whatever bytes a server may send.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from triglot_conformance.contract.ids import twin_id_findings
from triglot_conformance.contract.paths import show
from triglot_conformance.contract.shape import shape_findings
from triglot_conformance.contract.strict_json import decode_json
from triglot_conformance.live.assertions import check_assertions
from triglot_conformance.live.judgement import Judgement, is_answer, judge_answer, path_of, tell_coding
from triglot_conformance.live.leeway import excuse
from triglot_conformance.live.streams import judge_stream
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triglot_conformance.contract.contract import Dialect
    from triglot_conformance.live.client import Answer
    from triglot_conformance.live.steps import LiveStep

_ERROR: Final = 400
_EMPTY: Final = {204, 304}
_STREAM, _JSON = "text/event-stream", "application/json"
_STARTS: Final = 300  # bytes of a body that a finding shows


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
    if step.socket is not None and min(step.statuses) >= _ERROR:
        answer = _as_refusal(answer)
    judgement = Judgement(sources={**(bodies or {}), "headers": _joined(answer.headers)})
    stop = _judge_status(step, answer) or _judge_head(step, answer)
    if stop:
        judgement.findings = [stop]  # anything further would be noise
        return judgement
    if step.stream and answer.status < _ERROR:
        judge_stream(dialect, step, answer, judgement)
    else:
        _judge_body(dialect, step, answer, judgement)
    if answer.error and not answer.left:
        broken = Finding("connection", f"the answer is not whole: {answer.error}", "connection answer is not whole")
        judgement.findings.insert(0, broken)  # what else is wrong may follow from it
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
    if coding := tell_coding(answer):
        return coding  # it comes before what is said in it
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


def _as_refusal(answer: Answer) -> Answer:
    """The HTTP answer that an error on a WebSocket stands for, if the answer is such an error and nothing else."""
    data = (answer.frames[0].frame.data or "").encode() if len(answer.frames) == 1 else b""
    match _decode(replace(answer, body=data))[0]:
        case {"type": "error", "status": int(status)}:
            return replace(answer, status=status, headers=[("content-type", _JSON)], body=data)
        case _:
            return answer


# A JSON body


def _judge_body(dialect: Dialect, step: LiveStep, answer: Answer, judgement: Judgement) -> None:
    if _has_no_body(step, answer):
        if answer.body:
            judgement.findings.append(Finding("body", f"there is a body, expected none: {_start(answer.body)}", "body where there is none"))
        return
    if not answer.body and (answer.left or step.method == "OPTIONS"):
        return
    body, problem = _decode(answer)
    if problem:
        judgement.findings.append(problem)
        return
    judgement.body = judgement.sources["body"] = body
    if step.socket is not None:
        judgement.findings += excuse(dialect.name, dialect.message_findings(path_of(step), [body]))
    else:
        judgement.findings += excuse(dialect.name, dialect.body_findings(step.method, path_of(step), answer.status, body))
    if answer.status < _ERROR and is_answer(dialect, step):
        judgement.findings += judge_answer(dialect.name, body)


def _decode(answer: Answer) -> tuple[Any, Finding | None]:
    try:
        return decode_json(answer.body), None
    except UnicodeDecodeError as error:
        return None, tell_coding(answer) or Finding("utf-8", f"the body is not UTF-8: {error}", "utf-8 body")
    except ValueError as error:
        problem = Finding("json", f"the body is not JSON ({error}); it starts {_start(answer.body)}", "json body")
        return None, tell_coding(answer) or problem


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
        judgement.findings += shape_findings(dialect.name, judgement.body, judged.body, dialect.names)
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


def _has_no_body(step: LiveStep, answer: Answer) -> bool:
    return step.method == "HEAD" or answer.status in _EMPTY


def _joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in lower case; values of one name are joined."""
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name.lower()] = f"{joined[name.lower()]}, {value}" if name.lower() in joined else value
    return joined


def _start(body: bytes) -> str:
    return show(body[:_STARTS].decode("utf-8", "replace")) if body else "with nothing"
