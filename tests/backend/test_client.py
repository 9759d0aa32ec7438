"""The whole upstream client over real sockets: errors, cuts, aborts, headers."""

from __future__ import annotations

import asyncio
import base64
import gc
import logging
import shutil
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.backend.scripted_server import OK, Peer, ScriptedServer, answering, chunked, in_both_loops
from triglot import __version__
from triglot.backend.client import Aborted, Backend, Call, Timeouts
from triglot.backend.deadline import Deadline
from triglot.backend.exchange import HIGH_WATER_BYTES, Exchange
from triglot.backend.http1 import ResponseParser
from triglot.backend.transport import Transport
from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

EMPTY = OK + b"Content-Length: 0\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"hello", b" world")
SIZED = OK + b"Content-Length: 11\r\n\r\nhello world"
UNTIL_CLOSE = OK + b"\r\nhello world"


async def fetch(backend: Backend, method: str = "GET", path: str = "/", **arguments: Any) -> tuple[int, bytes]:
    async with backend.call(method, path, **arguments) as call:
        return call.status, await call.read_all()


async def failing(awaitable: Awaitable[object]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await awaitable
    return caught.value


async def silence(peer: Peer) -> None:
    """Take the request and say nothing."""
    await peer.request()
    await peer.closed_by_client()


async def stall(peer: Peer) -> None:
    """Begin an answer and say no more."""
    await peer.request()
    await peer.send(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    await peer.closed_by_client()


# Addresses and requests


@pytest.mark.parametrize(
    ("suffix", "path", "target"),
    [
        ("", "/v1/chat/completions", "/v1/chat/completions"),
        ("/", "/v1/chat/completions", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/", "/props", "/props"),
        ("/prefix/v1", "/v1/chat/completions", "/prefix/v1/chat/completions"),
        ("/prefix/v1", "/props", "/prefix/props"),
        ("/prefix", "/slots?fail_on_no_slot=1", "/prefix/slots?fail_on_no_slot=1"),
        ("/api/v10", "/v1/models", "/api/v10/v1/models"),
        ("", "/v1/models/a%2Fb c", "/v1/models/a%2Fb%20c"),
    ],
)
@in_both_loops
async def test_paths_are_from_the_root_of_the_server(suffix: str, path: str, target: str) -> None:
    async with ScriptedServer(answering(EMPTY)) as server:
        assert await fetch(Backend(server.url + suffix), path=path) == (200, b"")
        assert server.requests[0][0].startswith(f"GET {target} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize(
    "base_url", ["", "localhost:8080", "ftp://host", "http://", "http://host:port", "http://host/?a=b", "http://host/#a", "unix:///x"]
)
def test_what_is_not_an_address(base_url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Backend(base_url)


def test_a_path_has_its_slash() -> None:
    with pytest.raises(ValueError, match="slash"):
        Backend("http://127.0.0.1:1").call("GET", "props")


@in_both_loops
async def test_only_what_is_meant_is_sent() -> None:
    async with ScriptedServer(answering(EMPTY)) as server:
        backend = Backend(server.url, api_key="sk-1")
        headers = {"Content-Type": "application/json", "X-Request-Id": "r1"}
        await fetch(backend, "POST", "/v1/chat/completions", body=b"{}", headers=headers)
        await fetch(backend, "GET", "/props")
        await fetch(backend, "POST", "/x", body=b"", headers={"Authorization": "Bearer other", "accept": "text/event-stream"})
    common = [
        f"host: 127.0.0.1:{server.port}",
        "accept: */*",
        "accept-encoding: identity",
        f"user-agent: triglot/{__version__}",
        "authorization: Bearer sk-1",
    ]
    (post, body), (get, _), (other, _) = server.requests
    assert body == b"{}"
    assert post.decode().split("\r\n")[1:-2] == [*common, "content-type: application/json", "x-request-id: r1", "content-length: 2"]
    assert get.decode().split("\r\n")[1:-2] == common
    assert "accept: text/event-stream\r\n" in other.decode()
    assert "content-length: 0\r\n" in other.decode()
    assert "authorization: Bearer other\r\n" in other.decode()
    assert "sk-1" not in other.decode()


@in_both_loops
async def test_credentials_of_the_address_are_sent_and_not_told() -> None:
    async with ScriptedServer(answering(EMPTY)) as server:
        backend = Backend(server.url.replace("//", "//me:secret@"))
        await fetch(backend)
    assert b"authorization: Basic " + base64.b64encode(b"me:secret") in server.requests[0][0]
    assert "secret" not in (await failing(fetch(backend))).message
    assert backend.address == server.url


@pytest.mark.parametrize("name", ["Host", "content-length", "Connection", "Transfer-Encoding", "TE"])
def test_headers_of_the_connection_are_not_for_callers(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Backend("http://127.0.0.1:1").call("GET", "/", headers={name: "x"})


@in_both_loops
async def test_a_header_cannot_smuggle_another() -> None:
    error = await failing(fetch(Backend("http://127.0.0.1:1"), headers={"x-a": "b\r\nx-c: d"}))
    assert error.kind is ErrorKind.BACKEND_FAILED


@pytest.mark.parametrize("key", ["a\nb", "ключ", "a\0"])
def test_an_impossible_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        Backend("http://127.0.0.1:1", api_key=key)
    assert key not in str(caught.value)


@in_both_loops
async def test_a_large_body_arrives_whole() -> None:
    async with ScriptedServer(answering(EMPTY)) as server:
        body = bytes(range(256)) * 20_000
        assert await fetch(Backend(server.url), "POST", body=body) == (200, b"")
        assert server.requests[0][1] == body


# Responses


@pytest.mark.parametrize("response", [CHUNKED, SIZED, b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED])
@in_both_loops
async def test_a_whole_answer(response: bytes) -> None:
    async with ScriptedServer(answering(response)) as server:
        assert await fetch(Backend(server.url)) == (200, b"hello world")


@in_both_loops
async def test_a_body_that_ends_with_the_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(UNTIL_CLOSE)

    async with ScriptedServer(script) as server:
        assert await fetch(Backend(server.url)) == (200, b"hello world")


@pytest.mark.parametrize(
    ("method", "response"),
    [("HEAD", OK + b"Content-Length: 11\r\n\r\n"), ("POST", b"HTTP/1.1 204 No Content\r\n\r\n"), ("GET", EMPTY)],
)
@in_both_loops
async def test_answers_without_a_body_end_at_once_and_keep_the_connection(method: str, response: bytes) -> None:
    async with ScriptedServer(answering(response)) as server:
        backend = Backend(server.url)
        for _ in range(3):
            assert (await fetch(backend, method))[1] == b""
        assert len(server.peers) == 1


@in_both_loops
async def test_headers_are_the_end_to_end_ones() -> None:
    head = b"Connection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5, max=100\r\nX-Hop: 1\r\nX-Two: a\r\nx-two: b\r\nTrailer: x\r\n"
    async with (
        ScriptedServer(
            answering(OK + head + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked())
        ) as server,
        Backend(server.url).call("GET", "/") as call,
    ):
        assert call.headers == {"content-type": "text/event-stream", "x-two": "a, b"}


@in_both_loops
async def test_one_read_takes_everything_that_has_arrived() -> None:
    answer = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*[b"data: {}\n\n"] * 100)
    async with ScriptedServer(answering(answer)) as server, Backend(server.url).call("GET", "/") as call:
        assert await call.read() == b"data: {}\n\n" * 100
        assert await call.read() == b""
        assert await call.read() == b""


@in_both_loops
async def test_a_slow_drip_loses_nothing() -> None:
    answer = CHUNKED
    got: list[bytes] = []
    taken = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        for i in range(len(answer)):
            await peer.send(answer[i : i + 1])
            if answer[:i].endswith(b"\r\n\r\n") or got:
                await asyncio.sleep(0)

    async with ScriptedServer(script) as server, Backend(server.url).call("GET", "/") as call:
        while piece := await call.read():
            got.append(piece)
            taken.set()
    assert b"".join(got) == b"hello world"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@in_both_loops
async def test_redirects_are_not_followed(status: int) -> None:
    async with ScriptedServer(
        answering(b"HTTP/1.1 %d X\r\nLocation: http://u:secret@elsewhere/x?key=secret\r\nContent-Length: 0\r\n\r\n" % status)
    ) as server:
        error = await failing(fetch(Backend(server.url)))
        assert error.kind is ErrorKind.BACKEND_FAILED
        assert "redirect to http://elsewhere/x;" in error.message
        assert "secret" not in error.message
        assert len(server.requests) == 1


@in_both_loops
async def test_compression_that_was_not_asked_for_is_refused() -> None:
    async with ScriptedServer(answering(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx")) as server:
        error = await failing(fetch(Backend(server.url)))
        assert error.kind is ErrorKind.BACKEND_FAILED
        assert "gzip" in error.message


@in_both_loops
async def test_an_error_status_is_an_answer() -> None:
    async with ScriptedServer(answering(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}")) as server:
        assert await fetch(Backend(server.url)) == (503, b"{}")


@in_both_loops
async def test_read_all_has_a_limit() -> None:
    async with ScriptedServer(answering(OK + b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000)) as server:
        async with Backend(server.url).call("GET", "/") as call:
            error = await failing(call.read_all(limit=50_000))
        assert error.kind is ErrorKind.BACKEND_FAILED
        assert "50000" in error.message


# Failures


@in_both_loops
async def test_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        error = await failing(fetch(Backend(url + "/v1", api_key="sk-secret")))
    assert error.kind is ErrorKind.BACKEND_UNREACHABLE
    assert error.message.startswith(f"The backend at {url} cannot be reached: Connection refused. Start it")
    assert "sk-secret" not in error.message


@in_both_loops
async def test_no_such_host() -> None:
    error = await failing(fetch(Backend("http://no-such-host.invalid")))
    assert error.kind is ErrorKind.BACKEND_UNREACHABLE


@in_both_loops
async def test_plain_http_where_tls_is_due() -> None:
    async with ScriptedServer(answering(EMPTY)) as server:
        error = await failing(fetch(Backend(server.url.replace("http", "https"), timeouts=Timeouts(connect_s=0.1))))
        assert error.kind in {ErrorKind.BACKEND_UNREACHABLE, ErrorKind.BACKEND_TIMEOUT}


@pytest.mark.parametrize("answer", [b"", b"\0\1garbage\r\n\r\n", OK, OK + b"X: " + b"a" * 200_000])
@in_both_loops
async def test_no_proper_head(answer: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer)

    async with ScriptedServer(script) as server:
        error = await failing(fetch(Backend(server.url)))
        assert error.kind is ErrorKind.BACKEND_FAILED
        assert len(server.requests) == 1


@in_both_loops
async def test_a_server_that_speaks_first_is_not_http() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"SSH-2.0-x\r\n")
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        assert (await failing(fetch(Backend(server.url)))).kind is ErrorKind.BACKEND_FAILED


@pytest.mark.parametrize("answer", [CHUNKED, SIZED], ids=["chunked", "sized"])
@in_both_loops
async def test_a_body_cut_at_any_byte_is_never_complete(answer: bytes) -> None:
    start = answer.index(b"\r\n\r\n") + 4

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer[: start + peer.number])

    async with ScriptedServer(script) as server:
        backend = Backend(server.url)
        for _ in range(start, len(answer)):
            got = b""
            async with backend.call("GET", "/") as call:
                error = None
                while error is None:
                    try:
                        piece = await call.read()
                        assert piece, "a cut body that looks complete"
                        got += piece
                    except ApiError as caught:
                        error = caught
                assert (await failing(call.read())).kind is ErrorKind.BACKEND_FAILED
            assert error.kind is ErrorKind.BACKEND_FAILED
            assert b"hello world".startswith(got)
        assert await fetch(backend) == (200, b"hello world")


@in_both_loops
async def test_what_arrived_before_a_reset_is_read_first() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"Content-Length: 100\r\n\r\nhello")
        await asyncio.sleep(0.01)
        peer.writer.transport.abort()

    async with ScriptedServer(script) as server, Backend(server.url).call("GET", "/") as call:
        await server.peers[0].closed.wait()
        assert await call.read() == b"hello"
        assert (await failing(call.read())).kind is ErrorKind.BACKEND_FAILED


@in_both_loops
async def test_garbage_in_the_middle_of_a_body() -> None:
    async with ScriptedServer(answering(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n")) as server:
        async with Backend(server.url).call("GET", "/") as call:
            assert await call.read() == b"hello"
            error = await failing(call.read())
            assert error.kind is ErrorKind.BACKEND_FAILED
            assert "not valid HTTP" in error.message
        await server.peers[0].closed.wait()


# Patience


@in_both_loops
async def test_no_answer_in_time() -> None:
    async with ScriptedServer(silence) as server:
        error = await failing(fetch(Backend(server.url, timeouts=Timeouts(first_byte_s=0.05))))
        assert error.kind is ErrorKind.BACKEND_TIMEOUT
        assert "did not begin" in error.message
        await server.peers[0].closed.wait()


@in_both_loops
async def test_a_head_that_drips_does_not_extend_the_patience() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        while not peer.reader.at_eof():
            await peer.send(b"X: y\r\n")
            await asyncio.sleep(0.01)

    async with ScriptedServer(script) as server:
        assert "did not begin" in (await failing(fetch(Backend(server.url, timeouts=Timeouts(first_byte_s=0.1))))).message


@in_both_loops
async def test_waiting_for_the_head_can_be_taken_up_again() -> None:
    answer = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await answer.wait()
        await peer.send(OK + b"Content-Length: 2\r\n\r\nhi")

    async with ScriptedServer(script) as server:
        call = Backend(server.url).call("POST", "/", body=b"{}")
        assert not await call.open(within_s=0.01)
        assert not await call.open(within_s=0.01)
        answer.set()
        assert await call.open()
        assert (call.status, await call.read_all()) == (200, b"hi")
        assert len(server.requests) == 1


@in_both_loops
async def test_a_head_that_never_comes_is_a_timeout_however_often_it_is_waited_for() -> None:
    async def script(peer: Peer) -> None:
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        call = Backend(server.url, timeouts=Timeouts(first_byte_s=0.2)).call("POST", "/", body=b"{}")

        async def wait() -> None:
            while not await call.open(within_s=0.02):
                pass

        assert (await failing(wait())).kind is ErrorKind.BACKEND_TIMEOUT


@in_both_loops
async def test_abort_between_two_waits_for_the_head() -> None:
    async def script(peer: Peer) -> None:
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        call = Backend(server.url).call("POST", "/", body=b"{}")
        assert not await call.open(within_s=0.01)
        call.abort()
        with pytest.raises(Aborted):
            await call.open(within_s=0.01)
        await server.peers[0].closed.wait()


@in_both_loops
async def test_a_pause_is_told_and_costs_nothing() -> None:
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"Content-Length: 4\r\n\r\nab")
        await go_on.wait()
        await peer.send(b"cd")

    async with ScriptedServer(script) as server:
        call = Backend(server.url).call("GET", "/")
        await call.open()
        assert await call.read_within(5) == b"ab"
        assert await call.read_within(0.01) is None
        assert await call.read_within(0.01) is None
        go_on.set()
        assert await call.read_within(5) == b"cd"
        assert await call.read_within(5) == b""


@in_both_loops
async def test_pauses_add_up_to_a_stall() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"Content-Length: 4\r\n\r\nab")
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        call = Backend(server.url, timeouts=Timeouts(stall_s=0.2)).call("GET", "/")
        await call.open()
        assert await call.read_within(5) == b"ab"

        async def wait() -> None:
            while await call.read_within(0.02) is None:
                pass

        assert (await failing(wait())).kind is ErrorKind.BACKEND_TIMEOUT


@in_both_loops
async def test_an_answer_that_stalls() -> None:
    async with ScriptedServer(stall) as server, Backend(server.url, timeouts=Timeouts(stall_s=0.3)).call("GET", "/") as call:
        assert await call.read() == b"hello"
        error = await failing(call.read())
        assert error.kind is ErrorKind.BACKEND_TIMEOUT
        assert "stopped sending" in error.message
        await server.peers[0].closed.wait()


@in_both_loops
async def test_a_slow_reader_is_not_a_stall() -> None:
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"hello")[:-5])
        await go.wait()
        await peer.send(b"0\r\n\r\n")

    async with ScriptedServer(script) as server, Backend(server.url, timeouts=Timeouts(stall_s=0.3)).call("GET", "/") as call:
        await asyncio.sleep(0.6)
        assert await call.read() == b"hello"
        go.set()
        assert await call.read() == b""


@in_both_loops
async def test_a_connection_that_is_not_accepted() -> None:
    # A listener whose backlog is full drops further attempts.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        backend = Backend(f"http://127.0.0.1:{listener.getsockname()[1]}", timeouts=Timeouts(connect_s=0.05))
        error = await failing(fetch(backend))
        for filler in fillers:
            filler.close()
    assert error.kind is ErrorKind.BACKEND_TIMEOUT
    assert "accept a connection" in error.message


# Abort


@in_both_loops
async def test_abort_before_open() -> None:
    async with ScriptedServer(silence) as server:
        call = Backend(server.url).call("GET", "/")
        call.abort()
        with pytest.raises(Aborted):
            await call.open()
        await call.aclose()
        assert not server.peers


@in_both_loops
async def test_abort_while_connecting() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        await abort_while(Backend(f"http://127.0.0.1:{listener.getsockname()[1]}").call("GET", "/").open, asyncio.sleep(0.02))
        for filler in fillers:
            filler.close()


async def abort_while(opening: Callable[[], Awaitable[object]], moment: Awaitable[object]) -> None:
    """Abort the call whose bound `open` or `read` is given once `moment` has come."""
    call = opening.__self__  # type: ignore[attr-defined]
    waiting = asyncio.ensure_future(opening())
    await moment
    assert not waiting.done()
    call.abort()
    call.abort()
    with pytest.raises(Aborted):
        await waiting
    with pytest.raises(Aborted):
        await call.read()
    await call.aclose()


@in_both_loops
async def test_abort_while_the_backend_thinks() -> None:
    arrived = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        arrived.set()
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        await abort_while(Backend(server.url).call("POST", "/", body=b"{}").open, arrived.wait())
        await server.peers[0].closed.wait()


@in_both_loops
async def test_abort_while_reading() -> None:
    async with ScriptedServer(stall) as server:
        call = Backend(server.url).call("GET", "/")
        await call.open()
        assert await call.read() == b"hello"
        await abort_while(call.read, asyncio.sleep(0))
        await server.peers[0].closed.wait()


@in_both_loops
async def test_abort_drops_what_was_not_read() -> None:
    async with ScriptedServer(stall) as server:
        call = Backend(server.url).call("GET", "/")
        await call.open()
        call.abort()
        with pytest.raises(Aborted):
            await call.read()
        await server.peers[0].closed.wait()


@in_both_loops
async def test_abort_after_the_end_does_not_touch_the_next_call() -> None:
    async with ScriptedServer(answering(SIZED)) as server:
        backend = Backend(server.url)
        first = backend.call("GET", "/")
        await first.open()
        assert await first.read_all() == b"hello world"
        second = backend.call("GET", "/")
        opening = asyncio.ensure_future(second.open())
        await asyncio.sleep(0)
        first.abort()
        await first.aclose()
        await opening
        assert await second.read_all() == b"hello world"
        assert len(server.peers) == 1


@in_both_loops
async def test_two_hundred_aborts_at_once() -> None:
    async with ScriptedServer(stall) as server:
        backend = Backend(server.url)
        calls = [backend.call("GET", "/") for _ in range(200)]
        await asyncio.gather(*(call.open() for call in calls))
        reading = [asyncio.ensure_future(call.read()) for call in calls]
        await asyncio.gather(*reading)
        reading = [asyncio.ensure_future(call.read()) for call in calls]
        await asyncio.sleep(0)
        for call in calls:
            call.abort()
        assert {type(result) for result in await asyncio.gather(*reading, return_exceptions=True)} == {Aborted}
        await asyncio.gather(*(peer.closed.wait() for peer in server.peers))
        assert len(server.peers) == 200


@pytest.mark.parametrize("script", [silence, stall])
@in_both_loops
async def test_a_cancelled_task_leaves_no_connection(script: Callable[[Peer], Awaitable[None]]) -> None:
    async with ScriptedServer(script) as server:
        backend = Backend(server.url)

        async def use() -> None:
            async with backend.call("GET", "/") as call:
                await call.read_all()

        task = asyncio.create_task(use())
        await server.requested.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.peers[0].closed.wait()


@in_both_loops
async def test_closing_early_closes_the_connection() -> None:
    async with ScriptedServer(stall) as server:
        async with Backend(server.url).call("GET", "/") as call:
            assert call.status == 200
        await server.peers[0].closed.wait()


@in_both_loops
async def test_a_call_is_opened_once_and_read_by_one() -> None:
    async with ScriptedServer(stall) as server, Backend(server.url).call("GET", "/") as call:
        with pytest.raises(RuntimeError, match="once"):
            await call.open()
        await call.read()
        waiting = asyncio.ensure_future(call.read())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one reader"):
            await call.read()
        call.abort()
        with pytest.raises(Aborted):
            await waiting


# Flow, memory, logs


@in_both_loops
async def test_a_stalled_reader_stops_the_server_and_loses_nothing() -> None:
    total = 64 * 1024 * 1024
    written = 0

    async def script(peer: Peer) -> None:
        nonlocal written
        await peer.request()
        await peer.send(OK + b"Content-Length: %d\r\n\r\n" % total)
        for _ in range(total // 65536):
            await peer.send(b"x" * 65536)
            written += 65536

    async with ScriptedServer(script) as server, Backend(server.url).call("GET", "/") as call:
        seen = -1
        while seen != written:  # until the server is stuck
            seen = written
            await asyncio.sleep(0.05)
        assert 0 < written < total
        first = await call.read()
        assert HIGH_WATER_BYTES <= len(first) <= 4 * HIGH_WATER_BYTES
        size = len(first)
        while piece := await call.read():
            size += len(piece)
        assert size == total


@in_both_loops
async def test_finished_calls_are_freed_without_the_collector() -> None:
    def alive() -> int:
        return sum(isinstance(thing, (Call, Exchange, ResponseParser, Deadline)) for thing in gc.get_objects())

    async with ScriptedServer(answering(CHUNKED)) as server:
        backend = Backend(server.url)
        gc.collect()
        gc.disable()
        try:
            before = alive()
            for _ in range(10):
                await fetch(backend)
            assert alive() == before
        finally:
            gc.enable()


@in_both_loops
async def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with ScriptedServer(answering(SIZED)) as server:
            await fetch(Backend(server.url, api_key="sk-secret"))
        await failing(fetch(Backend(server.url, api_key="sk-secret")))
    assert [record for record in caplog.records if record.name != "asyncio"] == []


# Other sockets


@in_both_loops
async def test_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    async with ScriptedServer(answering(SIZED), host="::1") as server:
        assert await fetch(Backend(server.url)) == (200, b"hello world")
        assert f"host: [::1]:{server.port}\r\n".encode() in server.requests[0][0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        *subject,
        "-keyout",
        str(path),
        "-out",
        "-",
    ]
    made = subprocess.run(command, check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + made.stdout)
    return path


@in_both_loops
async def test_tls(certificate: Path) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=certificate)
    async with ScriptedServer(answering(CHUNKED), tls=serving) as server:
        backend = Backend(server.url, tls=trusting)
        assert [await fetch(backend), await fetch(backend)] == [(200, b"hello world")] * 2
        assert len(server.peers) == 1
        await backend.aclose()
        error = await failing(fetch(Backend(server.url)))
        assert error.kind is ErrorKind.BACKEND_UNREACHABLE
        assert "certificate is not trusted" in error.message


@in_both_loops
async def test_over_tls_a_resolved_host_is_still_the_one_that_is_proved(certificate: Path) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    async with (
        ScriptedServer(answering(CHUNKED), tls=serving) as server,
        Transport(tls=ssl.create_default_context(cafile=certificate), resolve=resolve) as transport,
    ):
        response = await transport.handle_async_request(httpx.Request("GET", server.url))
        assert await response.aread() == b"hello world"
        with pytest.raises(httpx.ConnectError, match="certificate is not trusted"):
            await transport.handle_async_request(httpx.Request("GET", f"https://other.example:{server.port}/"))


@in_both_loops
async def test_abort_over_tls(certificate: Path) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    async with ScriptedServer(stall, tls=serving) as server:
        call = Backend(server.url, tls=ssl.create_default_context(cafile=certificate)).call("GET", "/")
        await call.open()
        await call.read()
        await abort_while(call.read, asyncio.sleep(0))
        await server.peers[0].closed.wait()
