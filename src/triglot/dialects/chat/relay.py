"""The Chat Completions stream on its way to the client: the backend's bytes, in whole events, with an honest end."""

from __future__ import annotations

from typing import Final

import msgspec

from triglot.dialects.openai_errors import error_body
from triglot.errors import CUT_SHORT, ApiError, ErrorKind
from triglot.sse import EventStreamParser, encode_data, end_of_last_event

_DONE: Final = b"[DONE]"


class StreamRelay:
    """Relays one stream; feed it the bytes as they come, then `close` it, and let it `fail` when something is wrong.

    An event that is not complete yet is held back, so that no write ends inside one.
    """

    __slots__ = ("_held", "_last")

    def __init__(self) -> None:
        self._held = b""
        self._last = b""  # the last piece with data that was passed on: its end says whether the answer was complete

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on now, possibly nothing."""
        if self._held:
            data = self._held + data
        end = end_of_last_event(data)
        whole, self._held = (data, b"") if end == len(data) else (data[:end], data[end:])
        if b"data:" in whole:
            self._last = whole
        return whole

    def close(self) -> ApiError | None:
        """Return what the client must be told once the backend has closed the stream: nothing if the answer was complete."""
        last = EventStreamParser().feed(self._last.lstrip(b"\n\r"))
        if not self._held and last and (last[-1] == _DONE or _is_error(last[-1])):
            return None
        return ApiError(ErrorKind.BACKEND_FAILED, CUT_SHORT)

    def fail(self, error: ApiError) -> bytes:
        """Return the error chunk that ends a broken stream. The incomplete event, if any, is dropped."""
        self._held = b""
        return encode_data(msgspec.json.encode(error_body(error, "")))


def _is_error(data: bytes) -> bool:
    return data.startswith(b'{"error"')
