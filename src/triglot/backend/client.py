"""Calls to the backend: the only door to it, and the place where its transport failures become errors a client can read."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, Protocol, Self

import httpx
import msgspec

from triglot import __version__
from triglot.backend.exchange import Aborted, Exchange, HeadTimeoutError, NotYet
from triglot.backend.pool import Limits
from triglot.backend.transport import Transport
from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from types import TracebackType

__all__ = ["Aborted", "Backend", "Call", "Timeouts"]

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
"""Default limit of `Call.read_all`."""

_CONNECTION_HEADERS: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that speak of one connection (RFC 9110, section 7.6.1): not for whoever is behind it."""
_OWN_HEADERS: Final = _CONNECTION_HEADERS | {"host", "content-length"}


class Timeouts(msgspec.Struct, frozen=True):
    """How long each phase of a call may take, in seconds; None is for ever.

    Attributes:
        queue_s: for a connection to come free, where their number is limited.
        connect_s: for a new connection, TLS included.
        first_byte_s: from the request to the response headers. llama-server sends them with its first token, after queue and prefill.
        stall_s: for the next bytes of a body. llama-server writes a comment into a silent stream each 30 s.
    """

    queue_s: float | None = 600.0
    connect_s: float | None = 10.0
    first_byte_s: float | None = 600.0
    stall_s: float | None = 120.0


class Place(NamedTuple):
    """Where a backend is that moves.

    Attributes:
        address: its base URL.
        number: larger each time that it is somewhere else, or there anew.
        api_key: sent to it as a bearer token.
    """

    address: str
    number: int
    api_key: str | None = None


class Locator(Protocol):
    """Knows where a backend is that moves."""

    def find(self, since: float, gone: int | None) -> Place | None:
        """Where it is now; None while waiting makes sense.

        Costs next to nothing.

        Args:
            since: the time, on the monotonic clock, since which the caller has waited.
            gone: the number under which the caller found nobody, or lost it, a moment ago.

        Raises:
            ApiError: there is none, and waiting is of no use.
        """
        ...


LOOK_INTERVAL_S: Final = 0.05
LOST_WITHIN_S: Final = 0.5
"""A backend that moves, and is lost so soon after a request was sent, was going when it came: the request is sent again, once."""


class Backend:
    """One OpenAI-compatible server.

    Args:
        base_url: its address, with or without the closing `/v1`. A user name and password in it are sent as basic authentication.
        locator: tells the address at each call instead; `base_url` is where it was last.
        api_key: sent as a bearer token.
        timeouts: the patience of each call.
        max_connections: further calls wait for one to end.
        tls: for `https`; by default what httpx trusts (certifi, or `SSL_CERT_FILE` and `SSL_CERT_DIR`).
        limits: replaces `max_connections` and says how long connections are kept.

    Raises:
        ValueError: the address or the key cannot be one.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeouts: Timeouts | None = None,
        max_connections: int | None = None,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        locator: Locator | None = None,
    ) -> None:
        url = _parse_base_url(base_url)
        timeouts = timeouts or Timeouts()
        self.address = str(url.copy_with(username=None, password=None)).rstrip("/")
        self._urls: dict[str, httpx.URL] = {}
        self._headers: dict[bytes, bytes] = {
            b"host": url.netloc,
            b"accept": b"*/*",
            b"accept-encoding": b"identity",
            b"user-agent": f"triglot/{__version__}".encode("ascii"),
        }
        if api_key:
            self._headers[b"authorization"] = b"Bearer " + _encode_key(api_key)
        elif url.userinfo:
            self._headers[b"authorization"] = b"Basic " + base64.b64encode(f"{url.username}:{url.password}".encode())
        self.timeouts = timeouts
        self._timeout = _as_extension(timeouts)
        if url.scheme == "https" and tls is None:
            tls = httpx.create_ssl_context()  # now, so that an unusable certificate file is found at the start
        self._transport = Transport(tls=tls, limits=limits or Limits(max_connections=max_connections))
        self._locator = locator
        self._place: Place | None = None

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
    ) -> Call:
        """A call to be opened; nothing is sent yet.

        Args:
            method: the HTTP method.
            path: from the root of the server, such as `/v1/chat/completions` or `/props`; it may carry a query.
            body: the request body, sent with its length.
            headers: the only end-to-end headers that are sent besides `accept`, `accept-encoding`, `authorization` and `user-agent`, which
                they replace.
            timeouts: in place of the backend's own.

        Raises:
            ValueError: a header that belongs to the connection, or a path without its slash.
        """
        merged = self._headers
        if headers:
            merged = merged.copy()
            for name, value in headers.items():
                if name.lower() in _OWN_HEADERS:
                    raise ValueError(f"{name} is not for the caller to set")
                merged[name.lower().encode("ascii")] = value.encode("latin-1")
        raw = list(merged.items())
        if body is not None:
            raw.append((b"content-length", b"%d" % len(body)))
        exchange = Exchange(method)
        request = httpx.Request(
            method,
            self._url(path),
            headers=raw,
            stream=httpx.ByteStream(body or b""),
            extensions={"timeout": self._timeout if timeouts is None else _as_extension(timeouts), "exchange": exchange, "path": path},
        )
        return Call(self, request, exchange)

    async def aclose(self) -> None:
        """Close the connections that carry no call; the others close with their calls."""
        await self._transport.aclose()

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The transport's response. For `Call`."""
        return await self._transport.handle_async_request(request)

    async def locate(self, request: httpx.Request, since: float, within_s: float | None, gone: int | None) -> int | None:
        """Address the request to where the backend is, once it is somewhere; None if it is not `within_s`. For `Call`.

        Returns:
            The locator's number for it.

        Raises:
            Aborted: the call was given up meanwhile.
            ApiError: there will be no backend.
        """
        locator, exchange = self._locator, request.extensions["exchange"]
        if locator is None or exchange.begun:
            return 0
        until = None if within_s is None else time.monotonic() + within_s
        while (found := locator.find(since, gone)) is None:
            if until is not None and time.monotonic() >= until:
                return None
            await asyncio.sleep(LOOK_INTERVAL_S)
            if exchange.aborted:
                raise Aborted
        if found != self._place:
            self._move(found)
        url = self._url(request.extensions["path"])
        if request.url != url:
            request.url = url
            request.headers["host"] = self._headers[b"host"].decode("ascii")
        if found.api_key is not None:
            request.headers["authorization"] = f"Bearer {found.api_key}"
        return found.number

    def _move(self, place: Place) -> None:
        self._place, self.address = place, place.address
        self._urls.clear()
        self._headers = {**self._headers, b"host": httpx.URL(place.address).netloc}
        if place.api_key is not None:
            self._headers[b"authorization"] = b"Bearer " + _encode_key(place.api_key)

    @property
    def moves(self) -> bool:
        """Whether it may be somewhere else when it is not where it was."""
        return self._locator is not None

    def _url(self, path: str) -> httpx.URL:
        url = self._urls.get(path)
        if url is None:
            if not path.startswith("/"):
                raise ValueError(f"a path begins with a slash: {path}")
            url = httpx.URL(self.address + path)
            if len(self._urls) < 100:  # noqa: PLR2004 - enough for the constant ones
                self._urls[path] = url
        return url


