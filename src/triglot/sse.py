"""Server-sent events: a parser and a writer, without I/O.

Lines end in LF, CR or CRLF and in nothing else: U+2028 and its kin are ordinary characters inside JSON. Source: the WHATWG HTML standard,
"Event stream interpretation".
"""

from __future__ import annotations

from typing import Final

MAX_EVENT_BYTES: Final = 16 * 1024 * 1024
"""No more is kept of an event that does not end: a whole answer is smaller."""

_BOM: Final = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """An event did not end within `MAX_EVENT_BYTES`."""

    def __init__(self) -> None:
        super().__init__(f"The backend sent an event of more than {MAX_EVENT_BYTES} bytes.")


class EventStreamParser:
    """Finds the `data` of each event in bytes that arrive in any cut.

    Event names, ids, retry times and comments are dropped: no backend says anything in them that its JSON does not say.
    """

    __slots__ = ("_after_cr", "_at_start", "_data", "_kept_bytes", "_line")

    def __init__(self) -> None:
        self._line: list[bytes] = []  # pieces of the line that has not ended
        self._kept_bytes = 0
        self._data: list[bytes] = []
        self._at_start = True
        self._after_cr = False

    @property
    def pending(self) -> bool:
        """Whether an event has begun and its blank line has not been seen."""
        return bool(self._line or self._data)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of every event that `chunk` completes, oldest first.

        Raises:
            EventTooLargeError: one does not end.
        """
        if not (self._line or self._data or self._after_cr or self._at_start) and _is_one_event(chunk):
            return [chunk[6:-2]]
        return self._feed_lines(chunk)

    def _feed_lines(self, chunk: bytes) -> list[bytes]:
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        self._line.append(chunk)
        self._kept_bytes += len(chunk)
        if not self._at_start and b"\n" not in chunk and b"\r" not in chunk:
            return self._go_on([])  # to join the pieces each time would take the square of the time
        text = b"".join(self._line)
        if self._at_start:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._line = [text]
                return []
            self._at_start = False
            text = text.removeprefix(_BOM)
        events: list[bytes] = []
        lines = text.splitlines(keepends=True)
        # The last piece is a whole line only if it has its line end; a CR may yet be followed by the LF of the same line end.
        self._line = [] if text.endswith((b"\n", b"\r")) or not lines else [lines.pop()]
        self._after_cr = text.endswith(b"\r")
        for line in lines:
            self._take_line(line.rstrip(b"\r\n"), events)
        if not self._data:
            self._kept_bytes = sum(map(len, self._line))
        return self._go_on(events)

    def _go_on(self, events: list[bytes]) -> list[bytes]:
        if self._kept_bytes > MAX_EVENT_BYTES:
            raise EventTooLargeError
        return events

    def _take_line(self, line: bytes, events: list[bytes]) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line == b"data":
            self._data.append(b"")
        elif not line and self._data:
            events.append(b"\n".join(self._data))
            self._data.clear()


def _is_one_event(chunk: bytes) -> bool:
    return chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") and chunk.find(b"\n") == len(chunk) - 2 and b"\r" not in chunk


def encode_event(name: str, data: bytes) -> bytes:
    """One event with an `event:` line; `data` is JSON on a single line."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def encode_data(data: bytes) -> bytes:
    """One event without an `event:` line; `data` is JSON, or a sentinel, on a single line."""
    return b"data: %b\n\n" % data


def end_of_last_event(chunk: bytes | bytearray, start: int = 0) -> int:
    """Where the last whole event of `chunk` ends: what follows belongs to an event that is not complete yet. 0 if there is none.

    Args:
        chunk: what there is.
        start: no end begins before.
    """
    if chunk.endswith(b"\n\n"):
        return len(chunk)
    ends = (at + len(mark) for mark in (b"\n\n", b"\r\n\r\n", b"\r\r") if (at := chunk.rfind(mark, start)) >= 0)
    return max(ends, default=0)
