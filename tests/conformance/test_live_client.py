"""The client of the live level: what it keeps of answers that servers get wrong, and how it behaves like clients in the field."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess

import pytest

from triglot_conformance.live import client
from triglot_conformance.live.client import Manner, send
from triglot_conformance.live.steps import Leaving
from triglot_conformance.live.target import Target, TargetError, parse_target
from triglot_conformance.wire.http1 import Request

STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
REQUEST = Request("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, b'{"a": "0123456789"}')


@contextlib.asynccontextmanager
async def server(answer, **how):
    """A server that gives every connection to `answer`; yields its port."""

    served = []

    async def serve(reader, writer):
        served.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, **how)
    async with listener:
        yield listener.sockets[0].getsockname()[1]
        await asyncio.gather(*served)


def ask(answer, manner=None, *, timeout_s=20.0, request=REQUEST):
    """What the client makes of what `answer` writes."""

    async def run():
        async with server(answer) as port:
            return await send(Target("http", "127.0.0.1", port, timeout_s=timeout_s), request, manner)

    return asyncio.run(run())


def says(*pieces):
    """A server that reads a request and writes these pieces."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return answer


def test_frames_have_the_time_of_their_last_byte():
    first_seen = asyncio.Event()

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STREAM + b"data: 1\n\nda")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"ta: 2\n\n")
        first_seen.set()

    got = ask(answer)
    assert (got.status, got.error, [timed.frame.data for timed in got.frames]) == (200, None, ["1", "2"])
    assert got.head_ms <= got.frames[0].at_ms < got.frames[1].at_ms <= got.end_ms


@pytest.mark.parametrize(
    ("pieces", "status", "body", "error"),
    [
        ([], 0, b"", "closed without an answer"),
        ([b"HTTP/1.1 200"], 0, b"", "inside the headers"),
        ([b"SSH-2.0-OpenSSH\r\n\r\n"], 0, b"", "not the first line"),
        ([b"HTTP/1.1 " + b"9" * 5000 + b" OK\r\n\r\n"], 0, b"", "not the first line"),
        ([b"HTTP/1.1 099 OK\r\n\r\n"], 0, b"", "not the first line"),
        ([b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok"], 200, b"ok", None),
        ([b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"], 0, b"", "not a header line"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"], 200, b"abc", "inside the body"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nabc"], 200, b"", "not a content length"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"], 200, b"abc", "inside the body"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"], 200, b"abc", "not a chunk size"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"], 200, b"ok", None),
        ([b"HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"], 200, b"ok", None),
    ],
)
def test_what_came_is_kept_also_where_it_broke_off(pieces, status, body, error):
    got = ask(says(*pieces))
    assert (got.status, got.body, got.unreachable) == (status, body, False)
    assert (error is None and got.error is None) or error in got.error


def test_a_server_that_does_not_answer_is_unreachable_and_one_that_does_not_end_is_not():
    async def silent(reader, writer):
        await reader.read()

    async def endless(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STREAM + b"data: 1\n\n")
        await reader.read()

    nothing = ask(silent, timeout_s=0.2)
    assert (nothing.status, nothing.unreachable) == (0, True)
    assert nothing.error == "no answer within 0.2 s"
    begun = ask(endless, timeout_s=1)
    assert (begun.status, begun.unreachable, len(begun.frames), begun.error) == (200, False, 1, "no whole answer within 1 s")


def test_no_server_is_unreachable():
    async def run():
        async with server(says()) as port:
            pass
        return await send(Target("http", "127.0.0.1", port, timeout_s=5), REQUEST)

    got = asyncio.run(run())
    assert got.unreachable
    assert got.error.startswith("cannot connect")


@pytest.mark.parametrize(
    ("timeout_s", "error"), [(20.0, "cannot connect: nobody takes the connection within 0.05 s"), (0.05, "no connection within 0.05 s")]
)
def test_a_host_that_hangs_is_not_waited_for_as_an_answer_is(monkeypatch, timeout_s, error):
    async def hang(*_, **__):
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "open_connection", hang)
    monkeypatch.setattr(client, "_CONNECT_S", 0.05 if timeout_s > 1 else 20.0)
    got = asyncio.run(send(Target("http", "127.0.0.1", 9, timeout_s=timeout_s), REQUEST))
    assert (got.error, got.unreachable) == (error, True)


def test_a_server_without_tls_is_told_from_one_that_is_not_there():
    async def plain(reader, writer):
        await reader.read(5)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def run():
        async with server(plain) as port:
            return await send(Target("https", "127.0.0.1", port, timeout_s=20), REQUEST)

    got = asyncio.run(run())
    assert (got.error, got.unreachable) == (
        "cannot connect: what answers does not speak TLS: is it http:// and not https://?",
        True,
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command to make a certificate with")
def test_a_certificate_is_trusted_only_where_it_is_named(monkeypatch, tmp_path):
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)

    async def run():
        async with server(says(b"HTTP/1.1 204 No Content\r\n\r\n"), ssl=serving) as port:
            return await send(Target("https", "127.0.0.1", port, timeout_s=20), REQUEST)

    client._trust.cache_clear()
    error = asyncio.run(run()).error
    assert error.startswith("cannot connect: its certificate is not trusted: self")
    assert error.endswith("; SSL_CERT_FILE names one to trust")
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    client._trust.cache_clear()
    assert asyncio.run(run()).status == 204
    client._trust.cache_clear()


