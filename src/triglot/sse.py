"""Server-sent events: a parser and a writer, without I/O.

Lines end in LF, CR or CRLF and in nothing else: U+2028 and its kin are ordinary characters inside JSON. Source: the WHATWG HTML standard,
"Event stream interpretation".
"""

from __future__ import annotations

from typing import Final

_BOM: Final = b"\xef\xbb\xbf"


class EventStreamParser:
    """Finds the `data` of each event in bytes that arrive in any cut.

    Event names, ids, retry times and comments are dropped: no backend says anything in them that its JSON does not say.
    """

    __slots__ = ("_after_cr", "_at_start", "_data", "_line")

    def __init__(self) -> None:
        self._line = b""
        self._data: list[bytes] = []
        self._at_start = True
        self._after_cr = False

    @property
    def pending(self) -> bool:
        """Whether an event has begun and its blank line has not been seen."""
        return bool(self._line or self._data)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of every event that `chunk` completes, oldest first."""
        if not (self._line or self._data or self._after_cr or self._at_start) and _is_one_event(chunk):
            return [chunk[6:-2]]
        return self._feed_lines(chunk)

    def _feed_lines(self, chunk: bytes) -> list[bytes]:
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        text = self._line + chunk
        if self._at_start:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._line = text
                return []
            self._at_start = False
            text = text.removeprefix(_BOM)
        events: list[bytes] = []
        lines = text.splitlines(keepends=True)
        # The last piece is a whole line only if it has its line end; a CR may yet be followed by the LF of the same line end.
        self._line = b"" if text.endswith((b"\n", b"\r")) or not lines else lines.pop()
        self._after_cr = text.endswith(b"\r")
        for line in lines:
            self._take_line(line.rstrip(b"\r\n"), events)
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


def end_of_last_event(chunk: bytes) -> int:
    """Where the last whole event of `chunk` ends: what follows belongs to an event that is not complete yet. 0 if there is none."""
    if chunk.endswith(b"\n\n"):
        return len(chunk)
    ends = (chunk.rfind(mark) + len(mark) for mark in (b"\n\n", b"\r\n\r\n", b"\r\r") if mark in chunk)
    return max(ends, default=0)
