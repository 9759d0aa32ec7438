"""The output of a response: which item is open, and which comes next. One is open at a time; each is done before the next is added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from triglot.dialects.responses.callee import Callee
from triglot.dialects.responses.calls import BuiltinItem, CallItem, CustomItem, FunctionItem, UntoldItem
from triglot.dialects.responses.items import MessageItem, ReasoningItem, SummaryItem
from triglot.dialects.responses.outlet import BrokenAnswerError

if TYPE_CHECKING:
    from triglot.dialects.responses.outlet import Outlet
    from triglot.dialects.responses.plan import Seal, StreamPlan
    from triglot.dialects.translator import NewId
    from triglot.events import TextDelta
    from triglot.generated.responses.events import ItemStatus


class Output(Protocol):
    """What becomes of what the model writes.

    Attributes:
        call: takes the arguments of the call that was opened last.
    """

    call: CallItem

    def add_text(self, delta: TextDelta) -> None:
        """The model says something."""

    def add_thinking(self, text: str) -> None:
        """It thinks."""

    def open_call(self, name: str) -> None:
        """It begins to call a function."""

    def close(self, status: ItemStatus) -> None:
        """End what is open.

        Raises:
            BrokenAnswerError: it cannot be told; so do the others that end it.
        """


class Items:
    """An answer as items: messages, reasoning, and calls in the form that each tool has."""

    def __init__(self, out: Outlet, plan: StreamPlan, new_id: NewId, seal: Seal) -> None:
        self._out = out
        self._new_id = new_id
        self._callees = plan.callees
        self._top_logprobs = plan.top_logprobs
        self._thinking: type[ReasoningItem] = SummaryItem if plan.summarises else ReasoningItem
        self._seal = seal if plan.seals else None
        self._calls_left = plan.max_tool_calls
        self._item: MessageItem | ReasoningItem | CallItem | None = None
        self.call: CallItem = UntoldItem()

    def add_text(self, delta: TextDelta) -> None:
        """See `Output`."""
        item = self._item
        if not isinstance(item, MessageItem):
            self.close("completed")
            self._item = item = MessageItem(self._out, self._new_id("msg_"), self._top_logprobs)
        item.add(delta.text, delta.logprobs)

    def add_thinking(self, text: str) -> None:
        """See `Output`."""
        item = self._item
        if not isinstance(item, ReasoningItem):
            self.close("completed")
            self._item = item = self._thinking(self._out, self._new_id("rs_"), self._seal)
        item.add(text)

    def open_call(self, name: str) -> None:
        """See `Output`."""
        self.close("completed")
        self._item = self.call = self._open(self._callees.get(name) or Callee("function", name))

    def close(self, status: ItemStatus) -> None:
        """See `Output`."""
        item, self._item = self._item, None
        if item is not None:
            item.close(status)

    def _open(self, callee: Callee) -> CallItem:
        kind = callee.kind
        if kind == "function":
            return FunctionItem(self._out, self._new_id, callee)
        if kind == "custom":
            return CustomItem(self._out, self._new_id, callee)
        if self._calls_left is not None:
            if self._calls_left <= 0:
                return UntoldItem()
            self._calls_left -= 1
        return BuiltinItem(self._out, self._new_id, kind)


class Compaction:
    """An answer whose text is a summary of the conversation: one compaction item, sealed. Thinking and calls have no place in it."""

    def __init__(self, out: Outlet, new_id: NewId, seal: Seal) -> None:
        self._out = out
        self._seal = seal
        self._id = new_id("cmp_")
        self.call: CallItem = UntoldItem()
        self._pieces: list[str] = []

    def add_text(self, delta: TextDelta) -> None:
        """See `Output`."""
        if not self._pieces:
            index = self._out.add_item({"type": "compaction", "id": self._id, "encrypted_content": ""})
            self._out.emit(
                {
                    "type": "response.compaction.compacting",
                    "sequence_number": self._out.number,
                    "output_index": index,
                    "item_id": self._id,
                }
            )
        self._pieces.append(delta.text)

    def add_thinking(self, text: str) -> None:
        """See `Output`."""

    def open_call(self, name: str) -> None:
        """See `Output`."""

    def close(self, status: ItemStatus) -> None:
        """Seal what there is; a summary that was cut has no mark of its own, only the response's status."""
        summary = "".join(self._pieces)
        if not summary.strip() and status == "completed":
            raise BrokenAnswerError("The model wrote no summary of the conversation.")
        if self._pieces:
            self._out.end_item({"type": "compaction", "id": self._id, "encrypted_content": self._seal(summary)})
