"""Text from a prompt: a request with one message, and an answer that is nothing but text and thinking.

Source: specs/control/schemas/generate.yaml, specs/control/events.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from triglot.dialects.chat_request import stream_fields
from triglot.dialects.openai_errors import error_body
from triglot.errors import ApiError
from triglot.events import Failed, Finished, ReasoningDelta, TextDelta, Usage
from triglot.generated.control.order import TABLE
from triglot.order import Cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.backend.profiles import Profile
    from triglot.events import BackendEvent, FinishReason
    from triglot.generated.control.events import GeneratedText, GenerateEvent
    from triglot.generated.control.models import GenerateText

_PASSED_ON: Final = ("max_tokens", "temperature", "top_p", "seed", "stop")
_ENDS: Final[dict[FinishReason, Literal["stop", "length", "content_filter", "cancelled"]]] = {
    "stop": "stop",
    "tool_calls": "stop",  # no tools are offered
    "length": "length",
    "content_filter": "content_filter",
    "cancelled": "cancelled",
}


def convert_request(request: GenerateText, model: str, profile: Profile) -> dict[str, Any]:
    """The chat request.

    Args:
        request: the client's.
        model: the model that the backend has.
        profile: of the backend.
    """
    system = [{"role": "system", "content": request.system}] if request.system else []
    body: dict[str, Any] = {"model": model, "messages": [*system, {"role": "user", "content": request.prompt}]}
    names = (*_PASSED_ON, "t_max_predict_ms") if profile.extensions else _PASSED_ON
    body.update((name, value) for name in names if (value := getattr(request, name)) is not None)
    return {**body, **stream_fields(profile)}


class GenerateStream:
    """Translates one answer. See `Translator`.

    Args:
        request_id: for errors.

    Attributes:
        model: its name, to be set before the answer ends; empty for one that was stopped before the backend told it.
    """

    def __init__(self, request_id: str) -> None:
        self.ended = False
        self.model = ""
        self._request_id = request_id
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._usage = Usage(prompt=0, completion=0, cached=0)
        self._cursor = Cursor(TABLE)

    def start(self, prompt_tokens: int | None) -> Sequence[GenerateEvent]:  # noqa: ARG002 - the usage comes at the end
        """Begin with a sign of life."""
        return self.idle()

    def idle(self) -> Sequence[GenerateEvent]:
        """A sign of life."""
        return self._emit({"type": "generate.ping"})

    def receive(self, event: BackendEvent) -> Sequence[GenerateEvent]:
        """Return what `event` makes."""
        match event:
            case TextDelta(text):
                self._text.append(text)
                return self._emit({"type": "generate.text", "text": text})
            case ReasoningDelta(text):
                self._reasoning.append(text)
                return self._emit({"type": "generate.reasoning", "text": text})
            case Usage():
                self._usage = event
            case Finished(reason):
                self.ended = True
                return self._emit({"type": "generate.done", "answer": self._answer(reason)})
            case Failed(kind, message, details):
                self.ended = True
                error = error_body(ApiError(kind, message, details=details), self._request_id)["error"]
                return self._emit({"type": "generate.failed", "error": error})
        return ()

    def _answer(self, reason: FinishReason) -> GeneratedText:
        usage = self._usage
        return {
            "model": self.model,
            "text": "".join(self._text),
            "reasoning": "".join(self._reasoning) or None,
            "finish_reason": _ENDS[reason],
            "usage": {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "cached_tokens": usage.cached},
        }

    def _emit(self, event: GenerateEvent) -> Sequence[GenerateEvent]:
        self._cursor.advance(event)
        return (event,)
