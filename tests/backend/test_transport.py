"""The transport below httpx proper, and the pool: reuse, expiry, races, limits."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.backend.scripted_server import OK, Peer, ScriptedServer, answering, chunked, in_both_loops
from triglot.backend.client import Aborted, Backend, Call, Timeouts
from triglot.backend.exchange import Exchange, NotYet
from triglot.backend.pool import IDLE_S, MAX_REQUESTS, Limits
from triglot.backend.transport import Transport
from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SIZED = OK + b"Content-Length: 2\r\n\r\nhi"


class Clock:
    """Time for the pool."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def fetch(backend: Backend) -> bytes:
    async with backend.call("POST", "/", body=b"{}") as call:
        return await call.read_all()


async def settle() -> None:
    """Let the event loop notice what has happened on its sockets."""
    await asyncio.sleep(0.02)


# Under httpx proper


@in_both_loops
async def test_httpx_on_top() -> None:
    async with ScriptedServer(answering(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"hello", b" world"))) as server:
        async with httpx.AsyncClient(transport=Transport(), base_url=server.url) as client:
            response = await client.post("/x", json={"a": 1})
            assert (response.status_code, response.text, response.http_version) == (200, "hello world", "HTTP/1.1")
            async with client.stream("GET", "/y", params={"q": "ü"}) as streamed:
                assert [piece async for piece in streamed.aiter_raw()] == [b"hello world"]
        assert len(server.peers) == 1
        assert server.requests[0][1] == b'{"a":1}'
        assert server.requests[1][0].startswith(b"GET /y?q=%C3%BC HTTP/1.1\r\n")


@in_both_loops
async def test_a_generated_body_is_sent_with_its_length() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async with ScriptedServer(answering(SIZED)) as server, httpx.AsyncClient(transport=Transport()) as client:
        assert (await client.post(server.url, content=body())).text == "hi"
    assert server.requests[0][1] == b"onetwo"
    assert b"transfer-encoding" not in server.requests[0][0].lower()


@in_both_loops
async def test_httpx_timeouts_are_kept() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.closed_by_client()

    async with ScriptedServer(script) as server, httpx.AsyncClient(transport=Transport(), timeout=0.05) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(server.url)


@in_both_loops
async def test_leaving_a_stream_early_closes_its_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"Content-Length: 10\r\n\r\nhello")
        await peer.closed_by_client()

    async with ScriptedServer(script) as server, httpx.AsyncClient(transport=Transport()) as client:
        async with client.stream("GET", server.url) as streamed:
            async for piece in streamed.aiter_raw():
                assert piece == b"hello"
                break
        await server.peers[0].closed.wait()


@in_both_loops
async def test_only_http() -> None:
    async with httpx.AsyncClient(transport=Transport()) as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get("ftp://127.0.0.1/")


@in_both_loops
async def test_a_resolver_says_what_is_connected_to() -> None:
    asked = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first

    async with ScriptedServer(answering(SIZED)) as server, httpx.AsyncClient(transport=Transport(resolve=resolve)) as client:
        url = f"http://host.example:{server.port}/"
        assert [(await client.get(url)).text, (await client.get(url)).text] == ["hi", "hi"]
        assert asked == [("host.example", server.port)]  # once for each connection
        assert len(server.peers) == 1
        assert b"Host: host.example:" in server.requests[0][0]


@in_both_loops
async def test_what_a_resolver_raises_comes_out_of_the_request() -> None:
    class ForbiddenError(Exception):
        pass

    async def refuse(_host: str, _port: int) -> list[str]:
        raise ForbiddenError

    async def fail(_host: str, _port: int) -> list[str]:
        raise OSError("nobody knows")

    async def find_none(_host: str, _port: int) -> list[str]:
        return []

    for resolve, error, told in (
        (refuse, ForbiddenError, None),
        (fail, httpx.ConnectError, "nobody knows"),
        (find_none, httpx.ConnectError, "address"),
    ):
        transport = Transport(resolve=resolve)
        for _ in range(2):
            with pytest.raises(error, match=told):
                await transport.handle_async_request(httpx.Request("GET", "http://host.example/"))


