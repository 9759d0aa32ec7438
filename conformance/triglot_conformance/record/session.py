"""What a recorded session consists of, its content codings removed."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from triglot_conformance.contract.fold import FOLDS, FoldError
from triglot_conformance.wire.sse import parse_stream

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Sequence

Headers = list[tuple[str, str]]

# What a path ends with, below the root of the API, and whose it is. Models are asked for in two dialects: a header tells them apart.
_ROUTES: Final = {"chat": "chat", "responses": "responses", "conversations": "responses", "messages": "messages"}
_MODELS: Final = "models"


class ContentError(Exception):
    """A body cannot be decoded; the message says why."""


@dataclass
class Exchange:
    """One request and its answer, as they passed.

    Attributes:
        target: path and query.
        body: as it was sent, its transfer coding removed, and so is `answer`.
        status: 0 where no answer came.
        said, heard: messages on a WebSocket, where the request opened one.
        notes: what could not be recorded.
    """

    method: str
    target: str
    headers: Headers = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    status: int = 0
    answer_headers: Headers = field(default_factory=list)
    answer: bytearray = field(default_factory=bytearray)
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def route(self) -> str:
        """The target as it is below the server's root, whatever that is: it begins with `/v1`."""
        path, mark, query = self.target.partition("?")
        _, found, rest = path.rpartition("/v1/")
        return f"/v1/{rest if found else path.lstrip('/')}{mark}{query}"

    @property
    def dialect(self) -> str | None:
        """`chat`, `responses` or `messages`; None for a path that belongs to none of them."""
        place = self.route.partition("?")[0].split("/")[2]
        if place == _MODELS:
            return "messages" if header(self.headers, "anthropic-version") else "chat"
        return _ROUTES.get(place)

    @cached_property
    def document(self) -> Any:
        """The decoded body of the request; None for no body.

        Raises:
            ContentError: it is not JSON, or in a coding that is not known.
        """
        body = decode(bytes(self.body), header(self.headers, "content-encoding"))
        try:
            return json.loads(body) if body else None
        except ValueError as error:
            raise ContentError(f"the body is not JSON: {error}") from error
        except RecursionError as error:
            raise ContentError("the body is nested too deeply") from error

    @cached_property
    def answer_document(self) -> Any:
        """The decoded body of the answer, or what its stream folds to; None where it is neither."""
        try:
            body = decode(bytes(self.answer), header(self.answer_headers, "content-encoding"))
            if (header(self.answer_headers, "content-type") or "").startswith("text/event-stream"):
                frames = [frame.data for frame in parse_stream(body) if frame.complete and frame.data not in (None, "[DONE]")]
                return FOLDS[self.dialect or "chat"]([json.loads(data or "") for data in frames])
            return json.loads(body)
        except (ContentError, FoldError, ValueError, LookupError, TypeError, RecursionError):
            return None


def header(headers: Sequence[tuple[str, str]], name: str) -> str | None:
    """Value of the first header of this name, which is in lower case."""
    return next((value for key, value in headers if key.lower() == name), None)


def decode(body: bytes, codings: str | None) -> bytes:
    """Undo the content codings of a body.

    Args:
        body: as it was sent.
        codings: value of the header `content-encoding`.

    Raises:
        ContentError: a coding is not known, or the bytes are not in it.
    """
    for coding in reversed([name.strip().lower() for name in (codings or "").split(",")]):
        try:
            body = _decode_one(body, coding)
        except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
            raise ContentError(f"the body is not in the coding {coding}: {error}") from error
    return body


def _decode_one(body: bytes, coding: str) -> bytes:
    match coding:
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return gzip.decompress(body)
        case "zstd":
            return zstd.decompress(body)
        case "deflate":  # with or without the wrapper that it should have
            is_wrapped = body[:1] and body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0  # noqa: PLR2004
            return zlib.decompress(body, zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS)
        case _:
            raise ContentError(f"the coding {coding} is not known")
