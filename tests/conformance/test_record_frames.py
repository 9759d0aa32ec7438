"""WebSocket messages read from bytes that come in any pieces."""

from __future__ import annotations

import zlib

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from triglot_conformance.record.frames import FrameError, FrameReader

TEXTS = ["a", "b" * 200, "ä" * 40_000]


def frames(texts: list[str], *, mask: bool, extensions: list[PerMessageDeflate] | None = None) -> bytes:
    """Each text in two frames, with a ping between them."""
    data = b""
    for text in texts:
        encoded = text.encode()
        half = len(encoded) // 2
        pieces = [Frame(Opcode.TEXT, encoded[:half], fin=False), Frame(Opcode.PING, b"?"), Frame(Opcode.CONT, encoded[half:])]
        data += b"".join(piece.serialize(mask=mask, extensions=extensions or []) for piece in pieces)
    return data


@pytest.mark.parametrize("size", [1, 3, 1000, 1 << 20])
@pytest.mark.parametrize("mask", [True, False])
def test_pieces_of_any_size(size: int, mask: bool) -> None:
    messages: list[str] = []
    reader = FrameReader(messages, "", from_client=mask)
    texts = TEXTS[:2] if size < 1000 else TEXTS
    data = frames(texts, mask=mask)
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    assert messages == texts


@pytest.mark.parametrize("forgets", [True, False])
def test_compressed_messages(forgets: bool) -> None:
    extension = PerMessageDeflate(
        remote_no_context_takeover=False, local_no_context_takeover=forgets, remote_max_window_bits=15, local_max_window_bits=15
    )
    messages: list[str] = []
    agreed = "permessage-deflate" + ("; server_no_context_takeover" if forgets else "")
    FrameReader(messages, agreed, from_client=False).feed(frames(TEXTS * 2, mask=False, extensions=[extension]))
    assert messages == TEXTS * 2


def test_bytes_are_passed_over() -> None:
    messages: list[str] = []
    data = Frame(Opcode.BINARY, b"\xff" * 300).serialize(mask=False) + Frame(Opcode.TEXT, b"text").serialize(mask=False)
    FrameReader(messages, "", from_client=False).feed(data)
    assert messages == ["text"]


@pytest.mark.parametrize("frame", [bytes([0x81, 1, 0xFF]), bytes([0xC1, 3]) + zlib.compress(b"x")[:3]])
def test_what_cannot_be_read_is_told(frame: bytes) -> None:
    with pytest.raises(FrameError):
        FrameReader([], "", from_client=False).feed(frame)
