"""Neutral events to the Responses stream.

Source: specs/responses/events.yaml. Here a response begins, lives and ends; `output` tells what is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from triglot.dialects.openai_errors import failure_code
from triglot.dialects.responses.answer import convert_usage
from triglot.dialects.responses.outlet import BrokenAnswerError, Outlet
from triglot.dialects.responses.output import Compaction, Items
from triglot.dialects.responses.plan import NO_PLAN
from triglot.errors import ErrorKind
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from triglot.dialects.responses.output import Output
    from triglot.dialects.responses.plan import Seal, StreamPlan
    from triglot.dialects.translator import NewId
    from triglot.generated.responses.events import Response, StreamEvent


class ResponseStream:
    """Translates one answer.

    Args:
        response: the response before its first token, from `begin_response`; each event carries it as it is at that moment.
        new_id: makes the ids of items and calls.
        now: seconds since 1970.
        plan: how the answer is told; see `follow` where that is not known yet.
        seal: seals thinking and summaries; not called unless the plan asks for it.

    Attributes:
        ended: whether the last event has been made. The backend may still be writing, where its answer could not be told.
    """

    def __init__(self, response: Response, *, new_id: NewId, now: Callable[[], int], plan: StreamPlan = NO_PLAN, seal: Seal) -> None:
        self._response = response
        self._now = now
        self._out = Outlet(response)
        self._new_id = new_id
        self._seal = seal
        self._waits = response["status"] == "queued"
        self._is_broken = False
        self.ended = False
        self.follow(plan)

    def follow(self, plan: StreamPlan) -> None:
        """Tell the answer in another way, of which nothing has been told yet."""
        out = self._out
        self._output: Output = Compaction(out, self._new_id, self._seal) if plan.compacts else Items(out, plan, self._new_id, self._seal)

    def start(self, prompt_tokens: int | None) -> list[StreamEvent]:  # noqa: ARG002 - this dialect tells it at the end
        """Begin before the backend does; nothing if it has begun."""
        if self._out.number == 0:
            self._start()
        return self._out.take()

    def idle(self) -> list[StreamEvent]:
        """A sign of life."""
        if self._out.number == 0:
            self._start()
        elif not self.ended:
            self._report_progress()
        return self._out.take()

    def receive(self, event: BackendEvent) -> list[StreamEvent]:  # noqa: C901, PLR0912 - one flat match
        """Return the stream events that `event` makes; none once the response has failed for what the model wrote."""
        out = self._out
        if out.number == 0:
            self._start()
            if type(event) is Progress and not self._waits:
                return out.take()
        if self._waits:
            self._leave_queue()
        if self._is_broken:
            return []
        try:
            match event:
                case TextDelta():
                    self._output.add_text(event)
                case ReasoningDelta(text=text):
                    self._output.add_thinking(text)
                case ToolCallDelta(arguments=arguments):
                    self._output.call.add(arguments)
                case ToolCallStart(name=name):
                    self._output.open_call(name)
                case Progress():
                    if event.processed < event.total:  # keeps clients from giving up in a long prefill: they count events, not comments
                        self._report_progress()
                case Usage():
                    self._response["usage"] = convert_usage(event)
                case Finished():
                    self._finish(event)
                case Failed():
                    self._fail(event)
                case _:
                    assert_never(event)
        except BrokenAnswerError as error:
            self._is_broken = True
            self._fail(Failed(ErrorKind.BACKEND_FAILED, str(error)))
        return out.take()

    def cancel(self) -> list[StreamEvent]:
        """End the response because somebody no longer wants it. What there is of it stays, marked as incomplete."""
        return self.receive(Finished("cancelled"))

    def _start(self) -> None:
        self._out.emit({"type": "response.created", "sequence_number": self._out.number, "response": self._response.copy()})
        self._report_progress()

    def _leave_queue(self) -> None:
        self._waits = False
        self._response["status"] = "in_progress"
        self._report_progress()

    def _report_progress(self) -> None:
        response = self._response.copy()
        if self._waits:
            self._out.emit({"type": "response.queued", "sequence_number": self._out.number, "response": response})
        else:
            self._out.emit({"type": "response.in_progress", "sequence_number": self._out.number, "response": response})

    def _finish(self, finished: Finished) -> None:
        response = self._response
        if finished.reason == "cancelled":
            self._output.close("incomplete")
            response["status"] = "cancelled"
            self._out.emit({"type": "response.incomplete", "sequence_number": self._out.number, "response": response})
        elif finished.reason in ("length", "content_filter"):
            self._output.close("incomplete")
            response["status"] = "incomplete"
            response["incomplete_details"] = {"reason": "max_output_tokens" if finished.reason == "length" else "content_filter"}
            self._out.emit({"type": "response.incomplete", "sequence_number": self._out.number, "response": response})
        else:
            self._output.close("completed")
            response["status"] = "completed"
            response["completed_at"] = self._now()
            self._out.emit({"type": "response.completed", "sequence_number": self._out.number, "response": response})
        self.ended = True

    def _fail(self, failed: Failed) -> None:
        """What is open stays open and is no part of the response: nobody shall take half an answer for a whole one."""
        self._response["status"] = "failed"
        self._response["error"] = {"code": failure_code(failed.kind), "message": failed.message}
        self._out.emit({"type": "response.failed", "sequence_number": self._out.number, "response": self._response})
        self.ended = True
