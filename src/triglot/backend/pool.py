"""Connections to one backend: opened when needed, kept for a while, reused."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import httpx

from triglot.backend.exchange import NotYet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from triglot.backend.exchange import Exchange

IDLE_S: Final = 4.0
"""llama-server closes an idle connection after 5 s: leave it first."""
MAX_REQUESTS: Final = 90
"""llama-server closes a connection after 100 requests: leave it first."""


Resolve: TypeAlias = "Callable[[str, int], Awaitable[Sequence[str]]]"
"""Host and port to the numeric addresses that are connected to, one after the other until one accepts."""


class Origin(NamedTuple):
    """Where to connect to; `tls` is None for plain HTTP. `resolve` takes the place of the event loop's own look-up of the host."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    resolve: Resolve | None = None


class Limits(NamedTuple):
    """How many connections a pool opens and how long it keeps them; `clock` counts seconds."""

    max_connections: int | None = None
    idle_s: float = IDLE_S
    max_requests: int = MAX_REQUESTS
    clock: Callable[[], float] = time.monotonic


class Connection(asyncio.Protocol):
    """A connection, and its protocol while it carries no request: whatever happens then makes it useless."""

    __slots__ = ("_pool", "idle_since", "served", "transport")

    transport: asyncio.Transport

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.served = 0
        self.idle_since = 0.0

    @property
    def reused(self) -> bool:
        """It has carried a request before the present one."""
        return self.served > 1

    def carry(self, exchange: Exchange) -> bool:
        """Hand the connection over to `exchange`; False when it is closed already."""
        self.served += 1
        if self.transport.is_closing():
            return False
        self.transport.set_protocol(exchange)
        return True

    def give_back(self, *, reusable: bool) -> None:
        """Take the connection back from its exchange, for the pool or to close it."""
        if reusable and not self.transport.is_closing() and self.transport.get_write_buffer_size() == 0:
            self.transport.set_protocol(self)
            self._pool.keep(self)
        else:
            self.close()

    def close(self) -> None:
        """Close the socket at once."""
        self._pool.forget(self)
        if hasattr(self, "transport"):
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected, TLS included."""
        self.transport = transport  # type: ignore[assignment]  # a stream connection

    def data_received(self, _data: bytes) -> None:
        """Nobody asked for anything."""
        self.close()

    def eof_received(self) -> None:
        """The server has had enough of it."""
        self.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """It is closed."""
        self._pool.forget(self)


class Dial:
    """A connection that is being made.

    Args:
        connection: this one.
        making: makes it.
        begun_at: when that began, by the event loop's clock.
    """

    __slots__ = ("begun_at", "connection", "making")

    def __init__(self, connection: Connection, making: asyncio.Task[tuple[asyncio.BaseTransport, Connection]], begun_at: float) -> None:
        self.connection = connection
        self.making = making
        self.begun_at = begun_at

    def give_up(self) -> None:
        """Nobody wants it any more."""
        self.making.add_done_callback(_retrieve)
        self.making.cancel()
        self.connection.close()


class Pool:
    """The connections to one origin, in one event loop.

    The connection used last is reused first, so that surplus ones grow old and are closed. Exchanges wait in order when
    `max_connections` are busy.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, origin: Origin, limits: Limits) -> None:
        self._loop = loop
        self._origin = origin
        self._limits = limits
        self._open: set[Connection] = set()
        self._idle: list[Connection] = []
        self._queue: deque[Exchange] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    async def acquire(
        self, exchange: Exchange, *, queue_s: float | None, connect_s: float | None, until: float | None = None, fresh: bool = False
    ) -> Connection:
        """A connection for `exchange`, which waits for it: idle, new, or the next one to come free.

        Args:
            exchange: who waits; aborting it ends the waiting.
            queue_s: longest wait for a connection to come free.
            connect_s: longest wait for a new one, TLS included.
            until: when to give up waiting for a new one for the time being, by the event loop's clock; call again to go on.
            fresh: take no idle connection.

        Raises:
            NotYet: at `until`.
            Aborted: the exchange was aborted.
            httpx.ConnectError: the origin cannot be reached.
            httpx.ConnectTimeout: nor refuses within `connect_s`.
            httpx.PoolTimeout: no connection came free within `queue_s`.
        """
        waited = False
        if exchange.dial is not None:
            return await self._connect(exchange, connect_s, until)
        while True:
            connection = None if fresh else self._take_idle()
            if connection is not None:
                return connection
            if self._limits.max_connections is None or len(self._open) < self._limits.max_connections:
                return await self._connect(exchange, connect_s, until)
            if fresh and self._idle:
                self._idle.pop(0).close()
                continue
            await self._await_turn(exchange, queue_s, first=waited)
            waited = True

    def keep(self, connection: Connection) -> None:
        """Take back a connection that can carry another request."""
        if self._closed or connection.served >= self._limits.max_requests:
            connection.close()
            return
        connection.idle_since = self._limits.clock()
        self._idle.append(connection)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(self._limits.idle_s, self._sweep)
        self._call_next()

    def forget(self, connection: Connection) -> None:
        """A connection is closed, or about to be."""
        if connection in self._open:
            self._open.discard(connection)
            if connection in self._idle:
                self._idle.remove(connection)
            self._call_next()

    def close(self) -> None:
        """Close every connection that carries no request, and the others when they have done so."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for connection in tuple(self._idle):
            connection.close()

    def _take_idle(self) -> Connection | None:
        oldest = self._limits.clock() - self._limits.idle_s
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since > oldest and not connection.transport.is_closing():
                return connection
            connection.close()
        return None

    async def _connect(self, exchange: Exchange, connect_s: float | None, until: float | None) -> Connection:
        dial, exchange.dial = exchange.dial or self._begin_dial(exchange), None
        try:
            while not dial.making.done():
                now = self._loop.time()
                left_s = None if connect_s is None else dial.begun_at + connect_s - now
                await exchange.wait(left_s, httpx.ConnectTimeout, None if until is None else max(until - now, 0))
            dial.making.result()
        except NotYet:
            exchange.dial = dial
            raise
        except (OSError, ValueError) as exc:  # refused, no such host, TLS; ValueError: a host name that cannot be one
            dial.connection.close()
            raise httpx.ConnectError(_describe(exc)) from exc
        except BaseException:
            dial.give_up()
            raise
        return dial.connection

    def _begin_dial(self, exchange: Exchange) -> Dial:
        connection = Connection(self)
        self._open.add(connection)
        making = self._loop.create_task(self._dial(connection))
        making.add_done_callback(lambda _: exchange.wake())
        return Dial(connection, making, self._loop.time())

    async def _dial(self, connection: Connection) -> tuple[asyncio.BaseTransport, Connection]:
        host, port, tls, resolve = self._origin
        if resolve is None:
            return await self._loop.create_connection(lambda: connection, host, port, ssl=tls)
        failure = OSError("its name has no address")
        for address in await resolve(host, port):
            name = host if tls is not None else None  # the certificate is still that of the host
            try:
                return await self._loop.create_connection(lambda: connection, address, port, ssl=tls, server_hostname=name)
            except OSError as exc:
                failure = exc
        raise failure

    async def _await_turn(self, exchange: Exchange, queue_s: float | None, *, first: bool) -> None:
        (self._queue.appendleft if first else self._queue.append)(exchange)
        try:
            await exchange.wait(queue_s, httpx.PoolTimeout)
        except BaseException:
            if exchange in self._queue:
                self._queue.remove(exchange)
            else:
                self._call_next()  # it had been called: pass the turn on
            raise

    def _call_next(self) -> None:
        if self._queue:
            self._queue.popleft().wake()

    def _sweep(self) -> None:
        """Close what has been idle too long; the longest idle comes first."""
        self._sweeper = None
        now = self._limits.clock()
        while self._idle and self._idle[0].idle_since + self._limits.idle_s <= now:
            self._idle[0].close()
        if self._idle:
            self._sweeper = self._loop.call_later(max(0.0, self._idle[0].idle_since + self._limits.idle_s - now) + 0.01, self._sweep)


def _retrieve(connecting: asyncio.Task[tuple[asyncio.BaseTransport, Connection]]) -> None:
    """Close a connection that nobody waits for any more, and leave no exception unseen."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result()[0].abort()  # type: ignore[attr-defined]  # a stream transport


def _describe(exc: Exception) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({exc.verify_message})"
    if isinstance(exc, OSError) and exc.errno and exc.errno > 0 and not isinstance(exc, ssl.SSLError):
        return os.strerror(exc.errno)  # without the addresses that asyncio adds
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
