"""What a chat completions backend sends, as far as triglot reads it.

Recorded from llama-server b11549 and checked against the chunks of other OpenAI-compatible servers: fields that only some of them send are
optional, unknown ones are skipped. `specs/chat` describes the same answers for clients.
"""

from __future__ import annotations

from typing import Any

import msgspec

from triglot.events import TokenLogprob  # noqa: TC001 - a field of a struct is read at run time


class FunctionFragment(msgspec.Struct):
    """Part of a call's function; `name` comes once, `arguments` in pieces."""

    name: str | None = None
    arguments: str | None = None


class ToolCallFragment(msgspec.Struct):
    """Part of one tool call of a choice."""

    index: int | None = None
    id: str | None = None
    function: FunctionFragment | None = None


class Delta(msgspec.Struct):
    """What one chunk adds to a choice. Thinking is `reasoning_content` in llama-server, `reasoning` in some others."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCallFragment] | None = None


class Logprobs(msgspec.Struct):
    """The probabilities of the tokens of one chunk."""

    content: tuple[TokenLogprob, ...] | None = None


class Choice(msgspec.Struct):
    """One choice of a chunk."""

    delta: Delta | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    index: int = 0


class PromptDetails(msgspec.Struct):
    """Where the prompt tokens came from."""

    cached_tokens: int | None = None


class CompletionDetails(msgspec.Struct):
    """What the completion tokens were spent on."""

    reasoning_tokens: int | None = None


class ChunkUsage(msgspec.Struct):
    """Token counts of the whole answer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None


class Timings(msgspec.Struct):
    """llama-server's own counts on the last chunk: cached, processed and generated tokens."""

    cache_n: int = 0
    prompt_n: int = 0
    predicted_n: int = 0


class PromptProgress(msgspec.Struct):
    """llama-server's prefill progress, sent when the request has `return_progress`. Counts are tokens; `processed` includes `cache`."""

    total: int
    processed: int
    cache: int = 0


class Chunk(msgspec.Struct):
    """One `data:` of a chat completion stream, or the error that takes its place."""

    choices: list[Choice] = []
    usage: ChunkUsage | None = None
    timings: Timings | None = None
    prompt_progress: PromptProgress | None = None
    error: Any = None


decode_chunk = msgspec.json.Decoder(Chunk).decode
