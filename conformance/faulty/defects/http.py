"""Defects below the dialects: bytes, frames, heads, routes and connections."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from faulty.exchange import Refusal, Reply
from faulty.framing import Head, Whole
from faulty.hooks import behaviour, defect

if TYPE_CHECKING:
    from faulty.exchange import Request

_ERROR = 400
_SMALL = 40_000  # bytes

# Frames of a stream


@defect("http/last-frame-open", at="frames", caught_by="messages/events/stop-last")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """The last frame lacks its blank line, so that no client takes it for an event."""
    return [*frames[:-1], frames[-1].rstrip(b"\n") + b"\n"]


@defect("http/no-sentinel", at="frames", caught_by="chat/chunks/sentinel")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """The frame that closes a stream of chunks is missing."""
    return [frame for frame in frames if frame != b"data: [DONE]\n\n"]


@defect("http/goes-on-after-sentinel", at="frames", caught_by="chat/chunks/sentinel")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """The last chunk is sent again behind the closing frame."""
    return [*frames, frames[-2]] if frames[-1] == b"data: [DONE]\n\n" else frames


@defect("http/needless-sentinel", at="frames", caught_by="messages/events/no-done")
def _(frames: list[bytes], request: Request) -> list[bytes]:
    """Streams of Messages and Responses end with `[DONE]`, which is no event there."""
    return frames if request.dialect == "chat" else [*frames, b"data: [DONE]\n\n"]


@defect("http/characters-cut", at="frames", caught_by="messages/events/line-separators", source="musistudio/claude-code-router#1672")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Bytes are decoded piece by piece, so that characters of several bytes become replacement characters."""
    return [re.sub(rb"[\xc0-\xff][\x80-\xbf]+", lambda cut: "\ufffd".encode() * len(cut[0]), frame) for frame in frames]


@defect("http/not-utf-8", at="frames", caught_by="messages/events/unicode")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Streams are written in Latin-1."""
    return [frame.decode().encode("latin-1", "replace") for frame in frames]


@defect("http/lone-surrogates", at="frames", caught_by="messages/events/unicode")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Only the first half of a surrogate pair is sent."""
    return [re.sub("[\U00010000-\U0010ffff]", r"\\ud83d", frame.decode()).encode() for frame in frames]


@defect("http/line-separators", at="frames", caught_by="messages/events/line-separators")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Lines are split at U+2028, which is text."""
    return [frame.replace("\u2028".encode(), b"\n").replace("\u2029".encode(), b"\n").replace("\x85".encode(), b"\n") for frame in frames]


@defect("http/not-json", at="frames", caught_by="messages/events/text")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Data is written with single quotes, as a language prints its own values."""
    return [frame if b"[DONE]" in frame else frame.replace(b'"', b"'") for frame in frames]


@defect("http/two-in-one", at="frames", caught_by="messages/events/text")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Two events share a frame, because the blank line between them was lost."""
    return [*frames[:1], frames[1].removesuffix(b"\n") + frames[2], *frames[3:]]


@defect("http/comment-inside", at="frames", caught_by="messages/events/text")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """A keep-alive comment is written into the middle of an event."""
    half = len(frames[1]) * 2 // 3
    return [*frames[:1], frames[1][:half] + b"\n: keep-alive\n" + frames[1][half:], *frames[2:]]


@defect("http/prefix-doubled", at="frames", caught_by="messages/events/text")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """A proxy frames what is framed already."""
    return [frame.replace(b"data: ", b"data: data: ") for frame in frames]


@defect("http/empty-data", at="frames", caught_by="messages/events/event-lines")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Frames without anything in their data come between the events, as a sign of life."""
    return [*frames[:2], b"data: \n\n", *frames[2:]]


@defect("http/no-event-line", at="frames", caught_by="messages/events/event-lines")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """The event lines are missing, and the SDKs of Messages skip every frame."""
    return [re.sub(rb"^event: [^\n]*\n", b"", frame) for frame in frames]


