"""The judge of live answers: every expected answer of every case is clean, every defect is found, and no bytes make it stumble."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from triglot_conformance.case import Step, load_cases
from triglot_conformance.live.client import Answer, TimedFrame
from triglot_conformance.live.judge import Judgement, judge
from triglot_conformance.live.steps import LiveStep
from triglot_conformance.replay.placeholders import PLACEHOLDER
from triglot_conformance.wire.sse import parse_stream

from .conftest import CASES

if TYPE_CHECKING:
    from triglot_conformance.contract.contract import Contract

SAMPLES = {"time": "1700000000", "opaque": "c2lnbmF0dXJl", "text": "Words.", "count": "1"}
SSE, JSON = [("Content-Type", "text/event-stream; charset=utf-8")], [("content-type", "application/json")]


def sample(text: str, salt: str = "") -> str:
    def value(found: re.Match[str]) -> str:
        kind, _, name = found.group(1).partition(":")
        return name.partition("#")[0] + (name + salt).encode().hex().ljust(8, "0") if kind == "id" else SAMPLES[kind]

    return PLACEHOLDER.sub(value, text)


def stream_answer(text: str | bytes, **changes: Any) -> Answer:
    body = text.encode() if isinstance(text, str) else text
    try:
        frames = [TimedFrame(frame, float(number)) for number, frame in enumerate(parse_stream(body))]
    except UnicodeDecodeError:
        frames = []
    return Answer(**{"status": 200, "headers": SSE, "body": body, "frames": frames, "head_ms": 0.1, **changes})


def json_answer(body: str | bytes | Any, status: int = 200, **changes: Any) -> Answer:
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(**{"status": status, "headers": JSON, "body": data, "head_ms": 0.1, **changes})


def live_step(step: Step, **changes: Any) -> LiveStep:
    """What a live run asks by default for a step that is replayed."""
    facts = {"method": step.method, "path": step.path, "statuses": (step.status,), "stream": step.stream is not None}
    return LiveStep(1, **{**facts, "ordered": not step.is_part, "socket": step.socket, **changes})


def judge_expectation(contract: Contract, dialect: str, step: Step) -> Judgement:
    whole = None
    if step.stream is None:
        headers = JSON if step.body is not None else []
        return judge(contract.dialect(dialect), live_step(step), json_answer(sample(step.body or ""), step.status, headers=headers))
    if step.body is not None and step.folds:
        whole = json_answer(re.sub(r'("id":"(?:msg|resp)_)', r"\1other", sample(step.body, "whole")))
    return judge(contract.dialect(dialect), live_step(step), stream_answer(sample(step.stream)), whole)


def test_every_expected_answer_of_every_case_is_clean(contract: Contract) -> None:
    failed = 0
    for case in load_cases(CASES):
        for step in case.steps:
            judgement = judge_expectation(contract, case.dialect, step)
            if any(finding.check == "failure" for finding in judgement.findings):
                assert '"error"' in (step.stream or ""), case.id
                failed += 1
            else:
                assert judgement.findings == [], case.id
    assert failed
