"""Closes a connection whose client takes nothing of what is written for it: a laptop that sleeps, a program that has stopped reading.

Such a client is connected, and may be for ever. Its answer cannot go on, and what the backend keeps for it is wanted by others. The event
loop tells a protocol when more has been written than the connection takes, so connections that flow cost nothing here.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from triglot.web_socket import ABORT

if TYPE_CHECKING:
    import asyncio

if sys.platform != "win32":
    import fcntl
    import termios

log = logging.getLogger("triglot")

DEFAULT_S: Final = 60.0


class WriteLimit:
    """Added to a protocol of uvicorn, before it.

    Args:
        write_timeout_s: how long nothing may be taken.
        options: of the protocol.
    """

    __slots__ = ("_look_again", "_write_timeout_s")  # else uvicorn's objects have too many attributes to share their names: 1.5 kB each

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop

    def __init__(self, *, write_timeout_s: float = DEFAULT_S, **options: Any) -> None:
        super().__init__(**options)
        self._write_timeout_s = write_timeout_s
        self._look_again: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """More has been written than the connection takes."""
        super().pause_writing()  # type: ignore[misc] # of the protocol
        self.watch_writing()

    def resume_writing(self) -> None:
        """It has been taken."""
        super().resume_writing()  # type: ignore[misc]
        self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._forget()
        super().connection_lost(exc)  # type: ignore[misc]

    def watch_writing(self) -> None:
        """Close the connection if nothing of what has been written is taken for as long as may be."""
        if self._look_again is None:
            self._wait(self._left())

    def _wait(self, left: tuple[int, int]) -> None:
        self._look_again = self.loop.call_later(self._write_timeout_s, self._look, left)

    def _look(self, before: tuple[int, int]) -> None:
        left = self._left()
        if left != before:
            self._wait(left)
            return
        self._look_again = None
        log.warning("a client took nothing of its answer for %g s: its connection is closed (--write-timeout-s)", self._write_timeout_s)
        self.transport.abort()

    def _forget(self) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None

    def _left(self) -> tuple[int, int]:
        """How many bytes wait here, and how many in the operating system, which may hold megabytes for a client that is slow."""
        return self.transport.get_write_buffer_size(), _unsent(self.transport)


class HttpProtocol(WriteLimit, HttpToolsProtocol):
    """An HTTP connection of uvicorn, with the limit. The end of an answer may wait here when uvicorn is done with it."""

    def shutdown(self) -> None:
        """The server stops: the application's last words may find nobody who takes them, so it gets a way to cut the connection."""
        super().shutdown()
        if self.cycle is not None:
            self.cycle.scope["state"][ABORT] = self.transport.abort

    def on_response_complete(self) -> None:
        """An answer has been written to its end, and with it perhaps the last of the connection."""
        super().on_response_complete()
        if self.transport.is_closing():
            self.watch_writing()

    def timeout_keep_alive_handler(self) -> None:
        """No further request has come."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self.watch_writing()


def _unsent(transport: asyncio.Transport) -> int:
    if sys.platform == "win32":
        return 0
    try:
        return int.from_bytes(fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    except (AttributeError, OSError):  # closed, or a system that does not tell
        return 0
