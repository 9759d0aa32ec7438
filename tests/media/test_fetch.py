"""Files from the web: what is asked, what is taken, what is refused."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from tests.backend.scripted_server import OK, Peer, ScriptedServer, answering, chunked, in_both_loops
from triglot.errors import ApiError, ErrorKind
from triglot.media.addresses import GuardedResolver, is_public, look_up
from triglot.media.fetch import Fetched, Fetcher

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from ipaddress import IPv4Address, IPv6Address

WHERE = "messages[0].content[1]"
PNG = OK + b"Content-Type: image/png\r\n"
SMALL = PNG + b"Content-Length: 3\r\n\r\nabc"


def loopback_too(address: IPv4Address | IPv6Address) -> bool:
    return address.is_loopback or is_public(address)


async def only_numbers(host: str, _port: int) -> list[str]:
    """No test asks a name server."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        raise OSError("no such host") from None


def fetcher(timeout_s: float = 10.0) -> Fetcher:
    """A fetcher that may connect to the servers of a test."""
    return Fetcher(resolve=GuardedResolver(loopback_too, only_numbers), timeout_s=timeout_s)


async def fetch(url: str, *, by: Fetcher | None = None, max_bytes: int = 1000) -> Fetched:
    return await (by or fetcher()).fetch(url, accept=("image/png", "image/jpeg"), max_bytes=max_bytes, where=WHERE)


async def refusal(url: str, *, by: Fetcher | None = None, max_bytes: int = 1000) -> str:
    with pytest.raises(ApiError) as caught:
        await fetch(url, by=by, max_bytes=max_bytes)
    error = caught.value
    assert (error.kind, error.param) == (ErrorKind.INVALID_REQUEST, WHERE)
    assert error.message.startswith(f"{WHERE}: the URL cannot be fetched: ")
    return error.message.removeprefix(f"{WHERE}: the URL cannot be fetched: ").removesuffix(".")


def redirect(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def route(**answers: bytes) -> Callable[[Peer], Awaitable[None]]:
    """A script that answers by the path."""

    async def script(peer: Peer) -> None:
        head, _ = await peer.request()
        await peer.send(answers[head.split(b" ")[1].decode().strip("/")])

    return script


@in_both_loops
async def test_a_file_comes_with_its_type() -> None:
    async with ScriptedServer(answering(SMALL)) as server:
        assert await fetch(f"{server.url}/a/b.png?x=%C3%BC#part") == Fetched("image/png", b"abc")
        await server.peers[0].closed.wait()
    lines = server.requests[0][0].decode().splitlines()
    assert lines[0] == "GET /a/b.png?x=%C3%BC HTTP/1.1"
    headers = {line.partition(":")[0].lower() for line in lines[1:] if line}
    assert headers == {"host", "accept", "accept-encoding", "user-agent", "connection"}


@in_both_loops
async def test_the_type_is_read_without_its_parameters() -> None:
    async with ScriptedServer(
        answering(OK + b"Content-Type: Image/JPEG; q=1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"ab", b"c"))
    ) as server:
        assert await fetch(server.url) == Fetched("image/jpeg", b"abc")


@pytest.mark.parametrize("head", [b"", b"Content-Type: application/octet-stream\r\n", b"Content-Type: binary/octet-stream\r\n"])
@in_both_loops
async def test_a_type_that_says_nothing_will_do(head: bytes) -> None:
    async with ScriptedServer(answering(OK + head + b"Content-Length: 3\r\n\r\nabc")) as server:
        assert (await fetch(server.url)).data == b"abc"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (OK + b"Content-Type: text/html\r\nContent-Length: 1\r\n\r\nx", "it is of type text/html; image/png or image/jpeg is due"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "its host answered 404"),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n", "its host answered 206"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "its host answered 304"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "its host answered 302"),
        (PNG + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "it came compressed although that was not asked for"),
        (PNG + b"Content-Length: 1001\r\n\r\n", "it has more than 1000 bytes"),
        (PNG + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * 600, b"y" * 600), "it has more than 1000 bytes"),
        (PNG + b"Connection: close\r\n\r\n" + b"x" * 1001, "it has more than 1000 bytes"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "its host failed: the answer is not valid HTTP/1.1: Expected HTTP/"),
        (redirect("http://x:port/"), "it is not a URL: "),
        (redirect("file:///etc/passwd"), "only http and https URLs are fetched"),
        (redirect("ftp://1.1.1.1/"), "only http and https URLs are fetched"),
        (redirect("//user:password@1.1.1.1/"), "it contains a user name or password, and none is sent"),
    ],
)
@in_both_loops
async def test_what_a_host_answers_may_not_do(answer: bytes, told: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer)

    async with ScriptedServer(script) as server:
        assert (await refusal(server.url)).startswith(told)


@in_both_loops
async def test_a_file_of_the_largest_size_passes() -> None:
    async with ScriptedServer(answering(PNG + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000)) as server:
        assert len((await fetch(server.url)).data) == 1000


@in_both_loops
async def test_a_file_that_is_cut_off_is_refused() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(PNG + b"Content-Length: 100\r\n\r\nabc")

    async with ScriptedServer(script) as server:
        assert "closed in the middle" in await refusal(server.url)


@in_both_loops
async def test_a_host_that_falls_silent_is_given_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(PNG + b"Content-Length: 100\r\n\r\nabc")
        await peer.closed_by_client()

    async with ScriptedServer(script) as server:
        assert await refusal(server.url, by=fetcher(0.1)) == "it took more than 0.1 s"
        await server.peers[0].closed.wait()


