"""The neutral events: what a backend's answer consists of, whatever the backend and whoever reads it.

`backend.decode` makes them from bytes; each dialect's translator turns them into its own stream. Fragments stay fragments: argument text is
never parsed on the way.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from triglot.errors import ErrorKind  # noqa: TC001 - a field of a struct is read at run time

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "cancelled"]


class TopLogprob(msgspec.Struct, frozen=True):
    """A token that was considered at some place. `bytes` are its UTF-8 bytes, which need not be whole characters."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class TokenLogprob(msgspec.Struct, frozen=True):
    """A token of the answer, the natural logarithm of its probability, and the likeliest tokens at its place."""

    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[TopLogprob] = []


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the answer's text, never empty, with the probabilities of its tokens where the request asked for them."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


class ReasoningDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the model's thinking, never empty."""

    text: str


class ToolCallStart(msgspec.Struct, frozen=True, gc=False):
    """A tool call begins; `index` counts the calls of one answer from 0. `call_id` is the backend's own, possibly empty."""

    index: int
    call_id: str
    name: str


class ToolCallDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the JSON text of the arguments of call `index`, never empty."""

    index: int
    arguments: str


class Progress(msgspec.Struct, frozen=True, gc=False):
    """Prompt tokens processed so far, of `total`; `cached` of them came from the prompt cache."""

    processed: int
    total: int
    cached: int


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Token counts of the whole answer. `prompt` includes `cached`; `completion` includes `reasoning` where the backend tells it."""

    prompt: int
    completion: int
    cached: int
    reasoning: int = 0


class Finished(msgspec.Struct, frozen=True, gc=False):
    """The model stopped, and why; `cancelled` by somebody's wish. `stop_sequence` is the matched one where the backend names it."""

    reason: FinishReason
    stop_sequence: str | None = None


class Failed(msgspec.Struct, frozen=True):
    """The answer broke off after it had begun. Nothing follows. `details` are those of an `ApiError`."""

    kind: ErrorKind
    message: str
    details: dict[str, Any] = {}


class AnswerRules(msgspec.Struct, frozen=True):
    """What triglot itself holds an answer to, where the backend does not or would not tell.

    Attributes:
        stop_sequences: texts that end the answer.
        prefill: the beginning of the answer as the request gave it, which the backend may repeat.
        single_call: the answer ends when a second tool call begins.
    """

    stop_sequences: tuple[str, ...] = ()
    prefill: str = ""
    single_call: bool = False

    @property
    def may_end_early(self) -> bool:
        """Whether the answer may end before the backend ends it, so that token counts are needed on the way."""
        return bool(self.stop_sequences) or self.single_call


BackendEvent: TypeAlias = TextDelta | ReasoningDelta | ToolCallStart | ToolCallDelta | Progress | Usage | Finished | Failed
