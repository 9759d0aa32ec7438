"""httpx's transport interface over asyncio protocols and httptools.

httpx's own transport passes each body piece through half a dozen nested generators; a gateway that relays single tokens spends most of its
time there. This one hands out an `Exchange` in `response.extensions["exchange"]`, and whoever is in a hurry reads from that. See
docs/decisions/0003-upstream-transport.md.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import httpx

from triglot.backend.exchange import Exchange, NotYet, StaleConnectionError
from triglot.backend.http1 import encode_request
from triglot.backend.pool import Limits, Origin, Pool

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

    from triglot.backend.http1 import ResponseParser
    from triglot.backend.pool import Resolve

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Transport(httpx.AsyncBaseTransport):
    """HTTP/1.1 with keep-alive, for any number of origins.

    Args:
        tls: for `https`; by default what httpx trusts.
        limits: of each origin's pool.
        resolve: takes the place of the event loop's own look-up of a host; what it raises comes out of the request.

    Request extensions:
        timeout: seconds or None for each of httpx's `connect`, `read` and `pool`, and for `head`, the wait for the response headers, which
            is as long as `read` unless given.
        exchange: an `Exchange` to use, so that it can be aborted before there is a response.
        within: seconds to wait for a new connection and the response headers at first; then `NotYet` is raised, and the same request may be
            handed in again to go on waiting.

    Response extensions:
        exchange: the `Exchange`; its `read` is the body, free of layers.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, limits: Limits | None = None, resolve: Resolve | None = None) -> None:
        self._tls = tls
        self._resolve = resolve
        self._limits = limits or Limits()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pools: dict[tuple[str, str, int | None], Pool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return when the response headers are there.

        Raises:
            Aborted: the exchange was aborted.
            NotYet: see the extension `within`.
            httpx.TransportError: as the interface wants it.
        """
        exchange: Exchange = request.extensions.get("exchange") or Exchange(request.method)
        try:
            response = await self._perform(request, exchange)
        except NotYet:
            raise
        except BaseException:
            exchange.abort()
            raise
        headers, response.headers = response.headers, []  # httpx makes its own of them
        return httpx.Response(
            response.status,
            headers=headers,
            stream=_Body(exchange),
            extensions={"exchange": exchange, "http_version": b"HTTP/1.1"},
        )

    async def aclose(self) -> None:
        """Close idle connections; one that carries a request is closed at its end."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()
        await asyncio.sleep(0)  # lets the event loop close the sockets

    async def _perform(self, request: httpx.Request, exchange: Exchange) -> ResponseParser:
        timeout: Mapping[str, float | None] = request.extensions.get("timeout", {})
        head_s, within_s = timeout.get("head", timeout.get("read")), request.extensions.get("within")
        encoded = await _encode(request)
        loop = asyncio.get_running_loop()
        pool = self._pool(request.url, loop)
        until = None if within_s is None else loop.time() + within_s
        acquire = partial(pool.acquire, exchange, queue_s=timeout.get("pool"), connect_s=timeout.get("connect"), until=until)
        try:
            if not exchange.begun:
                exchange.start(loop, silence_s=timeout.get("read"))
            if not exchange.sent:
                exchange.send(await acquire(), encoded)
            return await exchange.receive_head(head_s, until)
        except StaleConnectionError:
            exchange.restart()
        exchange.send(await acquire(fresh=True), encoded)
        return await exchange.receive_head(head_s, until)

    def _pool(self, url: httpx.URL, loop: asyncio.AbstractEventLoop) -> Pool:
        if loop is not self._loop:
            self._loop = loop
            self._pools = {}  # connections of another event loop can be neither used nor closed
        key = (url.scheme, url.host, url.port)
        if key not in self._pools:
            if url.scheme not in _DEFAULT_PORTS:
                raise httpx.UnsupportedProtocol(f"not an http or https address: {url.scheme}")
            tls = None
            if url.scheme == "https":
                tls = self._tls = self._tls or httpx.create_ssl_context()
            origin = Origin(url.raw_host.decode("ascii"), url.port or _DEFAULT_PORTS[url.scheme], tls, self._resolve)
            self._pools[key] = Pool(loop, origin, self._limits)
        return self._pools[key]


async def _encode(request: httpx.Request) -> tuple[bytes, ...]:
    body = await request.aread()
    headers = request.headers.raw
    if "transfer-encoding" in request.headers:  # the body is whole by now
        headers = [header for header in headers if header[0].lower() != b"transfer-encoding"]
        headers.append((b"Content-Length", b"%d" % len(body)))
    return encode_request(request.method, request.url.raw_path, headers, body)


class _Body(httpx.AsyncByteStream):
    """The body for users of httpx proper."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self._exchange.read():
            yield data

    async def aclose(self) -> None:
        self._exchange.close()
