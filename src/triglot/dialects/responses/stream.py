"""Neutral events to the Responses stream.

Source: specs/responses/events.yaml. One output item is open at a time; each is done before the next is added. An item keeps its id from
`added` to the final object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

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

    from triglot.dialects.responses.plan import Seal, StreamPlan
    from triglot.dialects.translator import NewId
    from triglot.generated.responses.events import (
        FunctionCall,
        ItemStatus,
        Message,
        OutputText,
        Reasoning,
        ReasoningText,
        Response,
        StreamEvent,
    )


class ResponseStream:
    """Translates one answer.

    Args:
        response: the response before its first token, from `begin_response`; each event carries it as it is at that moment.
        new_id: makes `msg_`, `rs_`, `fc_` and `call_` ids.
        now: seconds since 1970.
        plan: how the answer is told.
        seal: seals thinking and summaries; not called unless the plan asks for it.

    Attributes:
        ended: whether the last event has been made.
    """

    def __init__(self, response: Response, *, new_id: NewId, now: Callable[[], int], plan: StreamPlan, seal: Seal) -> None:
        self._response = response
        self._plan = plan
        self._seal = seal
        self._new_id = new_id
        self._now = now
        self._cursor = Cursor(TABLE)
        self._number = 0  # of the next event
        self._item: Message | Reasoning | FunctionCall | None = None
        self._item_id = ""
        self._index = -1  # of the open item, or of the last one
        self._pieces: list[str] = []
        self.ended = False

    def start(self, prompt_tokens: int | None) -> list[StreamEvent]:  # noqa: ARG002 - this dialect tells it at the end
        """Begin before the backend does; nothing if it has begun."""
        out: list[StreamEvent] = []
        if self._number == 0:
            self._start(out)
        return out

    def idle(self) -> list[StreamEvent]:
        """A sign of life."""
        out: list[StreamEvent] = []
        if self._number == 0:
            self._start(out)
        else:
            self._report_progress(out)
        return out

    def receive(self, event: BackendEvent) -> list[StreamEvent]:  # noqa: C901 - one flat match
        """Return the stream events that `event` makes."""
        out: list[StreamEvent] = []
        if self._number == 0:
            self._start(out)
            if type(event) is Progress and self._response["status"] != "queued":
                return out
        self._leave_queue(out)
        match event:
            case TextDelta(text=text):
                self._switch_to("message", out)
                self._add_text(text, out)
            case ReasoningDelta(text=text):
                self._switch_to("reasoning", out)
                self._add_thinking(text, out)
            case ToolCallDelta(arguments=arguments):
                self._add_arguments(arguments, out)
            case ToolCallStart(name=name):
                self._close_item("completed", out)
                self._open_call(name, out)
            case Progress():
                if event.processed < event.total:  # keeps clients from giving up in a long prefill: they count events, not comments
                    self._report_progress(out)
            case Usage():
                self._response["usage"] = convert_usage(event)
            case Finished():
                self._finish(event, out)
                self.ended = True
            case Failed():
                self._fail(event, out)
                self.ended = True
            case _:
                assert_never(event)
        return out

    def _emit(self, event: StreamEvent, out: list[StreamEvent]) -> None:
        self._cursor.advance(event)
        self._number += 1
        out.append(event)

    def _start(self, out: list[StreamEvent]) -> None:
        self._emit({"type": "response.created", "sequence_number": self._number, "response": self._response.copy()}, out)
        self._report_progress(out)

    def cancel(self) -> list[StreamEvent]:
        """End the response because somebody no longer wants it. What there is of it stays, marked as incomplete."""
        out = self.start(None)
        self._leave_queue(out)
        self._close_item("incomplete", out)
        self._response["status"] = "cancelled"
        self._emit({"type": "response.incomplete", "sequence_number": self._number, "response": self._response}, out)
        self.ended = True
        return out

    def _leave_queue(self, out: list[StreamEvent]) -> None:
        if self._response["status"] == "queued":
            self._response["status"] = "in_progress"
            self._report_progress(out)

    def _report_progress(self, out: list[StreamEvent]) -> None:
        response = self._response.copy()
        if response["status"] == "queued":
            self._emit({"type": "response.queued", "sequence_number": self._number, "response": response}, out)
        else:
            self._emit({"type": "response.in_progress", "sequence_number": self._number, "response": response}, out)

    # Text, thinking and arguments: the open item grows.

    def _add_text(self, text: str, out: list[StreamEvent]) -> None:
        self._pieces.append(text)
        self._emit(
            {
                "type": "response.output_text.delta",
                "sequence_number": self._number,
                "output_index": self._index,
                "item_id": self._item_id,
                "content_index": 0,
                "delta": text,
                "logprobs": [],
            },
            out,
        )

    def _add_thinking(self, text: str, out: list[StreamEvent]) -> None:
        self._pieces.append(text)
        self._emit(
            {
                "type": "response.reasoning_text.delta",
                "sequence_number": self._number,
                "output_index": self._index,
                "item_id": self._item_id,
                "content_index": 0,
                "delta": text,
            },
            out,
        )

    def _add_arguments(self, arguments: str, out: list[StreamEvent]) -> None:
        self._pieces.append(arguments)
        self._emit(
            {
                "type": "response.function_call_arguments.delta",
                "sequence_number": self._number,
                "output_index": self._index,
                "item_id": self._item_id,
                "delta": arguments,
            },
            out,
        )

    # Opening an item.

    def _switch_to(self, kind: Literal["message", "reasoning"], out: list[StreamEvent]) -> None:
        if self._item is not None and self._item["type"] == kind:
            return
        self._close_item("completed", out)
        if kind == "message":
            self._open_item(
                {"type": "message", "id": self._new_id("msg_"), "role": "assistant", "status": "in_progress", "content": []}, out
            )
        else:
            self._open_item({"type": "reasoning", "id": self._new_id("rs_"), "summary": [], "content": [], "status": "in_progress"}, out)
        self._emit(
            {
                "type": "response.content_part.added",
                "sequence_number": self._number,
                "output_index": self._index,
                "item_id": self._item_id,
                "content_index": 0,
                "part": _part(kind, ""),
            },
            out,
        )

    def _open_call(self, name: str, out: list[StreamEvent]) -> None:
        call: FunctionCall = {
            "type": "function_call",
            "id": self._new_id("fc_"),
            "call_id": self._new_id("call_"),
            "name": name,
            "arguments": "",
            "status": "in_progress",
        }
        self._open_item(call, out)

    def _open_item(self, item: Message | Reasoning | FunctionCall, out: list[StreamEvent]) -> None:
        self._item = item
        self._item_id = item["id"]
        self._index += 1
        self._emit({"type": "response.output_item.added", "sequence_number": self._number, "output_index": self._index, "item": item}, out)

    # Closing it.

    def _close_item(self, status: ItemStatus, out: list[StreamEvent]) -> None:
        item = self._item
        if item is None:
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        self._item = None
        match item["type"]:
            case "function_call":
                self._end_arguments(text, out)
                self._end_item({**item, "arguments": text, "status": status}, out)
            case "message":
                self._end_text(text, out)
                self._end_part("message", text, out)
                self._end_item({**item, "status": status, "content": [_text_part(text)]}, out)
            case "reasoning":
                self._end_thinking(text, out)
                self._end_part("reasoning", text, out)
                self._end_item({**item, "content": [_thinking_part(text)], "status": status}, out)

    def _end_arguments(self, arguments: str, out: list[StreamEvent]) -> None:
        self._emit(
            {
                "type": "response.function_call_arguments.done",
                "sequence_number": self._number,
                "output_index": self._index,
                "item_id": self._item_id,
                "arguments": arguments,
            },
            out,
        )

    def _end_text(self, text: str, out: list[StreamEvent]) -> None:
        self._emit(
            {
                "type": "response.output_text.done",
                "sequence_number": self._number,
                "output_index": self._index,
                "item_id": self._item_id,
                "content_index": 0,
                "text": text,
                "logprobs": [],
            },
            out,
        )

    def _end_thinking(self, text: str, out: list[StreamEvent]) -> None:
        self._emit(
            {
                "type": "response.reasoning_text.done",
                "sequence_number": self._number,
                "output_index": self._index,
                "item_id": self._item_id,
                "content_index": 0,
                "text": text,
            },
            out,
        )

    def _end_part(self, kind: Literal["message", "reasoning"], text: str, out: list[StreamEvent]) -> None:
        self._emit(
            {
                "type": "response.content_part.done",
                "sequence_number": self._number,
                "output_index": self._index,
                "item_id": self._item_id,
                "content_index": 0,
                "part": _part(kind, text),
            },
            out,
        )

    def _end_item(self, item: Message | Reasoning | FunctionCall, out: list[StreamEvent]) -> None:
        self._response["output"] = [*self._response["output"], item]
        self._emit({"type": "response.output_item.done", "sequence_number": self._number, "output_index": self._index, "item": item}, out)

    # Ending the response.

    def _finish(self, finished: Finished, out: list[StreamEvent]) -> None:
        if finished.reason in ("length", "content_filter"):
            self._close_item("incomplete", out)
            self._response["status"] = "incomplete"
            self._response["incomplete_details"] = {"reason": "max_output_tokens" if finished.reason == "length" else "content_filter"}
            self._emit({"type": "response.incomplete", "sequence_number": self._number, "response": self._response}, out)
        else:
            self._close_item("completed", out)
            self._response["status"] = "completed"
            self._response["completed_at"] = self._now()
            self._emit({"type": "response.completed", "sequence_number": self._number, "response": self._response}, out)

    def _fail(self, failed: Failed, out: list[StreamEvent]) -> None:
        """What is open stays open and is no part of the response: nobody shall take half an answer for a whole one."""
        self._response["status"] = "failed"
        self._response["error"] = {"code": failure_code(failed.kind), "message": failed.message}
        self._emit({"type": "response.failed", "sequence_number": self._number, "response": self._response}, out)


def _part(kind: Literal["message", "reasoning"], text: str) -> OutputText | ReasoningText:
    return _text_part(text) if kind == "message" else _thinking_part(text)


def _text_part(text: str) -> OutputText:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _thinking_part(text: str) -> ReasoningText:
    return {"type": "reasoning_text", "text": text}
