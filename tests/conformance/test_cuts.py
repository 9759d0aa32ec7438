from __future__ import annotations

import pytest

from triglot_conformance.replay.cuts import CUTS, FRAMINGS, cut_body, with_line_ends
from triglot_conformance.wire.sse import parse_stream

BODY = "data: h\u00e9 \u4e16\n\ndata: \U0001f600 \u2028\n\ndata: {}\n\ndata: [DONE]\n\n".encode()
NAMES = sorted({*CUTS} - {*FRAMINGS})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [BODY, with_line_ends(BODY, b"\r\n"), with_line_ends(BODY, b"\r"), b"data: 1", b"\n"])
def test_pieces_join_to_the_body(name: str, body: bytes) -> None:
    pieces = cut_body(body, name)
    assert b"".join(pieces) == body
    assert all(pieces)


@pytest.mark.parametrize("name", FRAMINGS)
@pytest.mark.parametrize("body", [BODY, with_line_ends(BODY, b"\r\n"), with_line_ends(BODY, b"\r")])
def test_other_line_ends_change_nothing_else(name: str, body: bytes) -> None:
    text = b"".join(cut_body(body, name))
    assert text.replace(FRAMINGS[name], b"\n") == BODY
    assert [frame.data for frame in parse_stream(text)] == [frame.data for frame in parse_stream(BODY)]


def test_each_cut_cuts_where_it_says() -> None:
    events = cut_body(BODY, "events")
    assert events == [piece + b"\n\n" for piece in BODY.split(b"\n\n")[:-1]]
    assert cut_body(BODY, "pairs") == [events[0], events[1] + events[2], events[3]]
    assert [piece[-1:] for piece in cut_body(BODY, "blank-lines")] == [b"\n"] * 5
    assert len(cut_body(BODY, "characters")) == 1 + 1 + 2 + 3 + 2
    assert len(cut_body(BODY, "bytes")) == len(BODY)
    assert cut_body(b"data: 1\n\ndata: 2\n\n", "crlf") == [b"data: 1\r", b"\n\r", b"\ndata: 2\r", b"\n\r", b"\n"]
    assert cut_body(b"data: 1\n\ndata: 2\n\n", "cr") == [b"data: 1\r", b"\rdata: 2\r", b"\r"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_events_end_at_any_blank_line(end: bytes) -> None:
    body = with_line_ends(BODY, end)
    assert cut_body(body, "events") == [frame.raw for frame in parse_stream(body)]
    assert len(cut_body(body, "blank-lines")) == 5


def test_a_random_cut_comes_again_with_its_seed() -> None:
    body = BODY * 20
    assert cut_body(body, "random", "1 case") == cut_body(body, "random", "1 case")
    assert len({tuple(cut_body(body, "random", str(seed))) for seed in range(20)}) == 20


def test_an_empty_body_has_no_pieces() -> None:
    assert [cut_body(b"", name) for name in CUTS] == [[]] * len(CUTS)


def test_an_unknown_cut_is_an_error() -> None:
    with pytest.raises(ValueError, match="slices"):
        cut_body(BODY, "slices")
