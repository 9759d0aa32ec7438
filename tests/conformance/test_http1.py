from __future__ import annotations

import asyncio

import pytest

from triglot_conformance.wire.http1 import HttpError, Message, Request, exchange, parse_recording, read_message


def read(data: bytes, *, is_answer: bool = True) -> Message | None:
    async def feed() -> Message | None:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_message(reader, is_answer=is_answer)

    return asyncio.run(feed())


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Digest: 1\r\nX-More: 2\r\n\r\n", b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20001\r\n" + b"a" * 0x20001 + b"\r\n0\r\n\r\n", b"a" * 0x20001),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", b"abc"),
    ],
)
def test_bodies_are_read_by_length_by_chunks_or_to_the_end(data: bytes, body: bytes) -> None:
    message = read(data)
    assert message is not None
    assert (message.status, message.body) == (200, body)


def test_a_request_without_a_length_has_no_body() -> None:
    message = read(b"GET /props?x=1 HTTP/1.1\r\nHost: h\r\n\r\n", is_answer=False)
    assert message is not None
    assert (message.method, message.path, message.body) == ("GET", "/props", b"")


def test_a_connection_that_ends_before_a_message_is_no_message() -> None:
    assert read(b"") is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nConte", "inside the headers"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "not a header line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "inside the body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "inside the body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "not a chunk size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", "not a chunk size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Digest: 1\r\n", "inside the body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nabc", "not a content length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", "does not end in CRLF"),
    ],
)
def test_broken_messages_are_errors(data: bytes, words: str) -> None:
    with pytest.raises(HttpError, match=words):
        read(data)


def test_header_names_are_compared_without_case() -> None:
    recording = parse_recording(b"HTTP/1.1 404 Not Found\r\nCONTENT-type: Text/HTML; charset=x\r\n\r\nno")
    assert recording.head.get("content-TYPE") == "Text/HTML; charset=x"
    assert recording.media_type == "text/html"
    assert recording.head.encode() == b"HTTP/1.1 404 Not Found\r\nCONTENT-type: Text/HTML; charset=x\r\n\r\n"


def test_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(HttpError, match="cannot connect"):
        asyncio.run(exchange("127.0.0.1", 1, Request("GET", "/"), 5))


def test_the_answer_to_a_head_request_has_no_body_whatever_it_says() -> None:
    async def feed() -> Message | None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
        return await read_message(reader, is_answer=True, to_head=True)

    message = asyncio.run(feed())
    assert message is not None
    assert message.body == b""
