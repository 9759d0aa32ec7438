"""An event-stream parser, after the WHATWG rules (https://html.spec.whatwg.org/multipage/server-sent-events.html).

It keeps what a byte-exact check needs and a browser would throw away: the raw bytes of each frame, its comments, and an unfinished rest.
Lines end at CR, LF or CRLF and nowhere else; U+2028 is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Frame:
    """One block of an event stream, up to and including its blank line.

    Attributes:
        raw: the bytes as received.
        event: value of the last `event:` line, or None.
        data: the `data:` lines joined by line feeds, or None where the frame has none (a comment, a heartbeat).
        comments: texts of the comment lines.
        complete: False for what stands after the last blank line: a client never sees it as an event.
    """

    raw: bytes
    event: str | None = None
    data: str | None = None
    comments: tuple[str, ...] = ()
    complete: bool = True


def parse_stream(body: bytes) -> list[Frame]:
    """Split a whole event stream into frames.

    Args:
        body: the body of the answer, transfer coding removed.

    Returns:
        The frames in order; only the last can be incomplete.

    Raises:
        UnicodeDecodeError: a frame is not UTF-8.
    """
    frames: list[Frame] = []
    lines: list[bytes] = []
    start = position = 0
    for end in _LINE_END.finditer(body):
        line = body[position : end.start()]
        position = end.end()
        if line:
            lines.append(line)
        else:
            frames.append(_frame(body[start:position], lines))
            lines, start = [], position
    if start < len(body):
        frames.append(_frame(body[start:], [*lines, body[position:]], complete=False))
    return frames


def _frame(raw: bytes, lines: list[bytes], *, complete: bool = True) -> Frame:
    event: str | None = None
    data: list[str] = []
    comments: list[str] = []
    for line in filter(None, lines):
        name, _, value = line.decode("utf-8").partition(":")
        value = value.removeprefix(" ")
        match name:
            case "":
                comments.append(value)
            case "event":
                event = value
            case "data":
                data.append(value)
            case _:
                pass  # id, retry and unknown fields carry nothing that the dialects use
    return Frame(raw, event, "\n".join(data) if data else None, tuple(comments), complete)
