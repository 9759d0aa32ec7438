"""Neutral events to the Responses stream.

Source: specs/responses/events.yaml. One output item is open at a time; each is done before the next is added. An item keeps its id from
`added` to the final object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, assert_never

from triglot.dialects.openai_errors import failure_code
from triglot.dialects.responses.answer import convert_usage
from triglot.events import (
    BackendEvent,
    Failed,
    Finished,
    Progress,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    Usage,
)
from triglot.generated.responses.order import TABLE
from triglot.order import Cursor

if TYPE_CHECKING:
    from collections.abc import Callable

    from triglot.dialects.translator import NewId, StreamEvent


class ResponseStream:
    """Translates one answer.

    Args:
        response: the response before its first token, from `begin_response`; the stream fills it in.
        new_id: makes `msg_`, `rs_`, `fc_` and `call_` ids.
        now: seconds since 1970.
    """

    def __init__(self, response: dict[str, Any], *, new_id: NewId, now: Callable[[], int]) -> None:
        self._response = response
        self._new_id = new_id
        self._now = now
        self._cursor = Cursor(TABLE)
        self._sequence_number = 0
        self._started = False
        self._item: dict[str, Any] | None = None
        self._output_index = -1
        self._pieces: list[str] = []

    def receive(self, event: BackendEvent) -> list[StreamEvent]:
        """Return the stream events that `event` makes."""
        out: list[StreamEvent] = []
        if not self._started:
            self._start(out)
        match event:
            case TextDelta(text=text):
                self._switch_to("message", out)
                self._emit_delta("response.output_text.delta", text, out, content_index=0, logprobs=[])
            case ReasoningDelta(text=text):
                self._switch_to("reasoning", out)
                self._emit_delta("response.reasoning_text.delta", text, out, content_index=0)
            case ToolCallDelta(arguments=arguments):
                self._emit_delta("response.function_call_arguments.delta", arguments, out)
            case ToolCallStart(name=name):
                self._close_item("completed", out)
                self._open_call(name, out)
            case Progress():  # keeps clients from giving up during a long prefill: comments would not
                self._emit("response.in_progress", {"response": self._response}, out)
            case Usage():
                self._response["usage"] = convert_usage(event)
            case Finished():
                self._finish(event, out)
            case Failed():
                self._fail(event, out)
            case _:
                assert_never(event)
        return out

    def _emit(self, kind: str, fields: dict[str, Any], out: list[StreamEvent]) -> None:
        event = {"type": kind, "sequence_number": self._sequence_number, **fields}
        self._cursor.advance(event)
        self._sequence_number += 1
        out.append(event)

    def _emit_delta(self, kind: str, delta: str, out: list[StreamEvent], **fields: Any) -> None:
        self._pieces.append(delta)
        self._emit_inside(kind, out, **fields, delta=delta)

    def _emit_inside(self, kind: str, out: list[StreamEvent], **fields: Any) -> None:
        """An event of the open item."""
        assert self._item is not None  # noqa: S101 - for the type checker: the order table has said so
        self._emit(kind, {"item_id": self._item["id"], "output_index": self._output_index, **fields}, out)

    def _start(self, out: list[StreamEvent]) -> None:
        self._started = True
        self._emit("response.created", {"response": dict(self._response)}, out)
        self._emit("response.in_progress", {"response": dict(self._response)}, out)

    def _switch_to(self, kind: Literal["message", "reasoning"], out: list[StreamEvent]) -> None:
        if self._item is not None and self._item["type"] == kind:
            return
        self._close_item("completed", out)
        if kind == "message":
            self._open_item({"id": self._new_id("msg_"), "type": "message", "status": "in_progress", "content": [], "role": "assistant"}, out)
        else:
            self._open_item({"id": self._new_id("rs_"), "type": "reasoning", "summary": [], "content": [], "status": "in_progress"}, out)
        self._emit_inside("response.content_part.added", out, content_index=0, part=_part(kind, ""))

    def _open_call(self, name: str, out: list[StreamEvent]) -> None:
        item = {
            "id": self._new_id("fc_"),
            "type": "function_call",
            "status": "in_progress",
            "arguments": "",
            "call_id": self._new_id("call_"),
            "name": name,
        }
        self._open_item(item, out)

    def _open_item(self, item: dict[str, Any], out: list[StreamEvent]) -> None:
        self._item = item
        self._output_index += 1
        self._emit("response.output_item.added", {"output_index": self._output_index, "item": item}, out)

    def _close_item(self, status: Literal["completed", "incomplete"], out: list[StreamEvent]) -> None:
        item = self._item
        if item is None:
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        done: dict[str, Any] = {**item, "status": status}
        match item["type"]:
            case "function_call":
                self._emit_inside("response.function_call_arguments.done", out, arguments=text)
                done["arguments"] = text
            case "message":
                self._emit_inside("response.output_text.done", out, content_index=0, text=text, logprobs=[])
                self._close_part(done, _part("message", text), out)
            case "reasoning":
                self._emit_inside("response.reasoning_text.done", out, content_index=0, text=text)
                self._close_part(done, _part("reasoning", text), out)
        self._emit("response.output_item.done", {"output_index": self._output_index, "item": done}, out)
        self._response["output"] = [*self._response["output"], done]
        self._item = None

    def _close_part(self, done: dict[str, Any], part: dict[str, Any], out: list[StreamEvent]) -> None:
        self._emit_inside("response.content_part.done", out, content_index=0, part=part)
        done["content"] = [part]

    def _finish(self, finished: Finished, out: list[StreamEvent]) -> None:
        if finished.reason in ("length", "content_filter"):
            self._close_item("incomplete", out)
            reason = "max_output_tokens" if finished.reason == "length" else "content_filter"
            self._response |= {"status": "incomplete", "incomplete_details": {"reason": reason}}
            self._emit("response.incomplete", {"response": self._response}, out)
        else:
            self._close_item("completed", out)
            self._response |= {"status": "completed", "completed_at": self._now()}
            self._emit("response.completed", {"response": self._response}, out)

    def _fail(self, failed: Failed, out: list[StreamEvent]) -> None:
        """End with `response.failed`: the open item is not done, so it is not part of the response."""
        self._response |= {"status": "failed", "error": {"code": failure_code(failed.kind), "message": failed.message}}
        self._emit("response.failed", {"response": self._response}, out)


def _part(kind: Literal["message", "reasoning"], text: str) -> dict[str, Any]:
    if kind == "message":
        return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {"type": "reasoning_text", "text": text}
