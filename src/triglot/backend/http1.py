"""HTTP/1.1 as bytes: one request encoded, one response parsed. No I/O.

llhttp (through httptools) does the parsing. What it leaves open is settled here: which responses end with the connection, which have no
body, what comes before the final response, and how much a server may send without sending any body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httptools
import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_HEAD_BYTES: Final = 64 * 1024
"""Upper bound of a header block, and of anything else (interim responses, trailers) that carries no body."""

_JOIN_LIMIT_BYTES: Final = 64 * 1024


def encode_request(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> tuple[bytes, ...]:
    """The bytes of a request, as one piece where that is cheap.

    Raises:
        httpx.LocalProtocolError: a line break in the method, the target or a header would forge another header.
    """
    lines = [b"%b %b HTTP/1.1" % (method.encode("ascii"), target)]
    lines += [b"%b: %b" % header for header in headers]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head:
        raise httpx.LocalProtocolError("a request header contains a line break or a NUL")
    if len(body) > _JOIN_LIMIT_BYTES:
        return (head + b"\r\n\r\n", body)
    return (head + b"\r\n\r\n" + body,)


class ResponseParser:
    """One final response, from its first byte to its end.

    Attributes:
        status: status code of the final response, 0 until its headers are there.
        headers: its headers as received, trailers excluded.
        body: the body pieces not yet taken; the reader empties the list.
        started: a byte of a response, even an interim one, has arrived.
        headers_complete: the final response's headers are there.
        complete: the body has arrived to its end.
        keep_alive: after completion, whether the connection can carry another request.
    """

    __slots__ = (
        "_bodyless_bytes",
        "_feed",
        "_framed",
        "_head_bytes",
        "_parser",
        "_to_head",
        "body",
        "complete",
        "headers",
        "headers_complete",
        "keep_alive",
        "on_body",
        "started",
        "status",
    )

    def __init__(self, method: str) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.started = False
        self.headers_complete = False
        self.complete = False
        self.keep_alive = False
        self._to_head = method == "HEAD"
        self._framed = False
        self._head_bytes = 0
        self._bodyless_bytes = 0
        # The parser calls this for each body piece: without a Python frame of ours in between.
        self.on_body = self._surplus_body if self._to_head else self.body.append
        self._parser = httptools.HttpResponseParser(self)
        self._feed = self._parser.feed_data

    def feed(self, data: bytes) -> None:
        """Parse what one read brought.

        Raises:
            httpx.RemoteProtocolError: this is not HTTP/1.1, or more of a head than is reasonable.
        """
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            self._accept_surplus_or_raise(exc)
        if self.complete:
            self._release()
        elif self.body:
            self._bodyless_bytes = 0
        else:
            self._bodyless_bytes += len(data)
            if self._bodyless_bytes > MAX_HEAD_BYTES:
                raise httpx.RemoteProtocolError(f"more than {MAX_HEAD_BYTES} bytes of headers")

    def feed_eof(self) -> None:
        """The connection has ended: so does a body that only its end delimits.

        Raises:
            httpx.RemoteProtocolError: the response is cut off.
        """
        if not self.complete:
            if not self.headers_complete:
                where = "before the response headers were complete" if self.started else "without an answer"
                raise httpx.RemoteProtocolError(f"the connection was closed {where}")
            if self._framed:
                raise httpx.RemoteProtocolError("the connection was closed in the middle of the response body")
            self.complete = True
            self._release()
        self.keep_alive = False

    # Callbacks of the parser. What they raise comes out of `feed_data` as the context of an HttpParserCallbackError.

    def on_message_begin(self) -> None:
        """A response starts: an interim one, the final one, or one too many."""
        if self.headers_complete:
            raise httpx.RemoteProtocolError("data after the end of the response")
        self.started = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or a trailer."""
        if self.headers_complete:
            return  # a trailer
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise httpx.RemoteProtocolError(f"more than {MAX_HEAD_BYTES} bytes of headers")
        name = name.lower()
        if name == b"content-length":
            self._framed = True
        elif name == b"transfer-encoding":
            if value.lower() != b"chunked":
                raise httpx.RemoteProtocolError("a transfer-encoding other than chunked, which was not asked for")
            self._framed = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The empty line after the headers."""
        status = self._parser.get_status_code()
        if status < httpx.codes.OK:
            if status == httpx.codes.SWITCHING_PROTOCOLS:
                raise httpx.RemoteProtocolError("a change of protocol, which was not asked for")
            self.headers.clear()
            self._framed = False
            return
        if not self._parser.get_http_version().startswith("1."):
            raise httpx.RemoteProtocolError("a version of HTTP other than 1.x")
        self.status = status
        self.headers_complete = True
        self.keep_alive = self._parser.should_keep_alive()
        if self._to_head:
            self.complete = True

    def on_message_complete(self) -> None:
        """The end of a response, as its framing tells it."""
        if self.headers_complete:  # and not an interim response
            self.complete = True

    def _surplus_body(self, _piece: bytes) -> None:
        self.keep_alive = False

    def _accept_surplus_or_raise(self, exc: Exception) -> None:
        if self.complete:
            self.keep_alive = False  # the response is whole; only what follows it is not understood
            return
        reason = exc.__context__ if isinstance(exc.__context__, httpx.RemoteProtocolError) else exc
        raise httpx.RemoteProtocolError(f"the answer is not valid HTTP/1.1: {reason}") from exc

    def _release(self) -> None:
        """Give up the parser: it and this object refer to each other."""
        del self._parser, self._feed, self.on_body