@in_both_loops
async def test_a_resolver_may_take_as_long_as_a_connection() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    request = httpx.Request("GET", "http://host.example/", extensions={"timeout": {"connect": 0.05}})
    with pytest.raises(httpx.ConnectTimeout):
        await Transport(resolve=resolve).handle_async_request(request)
    await settle()


class SlowResolver:
    """Finds a host when it may, and counts who waits for it."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.asked = 0
        self.waiting = 0

    async def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        self.waiting += 1
        try:
            await self.may.wait()
        finally:
            self.waiting -= 1
        return ["127.0.0.1"]


@in_both_loops
async def test_a_connection_may_be_waited_for_in_turns() -> None:
    resolve = SlowResolver()
    async with ScriptedServer(answering(SIZED)) as server, httpx.AsyncClient(transport=(transport := Transport(resolve=resolve))):
        extensions = {"exchange": Exchange("GET"), "within": 0.01, "timeout": {"connect": 20}}
        request = httpx.Request("GET", f"http://host.example:{server.port}/", extensions=extensions)
        for _ in range(3):
            with pytest.raises(NotYet):
                await transport.handle_async_request(request)
        resolve.may.set()
        request.extensions["within"] = 10
        response = await transport.handle_async_request(request)
        assert await response.aread() == b"hi"
        assert (resolve.asked, len(server.requests)) == (1, 1)


@in_both_loops
async def test_turns_do_not_add_up_to_more_than_connecting_may_take() -> None:
    resolve = SlowResolver()
    extensions = {"exchange": Exchange("GET"), "within": 0.02, "timeout": {"connect": 0.15}}
    request = httpx.Request("GET", "http://host.example/", extensions=extensions)
    transport = Transport(resolve=resolve)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            with contextlib.suppress(NotYet):
                await transport.handle_async_request(request)

    with pytest.raises(httpx.ConnectTimeout):
        await take_turns()
    assert 1 < turns < 10
    await settle()
    assert resolve.waiting == 0


@in_both_loops
async def test_who_is_aborted_between_two_turns_leaves_no_connection_behind() -> None:
    resolve = SlowResolver()
    exchange = Exchange("GET")
    request = httpx.Request("GET", "http://host.example/", extensions={"exchange": exchange, "within": 0.01})
    transport = Transport(resolve=resolve)
    with pytest.raises(NotYet):
        await transport.handle_async_request(request)
    exchange.abort()
    await settle()
    assert resolve.waiting == 0
    with pytest.raises(Aborted):
        await transport.handle_async_request(request)


@in_both_loops
async def test_a_call_whose_connection_comes_to_nothing_says_which_phase_it_was() -> None:
    backend = Backend("http://host.example", timeouts=Timeouts(connect_s=0.3))
    backend._transport = Transport(resolve=SlowResolver())
    call = backend.call("GET", "/")
    assert not await call.open(0.01)
    with pytest.raises(ApiError) as caught:
        await call.open()
    assert (caught.value.kind, caught.value.details) == (ErrorKind.BACKEND_TIMEOUT, {"phase": "connect"})
    await settle()


def test_read_is_no_generator() -> None:
    # An async generator on the way of an event costs more than the parser.
    assert inspect.iscoroutinefunction(Call.read)


# Reuse


@in_both_loops
async def test_connections_are_reused_last_in_first_out() -> None:
    async with ScriptedServer(answering(SIZED)) as server:
        backend = Backend(server.url)
        calls = [backend.call("GET", "/") for _ in range(3)]
        await asyncio.gather(*(call.open() for call in calls))
        for call in (calls[1], calls[0], calls[2]):
            assert await call.read_all() == b"hi"
        assert len(server.peers) == 3
        for _ in range(5):
            await fetch(backend)
        assert len(server.peers) == 3
        await backend.aclose()
        await asyncio.gather(*(peer.closed.wait() for peer in server.peers))


@in_both_loops
async def test_an_idle_connection_expires() -> None:
    async with ScriptedServer(answering(SIZED)) as server:
        clock = Clock()
        backend = Backend(server.url, limits=Limits(clock=clock))
        await fetch(backend)
        clock.now += IDLE_S - 0.01
        await fetch(backend)
        assert len(server.peers) == 1
        clock.now += IDLE_S
        await fetch(backend)
        assert len(server.peers) == 2
        await server.peers[0].closed.wait()


@in_both_loops
async def test_idle_connections_are_swept_though_nobody_calls() -> None:
    async with ScriptedServer(answering(SIZED)) as server:
        backend = Backend(server.url, limits=Limits(idle_s=0.05))
        await asyncio.gather(*(fetch(backend) for _ in range(3)))
        await asyncio.gather(*(peer.closed.wait() for peer in server.peers))
        assert len(server.peers) == 3


@in_both_loops
async def test_a_connection_carries_a_limited_number_of_requests() -> None:
    async with ScriptedServer(answering(SIZED)) as server:
        backend = Backend(server.url)
        for _ in range(MAX_REQUESTS + 1):
            await fetch(backend)
        assert len(server.peers) == 2
        await server.peers[0].closed.wait()


@pytest.mark.parametrize(
    "response",
    [OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi", SIZED + b"surplus", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"],
)
@in_both_loops
async def test_a_connection_that_cannot_be_reused_is_not(response: bytes) -> None:
    async with ScriptedServer(answering(response)) as server:
        backend = Backend(server.url)
        assert [await fetch(backend), await fetch(backend)] == [b"hi", b"hi"]
        assert len(server.peers) == 2
        await asyncio.gather(*(peer.closed.wait() for peer in server.peers))


@in_both_loops
async def test_an_answer_that_overtakes_its_request_costs_the_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        async with Backend(server.url).call("POST", "/", body=b"x" * 50_000_000) as call:
            assert call.status == 413
        await server.peers[0].closed.wait()


@in_both_loops
async def test_a_body_that_was_not_read_but_has_arrived_keeps_its_connection() -> None:
    async with ScriptedServer(answering(SIZED)) as server:
        backend = Backend(server.url)
        for _ in range(3):
            async with backend.call("GET", "/") as call:
                assert call.status == 200
        assert len(server.peers) == 1


UNFRAMED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"


@in_both_loops
async def test_a_whole_answer_whose_framing_ends_later_keeps_its_connection() -> None:
    released = asyncio.Event()

    async def script(peer: Peer) -> None:
        for _ in range(3):
            await peer.request()
            await peer.send(UNFRAMED)
            await released.wait()
            await peer.send(b"0\r\n\r\n")

    async with ScriptedServer(script) as server:
        backend = Backend(server.url)
        for _ in range(3):
            released.clear()
            call = backend.call("GET", "/")
            await call.open()
            assert await call.read() == b"hi"
            await call.aclose(whole=True)
            call.abort()  # by the end of the client's request: too late to do harm
            released.set()
            await settle()
        assert len(server.peers) == 1


@pytest.mark.parametrize("more", [b"", b"10000\r\n" + b"x" * 65536 + b"\r\n"], ids=["silence", "flood"])
@in_both_loops
async def test_a_connection_whose_framing_does_not_end_is_closed(monkeypatch: pytest.MonkeyPatch, more: bytes) -> None:
    monkeypatch.setattr("triglot.backend.exchange.LINGER_S", 0.05 if not more else 60.0)

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(UNFRAMED)
        while more:
            await peer.send(more)
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        backend = Backend(server.url)
        call = backend.call("GET", "/")
        await call.open()
        await call.read()
        await call.aclose(whole=True)
        await server.peers[0].closed.wait()


@pytest.mark.parametrize("farewell", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
@in_both_loops
async def test_a_connection_closed_while_idle_is_not_used(farewell: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(SIZED)
        await asyncio.sleep(0)
        await peer.send(farewell)

    async with ScriptedServer(script) as server:
        backend = Backend(server.url)
        for i in range(3):
            assert await fetch(backend) == b"hi"
            await server.peers[i].closed.wait()
            await settle()
        assert len(server.requests) == 3


# The race of a request with the end of an idle connection


def closing_race(*, times: int, by_reset: bool = False) -> functools.partial[object]:
    """The first `times` connections answer one request and close when the next one arrives, so that it is surely in flight."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(SIZED)
        await peer.request()
        if peer.number < times:
            if by_reset:
                peer.writer.transport.abort()
            return
        await peer.send(SIZED)

    return functools.partial(script)


