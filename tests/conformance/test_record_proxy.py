"""The recorder's relay: what passes, when, and what is remembered of it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from backports import zstd
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from triglot_conformance.record.proxy import Proxy, ProxyError
from triglot_conformance.wire.http1 import Request, exchange, read_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from websockets.asyncio.server import ServerConnection

    Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextlib.asynccontextmanager
async def playing(
    play: Play, *, path: str = "", tls: ssl.SSLContext | None = None, trust: ssl.SSLContext | None = None
) -> AsyncIterator[Proxy]:
    """A proxy in front of a server that plays its part on every connection."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await play(reader, writer)
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    async with server, Proxy(f"{'https' if tls else 'http'}://127.0.0.1:{port}{path}", tls=trust) as proxy:
        yield proxy


def port_of(proxy: Proxy) -> int:
    return int(proxy.url.rpartition(":")[2])


async def ask(proxy: Proxy, request: Request) -> Any:
    return await exchange("127.0.0.1", port_of(proxy), request, 5)


def run(work: Awaitable[None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await work

    asyncio.run(limited())


@pytest.mark.parametrize("base", ["/base/", "/base/v1", "/base/v1/"])
def test_a_request_and_its_answer(base: str) -> None:
    seen = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        message = await read_message(reader, is_answer=False)
        seen.append(message)
        writer.write(OK)

    async def work() -> None:
        async with playing(play, path=base) as proxy:
            answer = await ask(proxy, Request("POST", "/v1/messages?beta=true", {"X-Api-Key": "k"}, b'{"a": 1}'))
            assert (answer.status, answer.body) == (200, b"{}")
            [passed] = proxy.exchanges
            assert (passed.method, passed.target, passed.status) == ("POST", "/v1/messages?beta=true", 200)
            assert (passed.document, passed.answer_document, passed.notes) == ({"a": 1}, {}, [])
        [message] = seen
        assert message.head.start_line == "POST /base/v1/messages?beta=true HTTP/1.1"
        assert message.head.get("x-api-key") == "k"
        assert message.head.get("host") != f"127.0.0.1:{port_of(proxy)}"

    run(work())


def test_a_stream_passes_without_delay() -> None:
    """The server says the next thing only when the client has got the last one."""
    heard = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader, is_answer=False)
        writer.write(STREAM + b"9\r\ndata: 1\n\n\r\n")
        await heard.wait()
        writer.write(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    async def work() -> None:
        async with playing(play) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(proxy))
            writer.write(Request("POST", "/v1/responses", {}, b"{}").encode("x"))
            await reader.readuntil(b"data: 1\n\n")
            heard.set()
            await reader.readuntil(b"0\r\n\r\n")
            writer.close()
            assert bytes(proxy.exchanges[0].answer) == b"data: 1\n\ndata: 2\n\n"

    run(work())


def test_one_connection_for_many_requests() -> None:
    connections = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        while await read_message(reader, is_answer=False):
            writer.write(OK)

    async def work() -> None:
        async with playing(play) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(proxy))
            for number in range(3):
                writer.write(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n%d" % number)
                answer = await read_message(reader, is_answer=True)
                assert answer is not None
                assert answer.body == b"{}"
            writer.close()
            assert [bytes(one.body) for one in proxy.exchanges] == [b"0", b"1", b"2"]
        assert len(connections) == 1

    run(work())


@pytest.mark.parametrize(
    ("method", "answer", "body"),
    [
        ("GET", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", b"to the end"),
        ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
        ("GET", STREAM + b"2;x=y\r\nab\r\n1\r\nc\r\n0\r\nTrailer: t\r\n\r\n", b"abc"),
    ],
    ids=["to-the-end", "http-1.0", "no-content", "head", "hints", "chunks"],
)
def test_every_framing_of_answers(method: str, answer: bytes, body: bytes) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader, is_answer=False)
        writer.write(answer)

    async def work() -> None:
        async with playing(play) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(proxy))
            writer.write(b"%s /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % method.encode())
            assert await reader.read() == answer
            writer.close()
            assert bytes(proxy.exchanges[0].answer) == body

    run(work())


def test_chunked_and_compressed_requests() -> None:
    packed = zstd.compress(gzip.compress(b'{"a": "b"}'))

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        message = await read_message(reader, is_answer=False)
        assert message is not None
        assert message.body == packed
        writer.write(OK)

    async def work() -> None:
        async with playing(play) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(proxy))
            writer.write(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip, zstd\r\n\r\n")
            for piece in (packed[:7], packed[7:]):
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            writer.write(b"0\r\n\r\n")
            answer = await read_message(reader, is_answer=True)
            assert answer is not None
            assert answer.status == 200
            writer.close()
            assert proxy.exchanges[0].document == {"a": "b"}

    run(work())


def test_a_client_that_hangs_up_takes_the_server_with_it() -> None:
    gone = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader, is_answer=False)
        writer.write(STREAM + b"9\r\ndata: 1\n\n\r\n")
        assert await reader.read() == b""
        gone.set()

    async def work() -> None:
        async with playing(play) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(proxy))
            writer.write(Request("POST", "/v1/responses", {}, b"{}").encode("x"))
            await reader.readuntil(b"data: 1\n\n")
            writer.close()
            await gone.wait()
            assert proxy.exchanges[0].notes == ["the client hung up before the answer was over"]
            assert bytes(proxy.exchanges[0].answer) == b"data: 1\n\n"

    run(work())


