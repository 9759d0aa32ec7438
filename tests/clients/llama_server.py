"""A llama-server whose model is a script: real requests in, streams in the shape of the recordings out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.backend.scripted_server import Peer, ScriptedServer, chunked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

CONTEXT = 200_000
MODEL = "scripted"
TOKEN_CHARACTERS = 4  # so many make a token, by this server's count


@dataclass(frozen=True)
class Call:
    """One tool call of the model; its arguments are a text where they are not what they should be."""

    name: str
    arguments: dict[str, Any] | str

    @property
    def text(self) -> str:
        """The arguments as they are sent."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class Prefill:
    """How long the prompt is read before the first token, and how often the reading is reported.

    Without reports the headers, too, wait for the first token, as they do while a request is queued.
    """

    seconds: float = 0.0
    reports: int = 0


AT_ONCE = Prefill()


@dataclass(frozen=True)
class Answer:
    """What the model says in one turn."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
    prefill: Prefill = AT_ONCE


@dataclass(frozen=True)
class Overflow:
    """The prompt does not fit into a context of so many tokens."""

    context: int = CONTEXT


@dataclass(frozen=True)
class Loading:
    """The model is not there yet."""


@dataclass(frozen=True)
class Busy:
    """Something in front of the server has too much to do; it says in how many seconds to come back, or nothing about that."""

    seconds: int | None = None


@dataclass(frozen=True)
class Cut:
    """The server dies when it has said this."""

    text: str


Turn: TypeAlias = Answer | Overflow | Loading | Busy | Cut
"""What can come of a chat request."""


@dataclass
class LlamaServer:
    """The server's side: answers each chat request with what `play` makes of it.

    Attributes:
        play: the script, from the decoded chat request to the answer.
        vision: whether the model sees images.
        chats: every chat request, in order of arrival.
        unknown: requests that no llama-server answers, or that this one does not know.
    """

    play: Callable[[dict[str, Any]], Turn]
    vision: bool = False
    chats: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    url: str = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[LlamaServer]:
        """Serve on a free port of the loopback."""
        async with ScriptedServer(self._converse) as server:
            self.url = server.url
            yield self

    async def _converse(self, peer: Peer) -> None:
        while True:
            head, body = await peer.request()
            target = " ".join(head.decode().split(" ", 2)[:2])
            match target:
                case "GET /props":
                    await peer.send(encode_json(200, {**PROPS, "modalities": {"vision": self.vision, "video": False, "audio": False}}))
                case "GET /v1/models":
                    await peer.send(encode_json(200, MODELS))
                case "POST /v1/chat/completions/input_tokens":
                    await peer.send(encode_json(200, {"object": "response.input_tokens", "input_tokens": count_tokens(json.loads(body))}))
                case "POST /v1/chat/completions":
                    await self._complete(peer, json.loads(body))
                case _:
                    self.unknown.append(target)
                    await peer.send(encode_json(404, {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}))

    async def _complete(self, peer: Peer, chat: dict[str, Any]) -> None:
        self.chats.append(chat)
        total = count_tokens(chat)
        match self.play(chat):
            case Overflow(context=context):
                await peer.send(encode_json(400, overflow_document(total, context)))
            case Loading():
                await peer.send(encode_json(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}))
            case Busy(seconds=seconds):
                error = {"code": 429, "message": "Too many requests", "type": "rate_limit_error"}
                await peer.send(encode_json(429, {"error": error}, *([] if seconds is None else [b"Retry-After: %d" % seconds])))
            case Cut(text=text):
                await peer.send(STREAM_HEAD, encode_chunk(delta_chunk({"content": text})))
                peer.writer.transport.abort()
            case Answer() as answer:
                await self._stream(peer, chat, answer, total)

    async def _stream(self, peer: Peer, chat: dict[str, Any], answer: Answer, total: int) -> None:
        reports = answer.prefill.reports if chat.get("return_progress") else 0
        if reports:
            await peer.send(STREAM_HEAD, encode_chunk(progress_chunk(0, total)))
        for report in range(1, max(reports, 1) + 1):
            await asyncio.sleep(answer.prefill.seconds / max(reports, 1))
            if reports:
                await peer.send(encode_chunk(progress_chunk(total * report // reports, total)))
        if not reports:
            await peer.send(STREAM_HEAD)
            if chat.get("return_progress"):
                await peer.send(encode_chunk(progress_chunk(total, total)))
        for chunk in stream_chunks(answer, total, usage=bool((chat.get("stream_options") or {}).get("include_usage"))):
            await peer.send(encode_chunk(chunk))
        await peer.send(chunked(b"data: [DONE]\n\n"))


def count_tokens(chat: dict[str, Any]) -> int:
    """The size of a prompt, by a rule of thumb."""
    return len(json.dumps([chat.get("messages"), chat.get("tools")])) // TOKEN_CHARACTERS


def overflow_document(tokens: int, context: int) -> dict[str, Any]:
    """How llama-server refuses a prompt that is too long; source: err_context_overflow.http of the recordings."""
    message = f"request ({tokens} tokens) exceeds the available context size ({context} tokens), try increasing it"
    error = {"code": 400, "message": message, "type": "exceed_context_size_error", "n_prompt_tokens": tokens, "n_ctx": context}
    return {"error": error}


def stream_chunks(answer: Answer, prompt_tokens: int, *, usage: bool) -> Iterator[dict[str, Any]]:
    """The chunks of one answer, in llama-server's order: role, reasoning, content, calls, finish, usage."""
    yield delta_chunk({"role": "assistant", "content": None})
    words = 0
    for key, text in (("reasoning_content", answer.reasoning), ("content", answer.text)):
        for word in re.findall(r"\S+\s*|\s+", text):
            words += 1
            yield delta_chunk({key: word})
    for index, call in enumerate(answer.calls):
        function = {"name": call.name, "arguments": call.text[:1]}
        yield delta_chunk({"tool_calls": [{"index": index, "id": f"{index:032d}", "type": "function", "function": function}]})
        for piece in re.findall(r"\w+|\W", call.text[1:]):
            words += 1
            yield delta_chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield delta_chunk({}, finish="tool_calls" if answer.calls else "stop")
    if usage:
        counts = {"completion_tokens": words, "prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens + words}
        yield {**SAME, "choices": [], "usage": {**counts, "prompt_tokens_details": {"cached_tokens": 0}}}


def delta_chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """One chunk with one choice."""
    return {"choices": [{"finish_reason": finish, "index": 0, "delta": delta}], **SAME}


def progress_chunk(processed: int, total: int) -> dict[str, Any]:
    """One report of how much of the prompt has been read."""
    progress = {"total": total, "cache": 0, "processed": processed, "time_ms": processed}
    return {**delta_chunk({"role": "assistant", "content": None}), "prompt_progress": progress}


def encode_chunk(document: dict[str, Any]) -> bytes:
    """One event as one chunk of the body."""
    return chunked(b"data: %b\n\n" % json.dumps(document).encode()).removesuffix(b"0\r\n\r\n")


def encode_json(status: int, document: dict[str, Any], *headers: bytes) -> bytes:
    """A whole JSON answer."""
    body = json.dumps(document).encode()
    head = (b"HTTP/1.1 %d X" % status, b"Content-Type: application/json; charset=utf-8", b"Content-Length: %d" % len(body), *headers)
    return b"\r\n".join((*head, b"", body))


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
SAME = {
    "created": 1795160610,
    "id": "chatcmpl-S3VwkoXVUItoNOhO141exATyqMBhQCVX",
    "model": MODEL,
    "system_fingerprint": "b0-unknown",
    "object": "chat.completion.chunk",
}
PROPS = {
    "default_generation_settings": {"params": {}, "n_ctx": CONTEXT},
    "total_slots": 4,
    "model_alias": MODEL,
    "chat_template_caps": {
        "supports_tools": True,
        "supports_tool_calls": True,
        "supports_parallel_tool_calls": True,
        "supports_system_role": True,
        "supports_preserve_reasoning": True,
    },
}
MODELS = {
    "object": "list",
    "data": [
        {"id": MODEL, "object": "model", "created": 1795160610, "owned_by": "llamacpp", "meta": {"n_ctx": CONTEXT, "n_ctx_train": CONTEXT}}
    ],
}