@pytest.mark.parametrize("by_reset", [False, True], ids=["eof", "reset"])
@in_both_loops
async def test_a_request_that_met_a_closing_connection_is_sent_again(by_reset: bool) -> None:
    async with ScriptedServer(closing_race(times=1, by_reset=by_reset)) as server:
        backend = Backend(server.url)
        assert [await fetch(backend), await fetch(backend)] == [b"hi", b"hi"]
        assert [len(server.peers), len(server.requests)] == [2, 3]
        assert {body for _, body in server.requests} == {b"{}"}


@in_both_loops
async def test_it_is_sent_again_once_and_on_a_new_connection() -> None:
    async def script(peer: Peer) -> None:
        if peer.number < 2:
            await peer.request()
            await peer.send(SIZED)
        await peer.request()

    async with ScriptedServer(script) as server:
        backend = Backend(server.url)
        calls = [backend.call("GET", "/") for _ in range(2)]
        await asyncio.gather(*(call.open() for call in calls))
        for call in calls:
            await call.read_all()
        with pytest.raises(ApiError) as caught:
            await fetch(backend)
        assert caught.value.kind is ErrorKind.BACKEND_FAILED
        assert [len(server.peers), len(server.requests)] == [3, 4]


@in_both_loops
async def test_a_request_is_not_sent_again_once_an_answer_has_begun() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(SIZED)
        await peer.request()
        await peer.send(b"HTTP/1.1 2")

    async with ScriptedServer(script) as server:
        backend = Backend(server.url)
        await fetch(backend)
        with pytest.raises(ApiError) as caught:
            await fetch(backend)
        assert caught.value.kind is ErrorKind.BACKEND_FAILED
        assert len(server.requests) == 2


