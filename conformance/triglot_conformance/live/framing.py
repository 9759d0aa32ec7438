"""Judges the frames of an event stream, and decodes their events.

Tolerated is what the protocols and the official SDKs let pass: comments, `id` and `retry` lines, CRLF, `data:` without a space, and the
`[DONE]` that many servers send at the end of a Responses stream, where the SDKs stop reading as they do for Chat Completions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from triglot_conformance.contract.paths import show
from triglot_conformance.contract.strict_json import decode_json
from triglot_conformance.verdicts import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot_conformance.contract.contract import Dialect
    from triglot_conformance.wire.sse import Frame

_DONE: Final = "[DONE]"
_MAY_SAY_DONE: Final = {"responses"}
_HALF = re.compile(r"\\u[dD][89abAB]", re.IGNORECASE)


@dataclass
class Stream:
    """What a stream says.

    Attributes:
        events: those whose data is JSON, in their order.
        numbers: of each event, the number of its frame among those that carry data.
        findings: what is wrong with the frames.
        is_ended: the closing frame of the dialect has come.
    """

    events: list[Any] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    is_ended: bool = False

    def complain(self, way: str, words: str, number: int | None = None) -> None:
        """Note a fault of framing; of each kind the first is enough."""
        rule = f"framing {way}"
        if all(finding.rule != rule for finding in self.findings):
            self.findings.append(Finding("framing", words if number is None else f"event {number}: {words}", rule, event=number))


def read_frames(frames: Sequence[Frame], dialect: Dialect, *, is_whole: bool) -> Stream:
    """Read the events out of frames.

    Args:
        frames: as they came.
        dialect: its contract.
        is_whole: the stream was read to its end, so that its last frame must be complete.
    """
    stream = Stream()
    sentinel = dialect.stream.sentinel
    for frame in frames:
        number = len(stream.events)
        if not frame.complete:
            if is_whole and frame.raw.strip():
                stream.complain("no blank line at the end", f"no blank line ends it, so that no client sees it: {_raw(frame)}", number)
            continue
        if frame.data is None:
            if frame.event is not None:
                stream.complain("frame without data", f"there is no data behind the line `event: {frame.event}`", number)
            elif not frame.comments and frame.raw.strip():
                stream.complain(
                    "frame of nothing", f"it has neither data nor a comment, and SDKs try to read its data: {_raw(frame)}", number
                )
        elif stream.is_ended:
            stream.complain("after the end", f"it comes after [DONE]: {_raw(frame)}", number)
        elif frame.data == sentinel or (frame.data.strip() == _DONE and dialect.name in _MAY_SAY_DONE):
            stream.is_ended = True
        else:
            _read_event(stream, frame, dialect)
    return stream


def _read_event(stream: Stream, frame: Frame, dialect: Dialect) -> None:
    number = len(stream.events)
    data = frame.data or ""
    try:
        event = decode_json(data)
    except ValueError as error:
        stream.complain("data is not JSON", f"its data is not JSON ({error}): {show(data)}", number)
        return
    if not isinstance(event, dict):
        stream.complain("data is no object", f"its data is {show(event)}, expected an object", number)
        return
    if _HALF.search(data) and _has_half_characters(event):
        stream.complain("half a character", f"it holds half of a surrogate pair, which is no character: {show(data)}", number)
    stream.events.append(event)
    stream.numbers.append(number)
    name = dialect.stream.event_line
    if name is None or frame.event == event.get(name):
        return
    if frame.event is None:
        stream.complain("no event line", f"there is no line `event: {event.get(name)}`, which clients go by", number)
    else:
        stream.complain("event line differs", f"its event line says {show(frame.event)}, its {name} {show(event.get(name))}", number)


def _has_half_characters(value: Any) -> bool:
    if isinstance(value, str):
        return any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return any(_has_half_characters(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_has_half_characters, value))


def _raw(frame: Frame) -> str:
    return show(frame.raw[-120:].decode("utf-8", "replace"))
