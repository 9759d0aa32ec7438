"""The Chat Completions stream on its way to the client: the backend's bytes, in whole events, with one time and an honest end.

Once every choice has begun, an event is looked at no more: what a sign of life or an early end has to say is read from the last one then.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.chat.ending import Timings  # noqa: TC001 - msgspec reads it
from triglot.dialects.chat.single_call import CallCutter, hide_timings
from triglot.dialects.openai_errors import error_body
from triglot.errors import CUT_SHORT, ApiError, ErrorKind
from triglot.sse import MAX_EVENT_BYTES, EventStreamParser, EventTooLargeError, encode_data, end_of_last_event

if TYPE_CHECKING:
    from collections.abc import Collection

_DONE: Final = b"[DONE]"
_LONGEST_END: Final = len(b"\r\n\r\n")
_EVENT: Final = re.compile(rb".*?(?:\n\n|\r\n\r\n|\r\r)", re.DOTALL)
_TIME_KEY: Final = b'"created":'  # inside a string its quotes would be escaped
_TIME: Final = re.compile(rb'"created":\s*\d+')


class _Piece(msgspec.Struct):
    index: int = 0
    delta: dict[str, Any] | None = None
    finish_reason: Any = None

    @property
    def is_blank(self) -> bool:
        return self.finish_reason is None and not any(value for name, value in (self.delta or {}).items() if name != "role")


class _Chunk(msgspec.Struct):
    choices: list[_Piece] = []
    created: Any = 0
    id: Any = ""
    model: Any = ""
    system_fingerprint: Any = None
    usage: Any = None
    timings: Timings | None = None
    prompt_progress: Any = None
    error: Any = None

    @property
    def is_only_progress(self) -> bool:
        return self.prompt_progress is not None and all(piece.is_blank for piece in self.choices)

    @property
    def is_count(self) -> bool:
        return self.usage is not None and not self.choices

    def head(self) -> dict[str, Any]:
        """What is the same in every chunk of a stream. Before the first one nothing of it is known, and empty values say so."""
        fields = {"created": self.created, "id": self.id, "model": self.model, "object": "chat.completion.chunk"}
        return fields if self.system_fingerprint is None else {**fields, "system_fingerprint": self.system_fingerprint}


_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_NOTHING: Final = _Chunk()
_FIRST_DELTA: Final[dict[str, Any]] = {"role": "assistant", "content": None}


class StreamRelay:
    """Relays one stream; feed it the bytes as they come, then `close` it, `fail` it when something is wrong, or `cancel` it.

    An event that is not complete yet is held back, so that no write ends inside one.

    Args:
        choices: how many answers were asked for.
        hide_progress: the client has not asked for the `prompt_progress` that the backend was asked for: chunks with nothing else are left
            out.
        tell_progress: the client has asked for it.
        tell_usage: the client has asked for token counts.
        single_call: the answer ends where a second call begins. If the counts are not known there, or there are more choices, the backend
            is let go on to its own end, and further calls are left out.
        hide_timings: the client has not asked for the `timings` that the backend was asked for.

    Attributes:
        ended: the answer was ended here; the backend need not go on.
        spoke: whether what the last `feed` returned has an event in it, and not comments alone.
        answering: whether the answer has begun. The reading of the prompt does not count where it is told.
    """

    __slots__ = (
        *("_before", "_calling", "_choices", "_done", "_held", "_hide_progress", "_last", "_open", "_seen"),
        *("_cutter", "_hide_timings", "_tell_progress", "_tell_usage", "_time", "_waiting", "answering", "ended", "spoke"),
    )

    def __init__(  # noqa: PLR0913 - keywords
        self,
        *,
        choices: int = 1,
        hide_progress: bool = False,
        tell_progress: bool = False,
        tell_usage: bool = False,
        single_call: bool = False,
        hide_timings: bool = False,
    ) -> None:
        self._choices = choices
        self._hide_progress = hide_progress
        self._tell_progress = tell_progress
        self._tell_usage = tell_usage
        self._cutter = CallCutter() if single_call else None
        self._hide_timings = hide_timings
        self.ended = False
        self._held: bytes | bytearray = b""
        self._last = b""  # the last piece with data: its end says whether the answer was complete
        self._before = b""  # the piece before it: [DONE] often comes alone
        self._seen = _NOTHING  # the last chunk that was looked at
        self._time = b""  # what the first chunk says of its time
        self._open = dict.fromkeys(range(choices), False)  # the choices that have not ended, and whether each has begun
        self._calling: set[int] = set()  # the choices whose last piece belongs to a tool call
        self._done = False
        self._waiting = hide_progress or tell_progress  # for a choice that has not begun
        self.answering = not self._waiting
        self.spoke = False

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on now, possibly nothing.

        Raises:
            ApiError: an event does not end.
        """
        whole = self._give_one_time(self._take_whole(data))
        if self._cutter is not None and whole:
            whole = self._cut_calls(whole, self._cutter)
        self.spoke = b"data:" in whole
        if self.spoke:
            self._before, self._last = self._last, whole
            if self._waiting:
                whole = self._take_beginning(whole)
            elif self._choices > 1:
                self._look_at(whole)
        return whole

    def idle(self) -> bytes:
        """Return a sign of life for a client that has heard nothing for a while: a chunk without choices.

        None comes after the token counts: the official SDK would forget them.
        """
        self._look_at(self._last)
        if self._done or self._seen.is_count:
            return b""
        chunk = {"choices": [], **self._seen.head()}
        if self._tell_progress and self._seen.prompt_progress is not None:
            chunk["prompt_progress"] = self._seen.prompt_progress
        return _encode(chunk)

    @property
    def completion_id(self) -> str:
        """The id of the answer, as far as it is known."""
        self._look_at(self._last)
        return str(self._seen.id)

    def last_chunks(self) -> list[bytes]:
        """Return the last chunks that have come, which may tell why the answer ended and what it took."""
        return EventStreamParser().feed(self._before + self._last)

    def close(self) -> ApiError | None:
        """Return what the client must be told once the backend has closed the stream: nothing if the answer was complete."""
        self._look_at(self._last)
        return None if self._done and not self._held else ApiError(ErrorKind.BACKEND_FAILED, CUT_SHORT)

    def fail(self, error: ApiError) -> bytes:
        """Return the error chunk that ends a broken stream; nothing if it was complete. The incomplete event, if any, is dropped."""
        self._look_at(self._last)
        self._held = b""
        if self._done:
            return b""
        self._done = True
        return _encode(error_body(error, ""))

    def cancel(self) -> bytes:
        """Return an end as if the answer were over here; nothing if it is.

        A choice in the middle of a tool call ends for want of `length`, so that nobody runs half a call.
        """
        self._look_at(self._last)
        self._held = b""
        if self._done:
            return b""
        return self._conclude()

    def _conclude(self, reason: str | None = None) -> bytes:
        self._done = True
        head = self._seen.head()
        chunks = [{"choices": [self._end(index, reason, begun=begun)], **head} for index, begun in self._open.items()]
        if self._tell_usage and self._seen.usage is None and (usage := self._count()) is not None:
            chunks.append({"choices": [], **head, "usage": usage})
        return b"".join(map(_encode, chunks)) + encode_data(_DONE)

    def _cut_calls(self, whole: bytes, cutter: CallCutter) -> bytes:
        """The events without any call but the first; with an end of their own, if one can be given."""
        kept: list[bytes] = []
        for event in _EVENT.findall(whole):
            parts = [cutter.cut(payload) for payload in EventStreamParser().feed(event)]
            if any(was_cut for _, was_cut in parts):
                kept += [encode_data(payload) for payload, _ in parts if payload]
                self._look_at(self._last + b"".join(kept))  # in their order; of what is cut only the counts are wanted
                self._see_counts(event)
                if self._choices == 1 and self._open and (not self._tell_usage or self._seen.timings is not None):
                    self.ended = True
                    self._held = b""
                    kept.append(self._conclude("tool_calls"))
                    break
            else:
                kept.append(hide_timings(event) if self._hide_timings else event)
        return b"".join(kept)

    def _see_counts(self, event: bytes) -> None:
        for payload in EventStreamParser().feed(event):
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self._seen = _decode_chunk(payload)

    def _take_beginning(self, whole: bytes) -> bytes:
        events: list[bytes] = []
        for event in _EVENT.findall(whole):
            silent = {index for index, begun in self._open.items() if not begun}
            tells_only_progress = self._look_at(event)
            if not tells_only_progress and b"data:" in event:
                events += self._take_roles(silent)
            if not (tells_only_progress and self._hide_progress):
                events.append(event)
        waiting = [begun for begun in self._open.values() if not begun]
        self.answering = self._done or len(waiting) < self._choices
        self._waiting = not self._done and bool(waiting)
        whole = b"".join(events)
        self.spoke = b"data:" in whole
        return whole

    def _take_roles(self, silent: Collection[int]) -> list[bytes]:
        """Chunks that say whose the choices are which begin with the last chunk and do not say it.

        llama-server leaves it out where an answer begins with a character of several tokens.
        """
        begun = [piece.index for piece in self._seen.choices if piece.index in silent and not (piece.delta or {}).get("role")]
        head = self._seen.head()
        return [_encode({"choices": [{"finish_reason": None, "index": index, "delta": dict(_FIRST_DELTA)}], **head}) for index in begun]

    def _take_whole(self, data: bytes) -> bytes:
        """The events that `data` completes; the rest is held back."""
        if not self._held:
            end = end_of_last_event(data)
            whole, self._held = (data, b"") if end == len(data) else (data[:end], bytearray(data[end:]))
        else:  # it grows in place: the time for a large event shall not be the square of its size
            start = max(len(self._held) - _LONGEST_END + 1, 0)
            held = self._held
            held += data
            end = end_of_last_event(held, start)
            whole = bytes(held[:end])
            self._held = held[end:] if end else held
        if len(self._held) > MAX_EVENT_BYTES:
            raise ApiError(ErrorKind.BACKEND_FAILED, str(EventTooLargeError()))
        return whole

    def _give_one_time(self, whole: bytes) -> bytes:
        """The events with the time of the first chunk: llama-server writes each chunk's own second into it, and the API has one for all."""
        times = whole.count(_TIME_KEY)
        if times and not self._time and (first := _TIME.search(whole)):
            self._time = first[0]
        return whole if times == whole.count(self._time or _TIME_KEY) else _TIME.sub(self._time, whole)

    def _look_at(self, events: bytes) -> bool:
        """Learn from whole events where the stream is, and say whether they tell of progress and of nothing else."""
        found = [self._look_at_one(payload) for payload in EventStreamParser().feed(events)]
        return bool(found) and all(found)

    def _look_at_one(self, payload: bytes) -> bool:
        if payload == _DONE:
            self._done = True
            return False
        try:
            self._seen = chunk = _decode_chunk(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        if chunk.is_only_progress:
            return True
        self._done = self._done or chunk.error is not None
        for piece in chunk.choices:
            self._take(piece)
        if self._choices == 1 and chunk.is_count:
            self._open.clear()  # its end came in an event that was not looked at
        return False

    def _take(self, piece: _Piece) -> None:
        if piece.finish_reason is not None:
            self._open.pop(piece.index, None)
        elif piece.index in self._open:
            self._open[piece.index] = True
        if piece.delta and piece.delta.get("tool_calls"):
            self._calling.add(piece.index)
        elif not piece.is_blank:
            self._calling.discard(piece.index)

    def _end(self, index: int, reason: str | None, *, begun: bool) -> dict[str, Any]:
        delta = {} if begun else {"role": "assistant", "content": ""}
        return {"finish_reason": reason or ("length" if index in self._calling else "stop"), "index": index, "delta": delta}

    def _count(self) -> dict[str, Any] | None:
        """The token counts so far, where the backend tells them with every chunk."""
        timings = self._seen.timings
        if timings is None or self._choices > 1:
            return None
        return timings.usage()


def _encode(chunk: dict[str, Any]) -> bytes:
    return encode_data(msgspec.json.encode(chunk))