@in_both_loops
async def test_a_request_on_a_new_connection_is_not_sent_again() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()

    async with ScriptedServer(script) as server:
        with pytest.raises(ApiError):
            await fetch(Backend(server.url))
        assert len(server.requests) == 1


@in_both_loops
async def test_a_backend_that_dies_over_a_request_does_not_get_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triglot.backend.exchange.STALE_WITHIN_S", 0.0)
    async with ScriptedServer(closing_race(times=1)) as server:
        backend = Backend(server.url)
        await fetch(backend)
        with pytest.raises(ApiError) as caught:
            await fetch(backend)
        assert caught.value.kind is ErrorKind.BACKEND_FAILED
        assert len(server.requests) == 2


@in_both_loops
async def test_abort_between_the_two_attempts() -> None:
    async with ScriptedServer(closing_race(times=1)) as server:
        backend = Backend(server.url)
        await fetch(backend)
        call = backend.call("GET", "/")
        opening = asyncio.ensure_future(call.open())
        await server.peers[0].closed.wait()
        call.abort()
        with pytest.raises(Aborted):
            await opening
        await settle()
        assert len(server.requests) == 2


# A limited number of connections


@in_both_loops
async def test_calls_queue_for_connections() -> None:
    async with ScriptedServer(answering(SIZED)) as server:
        backend = Backend(server.url, max_connections=2)
        assert await asyncio.gather(*(fetch(backend) for _ in range(20))) == [b"hi"] * 20
        assert len(server.peers) == 2


