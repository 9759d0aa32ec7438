"""Backend bytes to neutral events, without I/O.

One `AnswerDecoder` reads one streamed chat completion. Whatever the bytes are, its events end with exactly one `Finished` or `Failed`: a
stream that stops without a finish reason is a failure, never an answer.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from triglot.backend.failures import convert_error_object
from triglot.backend.prefill import PrefillDropper
from triglot.backend.stops import StopMatcher
from triglot.backend.wire import Chunk, ChunkUsage, Delta, Logprobs, Timings, ToolCallFragment, decode_chunk
from triglot.errors import CUT_SHORT, ApiError, ErrorKind
from triglot.events import (
    AnswerRules,
    BackendEvent,
    Failed,
    Finished,
    FinishReason,
    Progress,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    Usage,
)
from triglot.sse import EventStreamParser, EventTooLargeError

_NO_RULES: Final = AnswerRules()
_DONE: Final = b"[DONE]"
_FINISH_REASONS: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
_SNIPPET: Final = 200


class AnswerDecoder:
    """Decodes one answer; feed it the bytes as they come, then `close` it.

    Args:
        rules: what the answer is held to here.

    Attributes:
        ended: whether the closing event has been returned; nothing more is read from the backend then.
        whole: whether the backend itself has said that nothing follows.
    """

    __slots__ = ("_call", "_calls", "_finish", "_parser", "_prefill", "_single_call", "_stops", "_timings", "_usage", "ended", "whole")

    def __init__(self, rules: AnswerRules = _NO_RULES) -> None:
        self.hold_to(rules)
        self._parser = EventStreamParser()
        self._calls: dict[int, str] = {}  # the backend's index of each call seen -> its id
        self._call = -1  # our index of the call whose arguments are coming in
        self._finish: FinishReason | None = None
        self._usage: Usage | None = None
        self._timings: Timings | None = None
        self.ended = False
        self.whole = False

    def hold_to(self, rules: AnswerRules) -> None:
        """Take other rules, before the answer begins."""
        self._stops = StopMatcher(rules.stop_sequences) if rules.stop_sequences else None
        self._prefill = PrefillDropper(rules.prefill) if rules.prefill else None
        self._single_call = rules.single_call

    def feed(self, data: bytes) -> list[BackendEvent]:
        """Return the events that `data` completes. Bytes after the end are ignored."""
        events: list[BackendEvent] = []
        try:
            payloads = self._parser.feed(data)
        except EventTooLargeError as error:
            return self.fail(ApiError(ErrorKind.BACKEND_FAILED, str(error)))
        for payload in payloads:
            if self.ended:
                break
            if payload == _DONE:
                self.whole = True
                self._end(events)
            else:
                self._take(payload, events)
        return events

    def close(self) -> list[BackendEvent]:
        """Return the closing events, once the backend has closed the stream; none if they have been returned."""
        events: list[BackendEvent] = []
        self._end(events)
        return events

    def cancel(self) -> list[BackendEvent]:
        """Return the closing events of an answer that somebody has stopped; none if it was complete."""
        events: list[BackendEvent] = []
        if not self.ended:
            self._finish = "cancelled"
            self._end(events)
        return events

    def fail(self, error: ApiError) -> list[BackendEvent]:
        """Return the closing events when the transport has failed; none if the answer was complete."""
        events: list[BackendEvent] = []
        if not self.ended:
            self._fail(events, Failed(error.kind, error.message, dict(error.details)))
        return events

    def _take(self, payload: bytes, events: list[BackendEvent]) -> None:
        try:
            chunk = decode_chunk(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._fail(
                events, Failed(ErrorKind.BACKEND_FAILED, f"The backend sent a chunk that triglot cannot read: {_snippet(payload)}")
            )
        if chunk.error is not None:
            error = convert_error_object(chunk.error)
            return self._fail(events, Failed(error.kind, error.message, dict(error.details)))
        if chunk.prompt_progress is not None:
            progress = chunk.prompt_progress
            events.append(Progress(progress.processed, progress.total, progress.cache))
        if chunk.usage is not None:
            self._usage = _convert_usage(chunk.usage)
        if chunk.timings is not None:
            self._timings = chunk.timings
        self._take_choices(chunk, events)
        return None

    def _take_choices(self, chunk: Chunk, events: list[BackendEvent]) -> None:
        for choice in chunk.choices:
            if choice.index != 0:  # only one choice is ever asked for
                continue
            if choice.delta is not None:
                self._take_delta(choice.delta, choice.logprobs, events)
            if choice.finish_reason is not None and self._finish is None:
                self._finish = _FINISH_REASONS.get(choice.finish_reason, "stop")

    def _take_delta(self, delta: Delta, logprobs: Logprobs | None, events: list[BackendEvent]) -> None:
        if thinking := delta.reasoning_content or delta.reasoning:
            self._flush_text(events)
            events.append(ReasoningDelta(thinking))
        if delta.content:
            if self._stops is None and self._prefill is None:
                events.append(TextDelta(delta.content) if logprobs is None else TextDelta(delta.content, logprobs.content or ()))
            else:
                self._take_ruled_text(delta.content, events)
        if delta.tool_calls:
            for fragment in delta.tool_calls:
                if not self.ended:
                    self._take_call(fragment, events)

    def _take_ruled_text(self, text: str, events: list[BackendEvent]) -> None:
        if self._prefill is not None:
            text = self._prefill.feed(text)
        matched = None
        if self._stops is not None:
            text, matched = self._stops.feed(text)
        if text:
            events.append(TextDelta(text))
        if matched is not None:
            self._finish = "stop"
            self._end(events, matched)

    def _flush_text(self, events: list[BackendEvent]) -> None:
        """Let go of text that was held back for what it might have become."""
        if self._prefill is not None and (held := self._prefill.flush()):
            self._take_ruled_text(held, events)
        if self._stops is not None and (held := self._stops.flush()):
            events.append(TextDelta(held))

    def _take_call(self, fragment: ToolCallFragment, events: list[BackendEvent]) -> None:
        index = max(len(self._calls) - 1, 0) if fragment.index is None else fragment.index
        function = fragment.function
        if self._begins(index, fragment):
            self._flush_text(events)
            if self._single_call and self._calls:
                self._finish = "tool_calls"
                return self._end(events)
            self._calls[index] = fragment.id or ""
            self._call += 1
            events.append(ToolCallStart(self._call, fragment.id or "", (function and function.name) or ""))
        elif index != next(reversed(self._calls)):
            message = f"The backend went back to tool call {index} after a later one had begun; calls must come one after the other."
            return self._fail(events, Failed(ErrorKind.BACKEND_FAILED, message))
        if function is not None and function.arguments:
            events.append(ToolCallDelta(self._call, function.arguments))
        return None

    def _begins(self, index: int, fragment: ToolCallFragment) -> bool:
        """Whether the fragment opens a call. Some backends repeat id and name on every fragment, others give each call index 0."""
        known = self._calls.get(index)
        if known is None:
            return True
        return bool(fragment.id and fragment.id != known and fragment.function and fragment.function.name)

    def _fail(self, events: list[BackendEvent], failed: Failed) -> None:
        self.ended = True
        events.append(failed)

    def _end(self, events: list[BackendEvent], stop_sequence: str | None = None) -> None:
        if self.ended:
            return None
        self._flush_text(events)
        if self._finish is None:
            return self._fail(events, Failed(ErrorKind.BACKEND_FAILED, CUT_SHORT))
        self.ended = True
        if self._usage is not None:
            events.append(self._usage)
        elif self._timings is not None:
            events.append(_convert_timings(self._timings))
        events.append(Finished(self._finish, stop_sequence))
        return None


def _convert_usage(usage: ChunkUsage) -> Usage:
    cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
    reasoning = usage.completion_tokens_details and usage.completion_tokens_details.reasoning_tokens
    return Usage(usage.prompt_tokens, usage.completion_tokens, cached or 0, reasoning or 0)


def _convert_timings(timings: Timings) -> Usage:
    return Usage(timings.cache_n + timings.prompt_n, timings.predicted_n, timings.cache_n)


def _snippet(payload: bytes) -> Any:
    text = payload[:_SNIPPET].decode("utf-8", "replace")
    return text if len(payload) <= _SNIPPET else text + "..."
