"""The answer in one piece, from the stream of the same answer: what llama-server itself gives without `stream`, field by field.

A busy llama-server notices a client that has gone only while it streams to it, so it is asked for a stream, unless `can_fold` says that
the stream would not tell all. Numbers pass through as they are written, with every digit. Source: recorded pairs of llama-server b11549,
the same request streamed and not.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from triglot.dialects.chat.ending import Timings
from triglot.dialects.chat.single_call import FirstCall
from triglot.errors import CUT_SHORT, ApiError, ErrorKind
from triglot.sse import EventStreamParser, EventTooLargeError

_DONE: Final = b"[DONE]"
_SNIPPET: Final = 200
_ABSENT: Final = msgspec.Raw()


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Piece(msgspec.Struct):
    """What a chunk adds to one choice."""

    index: int
    delta: _Delta
    finish_reason: str | None = None


class _Chunk(msgspec.Struct, rename={"verbose": "__verbose"}):
    choices: list[_Piece] = []
    created: msgspec.Raw = _ABSENT
    model: msgspec.Raw = _ABSENT
    system_fingerprint: msgspec.Raw = _ABSENT
    id: msgspec.Raw = _ABSENT
    usage: msgspec.Raw = _ABSENT
    timings: msgspec.Raw = _ABSENT
    prompt_progress: msgspec.Raw = _ABSENT
    verbose: msgspec.Raw = _ABSENT
    error: Any = None


_decode_chunk = msgspec.json.Decoder(_Chunk).decode


class _Choice:
    """One choice as it grows."""

    def __init__(self, *, single_call: bool) -> None:
        self.first = FirstCall() if single_call else None
        self.is_cut = False  # a further call has been left out
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.calls: dict[int, dict[str, Any]] = {}  # by the backend's numbers, whatever these are
        self.finish_reason: str | None = None

    def add(self, piece: _Piece) -> None:
        delta = piece.delta
        if delta.content:
            self.text.append(delta.content)
        if delta.reasoning_content:
            self.reasoning.append(delta.reasoning_content)
        for fragment in delta.tool_calls or ():
            self._add_call(fragment)
        self.finish_reason = piece.finish_reason or self.finish_reason

    def _add_call(self, fragment: _Call) -> None:
        function = fragment.function or _Function()
        if self.first is not None and not self.first.holds(fragment.index, fragment.id, function.name):
            self.is_cut = True
            return
        call = self.calls.setdefault(fragment.index, {"type": "function", "function": {"name": "", "arguments": ""}})
        call["function"]["name"] += function.name or ""
        call["function"]["arguments"] += function.arguments or ""
        if fragment.id:
            call["id"] = fragment.id

    def fold(self, index: int) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self.text)}
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        if self.calls:
            message["tool_calls"] = list(self.calls.values())
        return {"finish_reason": self.finish_reason, "index": index, "message": message}


class CompletionFold:
    """Folds one stream; feed it the bytes as they come, until it has `ended`, and `close` it.

    Args:
        choices: how many answers were asked for.
        single_call: the answer ends where a second call begins. If there are more choices, or the counts are not known there, the backend
            is let go on to its own end, and further calls are left out.

    Attributes:
        ended: whether the backend has said that nothing follows, or that it has failed, or need not go on.
        cut: whether it was ended here.
        error: the `error` that the stream ended in, as the backend wrote it.
    """

    def __init__(self, *, choices: int = 1, single_call: bool = False) -> None:
        self._asked_for = choices
        self._single_call = single_call
        self._parser = EventStreamParser()
        self._choices: dict[int, _Choice] = {}
        self._finished = -1  # the choice that ended last: the counts that follow are its own
        self._last: _Chunk | None = None  # of the first choice, which speaks for all of them
        self._usage = _ABSENT
        self._timings = _ABSENT
        self._verbose = _ABSENT
        self.ended = False
        self.cut = False
        self.error: Any = None

    def feed(self, data: bytes) -> bool:
        """Take in bytes, and say whether the answer has gone on; comments and progress do not count. What follows the end is ignored.

        Raises:
            ApiError: an event is no chunk.
        """
        try:
            payloads = self._parser.feed(data)
        except EventTooLargeError as error:
            raise ApiError(ErrorKind.BACKEND_FAILED, str(error)) from None
        gone_on = False
        for payload in payloads:
            if self.ended:
                break
            if payload == _DONE:
                self.ended = True
            elif self._take(payload):
                gone_on = True
        return gone_on

    def close(self) -> bytes:
        """Return the body.

        Raises:
            ApiError: the stream was not complete.
        """
        last = self._last
        unfinished = [choice for choice in self._choices.values() if choice.finish_reason is None]
        if not self.ended or last is None or unfinished:
            raise ApiError(ErrorKind.BACKEND_FAILED, CUT_SHORT)
        fields = {
            "choices": [self._choices[index].fold(index) for index in sorted(self._choices)],
            "created": last.created,
            "model": last.model,
            "system_fingerprint": last.system_fingerprint,
            "object": "chat.completion",
            "usage": self._usage,
            "id": last.id,
            "__verbose": self._verbose,
            "timings": self._timings,
        }
        return msgspec.json.encode({name: value for name, value in fields.items() if value})

    def _take(self, payload: bytes) -> bool:
        try:
            chunk = _decode_chunk(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            text = payload[:_SNIPPET].decode("utf-8", "replace")
            raise ApiError(ErrorKind.BACKEND_FAILED, f"The backend sent a chunk that triglot cannot read: {text}") from None
        if chunk.error is not None:
            self.error = chunk.error
            self.ended = True
            return False
        for piece in chunk.choices:
            choice = self._choices.setdefault(piece.index, _Choice(single_call=self._single_call))
            choice.add(piece)
            if choice.is_cut and choice.finish_reason is None and self._asked_for == 1:
                self._end_here(choice, chunk)
            if piece.finish_reason is not None:
                self._finished = piece.index
        if self._finished == 0:
            self._take_ending(chunk)
        return not chunk.prompt_progress

    def _end_here(self, choice: _Choice, chunk: _Chunk) -> None:
        """End the answer before its second call, if it is known what it has taken until then."""
        if not chunk.timings:
            return
        choice.finish_reason = "tool_calls"
        self.cut = self.ended = True
        self._last = chunk
        self._timings = chunk.timings
        self._usage = msgspec.Raw(msgspec.json.encode(msgspec.json.decode(chunk.timings, type=Timings).usage()))

    def _take_ending(self, chunk: _Chunk) -> None:
        """Take what the first choice says at its end; the counts of others are not told without `stream`."""
        if chunk.choices and chunk.choices[0].index != 0:
            return
        self._last = chunk
        self._usage = chunk.usage or self._usage
        self._timings = chunk.timings or self._timings
        self._verbose = chunk.verbose or self._verbose
