"""One WebSocket of a client: text messages go both ways.

The ASGI server does the framing, the limits of size, pings and pongs. `socket_protocol.py` adds what uvicorn leaves out: time to end the
open answers when the server stops.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from falcon import WebSocketDisconnected, WebSocketPayloadType
from falcon.media import BinaryBaseHandlerWS, TextBaseHandlerWS

from triglot.errors import ClientGone

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from falcon.asgi import WebSocket
    from falcon.asgi.ws import WebSocketOptions

STOPPING: Final = "triglot.stopping"
"""Where the ASGI state of a connection has the event that is set when the server stops."""

ABORT: Final = "triglot.abort"
"""Where it has what cuts the connection, whatever waits to be written."""


class Socket:
    """An accepted WebSocket.

    One task receives all the time, or a client that goes away is not noticed; any task may send.

    Args:
        ws: Falcon's.
        stopping: set when the server stops: open answers may end, nothing new is begun.
        cut: ends the connection at once, where the server can.

    Attributes:
        stopping: as given.
        gone: whether the client has been noticed to be gone.
    """

    __slots__ = ("_cut", "_ws", "gone", "stopping")

    def __init__(self, ws: WebSocket, stopping: asyncio.Event, cut: Callable[[], None] | None = None) -> None:
        self._ws = ws
        self._cut = cut
        self.stopping = stopping
        self.gone = False

    async def receive(self) -> str | bytes | None:
        """The next message, text or binary as the client sent it; `None` once it has gone."""
        try:
            message: Any = await self._ws.receive_media()
        except WebSocketDisconnected:
            self.gone = True
            return None
        return message  # type: ignore[no-any-return] # as the handlers of `set_options` leave it

    async def send(self, text: str) -> None:
        """Send one message; returns when there is room for the next one.

        Raises:
            ClientGone: nobody is there to read it.
        """
        if self.gone:
            raise ClientGone
        try:
            await self._ws.send_text(text)
        except (WebSocketDisconnected, RuntimeError):  # the second is uvicorn's when it has just begun to close the connection itself
            raise ClientGone from None

    def abort(self) -> None:
        """End the connection, whatever the client has not taken yet."""
        if self._cut is not None:
            self._cut()

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, if it is still open.

        Args:
            code: RFC 6455, section 7.4.1.
            reason: at most 123 bytes.
        """
        if self.gone:
            return
        self.gone = True
        with contextlib.suppress(WebSocketDisconnected, OSError, RuntimeError):  # it is closed already
            await self._ws.close(code, reason)


class _Text(TextBaseHandlerWS):
    def serialize(self, media: object) -> str:
        return str(media)

    def deserialize(self, payload: str) -> object:
        return payload


class _Binary(BinaryBaseHandlerWS):
    def serialize(self, media: object) -> bytes:
        return bytes(media)  # type: ignore[call-overload, no-any-return]

    def deserialize(self, payload: bytes) -> object:
        return payload


def set_options(options: WebSocketOptions) -> None:
    """Make Falcon leave messages as they are, and leave receiving to the one task that does it."""
    options.media_handlers[WebSocketPayloadType.TEXT] = _Text()
    options.media_handlers[WebSocketPayloadType.BINARY] = _Binary()
    options.max_receive_queue = 0
