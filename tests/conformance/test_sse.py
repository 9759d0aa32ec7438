from __future__ import annotations

import pytest

from triglot_conformance.wire.sse import parse_stream


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_end_in_lf_crlf_or_cr(line_end: str) -> None:
    body = line_end.join(["event: a", "data: 1", "data:2", "", ": note", "", ""]).encode()
    first, second = parse_stream(body)
    assert (first.event, first.data, first.complete) == ("a", "1\n2", True)
    assert (second.data, second.comments) == (None, ("note",))
    assert first.raw + second.raw == body


def test_unicode_separators_do_not_end_a_line() -> None:
    (frame,) = parse_stream("data: a\u2028b\u2029c\u0085d\n\n".encode())
    assert frame.data == "a\u2028b\u2029c\u0085d"


@pytest.mark.parametrize("rest", [b"data: 2", b"data: 2\n", b"da"])
def test_a_rest_without_blank_line_is_incomplete(rest: bytes) -> None:
    first, second = parse_stream(b"data: 1\n\n" + rest)
    assert first.complete
    assert not second.complete
    assert second.raw == rest


def test_extra_blank_lines_are_seen() -> None:
    frames = parse_stream(b"data: 1\n\n\ndata: 2\n\n")
    assert [frame.raw for frame in frames] == [b"data: 1\n\n", b"\n", b"data: 2\n\n"]


def test_only_one_space_after_the_colon_goes() -> None:
    (frame,) = parse_stream(b"data:  x\nid: 7\nretry: 3\nodd\n\n")
    assert frame.data == " x"


def test_bytes_that_are_not_utf8_are_an_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        parse_stream(b"data: \xff\n\n")
