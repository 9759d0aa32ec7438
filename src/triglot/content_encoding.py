"""Bodies that come compressed, decompressed under a limit.

Source: RFC 9110, section 8.4; RFC 1952 (gzip may have several members), RFC 1950 and 1951 (what is called deflate comes with and without
its zlib frame), RFC 8878 and 9659 (zstd may have several frames; 8 MiB of window are enough for the web).
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from typing import TYPE_CHECKING, Any, Final, Protocol

from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SERVED: Final = ("gzip", "deflate", "zstd")
_ALIASES: Final = {"x-gzip": "gzip"}
_MOST_CODINGS: Final = 4
_MOST_MEMBERS: Final = 10_000  # each one costs time, even if nothing is in it
_PIECE: Final = 1 << 16
_ON_THE_LOOP: Final = 1 << 20
"""What is decompressed without a thread, in bytes of the larger side: that takes a few milliseconds."""


class _Member(Protocol):
    """One gzip member, zlib stream or zstd frame."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _TooLargeError(Exception):
    pass


def parse_codings(header: str | None) -> tuple[str, ...]:
    """The codings of a `content-encoding` header, in the order in which they were applied.

    Raises:
        ApiError: one of them is not served, or there are too many.
    """
    names = (name.strip().lower() for name in (header or "").split(","))
    codings = tuple(_ALIASES.get(name, name) for name in names if name not in ("", "identity"))
    for coding in codings:
        if coding not in SERVED:
            served = ", ".join(SERVED)
            raise ApiError(
                ErrorKind.UNSUPPORTED_MEDIA,
                f"The content encoding {coding} is not served here: send the body uncompressed, or as one of {served}.",
            )
    if len(codings) > _MOST_CODINGS:
        raise ApiError(ErrorKind.UNSUPPORTED_MEDIA, f"The body is encoded {len(codings)} times over: at most {_MOST_CODINGS} are undone.")
    return codings


async def decompress(body: bytes, codings: Sequence[str], limit: int) -> bytes:
    """Undo the codings, the last one first; what is large is done in a thread.

    Args:
        body: as it came.
        codings: from `parse_codings`.
        limit: no more than so many bytes may come out, of any of the codings; no memory is spent on more.

    Raises:
        ApiError: the body is damaged, ends too early, or is larger than the limit.
    """
    try:
        if len(body) <= _ON_THE_LOOP:
            try:
                return _undo(body, codings, min(limit, _ON_THE_LOOP))
            except _TooLargeError:
                if limit <= _ON_THE_LOOP:
                    raise
        return await asyncio.to_thread(_undo, body, codings, limit)
    except _TooLargeError:
        message = f"The request body is larger than the limit of {limit} bytes once it is decompressed (TRIGLOT_MAX_BODY_BYTES)."
        raise ApiError(ErrorKind.TOO_LARGE, message) from None


def _undo(body: bytes, codings: Sequence[str], limit: int) -> bytes:
    for coding in reversed(codings):
        try:
            body = _undo_one(body, coding, limit)
        except ValueError as error:
            message = f"The request body is not whole and valid {coding}, as its content-encoding says: {error}."
            raise ApiError(ErrorKind.INVALID_REQUEST, message) from None
    return body


def _undo_one(body: bytes, coding: str, limit: int) -> bytes:
    new_member, damaged = _codec(coding, body, limit)
    pieces: list[bytes] = []
    size = 0
    member: _Member | None = None
    members = 0
    view = memoryview(body)
    for start in range(0, len(body), _PIECE):
        data = bytes(view[start : start + _PIECE])
        while True:
            if member is None:
                members += 1
                _check_members(members, coding)
                member = new_member()
            try:
                piece = member.decompress(data, limit + 1 - size)
            except damaged as error:
                raise ValueError(str(error).rpartition(": ")[2].rstrip(".")) from None
            size += len(piece)
            if size > limit:
                raise _TooLargeError
            pieces.append(piece)
            if not member.eof:
                break  # everything of the data has been taken: nothing was held back for want of room
            data, member = member.unused_data, None
            if not data:
                break
    if member is not None or not members:
        raise ValueError("it ends too early")
    return b"".join(pieces)


def _check_members(members: int, coding: str) -> None:
    if members > 1 and coding == "deflate":
        raise ValueError("something follows its end")
    if members > _MOST_MEMBERS:
        raise ValueError(f"it has more than {_MOST_MEMBERS} members")


def _codec(coding: str, body: bytes, limit: int) -> tuple[Callable[[], Any], type[Exception]]:
    """How a member begins, and what is raised for damage."""
    if coding == "zstd":
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 - few clients need it
        else:
            from backports import zstd  # noqa: PLC0415
        # A frame may ask for a window, which is memory: as much as the largest body needs, and never less than the web asks for.
        window_log = min(max(limit.bit_length(), 23), 27)
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: window_log}
        return lambda: zstd.ZstdDecompressor(options=options), zstd.ZstdError
    bits = 31 if coding == "gzip" else zlib.MAX_WBITS if _has_zlib_frame(body) else -zlib.MAX_WBITS
    return lambda: zlib.decompressobj(bits), zlib.error


def _has_zlib_frame(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
