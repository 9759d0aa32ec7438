"""The faults: how the backend plays each of them, and what its clients are to get."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from .backend import BODY, DONE, FINISH, HALF, HEALTHY, REST, ROLE, STREAM, TEXT, Request, chunk, event
from .cuts import Cut
from .ways import AS_IT_IS, WHOLE, End, Way

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Play = Callable[[Request], Awaitable[Any]]

_PATIENT: Final = "connect=10, first_token=30, idle=30, whole=30"
_ENDLESS: Final = 17 * 1024 * 1024
_HTML: Final = b"<html><body><h1>Bad gateway</h1></body></html>"
_FAILED: Final = End("failed")
_BROKEN: Final = End("failed", begun=True)
_NO_CONNECTION: Final = End("timeout", begun=True, phase="connect")
_NO_TOKEN: Final = End("timeout", begun=True, phase="first_token")
_IDLE: Final = End("timeout", begun=True, phase="idle")
_NO_ERROR: Final = End("timeout", phase="first_token")
_NOT_WHOLE: Final = End("timeout", phase="whole")
_FINE: Final = End(WHOLE)
_ERROR: Final = {"error": {"code": 500, "message": "out of memory", "type": "server_error"}}


class Fault(NamedTuple):
    """One fault.

    Attributes:
        name: what the backend does.
        play: does it, after a request has come. It returns True when the connection can carry another request.
        end: what clients get.
        limits: of the request, by its header. Each of them is lower than one that holds for every request, so all of them have an end.
        verbatim: what clients of `--nonstream-relay verbatim` get if that is something else; None: there is no such fault in one piece.
        chat: what clients of chat streams get if that is something else: what is inside of an event is not looked at there.
        folded: what clients of chat in one piece get if that is something else.
        text: of a whole answer.
        absent: the backend accepts no connections; it refuses them, or hangs.
    """

    name: str
    play: Play
    end: End
    limits: str = _PATIENT
    verbatim: End | None = End("same")
    chat: End | None = None
    folded: End | None = None
    text: str = TEXT
    absent: Literal["refuses", "hangs"] | None = None

    @property
    def stream(self) -> bytes:
        """The events that the backend sends, if it does nothing else."""
        assert isinstance(self.play, Events)
        return self.play.data

    def limits_of(self, way: Way) -> str:
        """The limits of a client of this way."""
        return f"{self.limits}, whole=1" if way.verbatim and self.limits != _PATIENT else self.limits

    def end_of(self, way: Way) -> End | None:
        """What a client of this way gets."""
        if way.verbatim and self.verbatim != End("same"):
            return self.verbatim
        if way == Way("chat", stream=True) and self.chat is not None:
            return self.chat
        if way == Way("chat", stream=False) and self.folded is not None:
            return self.folded
        return self.end


class Events(NamedTuple):
    """A stream of these events."""

    data: bytes = b""

    async def __call__(self, request: Request) -> bool:
        """Send it, however it was asked for."""
        await request.answer_with(self.data)
        return True


async def play_healthy(request: Request) -> bool:
    """Answers as it should, and keeps the connection."""
    await request.answer_with(request.answer)
    return True


# Connections


async def _wait(request: Request) -> None:
    await request.closed()


async def _close(_: Request) -> None:
    """Returning closes."""


async def _reset(request: Request) -> None:
    request.reset()


async def _close_in_head(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\nContent-Ty")


async def _wait_in_head(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    await request.closed()


async def _close_in_body(request: Request) -> None:
    await request.begin_half()


async def _reset_in_body(request: Request) -> None:
    await request.begin_half()
    request.reset()


async def _close_own_half(request: Request) -> None:
    await request.begin_half()
    request.end_writing()
    await request.closed()


async def _wait_in_body(request: Request) -> None:
    await request.begin_half()
    await request.closed()


async def _comment_for_ever(request: Request) -> None:
    await request.begin_half()
    while True:
        await request.send_chunk(b":\n\n" if request.streams else b" ")
        await asyncio.sleep(0.02)


async def _drip(request: Request) -> bool:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {request.content_type}\r\nContent-Length: {len(request.answer)}\r\n\r\n"
    for byte in head.encode() + request.answer:
        await request.send(bytes([byte]))
        await asyncio.sleep(0)
    return True


async def _drip_for_ever(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await request.send(b"x")
        await asyncio.sleep(0.02)


async def _close_when_reused(request: Request) -> bool:
    return request.served == 1 and await play_healthy(request)


async def _reset_when_reused(request: Request) -> bool:
    if request.served > 1:
        request.reset()
        return False
    return await play_healthy(request)


# HTTP


def _raw(data: bytes) -> Play:
    async def play(request: Request) -> None:
        await request.send(data)

    return play


def _reply(status: str, content_type: str, body: bytes, *headers: str) -> Play:
    async def play(request: Request) -> bool:
        await request.reply(status, content_type, body, *headers)
        return True

    return play


def _reply_json(status: str, message: str) -> Play:
    error = {"error": {"code": int(status[:3]), "message": message, "type": "server_error"}}
    return _reply(status, "application/json", json.dumps(error).encode())


async def _redirect_without_end(request: Request) -> None:
    await request.send(b"HTTP/1.1 302 Found\r\nLocation: /v1\r\nContent-Length: 9\r\n\r\nover")
    await request.closed()


async def _fail_without_end(request: Request) -> None:
    await request.send(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
    await request.closed()


async def _send_endless_page(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await request.send_chunk(_HTML * 1000)


async def _break_framing(request: Request) -> None:
    await request.begin_half()
    await request.send(b"not a size\r\n" * 9)
    await request.closed()


async def _end_head_never(request: Request) -> None:
    await request.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        await request.send(b"x-header-%d: %b\r\n" % (number, b"x" * 1000))


async def _promise_too_much(request: Request) -> None:
    body = request.half
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {request.content_type}\r\nContent-Length: {len(body) + 1}\r\n\r\n"
    await request.send(head.encode() + body)


async def _promise_too_little(request: Request) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {request.content_type}\r\nContent-Length: {len(request.half)}\r\n\r\n"
    await request.send(head.encode() + request.answer)
    await request.closed()


async def _promise_nothing(request: Request) -> None:
    await request.send(f"HTTP/1.0 200 OK\r\nContent-Type: {request.content_type}\r\n\r\n".encode() + request.answer)


async def _promise_two_things(request: Request) -> None:
    await request.answer_with(request.answer, "Content-Length: 5")
    await request.closed()


async def _say_continue(request: Request) -> bool:
    await request.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    return await play_healthy(request)


async def _send_more(request: Request) -> None:
    await request.answer_with(request.answer)
    await request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain")
    await request.closed()


async def _compress(request: Request) -> bool:
    await request.answer_with(gzip.compress(request.answer), "Content-Encoding: gzip")
    return True


async def _compress_silently(request: Request) -> None:
    await request.answer_with(gzip.compress(request.answer, mtime=0))


async def _answer_in_the_other_form(request: Request) -> None:
    body, content_type = (BODY, "application/json") if request.streams else (STREAM, "text/event-stream")
    await request.reply("200 OK", content_type, body)


# Events


async def _send_endless_line(request: Request) -> None:
    await request.begin()
    if request.streams:
        await request.send_chunk(ROLE)
    await request.send_chunk(b'data: {"choices": "')
    for _ in range(_ENDLESS >> 16):
        await request.send_chunk(b"x" * (1 << 16))
    await request.closed()


def _call(index: int) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}


_HUGE: Final = {"choices": [], "created": 7, "id": "chatcmpl-1", "model": "tiny", "object": "chat.completion.chunk", "x": "y" * (4 << 20)}
_CRLF: Final = STREAM.replace(b"\n", b"\r\n")

FAULTS: Final = (
    Fault("refuses connections", _close, End("unreachable"), absent="refuses"),
    Fault("neither accepts nor refuses connections", _close, _NO_CONNECTION, "connect=0.8", absent="hangs"),
    Fault("accepts, then says nothing", _wait, _NO_TOKEN, "first_token=0.6", verbatim=_NOT_WHOLE),
    Fault("closes before an answer", _close, _FAILED),
    Fault("resets before an answer", _reset, _FAILED),
    Fault("closes within the head", _close_in_head, _FAILED),
    Fault("says nothing more within the head", _wait_in_head, _NO_TOKEN, "first_token=0.6", verbatim=_NOT_WHOLE),
    Fault("drips a head that never ends", _drip_for_ever, _NO_TOKEN, "first_token=0.6", verbatim=_NOT_WHOLE),
    Fault("closes within the answer", _close_in_body, _BROKEN),
    Fault("resets within the answer", _reset_in_body, _BROKEN),
    Fault("closes its half of the connection within the answer", _close_own_half, _BROKEN),
    Fault("says nothing more within the answer, as if its cable were cut", _wait_in_body, _IDLE, "idle=0.4"),
    Fault("sends nothing but signs of life within the answer", _comment_for_ever, _IDLE, "idle=0.4", verbatim=_NOT_WHOLE),
    Fault("drips the answer byte by byte", _drip, _FINE),
    Fault("closes an idle connection as the next request comes", _close_when_reused, _FINE),
    Fault("resets an idle connection as the next request comes", _reset_when_reused, _FINE),
    Fault("speaks something else than HTTP", _raw(b"220 mail ready\r\n" * 9), _FAILED),
    Fault("speaks HTTP/2", _raw(b"\0\0\x12\x04\0\0\0\0\0" + b"\0" * 18), _FAILED),
    Fault("changes the protocol", _raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), _FAILED),
    Fault("sends headers without end", _end_head_never, _FAILED),
    Fault("breaks the chunked framing", _break_framing, _BROKEN),
    Fault("says a length that is too large, and closes", _promise_too_much, _BROKEN),
    Fault("says a length that is too small", _promise_too_little, _BROKEN, verbatim=End(AS_IT_IS)),
    Fault("says a length and chunks too", _promise_two_things, _FAILED),
    Fault("says no length (HTTP/1.0)", _promise_nothing, _FINE),
    Fault("sends interim answers first", _say_continue, _FINE),
    Fault("sends another answer behind the first", _send_more, _FINE),
    Fault("compresses unasked", _compress, _FAILED),
    Fault("compresses and does not say so", _compress_silently, _BROKEN, verbatim=End(AS_IT_IS)),
    Fault("redirects", _reply("302 Found", "text/html", b"", "Location: https://elsewhere.example/v1"), _FAILED),
    Fault("redirects, and does not end the body", _redirect_without_end, _FAILED),
    Fault("answers 204", _raw(b"HTTP/1.1 204 No Content\r\n\r\n"), _FAILED),
    Fault("answers 200 with nothing", _reply("200 OK", "text/plain", b""), _FAILED),
    Fault("answers 200 with a web page", _reply("200 OK", "text/html", _HTML), _FAILED),
    Fault("answers 200 with a web page without end", _send_endless_page, _FAILED),
    Fault("answers 200 without a content type", _raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), _FAILED),
    Fault("answers in the form that was not asked for", _answer_in_the_other_form, _FAILED),
    Fault("answers 200 with an error body", _reply("200 OK", "application/json", json.dumps(_ERROR).encode()), End("broke")),
    Fault("answers 502 with a web page", _reply("502 Bad Gateway", "text/html", _HTML), _FAILED),
    Fault("answers 429 with JSON", _reply_json("429 Too Many Requests", "slow down"), End("rate limit")),
    Fault("answers 429 without", _reply("429 Too Many Requests", "text/plain", b""), End("rate limit")),
    Fault("answers 500 with JSON", _reply_json("500 Internal Server Error", "something broke"), End("broke")),
    Fault("answers 500 without", _reply("500 Internal Server Error", "text/plain", b"oops"), End("broke")),
    Fault("answers 500, and does not end the body", _fail_without_end, _NO_ERROR, "first_token=0.6, idle=0.4", verbatim=_IDLE),
    Fault("answers 503 with JSON", _reply_json("503 Service Unavailable", "busy"), End("overloaded")),
    Fault("answers 503 with JSON: it is loading", _reply_json("503 Service Unavailable", "Loading model"), End("loading")),
    Fault("answers 503 without", _reply("503 Service Unavailable", "text/plain", b""), End("overloaded")),
    Fault("sends a line without end", _send_endless_line, _BROKEN, verbatim=None),
    Fault("sends an event of 4 MB", Events(HALF + event(_HUGE) + REST + FINISH + DONE), _FINE, verbatim=None),
    Fault("ends lines with CRLF", Events(_CRLF), _FINE, verbatim=None),
    Fault("begins with a byte order mark", Events(b"\xef\xbb\xbf" + STREAM), _FINE, verbatim=None),
    Fault(
        "sends text that is not UTF-8",
        Events(HALF + chunk({"content": "?"}).replace(b"?", b"\xff\xfe") + REST + FINISH + DONE),
        _BROKEN,
        verbatim=None,
        chat=End(AS_IT_IS),
    ),
    Fault(
        "sends an event that is not JSON",
        Events(HALF + b"data: what\n\n" + REST + FINISH + DONE),
        _BROKEN,
        verbatim=None,
        chat=End(AS_IT_IS),
    ),
    Fault(
        "sends JSON of the wrong types",
        Events(HALF + event({"choices": 7}) + REST + FINISH + DONE),
        _BROKEN,
        verbatim=None,
        chat=End(AS_IT_IS),
    ),
    Fault(
        "sends JSON nested without end",
        Events(HALF + b'data: {"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n\n" + REST + FINISH + DONE),
        _BROKEN,
        verbatim=None,
        chat=End(AS_IT_IS),
    ),
    Fault(
        "calls the tool number 1,000,000,000 first",
        Events(ROLE + chunk(_call(1_000_000_000)) + chunk({}, "tool_calls") + DONE),
        _FINE,
        verbatim=None,
        chat=End(AS_IT_IS),
        text="",
    ),
    Fault(
        "calls the tool number -1",
        Events(ROLE + chunk(_call(-1)) + chunk({}, "tool_calls") + DONE),
        _FINE,
        verbatim=None,
        chat=End(AS_IT_IS),
        text="",
    ),
    Fault("finishes twice", Events(HALF + REST + FINISH + chunk({}, "length") + DONE), _FINE, verbatim=None, chat=End(AS_IT_IS)),
    Fault("does not finish, but says [DONE]", Events(HALF + DONE), _BROKEN, verbatim=None, chat=End(AS_IT_IS)),
    Fault("neither finishes nor says [DONE]", Events(HALF), _BROKEN, verbatim=None),
    Fault("finishes without [DONE]", Events(HALF + REST + FINISH), _FINE, verbatim=None, chat=_BROKEN, folded=_FAILED),
    Fault(
        "sends an error within the answer", Events(HALF + event(_ERROR)), _BROKEN, verbatim=None, chat=End(AS_IT_IS), folded=End("broke")
    ),
    Fault(
        "sends an error after the finish",
        Events(HALF + REST + FINISH + event(_ERROR)),
        _BROKEN,
        verbatim=None,
        chat=End(AS_IT_IS),
        folded=End("broke"),
    ),
    Fault("sends an error after [DONE]", Events(STREAM + event(_ERROR)), _FINE, verbatim=None, chat=End(AS_IT_IS)),
    Fault("ends with nothing", Events(), _BROKEN, verbatim=None),
)
_PLAYS: Final = {HEALTHY: play_healthy, **{fault.name: fault.play for fault in FAULTS}}


def find_play(model: str) -> Play:
    """What the backend does for a model of this name; a number is that of the bytes after which it closes the connection."""
    return Cut(int(model)) if model.isdecimal() else _PLAYS[model]


__all__ = ["FAULTS", "TEXT", "Fault", "find_play", "play_healthy"]
