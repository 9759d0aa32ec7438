"""Neutral events to the Messages stream.

Source: specs/messages/events.yaml. One content block is open at a time; each is closed before the next one opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, assert_never

from triglot.dialects.messages.errors import error_body
from triglot.errors import ApiError
from triglot.events import (
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
from triglot.generated.messages.order import TABLE
from triglot.order import Cursor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from triglot.dialects.messages.thinking import Display
    from triglot.dialects.messages.toolsets import Member
    from triglot.dialects.translator import NewId
    from triglot.generated.messages.events import (
        ContentBlock,
        ContentBlockDelta,
        Message,
        MessageDelta,
        MessageDeltaUsage,
        MessageStreamEvent,
        StopReason,
        ToolUseBlock,
    )
    from triglot.generated.messages.events import (
        Usage as MessageUsage,
    )

BlockKind: TypeAlias = Literal["text", "thinking", "tool_use"]

_STOP_REASONS: Final[dict[FinishReason, StopReason]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "cancelled": "end_turn",
}


class MessageStream:
    """Translates one answer.

    Args:
        model: the name the client asked for; it is echoed.
        request_id: named in an error event.
        message_id: `msg_...`.
        new_id: makes `toolu_` ids.
        sign: makes the signature of a thinking block from its text; where the text is omitted, one that carries it.
        display: how much of the model's thinking the client sees.
        members: what calls of some functions, by their name, are called in the answer; all others keep the function's name.
        context_tokens: how many tokens prompt and answer may have together, if that is known.

    Attributes:
        context_tokens: as above; it counts only at the end.
        ended: whether the last event has been made.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        *,
        model: str,
        request_id: str,
        message_id: str,
        new_id: NewId,
        sign: Callable[[str], str],
        display: Display,
        members: Mapping[str, Member] | None = None,
        context_tokens: int | None = None,
    ) -> None:
        self._model = model
        self._request_id = request_id
        self._message_id = message_id
        self._new_id = new_id
        self._sign = sign
        self._display = display
        self._members = members or {}
        self.context_tokens = context_tokens
        self._cursor = Cursor(TABLE)
        self._started = False
        self._block: BlockKind | None = None
        self._index = -1
        self._thought: list[str] = []
        self._called = False
        self._usage = Usage(prompt=0, completion=0, cached=0)
        self.ended = False

    def start(self, prompt_tokens: int | None) -> list[MessageStreamEvent]:
        """Begin before the backend does; `prompt_tokens` is the size of the prompt as far as it is known."""
        self._usage = Usage(prompt=prompt_tokens or 0, completion=0, cached=0)
        out: list[MessageStreamEvent] = []
        self._start(out)
        return out

    def idle(self) -> list[MessageStreamEvent]:
        """A sign of life."""
        out: list[MessageStreamEvent] = []
        self._start(out)
        self._emit({"type": "ping"}, out)
        return out

    def receive(self, event: BackendEvent) -> list[MessageStreamEvent]:
        """Return the stream events that `event` makes."""
        out: list[MessageStreamEvent] = []
        match event:
            case TextDelta(text=text):
                self._switch_to("text", {"type": "text", "text": ""}, out)
                self._emit_delta({"type": "text_delta", "text": text}, out)
            case ReasoningDelta(text=text):
                self._think(text, out)
            case ToolCallDelta(arguments=arguments):
                self._emit_delta({"type": "input_json_delta", "partial_json": arguments}, out)
            case ToolCallStart(name=name):
                self._close_block(out)
                self._called = True
                self._switch_to("tool_use", self._call_block(name), out)
            case Progress():
                self._report_progress(event, out)
            case Usage():
                self._usage = event
            case Finished():
                self._finish(event, out)
                self.ended = True
            case Failed():
                self._emit(error_body(ApiError(event.kind, event.message, details=event.details), self._request_id), out)
                self.ended = True
            case _:
                assert_never(event)
        return out

    def _emit(self, event: MessageStreamEvent, out: list[MessageStreamEvent]) -> None:
        self._cursor.advance(event)
        out.append(event)

    def _emit_delta(self, delta: ContentBlockDelta, out: list[MessageStreamEvent]) -> None:
        self._emit({"type": "content_block_delta", "index": self._index, "delta": delta}, out)

    def _start(self, out: list[MessageStreamEvent]) -> None:
        if self._started:
            return
        self._started = True
        message: Message = {
            "id": self._message_id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": convert_usage(self._usage),
        }
        self._emit({"type": "message_start", "message": message}, out)

    def _call_block(self, function: str) -> ToolUseBlock:
        block: ToolUseBlock = {"type": "tool_use", "id": self._new_id("toolu_"), "name": function, "input": {}}
        if (member := self._members.get(function)) is not None:
            block["name"] = member.name
            block["caller"] = {"type": "direct"}
            block["toolset_name"] = member.toolset_name
        return block

    def _think(self, text: str, out: list[MessageStreamEvent]) -> None:
        if self._display == "hidden":
            return
        self._switch_to("thinking", {"type": "thinking", "thinking": "", "signature": ""}, out)
        self._thought.append(text)
        if self._display == "full":
            self._emit_delta({"type": "thinking_delta", "thinking": text}, out)

    def _report_progress(self, progress: Progress, out: list[MessageStreamEvent]) -> None:
        """The first progress tells the size of the prompt in time for `message_start`; those on the way keep the client from giving up."""
        if self._started:
            if progress.processed < progress.total:
                self._emit({"type": "ping"}, out)
        else:
            self._usage = Usage(prompt=progress.total, completion=0, cached=progress.cached)
            self._start(out)

    def _switch_to(self, kind: BlockKind, block: ContentBlock, out: list[MessageStreamEvent]) -> None:
        if self._block == kind:
            return
        self._start(out)
        self._close_block(out)
        self._block = kind
        self._index += 1
        self._emit({"type": "content_block_start", "index": self._index, "content_block": block}, out)

    def _close_block(self, out: list[MessageStreamEvent]) -> None:
        if self._block is None:
            return
        if self._block == "thinking":
            self._emit_delta({"type": "signature_delta", "signature": self._sign("".join(self._thought))}, out)
            self._thought.clear()
        self._block = None
        self._emit({"type": "content_block_stop", "index": self._index}, out)

    def _finish(self, finished: Finished, out: list[MessageStreamEvent]) -> None:
        self._start(out)
        self._close_block(out)
        delta: MessageDelta = {"stop_reason": self._stop_reason(finished), "stop_sequence": finished.stop_sequence}
        self._emit({"type": "message_delta", "delta": delta, "usage": _delta_usage(self._usage)}, out)
        self._emit({"type": "message_stop"}, out)

    def _stop_reason(self, finished: Finished) -> StopReason:
        if finished.stop_sequence is not None:
            return "stop_sequence"
        if finished.reason == "cancelled" and self._called:  # nobody shall run what may be half a call, or half of the calls
            return "max_tokens"
        if finished.reason == "stop" and self._called:  # some backends say "stop" after tool calls
            return "tool_use"
        total = self._usage.prompt + self._usage.completion
        if finished.reason == "length" and self.context_tokens is not None and total >= self.context_tokens:
            return "model_context_window_exceeded"
        return _STOP_REASONS[finished.reason]


def convert_usage(usage: Usage) -> MessageUsage:
    """Token counts as Messages counts them: `input_tokens` leaves out what came from the cache."""
    return {
        "input_tokens": usage.prompt - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.completion,
    }


def _delta_usage(usage: Usage) -> MessageDeltaUsage:
    """The same, as the end of a stream repeats it."""
    counts = convert_usage(usage)
    return {
        "input_tokens": counts["input_tokens"],
        "cache_creation_input_tokens": counts["cache_creation_input_tokens"],
        "cache_read_input_tokens": counts["cache_read_input_tokens"],
        "output_tokens": counts["output_tokens"],
    }
