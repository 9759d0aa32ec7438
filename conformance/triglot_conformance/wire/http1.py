"""HTTP/1.1 over asyncio streams: just enough for a strict client and for a server that plays recordings."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Taken = Callable[[bytes], bool | None]


_PIECE: Final = 1 << 16
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")


class HttpError(Exception):
    """The peer broke HTTP itself: a malformed head or chunk, or an end in the middle."""


@dataclass(frozen=True)
class Head:
    """Start line and headers. Names keep their spelling in `lines`; `get` compares them without case."""

    start_line: str
    lines: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """Value of the first header of this name."""
        return next((value for key, value in self.lines if key.lower() == name.lower()), None)

    def without(self, *names: str) -> Head:
        """The same head with these headers left out."""
        return Head(self.start_line, tuple((key, value) for key, value in self.lines if key.lower() not in names))

    def encode(self) -> bytes:
        """The head as bytes, blank line included."""
        text = "".join(f"{line}\r\n" for line in [self.start_line, *(f"{key}: {value}" for key, value in self.lines)])
        return f"{text}\r\n".encode("latin-1")


@dataclass(frozen=True)
class Message:
    """A request or an answer, its transfer coding removed."""

    head: Head
    body: bytes = b""

    @property
    def status(self) -> int:
        """Status code of an answer."""
        return int(self.head.start_line.split(" ", 2)[1])

    @property
    def path(self) -> str:
        """Path of a request, without its query."""
        return self.head.start_line.split(" ")[1].partition("?")[0]

    @property
    def method(self) -> str:
        """Method of a request."""
        return self.head.start_line.split(" ")[0]

    @property
    def media_type(self) -> str:
        """Content type without parameters, in lower case; empty where there is none."""
        return (self.head.get("content-type") or "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Request:
    """What a client sends."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def encode(self, host: str) -> bytes:
        """The request as bytes, on a connection of its own."""
        lines = {"Host": host, "Connection": "close", **self.headers}
        if self.body or self.method == "POST":
            lines["Content-Length"] = str(len(self.body))
        return Head(f"{self.method} {self.path} HTTP/1.1", tuple(lines.items())).encode() + self.body


def parse_head(text: bytes) -> Head:
    """Read a start line and headers from bytes that end before the blank line.

    Raises:
        HttpError: a header line has no colon.
    """
    start_line, *rest = text.decode("latin-1").split("\r\n")
    lines = []
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon:
            raise HttpError(f"not a header line: {line!r}")
        lines.append((name, value.strip()))
    return Head(start_line, tuple(lines))


def parse_recording(recording: bytes) -> Message:
    """Read a recorded answer: head, blank line, body without transfer coding.

    Raises:
        HttpError: there is no blank line.
    """
    head, blank, body = recording.partition(b"\r\n\r\n")
    if not blank:
        raise HttpError("a recording needs CRLF lines and a blank line after its headers")
    return Message(parse_head(head), body)


async def read_message(
    reader: asyncio.StreamReader, *, is_answer: bool, to_head: bool = False, taken: Taken = lambda _: None
) -> Message | None:
    """Read one message from a connection.

    Args:
        reader: the connection.
        is_answer: an answer without a length reaches to the end of the connection, a request without one has no body.
        to_head: the answer to a HEAD request has no body, whatever its headers say.
        taken: called with each piece of the body as it comes; True ends the reading there.

    Returns:
        The message, or None where the connection ended before its first byte.

    Raises:
        HttpError: the message is malformed or incomplete.
    """
    head = await read_head(reader)
    if head is None:
        return None
    return Message(head, b"" if to_head else await read_body(reader, head, is_answer=is_answer, taken=taken))


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Read a start line and headers; None where the connection ended before its first byte.

    Raises:
        HttpError: they are malformed or incomplete.
    """
    try:
        text = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise HttpError(f"the connection ended inside the headers, after {error.partial[-60:]!r}") from None
    except (asyncio.LimitOverrunError, ConnectionError) as error:
        raise HttpError(f"the headers cannot be read: {error}") from None
    return parse_head(text[:-4])


async def read_body(reader: asyncio.StreamReader, head: Head, *, is_answer: bool, taken: Taken = lambda _: None) -> bytes:
    """Read the body that belongs to a head; arguments as of `read_message`.

    Raises:
        HttpError: it is malformed or incomplete.
    """
    try:
        return await _read_body(reader, head, is_answer=is_answer, taken=taken)
    except asyncio.IncompleteReadError as error:
        raise HttpError(f"the connection ended inside the body, after {error.partial[-60:]!r}") from None
    except (asyncio.LimitOverrunError, ConnectionError) as error:
        raise HttpError(f"the connection broke inside the body: {error}") from None


async def _read_body(reader: asyncio.StreamReader, head: Head, *, is_answer: bool, taken: Taken) -> bytes:
    if (head.get("transfer-encoding") or "").lower() == "chunked":
        return await _read_chunks(reader, taken)
    length = head.get("content-length")
    if length is None and not is_answer:
        return b""
    left = None if length is None else _parse_length(length)
    body = bytearray()
    while left is None or left > len(body):
        piece = await reader.read(_PIECE if left is None else min(_PIECE, left - len(body)))
        if not piece:
            if left is not None:
                raise asyncio.IncompleteReadError(bytes(body), left)
            break
        body += piece
        if taken(piece):
            break
    return bytes(body)


def _parse_length(text: str) -> int:
    if not _LENGTH.fullmatch(text):
        raise HttpError(f"not a content length: {text[:80]!r}")
    return int(text)


async def _read_chunks(reader: asyncio.StreamReader, taken: Taken) -> bytes:
    body = bytearray()
    while True:
        line = await reader.readuntil(b"\r\n")
        size_text = line.partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(size_text):
            raise HttpError(f"not a chunk size: {line[:80]!r}")
        size = int(size_text, 16)
        if not size:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass  # a trailer
            return bytes(body)
        left = size
        while left:  # a chunk may be larger than what anybody wants to hold
            piece = await reader.readexactly(min(left, _PIECE))
            left -= len(piece)
            body += piece
            if taken(piece):
                return bytes(body)
        if await reader.readexactly(2) != b"\r\n":
            raise HttpError(f"a chunk of {size} bytes does not end in CRLF")


async def exchange(host: str, port: int, request: Request, timeout_s: float, taken: Taken = lambda _: None) -> Message:
    """Send a request on a fresh connection and read the whole answer; see `read_message` for `taken`.

    Raises:
        HttpError: no answer, a malformed one, or none within the time.
    """
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request.encode(f"{host}:{port}"))
                answer = await read_message(reader, is_answer=True, to_head=request.method == "HEAD", taken=taken)
            finally:
                writer.close()
    except TimeoutError:
        raise HttpError(f"no complete answer within {timeout_s:g} s") from None
    except OSError as error:
        raise HttpError(f"cannot connect: {error}") from error
    if answer is None:
        raise HttpError("the connection was closed without an answer")
    return answer
