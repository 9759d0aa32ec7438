"""What the model says and thinks, as output items that grow piece by piece. Each is added when it is made, and done when it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.dialects.responses.outlet import Outlet
    from triglot.dialects.responses.plan import Seal
    from triglot.events import TokenLogprob as BackendLogprob
    from triglot.generated.responses.events import (
        ItemStatus,
        OutputText,
        Reasoning,
        ReasoningSummaryPartDone,
        ReasoningText,
        StreamedLogprob,
        SummaryText,
        TokenLogprob,
    )


class MessageItem:
    """A message with one part of text.

    Args:
        out: where its events go.
        item_id: `msg_...`.
        top_logprobs: how many likely tokens to tell at each place of the text; `None`: no probabilities at all.
    """

    __slots__ = ("_id", "_index", "_logprobs", "_out", "_pieces", "_top")

    def __init__(self, out: Outlet, item_id: str, top_logprobs: int | None) -> None:
        self._out = out
        self._id = item_id
        self._top = top_logprobs
        self._pieces: list[str] = []
        self._logprobs: list[BackendLogprob] = []
        self._index = out.add_item({"type": "message", "id": item_id, "role": "assistant", "status": "in_progress", "content": []})
        out.emit(
            {
                "type": "response.content_part.added",
                "sequence_number": out.number,
                "output_index": self._index,
                "item_id": item_id,
                "content_index": 0,
                "part": _text_part("", []),
            }
        )

    def add(self, text: str, logprobs: Sequence[BackendLogprob]) -> None:
        """More text, with the probabilities of its tokens."""
        streamed: list[StreamedLogprob] = []
        if logprobs and self._top is not None:
            self._logprobs += logprobs
            streamed = [_streamed(token, self._top) for token in logprobs]
        self._pieces.append(text)
        self._out.emit(
            {
                "type": "response.output_text.delta",
                "sequence_number": self._out.number,
                "output_index": self._index,
                "item_id": self._id,
                "content_index": 0,
                "delta": text,
                "logprobs": streamed,
            }
        )

    def close(self, status: ItemStatus) -> None:
        """End the text, its part and the message."""
        out = self._out
        text = "".join(self._pieces)
        top = self._top or 0
        out.emit(
            {
                "type": "response.output_text.done",
                "sequence_number": out.number,
                "output_index": self._index,
                "item_id": self._id,
                "content_index": 0,
                "text": text,
                "logprobs": [_streamed(token, top) for token in self._logprobs],
            }
        )
        part = _text_part(text, [_whole(token, top) for token in self._logprobs])
        out.emit(
            {
                "type": "response.content_part.done",
                "sequence_number": out.number,
                "output_index": self._index,
                "item_id": self._id,
                "content_index": 0,
                "part": part,
            }
        )
        out.end_item({"type": "message", "id": self._id, "role": "assistant", "status": status, "content": [part]})


def _text_part(text: str, logprobs: list[TokenLogprob]) -> OutputText:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}


def _streamed(token: BackendLogprob, top: int) -> StreamedLogprob:
    return {
        "token": token.token,
        "logprob": token.logprob,
        "top_logprobs": [{"token": other.token, "logprob": other.logprob} for other in token.top_logprobs[:top]],
    }


def _whole(token: BackendLogprob, top: int) -> TokenLogprob:
    return {
        "token": token.token,
        "bytes": _bytes(token.token, token.bytes),
        "logprob": token.logprob,
        "top_logprobs": [
            {"token": other.token, "bytes": _bytes(other.token, other.bytes), "logprob": other.logprob}
            for other in token.top_logprobs[:top]
        ],
    }


def _bytes(token: str, told: list[int] | None) -> list[int]:
    return told if told is not None else list(token.encode())


class ReasoningItem:
    """Thinking, told in full as one part of content.

    Args:
        out: where its events go.
        item_id: `rs_...`.
        seal: seals the thinking into the finished item; `None`: it is not sealed.
    """

    __slots__ = ("_id", "_index", "_out", "_pieces", "_seal")

    def __init__(self, out: Outlet, item_id: str, seal: Seal | None) -> None:
        self._out = out
        self._id = item_id
        self._seal = seal
        self._pieces: list[str] = []
        self._begin()

    def add(self, text: str) -> None:
        """More thinking."""
        self._pieces.append(text)
        self._out.emit(
            {
                "type": "response.reasoning_text.delta",
                "sequence_number": self._out.number,
                "output_index": self._index,
                "item_id": self._id,
                "content_index": 0,
                "delta": text,
            }
        )

    def close(self, status: ItemStatus) -> None:
        """End the thinking, its part and the item."""
        text = "".join(self._pieces)
        item = self._end(text, status)
        if self._seal is not None:
            item["encrypted_content"] = self._seal(text)
        item["status"] = status
        self._out.end_item(item)

    def _begin(self) -> None:
        out = self._out
        self._index = out.add_item({"type": "reasoning", "id": self._id, "summary": [], "content": [], "status": "in_progress"})
        out.emit(
            {
                "type": "response.content_part.added",
                "sequence_number": out.number,
                "output_index": self._index,
                "item_id": self._id,
                "content_index": 0,
                "part": {"type": "reasoning_text", "text": ""},
            }
        )

    def _end(self, text: str, _status: ItemStatus) -> Reasoning:
        out = self._out
        out.emit(
            {
                "type": "response.reasoning_text.done",
                "sequence_number": out.number,
                "output_index": self._index,
                "item_id": self._id,
                "content_index": 0,
                "text": text,
            }
        )
        part: ReasoningText = {"type": "reasoning_text", "text": text}
        out.emit(
            {
                "type": "response.content_part.done",
                "sequence_number": out.number,
                "output_index": self._index,
                "item_id": self._id,
                "content_index": 0,
                "part": part,
            }
        )
        return {"type": "reasoning", "id": self._id, "summary": [], "content": [part]}


class SummaryItem(ReasoningItem):
    """Thinking, told as one part of a summary, for clients that show summaries alone."""

    __slots__ = ()

    def add(self, text: str) -> None:
        """More thinking."""
        self._pieces.append(text)
        self._out.emit(
            {
                "type": "response.reasoning_summary_text.delta",
                "sequence_number": self._out.number,
                "output_index": self._index,
                "item_id": self._id,
                "summary_index": 0,
                "delta": text,
            }
        )

    def _begin(self) -> None:
        out = self._out
        self._index = out.add_item({"type": "reasoning", "id": self._id, "summary": [], "status": "in_progress"})
        out.emit(
            {
                "type": "response.reasoning_summary_part.added",
                "sequence_number": out.number,
                "output_index": self._index,
                "item_id": self._id,
                "summary_index": 0,
                "part": {"type": "summary_text", "text": ""},
            }
        )

    def _end(self, text: str, status: ItemStatus) -> Reasoning:
        out = self._out
        out.emit(
            {
                "type": "response.reasoning_summary_text.done",
                "sequence_number": out.number,
                "output_index": self._index,
                "item_id": self._id,
                "summary_index": 0,
                "text": text,
            }
        )
        part: SummaryText = {"type": "summary_text", "text": text}
        done: ReasoningSummaryPartDone = {
            "type": "response.reasoning_summary_part.done",
            "sequence_number": out.number,
            "output_index": self._index,
            "item_id": self._id,
            "summary_index": 0,
            "part": part,
        }
        if status == "incomplete":
            done["status"] = "incomplete"
        out.emit(done)
        return {"type": "reasoning", "id": self._id, "summary": [part]}