@pytest.mark.parametrize(
    ("answer", "note"),
    [(b"", "the server closed the connection without an answer"), (b"nonsense\r\n\r\n", "not the first line of an answer")],
)
def test_a_server_that_does_not_answer(answer: bytes, note: str) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader, is_answer=False)
        writer.write(answer)

    async def work() -> None:
        async with playing(play) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(proxy))
            writer.write(Request("POST", "/v1/responses", {}, b"{}").encode("x"))
            told = await reader.read()
            writer.close()
            assert b"recorder_error" in told
            assert note in proxy.exchanges[0].notes[0]

    run(work())


def test_an_answer_that_breaks_off() -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader, is_answer=False)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    async def work() -> None:
        async with playing(play) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(proxy))
            writer.write(Request("POST", "/v1/responses", {}, b"{}").encode("x"))
            assert (await reader.read()).endswith(b"\r\n\r\nhalf")
            writer.close()
            assert proxy.exchanges[0].notes == ["the answer broke off: the connection ended 6 bytes too early"]

    run(work())


def test_no_server() -> None:
    async def work() -> None:
        free = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = free.sockets[0].getsockname()[1]
        free.close()
        await free.wait_closed()
        async with Proxy(f"http://127.0.0.1:{port}") as proxy:
            answer = await ask(proxy, Request("GET", "/v1/models"))
            assert answer.status == 502
            assert "cannot be reached" in json.loads(answer.body)["error"]["message"]
            assert "cannot be reached" in proxy.exchanges[0].notes[0]

    run(work())


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"GET /half",
        b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_a_malformed_request_ends_its_connection_alone(sent: bytes) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await read_message(reader, is_answer=False):
            writer.write(OK)

    async def work() -> None:
        async with playing(play) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(proxy))
            writer.write(sent)
            if sent == b"GET /half":
                writer.write_eof()
            await reader.read()
            writer.close()
            assert (await ask(proxy, Request("GET", "/v1/models"))).status == 200

    run(work())


@pytest.mark.parametrize("compression", ["deflate", None])
def test_a_websocket_is_recorded_as_messages(compression: str | None) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(f"heard {message}" if isinstance(message, str) else message)

    async def work() -> None:
        async with serve(echo, "127.0.0.1", 0, compression=compression) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with Proxy(f"http://127.0.0.1:{port}") as proxy:
                texts = ["one", "two " * 50, "drei ✓ " * 30_000]
                async with connect(
                    proxy.url.replace("http", "ws") + "/v1/responses", compression=compression, max_size=None, proxy=None
                ) as client:
                    for text in texts:
                        await client.send(text)
                        assert await client.recv() == f"heard {text}"
                    await client.send(b"bytes are not recorded")
                    assert await client.recv() == b"bytes are not recorded"
                    await client.ping()
                [passed] = proxy.exchanges
                assert (passed.status, passed.said) == (101, texts)
                assert passed.heard == [f"heard {text}" for text in texts]

    run(work())


def test_a_server_behind_tls(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([openssl, *made, *subject, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(certificate, key)

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_message(reader, is_answer=False):
            writer.write(OK)

    async def work() -> None:
        async with playing(play, tls=own, trust=ssl.create_default_context(cafile=str(certificate))) as proxy:
            assert (await ask(proxy, Request("GET", "/v1/models"))).status == 200
        async with playing(play, tls=own) as proxy:
            answer = await ask(proxy, Request("GET", "/v1/models"))
            assert answer.status == 502
            assert b"certificate" in answer.body.lower()

    run(work())


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8000", "http://", "http://127.0.0.1:x", "http://127.0.0.1/?a=b"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ProxyError):
        Proxy(url)


def test_a_port_that_is_taken() -> None:
    async def work() -> None:
        async with Proxy("http://127.0.0.1:1") as proxy:
            with pytest.raises(ProxyError, match="cannot listen"):
                await Proxy("http://127.0.0.1:1", port=port_of(proxy)).__aenter__()

    run(work())
