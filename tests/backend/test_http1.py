from __future__ import annotations

import httpx
import pytest

from triglot.backend.http1 import MAX_HEAD_BYTES, ResponseParser, encode_request

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n"
SIZED = b"HTTP/1.1 404 Not Found\r\nContent-Length: 11\r\nX-A: b\r\n\r\nhello world"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n"


def parse(*reads: bytes, method: str = "POST", eof: bool = False) -> tuple[ResponseParser, bytes]:
    parser = ResponseParser(method)
    for read in reads:
        parser.feed(read)
    if eof:
        parser.feed_eof()
    return parser, b"".join(parser.body)


@pytest.mark.parametrize(
    "response", [CHUNKED, SIZED, INTERIM + CHUNKED, INTERIM + SIZED], ids=["chunked", "sized", "interim+chunked", "interim+sized"]
)
class TestCuts:
    def test_any_split_gives_the_same(self, response: bytes) -> None:
        for cut in range(len(response) + 1):
            parser, body = parse(*filter(None, (response[:cut], response[cut:])))
            assert (parser.complete, parser.keep_alive, body) == (True, True, b"hello world")
            assert (b"x-a", b"b") in parser.headers
            assert {name for name, _ in parser.headers} <= {b"x-a", b"content-length", b"transfer-encoding"}

    def test_byte_by_byte(self, response: bytes) -> None:
        parser, body = parse(*(response[i : i + 1] for i in range(len(response))))
        assert parser.complete
        assert body == b"hello world"

    def test_every_truncation_is_told(self, response: bytes) -> None:
        for cut in range(len(response)):
            parser = ResponseParser("POST")
            if cut:
                parser.feed(response[:cut])
            assert not parser.complete, cut
            with pytest.raises(httpx.RemoteProtocolError, match="closed"):
                parser.feed_eof()
            assert b"hello world".startswith(b"".join(parser.body))


def test_one_read_with_many_chunks_is_one_list_of_pieces() -> None:
    parser, _ = parse(CHUNKED)
    assert parser.body == [b"hello", b" world"]


@pytest.mark.parametrize("connection", [b"", b"Connection: close\r\n"])
def test_a_body_without_framing_ends_with_the_connection(connection: bytes) -> None:
    parser, body = parse(b"HTTP/1.1 200 OK\r\n" + connection + b"\r\nhel", b"lo")
    assert not parser.complete
    parser.feed_eof()
    assert (parser.complete, parser.keep_alive, body) == (True, False, b"hello")


@pytest.mark.parametrize(
    ("response", "method"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", "POST"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "POST"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET"),
    ],
)
def test_responses_without_a_body_are_complete_with_their_headers(response: bytes, method: str) -> None:
    parser, body = parse(response, method=method)
    assert (parser.complete, parser.keep_alive, body) == (True, True, b"")


def test_a_body_after_a_head_response_is_not_taken_for_one() -> None:
    parser, body = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", method="HEAD")
    assert (parser.complete, parser.keep_alive, body) == (True, False, b"")


@pytest.mark.parametrize("surplus", [b"HTTP/1.1 200 OK\r\n\r\nmore", b"garbage", b"\0"])
@pytest.mark.parametrize("response", [CHUNKED, SIZED])
def test_what_follows_a_complete_response_only_costs_the_connection(response: bytes, surplus: bytes) -> None:
    parser, body = parse(response + surplus)
    assert (parser.complete, parser.keep_alive, body) == (True, False, b"hello world")


@pytest.mark.parametrize("headers", [b"Connection: close\r\n", b"connection: Close, foo\r\n"])
def test_a_server_that_will_close_says_so(headers: bytes) -> None:
    parser, _ = parse(b"HTTP/1.1 200 OK\r\n" + headers + b"Content-Length: 0\r\n\r\n")
    assert (parser.complete, parser.keep_alive) == (True, False)


def test_http_1_0_is_understood_and_not_kept() -> None:
    parser, body = parse(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    assert (parser.complete, parser.keep_alive, body) == (True, False, b"hi")


@pytest.mark.parametrize(
    "response",
    [
        b"\x16\x03\x01\x02\x00garbage",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiXX0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused(response: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="not valid HTTP"):
        parse(response, b"more")


def drip(kind: str) -> list[bytes]:
    """Reads that never end, none of them with a body."""
    return {
        "one header": [b"HTTP/1.1 200 OK\r\nX: ", *[b"a" * 1000] * 100],
        "many headers": [b"HTTP/1.1 200 OK\r\n", *[b"X: a\r\n" * 100] * 200],
        "one read": [b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"],
        "interim responses": [b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100] * 40,
        "trailers": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", *[b"X: a\r\n" * 100] * 200],
        "chunk extension": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", *[b"a" * 1000] * 100],
    }[kind]


@pytest.mark.parametrize("kind", ["one header", "many headers", "one read", "interim responses", "trailers", "chunk extension"])
def test_what_is_not_body_is_bounded(kind: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match=f"more than {MAX_HEAD_BYTES} bytes of headers"):
        parse(*drip(kind))


def test_large_but_reasonable_headers_pass() -> None:
    parser, _ = parse(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n")
    assert parser.complete


def test_encode_request() -> None:
    assert encode_request("POST", b"/v1/x?y", [(b"host", b"h"), (b"content-length", b"2")], b"{}") == (
        b"POST /v1/x?y HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}",
    )


def test_a_large_body_is_not_copied() -> None:
    body = b"x" * 100_000
    head, sent = encode_request("POST", b"/", [], body)
    assert head == b"POST / HTTP/1.1\r\n\r\n"
    assert sent is body


@pytest.mark.parametrize("bad", [b"a\r\nx: y", b"a\nb", b"a\rb", b"a\0b"])
def test_headers_cannot_be_forged(bad: bytes) -> None:
    for arguments in (("GET", b"/", [(b"x", bad)]), ("GET", b"/", [(bad, b"x")]), ("GET", bad, []), (bad.decode(), b"/", [])):
        with pytest.raises(httpx.LocalProtocolError):
            encode_request(*arguments, b"")
