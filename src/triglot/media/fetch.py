"""Files that a client names by URL, fetched from the web: from public addresses only, limited in size, time and kind, without credentials.

A server that fetches what strangers name can be made to ask in their place for what only it can reach. Therefore this is off unless the
operator turns it on, and what it connects to is judged by `addresses`.
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx

from triglot import __version__
from triglot.backend.transport import Transport
from triglot.errors import ApiError, ErrorKind
from triglot.media.addresses import ForbiddenAddressError, GuardedResolver

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection

    from triglot.backend.pool import Resolve

MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_ANY_BYTES: Final = frozenset({"application/octet-stream", "binary/octet-stream"})
"""What object stores call everything: the file itself is looked at later anyway."""


class Fetched(NamedTuple):
    """What a URL led to: its content type, without parameters and in lower case, and the bytes."""

    media_type: str
    data: bytes


class Fetcher:
    """Fetches single files; keeps no connection, no cookie and no answer.

    Args:
        resolve: looks hosts up, and refuses those that must not be connected to.
        timeout_s: for each file, from the name's look-up to the last byte, redirects included.
        tls: for `https`; by default what httpx trusts.
    """

    def __init__(self, *, resolve: Resolve | None = None, timeout_s: float = 20.0, tls: ssl.SSLContext | None = None) -> None:
        self._resolve = resolve or GuardedResolver()
        self._timeout_s = timeout_s
        self._given_tls = tls

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or httpx.create_ssl_context()

    async def fetch(self, url: str, *, accept: Collection[str], max_bytes: int, where: str) -> Fetched:
        """Get the file.

        Args:
            url: an http or https URL.
            accept: content types that will do, besides those that say nothing.
            max_bytes: size limit of the body.
            where: the place in the request, for the error.

        Raises:
            ApiError: INVALID_REQUEST: the URL may not or cannot be fetched, or leads to something else.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._follow(httpx.URL(url), accept, max_bytes)
        except TimeoutError:
            raise _refusal(where, f"it took more than {self._timeout_s:g} s") from None
        except _RefusedError as exc:
            raise _refusal(where, str(exc)) from None
        except httpx.InvalidURL as exc:
            raise _refusal(where, f"it is not a URL: {exc}") from None
        except ForbiddenAddressError:
            raise _refusal(where, "its host is not on the public internet") from None
        except httpx.ConnectError as exc:
            raise _refusal(where, f"its host cannot be reached: {exc}") from None
        except httpx.TransportError as exc:
            raise _refusal(where, f"its host failed: {exc}") from None

    async def _follow(self, url: httpx.URL, accept: Collection[str], max_bytes: int) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            _check(url)
            answer = await self._get(url, accept, max_bytes)
            if isinstance(answer, Fetched):
                return answer
            url = url.join(answer)
        raise _RefusedError(f"it is redirected more than {MAX_REDIRECTS} times")

    async def _get(self, url: httpx.URL, accept: Collection[str], max_bytes: int) -> Fetched | httpx.URL:
        """The file, or where it is said to be."""
        headers = {
            "accept": ", ".join(accept),
            "accept-encoding": "identity",
            "user-agent": f"triglot/{__version__}",
            "connection": "close",
        }
        tls = self._tls if url.scheme == "https" else None
        async with Transport(tls=tls, resolve=self._resolve) as transport:
            response = await transport.handle_async_request(httpx.Request("GET", url, headers=headers))
            try:
                if response.status_code in _REDIRECTS and "location" in response.headers:
                    return httpx.URL(response.headers["location"])
                return Fetched(_check_head(response, accept), await _read(response, max_bytes))
            finally:
                await response.aclose()


class _RefusedError(Exception):
    """Why this cannot be fetched, as a clause."""


def _check(url: httpx.URL) -> None:
    if url.scheme not in ("http", "https") or not url.host:
        raise _RefusedError("only http and https URLs are fetched")
    if url.port is not None and not 0 < url.port < 1 << 16:
        raise _RefusedError("there is no such port")
    if url.userinfo:
        raise _RefusedError("it contains a user name or password, and none is sent")


def _check_head(response: httpx.Response, accept: Collection[str]) -> str:
    if response.status_code != httpx.codes.OK:
        raise _RefusedError(f"its host answered {response.status_code}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise _RefusedError("it came compressed although that was not asked for")
    media_type = str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
    if media_type and media_type not in _ANY_BYTES and media_type not in accept:
        raise _RefusedError(f"it is of type {media_type}; {' or '.join(accept)} is due")
    return media_type


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    length = response.headers.get("content-length", "")
    too_large = _RefusedError(f"it has more than {max_bytes} bytes")
    if length.isascii() and length.isdigit() and int(length) > max_bytes:
        raise too_large
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)


def _refusal(where: str, what: str) -> ApiError:
    return ApiError(ErrorKind.INVALID_REQUEST, f"{where}: the URL cannot be fetched: {what}.", param=where)
