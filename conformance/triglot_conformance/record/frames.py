"""Reads the text messages of one direction of a WebSocket while they pass, after RFC 6455 and RFC 7692."""

from __future__ import annotations

import zlib
from typing import Final

_CONTINUATION, _TEXT = 0x0, 0x1
_FINAL, _COMPRESSED, _MASKED = 0x80, 0x40, 0x80
_SHORT, _MEDIUM = 126, 127  # lengths that announce a longer length
_TAIL: Final = b"\x00\x00\xff\xff"  # what permessage-deflate leaves out at the end of each message


class FrameError(Exception):
    """The bytes are not what this reader knows."""


class FrameReader:
    """Reads messages from bytes that come in pieces.

    Args:
        messages: gets the texts.
        extensions: the extensions agreed on, as the answer to the handshake names them.
        from_client: the direction.
    """

    def __init__(self, messages: list[str], extensions: str, *, from_client: bool) -> None:
        self._messages = messages
        self._forgets = f"{'client' if from_client else 'server'}_no_context_takeover" in extensions
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._rest = bytearray()
        self._pieces = bytearray()
        self._is_compressed = False
        self._is_text = False

    def feed(self, data: bytes) -> None:
        """Read some more.

        Raises:
            FrameError: a message is not in UTF-8, or compressed in another way.
        """
        self._rest += data
        while (end := self._frame_end()) is not None:
            frame, self._rest = self._rest[:end], self._rest[end:]
            self._take(frame)

    def _frame_end(self) -> int | None:
        """Where the first frame ends; None while it is not whole."""
        if len(self._rest) < 2:  # noqa: PLR2004
            return None
        size, start = _payload_place(self._rest)
        return start + size if size is not None and len(self._rest) >= start + size else None

    def _take(self, frame: bytearray) -> None:
        opcode = frame[0] & 0x0F
        if opcode not in (_TEXT, _CONTINUATION):
            if opcode == 0x2:  # noqa: PLR2004
                self._is_text = False
            return
        if opcode == _TEXT:
            self._is_text, self._is_compressed = True, bool(frame[0] & _COMPRESSED)
        if not self._is_text:
            return
        size, start = _payload_place(frame)
        payload = frame[start:]
        if frame[1] & _MASKED and size:
            mask = bytes(frame[start - 4 : start])
            key = int.from_bytes((mask * (size // 4 + 1))[:size])
            payload = bytearray((int.from_bytes(payload) ^ key).to_bytes(size))
        self._pieces += payload
        if frame[0] & _FINAL:
            message, self._pieces = bytes(self._pieces), bytearray()
            self._messages.append(self._open(message))

    def _open(self, message: bytes) -> str:
        try:
            if self._is_compressed:
                message = self._inflater.decompress(message + _TAIL)
                if self._forgets:
                    self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            return message.decode("utf-8")
        except (zlib.error, UnicodeDecodeError) as error:
            raise FrameError(f"a message cannot be read: {error}") from error


def _payload_place(frame: bytes | bytearray) -> tuple[int | None, int]:
    """Size of the payload, None while that is not known, and where it starts."""
    size: int | None = frame[1] & 0x7F
    start = 2
    if size == _SHORT:
        size, start = (int.from_bytes(frame[2:4]) if len(frame) >= 4 else None), 4  # noqa: PLR2004
    elif size == _MEDIUM:
        size, start = (int.from_bytes(frame[2:10]) if len(frame) >= 10 else None), 10  # noqa: PLR2004
    return size, start + (4 if frame[1] & _MASKED else 0)
