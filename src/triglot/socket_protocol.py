"""uvicorn's WebSocket protocol, with time to end the open answers when the server stops, and an end for clients that take nothing.

uvicorn gives a streamed HTTP answer the grace of `timeout_graceful_shutdown`, but cuts a WebSocket at once. Here the application is told,
and closes the connection itself, at the latest when the grace is over and its task is cancelled.
"""

from __future__ import annotations

import asyncio
import weakref
from functools import partial
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from triglot.web_socket import ABORT, STOPPING
from triglot.write_limit import WriteLimit


class SocketProtocol(WriteLimit, WebSocketsSansIOProtocol):
    """One connection.

    Args:
        app_state: as uvicorn has it.
        options: of `WriteLimit`.
    """

    def __init__(self, *, app_state: dict[str, Any], **options: Any) -> None:
        self._stopping = asyncio.Event()
        state = {**app_state, STOPPING: self._stopping, ABORT: partial(_abort, weakref.ref(self))}
        super().__init__(app_state=state, **options)

    async def send(self, message: Any) -> None:
        """Send what the application says."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # a refusal completes it too: uvicorn would miss the rest, and say so in the log

    def shutdown(self) -> None:
        """Ask the application to end."""
        if self.handshake_complete and not self.close_sent and not self.disconnected:
            self._stopping.set()
        else:
            super().shutdown()


def _abort(protocol: weakref.ref[SocketProtocol]) -> None:
    if (connection := protocol()) is not None:
        connection.transport.abort()