@in_both_loops
async def test_a_closed_connection_makes_room() -> None:
    async with ScriptedServer(answering(OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi")) as server:
        backend = Backend(server.url, max_connections=1)
        assert await asyncio.gather(*(fetch(backend) for _ in range(5))) == [b"hi"] * 5
        assert len(server.peers) == 5


@in_both_loops
async def test_a_failed_connect_makes_room() -> None:
    async with ScriptedServer(answering(SIZED)) as server:
        url = server.url
    backend = Backend(url, max_connections=1)
    results = await asyncio.gather(*(fetch(backend) for _ in range(5)), return_exceptions=True)
    assert [result.kind for result in results if isinstance(result, ApiError)] == [ErrorKind.BACKEND_UNREACHABLE] * 5


@in_both_loops
async def test_queueing_ends_by_abort_and_by_cancelling() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(SIZED[:-1] if peer.number == 0 else SIZED)
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        backend = Backend(server.url, max_connections=1)
        holder, aborted, cancelled, patient = (backend.call("GET", "/") for _ in range(4))
        await holder.open()
        waits = [asyncio.ensure_future(call.open()) for call in (aborted, cancelled, patient)]
        await asyncio.sleep(0)
        aborted.abort()
        waits[1].cancel()
        await asyncio.wait(waits[:2])
        assert not waits[2].done()
        await holder.aclose()
        results = await asyncio.gather(*waits, return_exceptions=True)
        assert [type(result) for result in results] == [Aborted, asyncio.CancelledError, bool]
        assert await patient.read_all() == b"hi"
        assert len(server.requests) == 2


@in_both_loops
async def test_nobody_waits_for_ever_in_the_queue() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"Content-Length: 5\r\n\r\nhe")
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        backend = Backend(server.url, timeouts=Timeouts(queue_s=0.05), max_connections=1)
        async with backend.call("GET", "/"):
            with pytest.raises(ApiError) as caught:
                await fetch(backend)
        assert caught.value.kind is ErrorKind.BACKEND_TIMEOUT
        assert "connections" in caught.value.message


@in_both_loops
async def test_a_turn_that_is_not_taken_is_passed_on() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(SIZED[:-1] if peer.number == 0 else SIZED)
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        backend = Backend(server.url, max_connections=1)
        first, second, third = (backend.call("GET", "/") for _ in range(3))
        await first.open()
        opening = [asyncio.ensure_future(call.open()) for call in (second, third)]
        await asyncio.sleep(0)
        first.abort()  # calls the second one, which is gone before it can answer
        second.abort()
        results = await asyncio.gather(*opening, return_exceptions=True)
        assert [type(result) for result in results] == [Aborted, bool]
        assert await third.read_all() == b"hi"


@in_both_loops
async def test_sending_again_makes_room_for_a_new_connection() -> None:
    async with ScriptedServer(closing_race(times=2)) as server:
        backend = Backend(server.url, max_connections=2)
        await asyncio.gather(fetch(backend), fetch(backend))
        assert len(server.peers) == 2
        assert await fetch(backend) == b"hi"
        assert len(server.peers) == 3


# The end


@in_both_loops
async def test_closing_the_backend_lets_a_call_finish() -> None:
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"Content-Length: 5\r\n\r\nhe")
        await go.wait()
        await peer.send(b"llo")
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        backend = Backend(server.url)
        async with backend.call("GET", "/") as call:
            await backend.aclose()
            go.set()
            assert await call.read_all() == b"hello"
        await server.peers[0].closed.wait()


def test_a_backend_serves_one_event_loop_after_another() -> None:
    backend: Backend | None = None

    async def use() -> None:
        nonlocal backend
        async with ScriptedServer(answering(SIZED), port=port) as server:
            backend = backend or Backend(server.url)
            assert await fetch(backend) == b"hi"
            assert len(server.peers) == 1

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for _ in range(3):
        asyncio.run(use())
    gc.collect()
