"""One request and its response on one connection, read without layers in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import httpx

from triglot.backend.deadline import Deadline
from triglot.backend.http1 import ResponseParser

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triglot.backend.pool import Connection, Dial

HIGH_WATER_BYTES: Final = 256 * 1024
"""Unread bytes at which the socket is not read any more, until the reader has caught up."""
LINGER_S: Final = 1.0
"""How long a connection whose answer has been read may take to deliver the rest of the framing, before it is closed."""
STALE_WITHIN_S: Final = 2.0
"""A server that closed an idle connection says so as soon as something is sent; one that closes later has seen the request."""


class Aborted(Exception):  # noqa: N818 - not a failure: somebody asked for it
    """The exchange was given up by `abort`."""


class StaleConnectionError(httpx.RemoteProtocolError):
    """A reused connection turned out to be closed before a byte of the response: the request may be sent again."""


class HeadTimeoutError(httpx.ReadTimeout):
    """The response did not begin in time."""


class NotYet(Exception):  # noqa: N818 - not a failure: the caller wanted to know
    """The response, or the connection for it, is not there within the time that the caller wanted to wait at first; it goes on."""


class Exchange(asyncio.Protocol):
    """The protocol of a connection while it carries one request.

    Nothing stands between the socket and the reader: the event loop hands bytes to `data_received`, the parser puts body pieces into a
    list, and `read` takes all of them at once. One task reads; any callback of the same loop may `abort`.

    Attributes:
        dial: the connection that is being made for it, if nobody waits for that at the moment.
    """

    __slots__ = (
        "_connection",
        "_deadline",
        "_error",
        "_expired",
        "_lingering",
        "_loop",
        "_paused",
        "_quiet",
        "_sent_at",
        "_silence_s",
        "_silent_for_s",
        "_timed_out",
        "_unread_bytes",
        "_waiter",
        "dial",
        "method",
        "response",
    )

    def __init__(self, method: str) -> None:
        self.method = method
        self.response = ResponseParser(method)
        self._loop: asyncio.AbstractEventLoop
        self._deadline: Deadline | None = None
        self._connection: Connection | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._lingering = False
        self._quiet = False
        self._expired = False
        self._silent_for_s = 0.0
        self._timed_out: type[httpx.TimeoutException] = httpx.ReadTimeout
        self._silence_s: float | None = None
        self._sent_at = 0.0
        self._unread_bytes = 0
        self._paused = False
        self.dial: Dial | None = None

    # For the transport: from start to the response headers.

    def start(self, loop: asyncio.AbstractEventLoop, silence_s: float | None) -> None:
        """Get ready to wait. `silence_s` is how long `read` waits for the next bytes."""
        if self._error is not None:
            raise self._error
        self._loop = loop
        self._silence_s = silence_s
        self._deadline = Deadline(loop, self._expire)

    def restart(self) -> None:
        """Forget a connection that was stale, before sending on another one."""
        self._error = None
        self.response = ResponseParser(self.method)
        self._deadline = Deadline(self._loop, self._expire)

    async def wait(self, seconds: float | None, timed_out: type[httpx.TimeoutException], within_s: float | None = None) -> None:
        """Wait for `wake`.

        Raises:
            NotYet: after `within_s`; nothing has happened to the exchange.
            Aborted: by `abort`.
            httpx.TransportError: what `fail` was called with, or `timed_out` after `seconds`.
        """
        if self._error is None:
            self._timed_out = timed_out
            if within_s is None or (seconds is not None and seconds < within_s):
                await self._wait(seconds)
            elif not await self._wait(within_s, quiet=True):
                raise NotYet
        if self._error is not None:
            raise self._error

    def wake(self) -> None:
        """Let the waiting task look again."""
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def send(self, connection: Connection, request: Iterable[bytes]) -> None:
        """Take over `connection` and send the request.

        Raises:
            StaleConnectionError: a reused connection was closed in the meantime.
            httpx.RemoteProtocolError: a new one was.
        """
        self._connection = connection
        self._sent_at = self._loop.time()
        if not connection.carry(self):
            self.connection_lost(None)
            raise self._error or httpx.ReadError("the connection was closed")
        for piece in request:
            connection.transport.write(piece)

    @property
    def aborted(self) -> bool:
        """Whether it was given up."""
        return isinstance(self._error, Aborted)

    @property
    def sent(self) -> bool:
        """Whether the request is on its way, so that only its response is waited for."""
        return self._connection is not None or self.response.started

    @property
    def begun(self) -> bool:
        """Whether it is on its way, or the connection for it is being made: where it goes is settled."""
        return self.dial is not None or self.sent

    async def receive_head(self, seconds: float | None, until: float | None = None) -> ResponseParser:
        """The response once its headers are there, `seconds` after the request at most. What goes wrong later is for `read` to tell.

        Raises:
            NotYet: they are not there at `until`, by the event loop's clock; nothing has happened to the exchange.
            Aborted: by `abort`.
            httpx.TransportError: there will be no response.
        """
        self._timed_out = HeadTimeoutError
        while not self.response.headers_complete:
            if self._error is not None:
                raise self._error
            now = self._loop.time()
            left = None if seconds is None else self._sent_at + seconds - now
            if until is None or (left is not None and left < until - now):
                await self._wait(left)
            elif not await self._wait(max(until - now, 0), quiet=True):
                raise NotYet
        self._timed_out = httpx.ReadTimeout
        return self.response

    # For the reader.

    async def read(self) -> bytes:
        """All body bytes since the last read, at least one; b"" at the end of a complete body.

        Raises:
            Aborted: by `abort`, at once.
            httpx.TransportError: the body is cut off; raised after everything that did arrive has been read.
        """
        response = self.response
        while not response.body:
            if self._error is not None:
                raise self._error
            if response.complete:
                return b""
            await self._wait(self._silence_s)
        return self._take()

    async def read_within(self, seconds: float) -> bytes | None:
        """As `read`, but None when nothing arrives for `seconds`. A silence that lasts over several calls is still one silence."""
        response = self.response
        while not response.body:
            if self._error is not None:
                raise self._error
            if response.complete:
                return b""
            if self._silence_s is not None and self._silent_for_s + seconds >= self._silence_s:
                await self._wait(self._silence_s - self._silent_for_s)
            elif not await self._wait(seconds, quiet=True):
                self._silent_for_s += seconds
                return None
        self._silent_for_s = 0.0
        return self._take()

    def abort(self) -> None:
        """Close the socket now and drop what was not read. Any time, any number of times."""
        self._error = Aborted()
        if self.dial is not None:
            self.dial.give_up()
            self.dial = None
        self.response.body.clear()
        self._disconnect()
        self.wake()

    def close(self) -> None:
        """Be done: a connection that still carries this exchange is closed."""
        if self._connection is not None:
            self.abort()

    def release(self) -> None:
        """Be done with an answer whose content says that it is whole.

        The end of the body is due but may come in a segment of its own (llama-server's does), so the connection gets a moment to become
        reusable, without anyone waiting for it.
        """
        if self._connection is not None and self._deadline is not None:
            self._lingering = True
            self.response.body.clear()
            self._unread_bytes = 0
            if self._paused:
                self._resume()
            self._deadline.start(LINGER_S)

    # For the event loop.

    def data_received(self, data: bytes) -> None:
        """One read of the socket."""
        response = self.response
        try:
            response.feed(data)
        except httpx.RemoteProtocolError as exc:
            self.fail(exc)
            return
        if response.complete:
            self._give_back()
        else:
            self._unread_bytes += len(data)
            if self._unread_bytes > HIGH_WATER_BYTES:
                if self._lingering:
                    self.abort()
                elif not self._paused:
                    self._pause()
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def eof_received(self) -> None:
        """The server sends no more; a server that has only closed its half gets no more either."""
        self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, whoever did it."""
        if self._connection is None:
            return
        if self._connection.reused and not self.response.started and self._loop.time() - self._sent_at < STALE_WITHIN_S:
            self.fail(StaleConnectionError("an idle connection was closed"))
        elif exc is not None:
            self.fail(httpx.ReadError(f"the connection broke: {exc}"))
        else:
            try:
                self.response.feed_eof()
            except httpx.RemoteProtocolError as cut_off:
                self.fail(cut_off)
            else:
                self._give_back()
                self.wake()

    def fail(self, error: httpx.TransportError) -> None:
        """End badly: the first error is the one that is told."""
        if self._error is None:
            self._error = error
        self._disconnect()
        self.wake()

    def _take(self) -> bytes:
        body = self.response.body
        data = body[0] if len(body) == 1 else b"".join(body)
        body.clear()
        self._unread_bytes = 0
        if self._paused:
            self._resume()
        return data

    async def _wait(self, seconds: float | None, *, quiet: bool = False) -> bool:
        """Wait for something to happen; False if nothing did for `seconds` and that is no failure, because it is `quiet`."""
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("an exchange has one reader")
        self._quiet = quiet
        self._expired = False
        if self._deadline is not None:
            self._deadline.start(seconds)
        self._waiter = waiter = self._loop.create_future()
        await waiter
        return not self._expired

    def _expire(self) -> None:
        if self._lingering:
            self.abort()
        elif self._waiter is not None and not self._waiter.done():
            if self._quiet:
                self._expired = True
                self.wake()
            else:
                self.fail(self._timed_out("no answer in time"))

    def _give_back(self) -> None:
        """The response is complete: the connection can carry the next request, whether or not the body has been read."""
        connection = self._connection
        if connection is not None:
            self._connection = None
            self._cancel_deadline()
            if self._paused:
                self._paused = False
                connection.transport.resume_reading()
            connection.give_back(reusable=self.response.keep_alive)

    def _disconnect(self) -> None:
        self._cancel_deadline()
        connection = self._connection
        if connection is not None:
            self._connection = None
            connection.close()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _pause(self) -> None:
        if self._connection is not None:
            self._paused = True
            self._connection.transport.pause_reading()

    def _resume(self) -> None:
        self._paused = False
        if self._connection is not None:
            self._connection.transport.resume_reading()
