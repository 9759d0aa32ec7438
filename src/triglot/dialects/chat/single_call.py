"""One call at most in an answer, for clients that want no more (`parallel_tool_calls: false`).

A server may leave that to the model: llama-server's grammar allows a further call. The other dialects hold it by `AnswerRules.single_call`.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

COUNTED: Final = {"timings_per_token": True}
"""What lets llama-server tell with every chunk how many tokens there are: an answer that is cut has no counts of its own."""
_TIMINGS: Final = re.compile(rb',"timings":\{[^{}]*\}')
_NOT_THE_END: Final = b'"finish_reason":null'


class FirstCall:
    """Tells the fragments of a choice's first call from those of others."""

    __slots__ = ("_id", "_index", "_over")

    def __init__(self) -> None:
        self._index: Any = None
        self._id = ""
        self._over: bool | None = None  # None before the first one

    def holds(self, index: Any, call_id: str | None, name: str | None) -> bool:
        """Whether the next fragment belongs to it. Some backends repeat id and name on every fragment, others give each call index 0."""
        if self._over is None:
            self._index, self._id, self._over = index, call_id or "", False
        elif index != self._index or (call_id and call_id != self._id and name):
            self._over = True
        return not self._over


class CallCutter:
    """Takes every call but the first out of the chunks of one stream."""

    def __init__(self) -> None:
        self._first: dict[int, FirstCall] = {}

    def cut(self, payload: bytes) -> tuple[bytes, bool]:
        """What remains of a chunk, possibly nothing, and whether something was taken out. What is no chunk remains as it is."""
        if b'"tool_calls"' not in payload:
            return payload, False
        try:
            chunk = msgspec.json.decode(payload)
            pieces = chunk["choices"]
            taken = [self._cut_piece(piece) for piece in pieces]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
            return payload, False
        if not any(taken):
            return payload, False
        chunk["choices"] = [piece for piece, was in zip(pieces, taken, strict=True) if not was or _says_something(piece)]
        return (msgspec.json.encode(chunk) if chunk["choices"] or chunk.get("usage") else b""), True

    def _cut_piece(self, piece: dict[str, Any]) -> bool:
        delta = piece.get("delta") or {}
        calls = delta.get("tool_calls") or []
        first = self._first.setdefault(piece.get("index", 0), FirstCall())
        kept = [call for call in calls if first.holds(call.get("index"), call.get("id"), (call.get("function") or {}).get("name"))]
        if len(kept) == len(calls):
            return False
        del delta["tool_calls"]
        if kept:
            delta["tool_calls"] = kept
        return True


def _says_something(piece: dict[str, Any]) -> bool:
    return piece.get("finish_reason") is not None or any(value for name, value in piece["delta"].items() if name != "role")


def hide_timings(event: bytes) -> bytes:
    """An event of llama-server without the counts that come with `COUNTED` alone; the last ones come in any case."""
    return _TIMINGS.sub(b"", event) if _NOT_THE_END in event else event


def keep_first_call(body: bytes) -> bytes:
    """An answer in one piece with the first call of each choice; the bytes themselves where there are no others."""
    if b'"tool_calls"' not in body:
        return body
    try:
        answer = msgspec.json.decode(body)
        messages = [choice["message"] for choice in answer["choices"]]
        found = [message for message in messages if len(message.get("tool_calls") or ()) > 1]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
        return body
    for message in found:
        del message["tool_calls"][1:]
    return msgspec.json.encode(answer) if found else body
