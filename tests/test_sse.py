from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.sse import MAX_EVENT_BYTES, EventStreamParser, EventTooLargeError, encode_data, encode_event, end_of_last_event

# A line of data: any text without a line end. U+2028 and U+0085 end lines in Python, and nowhere in an event stream.
LINES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]) | st.sampled_from("\u2028\u2029\x85\x0b\x0c é😀"))
EVENTS = st.lists(st.lists(LINES, min_size=1, max_size=3), max_size=5)
NOISE = st.sampled_from([": ping", ":", "event: x", "id: 7", "retry: 10", "unknown: y", "bare"])


def parse(pieces: list[bytes]) -> list[bytes]:
    parser = EventStreamParser()
    return [event for piece in pieces for event in parser.feed(piece)]


@given(st.data(), EVENTS)
def test_any_cut_and_any_line_end_give_the_same_events(data: st.DataObject, events: list[list[str]]) -> None:
    text = b"\xef\xbb\xbf" if data.draw(st.booleans()) else b""
    for lines in events:
        written = [f"data: {line}" for line in lines] + data.draw(st.lists(NOISE, max_size=2))
        if len(lines) == 1:
            written = list(data.draw(st.permutations(written)))
        line_end = data.draw(st.sampled_from([b"\n", b"\r", b"\r\n"]))
        for line in [*written, ""]:
            text += line.encode() + line_end
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    expected = ["\n".join(lines).encode() for lines in events]
    assert parse([text]) == expected
    assert parse(pieces) == expected
    assert parse([text[position : position + 1] for position in range(len(text))]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"data:no space\n\n", [b"no space"]),
        (b"data:  two spaces\n\n", [b" two spaces"]),
        (b"data\n\n", [b""]),
        (b"data: a\n", []),
        (b"data: a", []),
        (b"\n\n\ndata: a\n\n\n\n", [b"a"]),
        (b": comment\n\n", []),
        (b"data: a\r\rdata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: a\r\n\r\n\ndata: b\n\n", [b"a", b"b"]),
        (b"database: a\n\n", []),
    ],
)
def test_lines(text: bytes, expected: list[bytes]) -> None:
    assert parse([text]) == expected
    assert parse([text[position : position + 1] for position in range(len(text))]) == expected


def test_pending_says_whether_an_event_is_incomplete() -> None:
    parser = EventStreamParser()
    assert not parser.pending
    parser.feed(b"data: a\n")
    assert parser.pending
    parser.feed(b"\n")
    assert not parser.pending


def test_writing() -> None:
    assert encode_event("ping", b"{}") == b"event: ping\ndata: {}\n\n"
    assert encode_data(b"[DONE]") == b"data: [DONE]\n\n"
    assert parse([encode_event("ping", b'{"a":1}') + encode_data(b"[DONE]")]) == [b'{"a":1}', b"[DONE]"]


@pytest.mark.parametrize(
    ("chunk", "end"),
    [
        (b"", 0),
        (b"data: a", 0),
        (b"data: a\n", 0),
        (b"data: a\n\n", 9),
        (b"data: a\n\ndata", 9),
        (b"data: a\r\n\r\ndata", 11),
        (b"data: a\r\rdata", 9),
        (b"data: a\n\ndata: b\r\n\r\nd", 20),
    ],
)
def test_the_end_of_the_last_whole_event(chunk: bytes, end: int) -> None:
    assert end_of_last_event(chunk) == end


@pytest.mark.parametrize("beginning", [b"data: ", b"data: a\ndata: b\n", b": "])
def test_an_event_without_end_is_not_kept_for_ever(beginning: bytes) -> None:
    parser = EventStreamParser()
    assert parser.feed(b"data: first\n\n" + beginning) == [b"first"]
    piece = b"x" * (1 << 16)
    assert not any(parser.feed(piece) for _ in range((MAX_EVENT_BYTES >> 16) - 1))
    with pytest.raises(EventTooLargeError):
        parser.feed(piece * 2)


def test_many_events_are_no_large_one() -> None:
    parser = EventStreamParser()
    events = b"data: " + b"x" * 1000 + b"\n\n"
    pieces = (events * 1000)[3:] + events[:3]
    parser.feed(events[:3])
    assert sum(len(parser.feed(pieces)) for _ in range(MAX_EVENT_BYTES // len(pieces) + 2)) > MAX_EVENT_BYTES // len(events)
