"""Reads requests from a connection."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from faulty.exchange import Refusal, Request
from triglot_conformance.wire.http1 import HttpError, parse_head

if TYPE_CHECKING:
    from triglot_conformance.wire.http1 import Head

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_BYTES = 32 << 20


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next head on a connection, or None where the client has left.

    Raises:
        HttpError: the head is malformed.
    """
    try:
        text = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except asyncio.LimitOverrunError as error:
        raise HttpError("the head is too long") from error
    return parse_head(text.lstrip(b"\r\n")[:-4])


def as_request(head: Head, request_id: str) -> Request:
    """A head as a request without a body.

    Raises:
        HttpError: the request line is malformed.
    """
    words = head.start_line.split(" ")
    if len(words) != 3:  # noqa: PLR2004 - method, target, version
        raise HttpError(f"not a request line: {head.start_line!r}")
    path, _, query = words[1].partition("?")
    return Request(words[0], path, parse_qs(query, keep_blank_values=True), {name.lower(): value for name, value in head.lines}, request_id)


async def read_body(reader: asyncio.StreamReader, request: Request) -> bytes:
    """The body, its transfer coding removed.

    Raises:
        Refusal: it is too large.
        HttpError: the framing is broken.
    """
    if request.headers.get("transfer-encoding", "").lower() == "chunked":
        body = bytearray()
        while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            _check_size(len(body) + size)
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
        return bytes(body)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal():
        raise HttpError(f"not a length: {length!r}")
    _check_size(int(length))
    return await reader.readexactly(int(length))


def decode(request: Request, body: bytes) -> Any:
    """The JSON value of a body; None for an empty one.

    Raises:
        Refusal: the body is no JSON, or does not say that it is.
    """
    try:
        match request.headers.get("content-encoding", "identity").lower():
            case "identity":
                pass
            case "gzip":
                body = gzip.decompress(body)
            case "zstd":
                body = zstd.decompress(body)
            case other:
                raise Refusal(415, f"The content encoding {other} is not known here", code="unsupported_encoding")
    except (OSError, EOFError, zstd.ZstdError) as error:
        raise Refusal(400, f"The body cannot be decompressed: {error}", code="invalid_body") from error
    _check_size(len(body))
    if not body:
        return None
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise Refusal(415, f"The body must be application/json, not {media_type or 'of an unnamed type'}", code="unsupported_media_type")
    try:
        return json.loads(body)
    except ValueError as error:
        raise Refusal(400, f"The body is not JSON: {error}", code="invalid_json") from error


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise Refusal(413, f"The body has more than {MOST_BYTES} bytes", code="request_too_large")