def test_the_client_leaves_behind_an_event_or_a_time():
    gone = []

    async def endless(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STREAM + b": comment\n\ndata: 1\n\ndata: 2\n\n")
        await writer.drain()
        await reader.readexactly(len(REQUEST.body))
        gone.append(await reader.read())

    got = ask(endless, Manner(leaves=Leaving(after_events=2)))
    assert (got.left, got.error, len(got.frames)) == (True, None, 3)
    got = ask(endless, Manner(leaves=Leaving(after_s=0.1)))
    assert (got.left, got.error) == (True, None)
    assert gone == [b"", b""]


def test_a_slow_reader_holds_the_server_up_and_loses_nothing():
    text = b"".join(b"data: %d \xe2\x80\xa8\n\n" % number for number in range(2000))
    got = ask(says(STREAM, text), Manner(reads_slowly=True))
    assert (got.error, got.body, len(got.frames)) == (None, text, 2000)


def test_a_request_in_pieces_arrives_whole():
    seen = []

    async def answer(reader, writer):
        data = await reader.readuntil(b"\r\n\r\n")
        seen.append(data + await reader.readexactly(len(REQUEST.body)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    got = ask(answer, Manner(writes_split=True))
    assert got.body == b"ok"
    assert seen[0].endswith(REQUEST.body)


@pytest.mark.parametrize(
    ("url", "shown", "root"),
    [
        ("http://host:8080", "http://host:8080", ""),
        ("http://host:8080/v1/", "http://host:8080", ""),
        ("https://host/openai/v1", "https://host/openai", "/openai"),
        ("host:8080", "http://host:8080", ""),
        ("http://[::1]:9", "http://[::1]:9", ""),
        ("http://b\u00fccher.example/\u20ac a/v1", "http://xn--bcher-kva.example/%E2%82%AC%20a", "/%E2%82%AC%20a"),
    ],
)
def test_base_urls(url, shown, root):
    target = parse_target(url)
    assert (target.url, target.root) == (shown, root)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://host", "not the URL of a server"),
        ("http://", "not the URL"),
        ("http://h:x", "not a URL"),
        ("http://me:secret@host", "--api-key"),
        ("http://host?x=1", "query"),
        ("http://a..b", "no name of a host"),
    ],
)
def test_what_is_no_base_url(url, message):
    with pytest.raises(TargetError, match=message) as caught:
        parse_target(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["", " \n", "caf\u00e9-key", "two\nlines"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_told(key):
    with pytest.raises(TargetError, match="The key is empty") as caught:
        parse_target("http://host", key=key)
    assert "lines" not in str(caught.value)


def test_a_key_that_a_server_repeats_is_kept_nowhere():
    key = "sk-0123456789"

    async def run():
        text = b'HTTP/1.1 401 No\r\nx-echo: sk-0123456789\r\ncontent-length: 36\r\n\r\n{"error": "sk-0123456789 is unknown"}'
        async with server(says(text)) as port:
            return await send(Target("http", "127.0.0.1", port, key=key, timeout_s=20), REQUEST)

    got = asyncio.run(run())
    assert (got.status, got.body) == (401, b'{"error": "************* is unknown"')
    assert key not in repr(got)


def test_a_line_end_behind_a_key_is_none_of_it():
    assert parse_target("http://host", key="s3cret\n").headers("chat", {})["Authorization"] == "Bearer s3cret"


def test_nothing_may_be_compressed_unless_somebody_says_so():
    target = parse_target("http://host")
    assert target.headers("chat", {}) == {"Accept-Encoding": "identity"}
    assert target.headers("chat", {"accept-encoding": "gzip"}) == {"accept-encoding": "gzip"}
    assert parse_target("http://host", extra={"ACCEPT-encoding": "br"}).headers("chat", {}) == {"ACCEPT-encoding": "br"}


def test_keys_go_where_each_dialect_wants_them_and_are_not_shown():
    target = parse_target("http://host", key="s3cret")
    assert target.headers("messages", {"x-api-key": "any", "a": "b"}).items() >= {"a": "b", "x-api-key": "s3cret"}.items()
    assert target.headers("chat", {})["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(target)
    assert target.redact({"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret", "a": "b"}) == {
        "Authorization": "[redacted]",
        "X-Api-Key": "[redacted]",
        "a": "b",
    }


def test_headers_that_a_user_adds_win_and_are_not_shown():
    target = parse_target("http://host", key="k", extra={"authorization": "Basic s3cret", "X-Proxy": "s3cret"})
    headers = target.headers("chat", {"a": "b"})
    assert headers["X-Proxy"] == headers["authorization"].removeprefix("Basic ") == "s3cret"
    assert "s3cret" not in str(target.redact(headers)) + repr(target)
