"""What must hold of every answer, whatever was asked: the contract's own checks of a live answer, and what no request may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from triglot_conformance.live.judge import judge
from triglot_conformance.live.steps import LiveStep
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Collection

    from triglot_conformance.contract.contract import Dialect
    from triglot_conformance.live.client import Answer

_OK, _CLIENT_ERROR, _SERVER_ERROR, _NOT_IMPLEMENTED = 200, 400, 500, 501
_STREAM = "text/event-stream"
_MAY_HAPPEN = {"failure in the stream"}  # told as the contract says: an odd request may fail late


@dataclass(frozen=True)
class Asked:
    """A request, as far as its answer depends on it.

    Attributes:
        path: with its query.
        body: decoded; None for none, and for what is no JSON.
        statuses: those that the operation documents: `200`, `4XX`, `default`.
        streams: the operation can answer with events.
    """

    method: str
    path: str
    body: Any
    statuses: Collection[str]
    streams: bool


def judge_answer(dialect: Dialect, asked: Asked, answer: Answer) -> list[Finding]:
    """Say what is wrong with an answer to any request, valid or not; the plainest first."""
    if answer.error and not answer.status:
        return [Finding("connection", f"there is no answer: {answer.error}", "connection no answer")]
    found = [*_judge_status(asked, answer.status)]
    is_stream = asked.streams and answer.status == _OK and (_wants_stream(asked) or (_is_odd(asked) and answer.media_type == _STREAM))
    whole = not parse_qs(urlsplit(asked.path).query).get("starting_after")
    step = LiveStep(1, asked.method, asked.path, statuses=(answer.status,), stream=is_stream, ordered=whole)
    return found + [finding for finding in judge(dialect, step, answer).findings if finding.rule not in _MAY_HAPPEN]


def _judge_status(asked: Asked, status: int) -> list[Finding]:
    if status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED:
        return [Finding("status", f"the status is {status}: no request may make a server fail", "status of a failing server")]
    known = {str(status), f"{status // 100}XX", "default"}
    if status >= _CLIENT_ERROR or known & {str(name) for name in asked.statuses}:
        return []
    return [Finding("status", f"the status {status} is not one of {', '.join(sorted(asked.statuses))}", "status not documented")]


def _wants_stream(asked: Asked) -> bool:
    if asked.method == "GET":
        return parse_qs(urlsplit(asked.path).query).get("stream") == ["true"]
    return isinstance(asked.body, dict) and asked.body.get("stream") is True


def _is_odd(asked: Asked) -> bool:
    """Whether `stream` has a value that may be read either way."""
    if asked.method == "GET":
        return "stream" in parse_qs(urlsplit(asked.path).query)
    return not isinstance(asked.body, dict) or not isinstance(asked.body.get("stream"), bool | None)
