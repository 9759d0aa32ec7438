"""The server's side of a WebSocket after RFC 6455: text messages, pings and the goodbye."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
from typing import TYPE_CHECKING

from faulty.framing import Head

if TYPE_CHECKING:
    from faulty.exchange import Request

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x8, 0x9, 0xA
_SHORT, _MEDIUM = 126, 127  # lengths that announce a longer length
_LARGEST = 1 << 16
_MOST = 32 << 20  # bytes of a message


def accept(request: Request) -> bytes:
    """The head that answers the handshake of a client."""
    key = request.headers.get("sec-websocket-key", "").encode()
    accepted = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    headers = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accepted, "x-request-id": request.id}
    return Head(101, headers).encode()


class Socket:
    """One connection after its handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self) -> str | None:
        """The next text message; None when the client has gone, or breaks the protocol."""
        pieces = bytearray()
        while True:
            try:
                final, opcode, payload = await self._read_frame()
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            if opcode == _PING:
                self._write(_PONG, payload)
            elif opcode in (_TEXT, _CONTINUATION) and len(pieces) + len(payload) <= _MOST:
                pieces += payload
                if final:
                    return pieces.decode("utf-8", "replace")
            elif opcode != _PONG:
                self._write(_CLOSE, payload[:2] if opcode == _CLOSE else struct.pack("!H", 1002))
                return None

    async def send(self, text: str) -> None:
        """Send one text message."""
        self._write(_TEXT, text.encode())
        await self._writer.drain()

    def _write(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < _SHORT:
            length = bytes([size])
        else:
            length = struct.pack("!BH", _SHORT, size) if size < _LARGEST else struct.pack("!BQ", _MEDIUM, size)
        self._writer.write(bytes([0x80 | opcode]) + length + payload)

    async def _read_frame(self) -> tuple[bool, int, bytes]:
        """Whether a frame ends its message, its opcode, and its payload."""
        first, second = await self._reader.readexactly(2)
        size = second & 0x7F
        if size == _SHORT:
            (size,) = struct.unpack("!H", await self._reader.readexactly(2))
        elif size == _MEDIUM:
            (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
        if size > _MOST:
            return True, _CLOSE, struct.pack("!H", 1009)
        mask = await self._reader.readexactly(4) if second & 0x80 else bytes(4)
        payload = await self._reader.readexactly(size)
        return bool(first & 0x80), first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