class Call:
    """One exchange with the backend, from open to close, by one task; any task of the event loop may abort it.

    Attributes:
        status: HTTP status, after `open`.
        headers: end-to-end response headers by lower-case name, after `open`; repeated ones are joined with a comma.
    """

    __slots__ = ("_backend", "_closed", "_exchange", "_gone", "_number", "_request", "_sent_at", "_waits_since", "headers", "status")

    def __init__(self, backend: Backend, request: httpx.Request, exchange: Exchange) -> None:
        self._backend = backend
        self._request: httpx.Request | None = request
        self._exchange = exchange
        self._closed = False
        self._waits_since: float | None = None
        self._number = 0
        self._sent_at = 0.0
        self._gone: int | None = None
        self.status = 0
        self.headers: Mapping[str, str] = {}

    async def open(self, within_s: float | None = None) -> bool:
        """Send the request; returns once the response headers are there.

        Args:
            within_s: return False if they are not there after so many seconds; call `open` again to go on waiting.

        Raises:
            Aborted: by `abort`.
            ApiError: BACKEND_UNREACHABLE, BACKEND_TIMEOUT or BACKEND_FAILED.
        """
        request = self._request
        if request is None:
            raise RuntimeError("a call is opened once")
        request.extensions["within"] = within_s
        if self._waits_since is None:
            self._waits_since = time.monotonic()
        try:
            if not self._exchange.begun:
                number = await self._backend.locate(request, self._waits_since, within_s, self._gone)
                if number is None:
                    return False
                self._number, self._sent_at = number, time.monotonic()
            response = await self._backend.send(request)
        except NotYet:
            return False
        except httpx.TransportError as exc:
            if self._has_moved(exc):
                self._exchange = request.extensions["exchange"] = Exchange(request.method)
                self._gone, self._waits_since = self._number, None
                return await self.open(within_s)
            self._request = None
            _raise_mapped(exc, self._backend.address)
        self._request = None
        self.status = response.status_code
        self.headers = _end_to_end(response.headers.raw)
        self._refuse_what_was_not_asked_for()
        return True

    def _has_moved(self, exc: httpx.TransportError) -> bool:
        """Whether the backend may be somewhere else now, and the request is sent there."""
        if not self._backend.moves or self._gone is not None:
            return False
        lost = isinstance(exc, httpx.NetworkError | httpx.RemoteProtocolError)
        return isinstance(exc, httpx.ConnectError) or (lost and time.monotonic() - self._sent_at < LOST_WITHIN_S)

    async def read(self) -> bytes:
        """Everything received since the last read, at least one byte; b"" at the end of a complete body.

        Raises:
            Aborted: by `abort`.
            ApiError: BACKEND_FAILED when the body is cut off, BACKEND_TIMEOUT when it stalls; what did arrive is read before.
        """
        try:
            return await self._exchange.read()
        except httpx.TransportError as exc:
            _raise_mapped(exc, self._backend.address)

    async def read_within(self, seconds: float) -> bytes | None:
        """As `read`, but None when nothing arrives for `seconds`; the call goes on."""
        try:
            return await self._exchange.read_within(seconds)
        except httpx.TransportError as exc:
            _raise_mapped(exc, self._backend.address)

    async def read_all(self, limit: int = MAX_BODY_BYTES, heard: Callable[[], None] | None = None) -> bytes:
        """The whole body.

        Args:
            limit: in bytes.
            heard: called after each part of it.

        Raises:
            Aborted: by `abort`.
            ApiError: as `read`, and BACKEND_FAILED when it is longer than `limit` bytes.
        """
        pieces: list[bytes] = []
        size = 0
        while piece := await self.read():
            pieces.append(piece)
            size += len(piece)
            if heard is not None:
                heard()
            if size > limit:
                self._exchange.abort()
                message = f"The backend at {self._backend.address} sent an answer of more than {limit} bytes."
                raise ApiError(ErrorKind.BACKEND_FAILED, message)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def abort(self) -> None:
        """Close the socket at once; a waiting `open` or `read` raises Aborted.

        Any time, from any task of the loop, any number of times; after `aclose` there is nothing left to abort.
        """
        if not self._closed:
            self._exchange.abort()

    async def aclose(self, *, whole: bool = False) -> None:
        """Be done. The connection has gone back to the pool if the response had arrived to its end; otherwise it is closed.

        Args:
            whole: what was read is known to be the whole answer: only the end of its framing is due, and the connection gets a moment for
                it.
        """
        self._closed = True
        if whole:
            self._exchange.release()
        else:
            self._exchange.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None) -> None:
        await self.aclose()

    def _refuse_what_was_not_asked_for(self) -> None:
        problem = None
        if self.status in range(300, 400):
            problem = f"answered with a redirect{_target(self.headers.get('location'))}; redirects are not followed: give the final address"
        elif self.headers.get("content-encoding", "identity") != "identity":
            problem = f"compressed its answer ({self.headers['content-encoding']}) although it was asked not to; turn that off"
        if problem:
            self._exchange.close()
            raise ApiError(ErrorKind.BACKEND_FAILED, f"The backend at {self._backend.address} {problem}.")


