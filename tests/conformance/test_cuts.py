from __future__ import annotations

import pytest

from triglot_conformance.replay.cuts import CUTS, cut_body

BODY = "data: h\u00e9 \u4e16\n\ndata: \U0001f600\n\n".encode()


@pytest.mark.parametrize("name", CUTS)
def test_pieces_join_to_the_body(name: str) -> None:
    pieces = cut_body(BODY, name)
    assert b"".join(pieces) == BODY
    assert all(pieces)


def test_each_cut_cuts_where_it_says() -> None:
    assert cut_body(BODY, "events") == ["data: h\u00e9 \u4e16\n\n".encode(), "data: \U0001f600\n\n".encode()]
    assert [piece[-1:] for piece in cut_body(BODY, "blank-lines")] == [b"\n"] * 3
    assert len(cut_body(BODY, "characters")) == 1 + 1 + 2 + 3
    assert len(cut_body(BODY, "bytes")) == len(BODY)


def test_an_empty_body_has_no_pieces() -> None:
    assert [cut_body(b"", name) for name in CUTS] == [[]] * len(CUTS)


def test_an_unknown_cut_is_an_error() -> None:
    with pytest.raises(ValueError, match="slices"):
        cut_body(BODY, "slices")
