"""What a server refuses wherever it is asked, so that the cases go on without it: the temperature, by which they only steer the model.

Reasoning models of the official server take no temperature but their own. Cases that are about the temperature ask for it all the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from triglot_conformance.live.client import Answer
    from triglot_conformance.live.steps import LiveStep
    from triglot_conformance.wire.http1 import Request

_FIELD: Final = "temperature"
_REFUSALS: Final = {400, 422}
_GOOD: Final = range(200, 300)


@dataclass
class Habits:
    """What a run has found out.

    Attributes:
        takes_no_temperature: a plain request was refused with words that name it.
    """

    takes_no_temperature: bool = False

    def learn(self, step: LiveStep, request: Request, answer: Answer) -> Request | None:
        """The request without its temperature, if that is what an answer refuses; None for anything else."""
        if answer.status not in _REFUSALS or step.statuses[0] not in _GOOD:
            return None
        if not is_about_temperature(answer.body.decode("utf-8", "replace")):
            return None
        lighter = _without_temperature(step, request)
        self.takes_no_temperature |= lighter is not None
        return None if _looks_at_it(step) else lighter

    def lighten(self, step: LiveStep, request: Request) -> Request:
        """The request as this server takes it: itself, or without a temperature that only steers."""
        if not self.takes_no_temperature or _looks_at_it(step):
            return request
        return _without_temperature(step, request) or request


def _without_temperature(step: LiveStep, request: Request) -> Request | None:
    """A request without the temperature that steers the model; None where it has none."""
    if step.encoding is not None:
        return None
    try:
        document = json.loads(request.body)
    except ValueError:
        return None
    if not isinstance(document, dict) or document.get(_FIELD) != 0:
        return None
    document.pop(_FIELD)
    return replace(request, body=json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


def is_about_temperature(words: str) -> bool:
    """Whether a refusal names the temperature."""
    return _FIELD in words.lower()


def _looks_at_it(step: LiveStep) -> bool:
    return any(_FIELD in _text(assertion) for assertion in (*step.assertions, *step.exercised))


def _text(assertion: Any) -> str:
    return json.dumps(assertion, default=str)
