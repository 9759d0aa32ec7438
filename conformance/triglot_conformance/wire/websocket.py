"""A WebSocket client after RFC 6455: just enough for text messages, and strict about what a server may send."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import re
import struct
from typing import TYPE_CHECKING

from triglot_conformance.wire.http1 import Head, HttpError, Message, parse_head

if TYPE_CHECKING:
    import ssl

    from triglot_conformance.wire.http1 import Request

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x8, 0x9, 0xA
_SWITCHING = 101
_SHORT, _MEDIUM = 126, 127  # lengths that announce a longer length
_LARGEST = 1 << 16
_LIMIT = 1 << 24  # bytes of a frame


class WebSocket:
    """One connection. Every wait raises HttpError where the server breaks the protocol or goes away."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def close(self) -> None:
        """Say goodbye and let go of the connection."""
        if not self._writer.is_closing():
            self._send(_CLOSE, struct.pack("!H", 1000))
            self._writer.close()

    def send(self, text: bytes) -> None:
        """Send one text message."""
        self._send(_TEXT, text)

    async def receive(self) -> str:
        """The next text message; pings are answered on the way."""
        pieces: list[bytes] = []
        while True:
            final, opcode, payload = await self._read_frame()
            if opcode == _PING:
                self._send(_PONG, payload)
            elif opcode in (_TEXT, _CONTINUATION):
                if (opcode == _TEXT) != (not pieces):
                    raise HttpError(f"a frame with opcode {opcode} out of place")
                pieces.append(payload)
                if final:
                    return _decode(b"".join(pieces))
            else:
                raise HttpError(_describe_end(opcode, payload))

    async def check_silence(self) -> None:
        """Raise HttpError if there is a message that nobody waits for; a ping finds out, since its answer comes behind."""
        self._send(_PING, b"anything else?")
        while True:
            _, opcode, payload = await self._read_frame()
            if opcode == _PONG:
                return
            if opcode != _PING:
                raise HttpError(f"unexpected: {_describe_end(opcode, payload) if opcode == _CLOSE else repr(payload[:160])}")
            self._send(_PONG, payload)

    def _send(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        size = len(payload)
        if size < _SHORT:
            length = bytes([0x80 | size])
        else:
            length = struct.pack("!BH", 0x80 | _SHORT, size) if size < _LARGEST else struct.pack("!BQ", 0x80 | _MEDIUM, size)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._writer.write(bytes([0x80 | opcode]) + length + mask + masked)

    async def _read_frame(self) -> tuple[bool, int, bytes]:
        """Whether a frame ends its message, its opcode, and its payload."""
        try:
            first, second = await self._reader.readexactly(2)
            if first & 0x70 or second & 0x80:
                raise HttpError("a frame with reserved bits, or masked by the server")
            size = second
            if size == _SHORT:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif size == _MEDIUM:
                (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
            if size > _LIMIT:
                raise HttpError(f"a frame of {size} bytes")
            return bool(first & 0x80), first & 0x0F, await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise HttpError(f"the connection broke: {error}") from None


def as_frame(text: str) -> bytes:
    """A message that is an event, as a frame of an event stream.

    Raises:
        HttpError: it is no event.
    """
    try:
        kind = json.loads(text)["type"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise HttpError(f"a message is no event: {text[:160]!r}") from None
    if not isinstance(kind, str) or not kind.isprintable():
        raise HttpError(f"a message is no event, its type is {kind!r:.160}")
    lines = "\n".join(f"data: {line}" for line in re.split("\r\n|\n|\r", text))  # JSON may have more than one
    return f"event: {kind}\n{lines}\n\n".encode()


async def open_socket(host: str, port: int, request: Request, timeout_s: float, tls: ssl.SSLContext | None = None) -> WebSocket:
    """Connect and shake hands; of the request path and headers count.

    Raises:
        HttpError: the server refuses, its handshake is wrong, or it takes too long.
    """
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
            try:
                await _shake_hands(reader, writer, f"{host}:{port}", request)
            except BaseException:
                writer.close()
                raise
            return WebSocket(reader, writer)
    except TimeoutError:
        raise HttpError(f"no handshake within {timeout_s:g} s") from None
    except OSError as error:
        raise HttpError(f"cannot connect: {error}") from error


async def _shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, request: Request) -> None:
    key = base64.b64encode(os.urandom(16))
    own = {"Host": host, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key.decode()}
    writer.write(Head(f"GET {request.path} HTTP/1.1", tuple((own | request.headers).items())).encode())
    try:
        head = parse_head((await reader.readuntil(b"\r\n\r\n"))[:-4])
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
        raise HttpError(f"no answer to the handshake: {error}") from None
    accepted = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    if Message(head).status != _SWITCHING or head.get("sec-websocket-accept") != accepted:
        raise HttpError(f"the handshake is refused: {head.start_line}")


def _decode(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HttpError(f"a text message is not UTF-8: {error}") from None


def _describe_end(opcode: int, payload: bytes) -> str:
    if opcode != _CLOSE:
        return f"a frame with opcode {opcode}"
    code = struct.unpack("!H", payload[:2])[0] if len(payload) > 1 else None
    return f"the server closed the connection with {code} {payload[2:].decode('utf-8', 'replace')!r}"
