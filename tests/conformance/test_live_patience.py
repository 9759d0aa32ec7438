"""A server that limits the rate is asked again, and neither blamed nor asked for ever."""

import asyncio

import pytest

from triglot_conformance.live import patience
from triglot_conformance.live.target import Target
from triglot_conformance.wire.http1 import Request

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def limited(status=b"429 Too Many Requests", header=b""):
    return b"HTTP/1.1 " + status + b"\r\n" + header + b"content-length: 0\r\n\r\n"


def ask(monkeypatch, *answers):
    """What comes of a server that gives these answers, the last one for ever, and the pauses between the requests."""
    left, pauses = list(answers), []

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        writer.close()

    async def run():
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            return await patience.ask(Target("http", "127.0.0.1", port, timeout_s=20), Request("GET", "/"))

    async def sleep(pause_s):
        pauses.append(pause_s)

    monkeypatch.setattr(patience, "sleep", sleep)
    return asyncio.run(run()), pauses


@pytest.mark.parametrize(
    ("answers", "pauses"),
    [
        ([OK], []),
        ([limited(), limited(), OK], [1.0, 2.0]),
        ([limited(header=b"Retry-After: 7\r\n"), OK], [7.0]),
        ([limited(header=b"Retry-After: 86400\r\n"), OK], [60.0]),
        ([limited(header=b"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n"), OK], [1.0]),
        ([limited(b"503 Service Unavailable", b"retry-after: 2\r\n"), OK], [2.0]),
    ],
)
def test_a_server_that_is_asked_too_often_is_asked_again_later(monkeypatch, answers, pauses):
    answer, waited = ask(monkeypatch, *answers)
    assert (answer.body, answer.unreachable, waited) == (b"ok", False, pauses)


def test_a_503_without_a_time_is_an_answer_like_any_other(monkeypatch):
    answer, waited = ask(monkeypatch, limited(b"503 Service Unavailable"))
    assert (answer.status, answer.unreachable, waited) == (503, False, [])


def test_a_server_that_goes_on_refusing_gives_no_answer(monkeypatch):
    answer, waited = ask(monkeypatch, limited())
    assert (answer.status, answer.unreachable, len(waited)) == (429, True, 5)
    assert answer.error == "the server answers 429 for 31 s on end: it is asked too often"