@in_both_loops
async def test_a_host_that_drips_is_given_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(PNG + b"Content-Length: 100\r\n\r\n")
        for _ in range(100):
            await peer.send(b"x")
            await asyncio.sleep(0.02)

    async with ScriptedServer(script) as server:
        assert await refusal(server.url, by=fetcher(0.1)) == "it took more than 0.1 s"


@in_both_loops
async def test_a_name_that_is_not_found_in_time_is_given_up() -> None:
    async def find(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    assert (
        await refusal("http://slow.example/", by=Fetcher(resolve=GuardedResolver(look_up=find), timeout_s=0.05))
        == "it took more than 0.05 s"
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@in_both_loops
async def test_redirects_are_followed(status: int) -> None:
    async with ScriptedServer(route(a=redirect("/b", status), b=redirect("c"), c=redirect("d?x#y"), **{"d?x": SMALL})) as server:
        assert (await fetch(f"{server.url}/a")).data == b"abc"
        assert len(server.requests) == 4


@in_both_loops
async def test_more_than_three_redirects_are_too_many() -> None:
    async with ScriptedServer(answering(redirect("/again"))) as server:
        assert await refusal(server.url) == "it is redirected more than 3 times"
        assert len(server.requests) == 4


# Where it leads


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("file:///etc/passwd", "only http and https URLs are fetched"),
        ("ftp://1.1.1.1/x", "only http and https URLs are fetched"),
        ("gopher://1.1.1.1:6379/_x", "only http and https URLs are fetched"),
        ("data:image/png;base64,aGk=", "only http and https URLs are fetched"),
        ("/etc/passwd", "only http and https URLs are fetched"),
        ("", "only http and https URLs are fetched"),
        ("http://", "only http and https URLs are fetched"),
        ("http://[", "its host cannot be reached"),
        ("http://x:port/", "it is not a URL"),
        ("http://a b/", "its host cannot be reached"),
        ("http://1.1.1.1:99999/", "there is no such port"),
        ("http://1.1.1.1:0/", "there is no such port"),
        ("http://a\r\nb/", "it is not a URL"),
        ("http://user@1.1.1.1/", "it contains a user name or password"),
        ("http://user:password@1.1.1.1/", "it contains a user name or password"),
        (f"http://{'a' * 70}.example/", "its host cannot be reached"),
    ],
)
@in_both_loops
async def test_what_is_no_web_address_is_refused(url: str, told: str) -> None:
    assert (await refusal(url)).startswith(told)


INSIDE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "0",
    "10.1.2.3",
    "169.254.169.254",
    "2852039166",
    "192.168.0.1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "localhost",
    "localhost.",
    "①②⑦.0.0.1",
    "inside.example",
]


async def find_inside(host: str, port: int) -> list[str]:
    """`inside.example` is 10.0.0.1; everything else is as the system says."""
    return ["10.0.0.1"] if host == "inside.example" else await look_up(host, port)


@pytest.mark.parametrize("host", INSIDE)
@in_both_loops
async def test_a_host_that_is_not_public_is_not_connected_to(host: str) -> None:
    async with ScriptedServer(answering(SMALL)) as server:
        told = await refusal(f"http://{host}:{server.port}/", by=Fetcher(resolve=GuardedResolver(look_up=find_inside)))
        assert told == "its host is not on the public internet" or told.startswith(("its host cannot be reached", "it is not a URL"))
        assert not server.peers


@pytest.mark.parametrize("host", INSIDE)
@in_both_loops
async def test_nor_is_it_by_way_of_a_redirect(host: str) -> None:
    async with ScriptedServer(answering(SMALL)) as inner, ScriptedServer(answering(redirect(f"http://{host}:{inner.port}/"))) as outer:

        async def find(name: str, port: int) -> list[str]:
            return ["127.0.0.1"] if name == "outer.example" else await find_inside(name, port)

        def judge(address: IPv4Address | IPv6Address) -> bool:
            return port_of_outer.pop() if port_of_outer else is_public(address)

        port_of_outer = [True]
        told = await refusal(f"http://outer.example:{outer.port}/", by=Fetcher(resolve=GuardedResolver(judge, find)))
        assert told == "its host is not on the public internet" or told.startswith(("its host cannot be reached", "it is not a URL"))
        assert len(outer.requests) == 1
        assert not inner.peers


@in_both_loops
async def test_the_judged_address_is_the_one_connected_to() -> None:
    asked = []

    async def rebind(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with ScriptedServer(answering(SMALL)) as server:
        found = await fetch(f"http://rebinding.example:{server.port}/", by=Fetcher(resolve=GuardedResolver(loopback_too, rebind)))
        assert found.data == b"abc"
    assert asked == ["rebinding.example"]
    assert f"Host: rebinding.example:{server.port}\r\n".encode() in server.requests[0][0]


@in_both_loops
async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async def find(_host: str, _port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with ScriptedServer(answering(SMALL)) as server:
        assert (await fetch(f"http://two.example:{server.port}/", by=Fetcher(resolve=GuardedResolver(loopback_too, find)))).data == b"abc"


@in_both_loops
async def test_a_host_nobody_listens_at_is_refused() -> None:
    async with ScriptedServer(answering(SMALL)) as server:
        url = server.url
    assert await refusal(url) == "its host cannot be reached: Connection refused"


@in_both_loops
async def test_no_part_of_a_url_is_repeated() -> None:
    async with ScriptedServer(answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as server:
        assert "token" not in await refusal(f"{server.url}/path?token=secret")
