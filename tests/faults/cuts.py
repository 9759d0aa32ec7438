"""A recorded answer, byte for byte as it came over the wire, that ends after any of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.recordings import RECORDINGS

if TYPE_CHECKING:
    from .backend import Request


class Wire(NamedTuple):
    """An answer on the wire.

    Attributes:
        head: status line and headers, and the empty line.
        pieces: each chunk of the body, with its framing, and what it carries; a body with a length is one piece.
        text: what the answer says.
    """

    head: bytes
    pieces: tuple[tuple[bytes, bytes], ...]
    text: str

    @property
    def data(self) -> bytes:
        """All of it."""
        return self.head + b"".join(framed for framed, _ in self.pieces)

    def body_within(self, size: int) -> bytes:
        """The whole pieces of the body among the first `size` bytes."""
        body, end = b"", len(self.head)
        for framed, piece in self.pieces:
            end += len(framed)
            if end - len(b"\r\n") <= size:  # the line end behind a chunk is not waited for
                body += piece
        return body


def _read_stream(name: str) -> Wire:
    head, body = _split(name)
    events = [event + b"\n\n" for event in body.split(b"\n\n")[:-1]]
    framed = ((b"%x\r\n%b\r\n" % (len(event), event), event) for event in events)
    chunks = [json.loads(event[6:]) for event in events[:-1]]
    text = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    return Wire(head, (*framed, (b"0\r\n\r\n", b"")), text)


def _read_whole(name: str) -> Wire:
    head, body = _split(name)
    return Wire(head, ((body, body),), json.loads(body)["choices"][0]["message"]["content"])


def _split(name: str) -> tuple[bytes, bytes]:
    head, gap, body = (RECORDINGS / f"{name}.http").read_bytes().partition(b"\r\n\r\n")
    return head + gap, body


STREAMED: Final = _read_stream("chat_length_stream")
WHOLE: Final = _read_whole("chat_length")


class Cut(NamedTuple):
    """Answers with the first `size` bytes, and closes the connection."""

    size: int

    async def __call__(self, request: Request) -> None:
        """Send them."""
        await request.send((STREAMED if request.streams else WHOLE).data[: self.size])
