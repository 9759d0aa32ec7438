"""What the last chunks of an answer, or its one body, tell of how it ended. Nothing is changed or refused for it: it is for the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.events import Finished, FinishReason, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

_REASONS: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class Timings(msgspec.Struct):
    """llama-server's own counts, which come with the last chunk, or with every one."""

    cache_n: int
    prompt_n: int
    predicted_n: int

    def usage(self) -> dict[str, Any]:
        """What llama-server makes of them at the end of an answer."""
        prompt = self.cache_n + self.prompt_n
        return {
            "completion_tokens": self.predicted_n,
            "prompt_tokens": prompt,
            "total_tokens": self.predicted_n + prompt,
            "prompt_tokens_details": {"cached_tokens": self.cache_n},
        }


class _Choice(msgspec.Struct):
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    timings: Timings | None = None


_decode = msgspec.json.Decoder(_Answer).decode


def read_ending(documents: Iterable[bytes]) -> list[Usage | Finished]:
    """The token counts and the reason of the end, as far as they are told.

    Args:
        documents: chunks, or the one body; what is no JSON of that kind tells nothing.
    """
    usage: Usage | None = None
    reason: str | None = None
    for document in documents:
        try:
            answer = _decode(document)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        usage = _counts(answer) or usage
        reason = next((choice.finish_reason for choice in answer.choices if choice.finish_reason), reason)
    found: list[Usage | Finished] = [] if usage is None else [usage]
    if reason is not None:
        found.append(Finished(_REASONS.get(reason, "stop")))
    return found


def _counts(answer: _Answer) -> Usage | None:
    if (usage := answer.usage) is not None:
        cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
        reasoning = usage.completion_tokens_details and usage.completion_tokens_details.reasoning_tokens
        return Usage(usage.prompt_tokens, usage.completion_tokens, cached or 0, reasoning or 0)
    if (timings := answer.timings) is not None:
        return Usage(timings.cache_n + timings.prompt_n, timings.predicted_n, timings.cache_n)
    return None
