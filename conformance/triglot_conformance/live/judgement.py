"""What came of an answer, and what its judges of all forms have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from triglot_conformance.contract.ids import id_findings
from triglot_conformance.contract.paths import show
from triglot_conformance.contract.state import state_findings
from triglot_conformance.contract.usage import usage_findings
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from triglot_conformance.contract.contract import Dialect
    from triglot_conformance.live.client import Answer
    from triglot_conformance.live.steps import LiveStep

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


def judge_answer(dialect: str, body: Any) -> list[Finding]:
    """What holds within a whole answer, however it came."""
    return [*state_findings(dialect, body), *id_findings(dialect, body), *usage_findings(dialect, body)]


def tell_coding(answer: Answer) -> Finding | None:
    """Why bytes that cannot be read cannot be read, where the answer names a content coding; None where it does not."""
    codings = ", ".join(value for name, value in answer.headers if name.lower() == "content-encoding")
    if codings.strip().lower() in {"", "identity"}:
        return None
    words = f"the body is compressed ({show(codings)}), although the request accepts no content coding (Accept-Encoding: identity)"
    return Finding("content-coding", words, "content-coding nobody asked for")


def is_answer(dialect: Dialect, step: LiveStep) -> bool:
    """Whether what is asked for is an answer of the model, or a stored one."""
    path = _ANSWERS[dialect.name]
    return path_of(step) == path or (dialect.name == "responses" and re.fullmatch(rf"{path}/[^/]+(/cancel)?", path_of(step)) is not None)


def path_of(step: LiveStep) -> str:
    """The path that a step asks for, without its query."""
    return step.path.partition("?")[0]


def asks_for_answer(dialect: str, step: LiveStep) -> bool:
    """Whether a step asks the model for an answer."""
    return step.method == "POST" and step.socket is None and path_of(step) == _ANSWERS[dialect]