@defect("http/other-event-line", at="frames", caught_by="messages/events/event-lines-agree")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Every event line says `message`."""
    return [re.sub(rb"^event: [^\n]*\n", b"event: message\n", frame) for frame in frames]


@defect("http/frames-twice", at="frames", caught_by="chat/chunks/finish-once")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Each frame is sent twice."""
    return [frame for frame in frames for _ in range(2)]


@defect("http/frames-swapped", at="frames", caught_by="messages/events/unicode")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """Two neighbouring frames change places, because two threads write."""
    middle = len(frames) // 2
    return [*frames[:middle], frames[middle + 1], frames[middle], *frames[middle + 2 :]]


@defect("http/stops-halfway", at="frames", caught_by="chat/chunks/sentinel")
def _(frames: list[bytes], _: Request) -> list[bytes]:
    """The stream ends in the middle as if that were its end."""
    return frames[: len(frames) // 2]


# Connections

behaviour("http/no-last-chunk", "The connection is closed without the chunk that ends the body.", caught_by="chat/chunks/text")
behaviour("http/hangs-after-the-end", "The body never ends after the last event.", caught_by="chat/chunks/text")
behaviour(
    "http/buffers", "Streams are held back and sent all at once.", caught_by="chat/wire/unbuffered", source="mostlygeek/llama-swap#295"
)
behaviour(
    "http/ignores-disconnect",
    "A request goes on after its client has hung up.",
    caught_by="chat/cancel/stream",
    source="ggml-org/llama.cpp#24496",
)
behaviour("http/reads-once", "A request body is taken to be what the first read gives.", caught_by="messages/answer/split-request")
behaviour(
    "http/errors-in-stream",
    "A refused streaming request is answered with 200 and a stream that holds the error.",
    caught_by="chat/refusals/in-stream-request",
    source="unslothai/unsloth#5099",
)

# Heads


def _with(head: Head, **headers: str) -> Head:
    return Head(head.status, {**head.headers, **{name.replace("_", "-"): value for name, value in headers.items()}})


def _refit(whole: Whole, body: bytes, **headers: str) -> Whole:
    """Another body, with its own length."""
    return Whole(_with(whole.head, content_length=str(len(body)), **headers), body)


@defect("http/stream-as-text", at="opening", caught_by="chat/chunks/text")
def _(head: Head, _: Request) -> Head:
    """A stream says that it is plain text."""
    return _with(head, content_type="text/plain")


@defect("http/stream-as-json", at="opening", caught_by="chat/chunks/text")
def _(head: Head, _: Request) -> Head:
    """A stream says that it is one JSON document."""
    return _with(head, content_type="application/json")


@defect("http/stream-cached", at="opening", caught_by="chat/chunks/headers", source="mostlygeek/llama-swap#295")
def _(head: Head, _: Request) -> Head:
    """A stream does not ask proxies to leave it alone."""
    return Head(head.status, {name: value for name, value in head.headers.items() if name not in {"cache-control", "x-accel-buffering"}})


@defect("http/stream-says-gzip", at="opening", caught_by="chat/wire/stream-headers", source="envoyproxy/ai-gateway#2554")
def _(head: Head, _: Request) -> Head:
    """The content encoding of the backend's answer is passed on, the encoding is not."""
    return _with(head, content_encoding="gzip")


@defect("http/stream-with-length", at="opening", caught_by="chat/wire/stream-headers", source="envoyproxy/ai-gateway#2392")
def _(head: Head, _: Request) -> Head:
    """A stream in chunks has a content length, too."""
    return _with(head, content_length="120")


@defect("http/body-says-gzip", at="whole", caught_by="chat/wire/headers", source="envoyproxy/ai-gateway#2554")
def _(whole: Whole, _: Request) -> Whole:
    """A body says that it is compressed, and is not."""
    return Whole(_with(whole.head, content_encoding="gzip"), whole.body)


@defect("http/body-as-html", at="whole", caught_by="chat/answer/text")
def _(whole: Whole, _: Request) -> Whole:
    """JSON says that it is HTML."""
    return Whole(_with(whole.head, content_type="text/html"), whole.body)


@defect("http/body-cut", at="whole", caught_by="messages/answer/text", source="envoyproxy/ai-gateway#2392")
def _(whole: Whole, _: Request) -> Whole:
    """The content length is that of a shorter body."""
    return Whole(_with(whole.head, content_length=str(max(0, len(whole.body) - 20))), whole.body)


@defect("http/body-short", at="whole", caught_by="messages/answer/text", source="envoyproxy/ai-gateway#2392")
def _(whole: Whole, _: Request) -> Whole:
    """The content length is that of a longer body."""
    return Whole(_with(whole.head, content_length=str(len(whole.body) + 20)), whole.body)


@defect("http/body-with-bom", at="whole", caught_by="chat/answer/text")
def _(whole: Whole, _: Request) -> Whole:
    """A byte order mark stands before the JSON."""
    return _refit(whole, b"\xef\xbb\xbf" + whole.body)


@defect("http/body-twice", at="whole", caught_by="chat/answer/text")
def _(whole: Whole, _: Request) -> Whole:
    """The JSON comes twice."""
    return _refit(whole, whole.body + b"\n" + whole.body)


@defect("http/no-request-id", at="whole", caught_by="messages/refusals/request-id")
def _(whole: Whole, _: Request) -> Whole:
    """No header names the request."""
    headers = {name: value for name, value in whole.head.headers.items() if name not in {"request-id", "x-request-id"}}
    return Whole(Head(whole.head.status, headers), whole.body)


# Errors


@defect("http/errors-are-200", at="whole", caught_by="chat/refusals/missing-messages")
def _(whole: Whole, _: Request) -> Whole:
    """Errors come with status 200."""
    return Whole(Head(200, whole.head.headers), whole.body) if whole.head.status >= _ERROR else whole


@defect("http/errors-are-500", at="whole", caught_by="chat/refusals/missing-messages")
def _(whole: Whole, _: Request) -> Whole:
    """What the client did wrong is reported as a fault of the server."""
    return Whole(Head(500, whole.head.headers), whole.body) if whole.head.status >= _ERROR else whole


@defect("http/errors-are-html", at="whole", caught_by="chat/refusals/unknown-route")
def _(whole: Whole, _: Request) -> Whole:
    """Errors are pages of a web server."""
    page = b"<html><body><h1>Error</h1></body></html>"
    return _refit(whole, page, content_type="text/html") if whole.head.status >= _ERROR else whole


@defect("http/errors-are-empty", at="whole", caught_by="chat/refusals/unknown-route")
def _(whole: Whole, _: Request) -> Whole:
    """Errors have no body."""
    return _refit(whole, b"") if whole.head.status >= _ERROR else whole


def _catch_all(reply: Reply, _: Request) -> Reply:
    """Unknown paths and methods are answered with 200."""
    return Reply({"status": "ok"}) if reply.status in {404, 405} else reply


for _dialect in ("chat", "messages", "responses"):
    defect(f"http/catch-all-{_dialect}", at=f"{_dialect}.error", caught_by=f"{_dialect}/refusals/unknown-route")(_catch_all)


# Requests


@defect("http/small-bodies", at="incoming", caught_by="messages/clients/claude-code/first-turn")
def _(request: Request, _: Request) -> Request:
    """A body of more than 40 kB is refused, as by the default of a web framework."""
    if int(request.headers.get("content-length", "0")) > _SMALL:
        raise Refusal(413, "The body is too large")
    return request


@defect("http/query-refused", at="incoming", caught_by="messages/answer/beta-query")
def _(request: Request, _: Request) -> Request:
    """A path with a query is another path."""
    return replace(request, path=f"{request.path}?", query={}) if request.query else request


@defect("http/head-refused", at="incoming", caught_by="chat/wire/head")
def _(request: Request, _: Request) -> Request:
    """HEAD is refused where GET is not."""
    if request.method == "HEAD":
        raise Refusal(405, "HEAD is not allowed", headers={"allow": "GET"})
    return request
