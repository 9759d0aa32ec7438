"""Compressed bodies: what comes out is what went in, and no more memory goes into it than the limit allows."""

from __future__ import annotations

import asyncio
import gzip
import sys
import threading
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot import content_encoding
from triglot.content_encoding import decompress, parse_codings
from triglot.errors import ApiError, ErrorKind

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = b'{"model": "m", "input": "' + b"a long prompt, " * 500 + b'"}'
LIMIT = 1 << 24


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


FORMS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "zstd": ("zstd", zstd.compress),
}


def undo(body: bytes, header: str, limit: int = LIMIT) -> bytes:
    return asyncio.run(decompress(body, parse_codings(header), limit))


def refusal_of(body: bytes, header: str, limit: int = LIMIT) -> ApiError:
    with pytest.raises(ApiError) as caught:
        undo(body, header, limit)
    return caught.value


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("data", [b"", b"{}", TEXT, TEXT * 400])
def test_what_went_in_comes_out(form: str, data: bytes) -> None:
    coding, compress = FORMS[form]
    assert undo(compress(data), coding) == data


@given(data=st.binary(max_size=300), split=st.integers(0, 300), form=st.sampled_from(["gzip", "zstd"]))
def test_members_and_frames_follow_each_other(data: bytes, split: int, form: str) -> None:
    _, compress = FORMS[form]
    assert undo(compress(data[:split]) + compress(data[split:]), form) == data


@given(data=st.binary(max_size=300), cut=st.integers(1, 400), form=st.sampled_from(sorted(FORMS)))
def test_no_cut_is_taken_for_the_whole(data: bytes, cut: int, form: str) -> None:
    coding, compress = FORMS[form]
    whole = compress(data)
    error = refusal_of(whole[:-cut] if cut < len(whole) else b"", coding)
    assert error.kind is ErrorKind.INVALID_REQUEST
    assert coding in error.message
    assert "too early" in error.message or coding == "deflate"  # a stub of a zlib frame is read as the other form, and is none


def test_several_codings_are_undone_from_the_last_to_the_first() -> None:
    assert undo(gzip.compress(zstd.compress(zlib.compress(TEXT))), "deflate, Zstd ,identity, X-GZIP") == TEXT


@pytest.mark.parametrize("form", FORMS)
def test_damage_is_told_with_the_name_of_the_coding(form: str) -> None:
    coding, compress = FORMS[form]
    for damaged in (b"not compressed at all, and " + TEXT, compress(TEXT)[:20] + compress(TEXT)[30:], compress(TEXT) + b"rest"):
        error = refusal_of(damaged, coding)
        assert error.kind is ErrorKind.INVALID_REQUEST
        assert coding in error.message


def test_a_wrong_checksum_is_damage() -> None:
    body = bytearray(gzip.compress(TEXT))
    body[-8] ^= 1
    assert "data check" in refusal_of(bytes(body), "gzip").message


@pytest.mark.parametrize("header", ["br", "gzip, br", "compress", "gzip;q=1"])
def test_what_is_not_served_is_named_with_what_is(header: str) -> None:
    error = refusal_of(TEXT, header)
    assert error.kind is ErrorKind.UNSUPPORTED_MEDIA
    assert all(name in error.message for name in (*content_encoding.SERVED, header.rpartition(" ")[2]))


def test_no_more_than_a_few_codings_are_undone() -> None:
    assert parse_codings("gzip," * 4) == ("gzip",) * 4
    assert refusal_of(TEXT, "gzip," * 5).kind is ErrorKind.UNSUPPORTED_MEDIA
    assert parse_codings(None) == parse_codings("identity") == parse_codings("") == ()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("limit", [1, 1024, 2 << 20])
def test_the_limit_counts_what_comes_out_to_the_byte(form: str, limit: int) -> None:
    coding, compress = FORMS[form]
    assert len(undo(compress(b"x" * limit), coding, limit)) == limit
    error = refusal_of(compress(b"x" * (limit + 1)), coding, limit)
    assert error.kind is ErrorKind.TOO_LARGE
    assert str(limit) in error.message


@pytest.mark.parametrize("form", FORMS)
def test_a_bomb_costs_no_memory_beyond_the_limit(form: str) -> None:
    coding, compress = FORMS[form]
    bomb = compress(bytes(200 << 20))
    tracemalloc.start()
    try:
        assert refusal_of(bomb, coding, 4 << 20).kind is ErrorKind.TOO_LARGE
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 14 << 20  # the piece that breaks the limit, the pieces before it, a window


def test_a_bomb_in_a_bomb_is_stopped_at_the_first_layer() -> None:
    assert refusal_of(gzip.compress(gzip.compress(bytes(64 << 20)) * 200), "gzip, gzip", 1 << 20).kind is ErrorKind.TOO_LARGE


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_body_of_nothing_but_members_is_refused(form: str) -> None:
    _, compress = FORMS[form]
    assert "members" in refusal_of(compress(b"") * 10_001, form).message


def test_a_frame_that_asks_for_a_large_window_is_refused() -> None:
    """A window is memory that the frame's head asks for, whatever the frame holds."""
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    asking = compressor.compress(TEXT) + compressor.flush()
    error = refusal_of(asking, "zstd", 1 << 20)
    assert error.kind is ErrorKind.INVALID_REQUEST
    assert "memory" in error.message


@pytest.mark.parametrize(("size", "in_a_thread"), [(1000, False), (1 << 20, False), ((1 << 20) + 1, True)])
def test_what_is_large_leaves_the_loop_alone(monkeypatch: pytest.MonkeyPatch, size: int, *, in_a_thread: bool) -> None:
    threads = set()
    undo_one = content_encoding._undo_one

    def watch(body: bytes, coding: str, limit: int) -> bytes:
        out = undo_one(body, coding, limit)
        threads.add(threading.current_thread())
        return out

    monkeypatch.setattr(content_encoding, "_undo_one", watch)
    assert len(undo(gzip.compress(bytes(size)), "gzip")) == size
    assert (threads == {threading.main_thread()}) is not in_a_thread
    assert len(threads) == 1