def _as_extension(timeouts: Timeouts) -> dict[str, float | None]:
    """As the transport reads them from a request."""
    return {"pool": timeouts.queue_s, "connect": timeouts.connect_s, "head": timeouts.first_byte_s, "read": timeouts.stall_s}


def _parse_base_url(base_url: str) -> httpx.URL:
    """The address of the server's root, with its credentials."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as exc:
        raise ValueError(f"not an address: {exc}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("the backend's address has to look like http://host:port or https://host/prefix/v1")
    if url.query or url.fragment:
        raise ValueError("the backend's address cannot have a query or a fragment")
    root = url.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return url.copy_with(path=root or "/")


def _encode_key(api_key: str) -> bytes:
    if not (api_key.isascii() and api_key.isprintable()):
        raise ValueError("the API key contains characters that a header cannot carry")
    return api_key.encode("ascii")


def _end_to_end(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    named = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    return {name: value for name, value in headers.items() if name not in _CONNECTION_HEADERS and name not in named}


def _target(location: str | None) -> str:
    """Where a redirect leads, without anything in it that may be secret."""
    try:
        url = httpx.URL(location or "")
    except httpx.InvalidURL:
        return ""
    return f" to {url.copy_with(username=None, password=None, query=None, fragment=None)}" if location else ""


def _raise_mapped(exc: httpx.TransportError, address: str) -> NoReturn:
    """The one place where a failure of the transport becomes an error for a client."""
    details = None
    match exc:
        case httpx.ConnectTimeout():
            details = {"phase": "connect"}
            kind, text = ErrorKind.BACKEND_TIMEOUT, "did not accept a connection in time. Check its address and that it is not hung."
        case httpx.PoolTimeout():
            kind, text = ErrorKind.BACKEND_TIMEOUT, "has all its connections in use, and none came free in time. Try again later."
        case HeadTimeoutError():
            kind, text = ErrorKind.BACKEND_TIMEOUT, "did not begin its answer in time. It may be busy: try again, or allow it more time."
        case httpx.TimeoutException():
            kind, text = ErrorKind.BACKEND_TIMEOUT, "stopped sending in the middle of its answer. Try again."
        case httpx.ConnectError():
            kind, text = ErrorKind.BACKEND_UNREACHABLE, f"cannot be reached: {exc}. Start it, or correct the address triglot was given."
        case _:
            kind, text = ErrorKind.BACKEND_FAILED, f"failed: {exc}. Its log should say why."
    raise ApiError(kind, f"The backend at {address} {text}", details=details) from exc
