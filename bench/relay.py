"""The smallest relay there can be on ASGI, with the upstream client named in BENCH_CLIENT: to compare clients and nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from triglot.backend.client import Backend, Call
from triglot.backend.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_URL = os.environ.get("BENCH_UPSTREAM", "")
_LIMITS = httpx.Limits(max_connections=10_000, max_keepalive_connections=10_000)
_HEADERS = {"content-type": "application/json"}


class Client(Protocol):
    """One exchange with the upstream."""

    async def open(self, path: str, body: bytes) -> None:
        """Send the request and wait for the headers."""

    async def read(self) -> bytes:
        """The next piece of the body, empty at its end."""

    async def close(self) -> None:
        """Be done."""


class Direct:
    """Our client, read without httpx in between."""

    backend = Backend(_URL) if _URL else None
    _call: Call

    async def open(self, path: str, body: bytes) -> None:
        """Send the request and wait for the headers."""
        assert self.backend is not None
        self._call = self.backend.call("POST", path, body=body, headers=_HEADERS)
        await self._call.open()

    async def read(self) -> bytes:
        """The next piece of the body, empty at its end."""
        return await self._call.read()

    async def close(self) -> None:
        """Be done."""
        await self._call.aclose()


class Httpx:
    """An httpx client, read through `aiter_raw`."""

    client: httpx.AsyncClient
    _response: httpx.Response
    _pieces: AsyncIterator[bytes]

    async def open(self, path: str, body: bytes) -> None:
        """Send the request and wait for the headers."""
        request = self.client.build_request("POST", _URL + path, content=body, headers=_HEADERS)
        self._response = await self.client.send(request, stream=True)
        self._pieces = self._response.aiter_raw()

    async def read(self) -> bytes:
        """The next piece of the body, empty at its end."""
        return await anext(self._pieces, b"")

    async def close(self) -> None:
        """Be done."""
        await self._response.aclose()


def _httpx_with(transport: httpx.AsyncBaseTransport) -> Callable[[], Client]:
    client = httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(600))

    class Wired(Httpx):
        pass

    Wired.client = client
    return Wired


def _aiohttp() -> Callable[[], Client]:
    from httpx_aiohttp import AiohttpTransport  # noqa: PLC0415 - not a dependency

    return _httpx_with(AiohttpTransport(limits=_LIMITS))


CLIENTS: dict[str, Callable[[], Callable[[], Client]]] = {
    "httpx": lambda: _httpx_with(httpx.AsyncHTTPTransport(limits=_LIMITS)),
    "httpx-aiohttp": _aiohttp,
    "ours, aiter_raw": lambda: _httpx_with(Transport()),
    "ours, read": lambda: Direct,
}


def create_app() -> Callable[..., Awaitable[None]]:
    """The ASGI application."""
    new_client = CLIENTS[os.environ["BENCH_CLIENT"]]()

    async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[Any], Awaitable[None]]) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        client = new_client()
        await client.open(scope["path"], body)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
            while piece := await client.read():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await client.close()

    return app
