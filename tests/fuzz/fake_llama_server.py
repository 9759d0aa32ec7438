"""A llama-server without a model: plausible answers to any chat request, on a real socket, and a strict reader of what reaches it.

What llama-server b11549 refuses, this refuses in the same words. What it would silently misread is noted in `misfits`: a gateway must
never send it.
"""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLOTS = 4
MODEL = "fake"
KNOWN_PARTS = {"text", "image_url", "input_audio"}
SYSTEM_ROLES = {"system", "developer"}

_STANDING: dict[str, Any] = {
    "GET /health": {"status": "ok"},
    "GET /props": {
        "default_generation_settings": {"n_ctx": 4096},
        "total_slots": SLOTS,
        "model_alias": MODEL,
        "modalities": {"vision": True, "audio": True},
        "chat_template": "",
        "build_info": "b11549",
    },
    "GET /v1/models": {
        "object": "list",
        "data": [{"id": MODEL, "object": "model", "created": 1795160610, "owned_by": "llamacpp", "meta": {"n_ctx": 4096, "n_vocab": 800}}],
    },
    "POST /tokenize": {"tokens": [1, 2, 3]},
    "POST /apply-template": {"prompt": "<|im_start|>user\nhello<|im_end|>\n"},
    "POST /v1/chat/completions/input_tokens": {"input_tokens": 15, "object": "response.input_tokens"},
}


@dataclass
class FakeLlamaServer:
    """Serves on 127.0.0.1 from a thread of its own, from `with` to the end of it.

    Attributes:
        find_errors: the chat schema, as a function from a request to what is wrong with it.
        url: where it listens.
        misfits: what a real llama-server would have misread.
        refusals: how many requests it has answered with an error.
    """

    find_errors: Callable[[Any], list[str]]
    url: str = ""
    misfits: list[str] = field(default_factory=list)
    refusals: int = 0

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake llama-server")
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, path, _ = head[0].split(" ")
                writer.writelines(self._answer(method, path.partition("?")[0], body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the gateway closed the connection
        finally:
            self._connections.discard(task)
            writer.close()

    def _answer(self, method: str, path: str, body: bytes) -> Iterator[bytes]:
        try:
            request = json.loads(body) if body else {}
        except ValueError:
            self.misfits.append(f"not JSON: {body[:200]!r}")
            return self._refuse(400, "parse error")
        if (method, path) == ("POST", "/v1/chat/completions"):
            return self._complete(request)
        if (standing := _STANDING.get(f"{method} {path}")) is not None:
            return _send_json(200, standing)
        return self._refuse(404, "File Not Found", "not_found_error")

    def _complete(self, request: dict[str, Any]) -> Iterator[bytes]:
        self.misfits += [f"{misfit} in {json.dumps(request)[:1000]}" for misfit in self._find_misfits(request)]
        if reason := find_refusal(request):
            return self._refuse(400, reason)
        if request.get("stream"):
            return _send_stream(stream_chunks(request))
        return _send_json(200, whole_completion(request))

    def _find_misfits(self, request: dict[str, Any]) -> Iterator[str]:
        yield from self.find_errors(request)
        if any(tool.get("type") != "function" for tool in request.get("tools") or ()):
            yield "a tool that is no function"
        if not isinstance(request.get("tool_choice") or "auto", str):
            yield "a tool_choice that is silently taken for auto"
        if request.get("tool_choice") == "none" and request.get("tools"):
            yield "tools that are rendered although none may be called"
        if any(message.get("role") in SYSTEM_ROLES for message in request["messages"][1:]):
            yield "a system message that is not the first"
        if (request.get("response_format") or {}) == {"type": "json_object"}:
            yield "a json_object that is not enforced"

    def _refuse(self, status: int, message: str, kind: str = "invalid_request_error") -> Iterator[bytes]:
        self.refusals += 1
        return _send_json(status, {"error": {"code": status, "message": message, "type": kind}})


def find_refusal(request: dict[str, Any]) -> str | None:
    """Why llama-server would answer 400 to a request that fits the schema."""
    for message in request["messages"]:
        content = message.get("content")
        if isinstance(content, list) and any(part.get("type") not in KNOWN_PARTS for part in content):
            return "unsupported content[].type"
        if any(call.get("type") != "function" for call in message.get("tool_calls") or ()):
            return "Unsupported tool call type"
    if (request.get("n") or 1) > SLOTS:
        return f"Field 'n': Value must be between 1 <= value <= {SLOTS}, but got {request['n']}"
    if request.get("top_logprobs") is not None and not request.get("logprobs"):
        return "top_logprobs requires logprobs to be set to true"
    if request.get("grammar") is not None and request.get("tools"):
        return "Cannot use custom grammar constraints with tools."
    return None


def speak(request: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The deltas of one choice, and why it ends."""
    tools = request.get("tools") or []
    if tools and request.get("tool_choice") == "required":
        calls = [
            {"tool_calls": [{"index": 0, "id": "WnwVDEZjeF19LPWM6Y3SJ7vqtK76DKjd", "type": "function", "function": call}]}
            for call in [{"name": tools[0]["function"]["name"], "arguments": "{"}]
        ]
        return [*calls, {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}], "tool_calls"
    thinking = (request.get("chat_template_kwargs") or {}).get("enable_thinking") is not False
    thoughts = [{"reasoning_content": "Let me "}, {"reasoning_content": "think."}] if thinking else []
    if (request.get("response_format") or {}).get("type", "text") != "text":
        return [*thoughts, {"content": "{"}, {"content": "}"}], "stop"
    return [*thoughts, {"content": "Grüße "}, {"content": "\u2028 \U0001f600"}], "length" if request.get("max_tokens") == 1 else "stop"


def stream_chunks(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed answer."""
    same = {"created": 1795160610, "id": "chatcmpl-S3VwkoXVUItoNOhO141exATyqMBhQCVX", "model": MODEL, "object": "chat.completion.chunk"}

    def chunk(index: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {"choices": [{"finish_reason": reason, "index": index, "delta": delta}], **same}

    deltas, reason = speak(request)
    for index in range(request.get("n") or 1):
        opening = chunk(index, {"role": "assistant", "content": None})
        if request.get("return_progress"):
            yield {**opening, "prompt_progress": {"total": 15, "cache": 0, "processed": 15, "time_ms": 1}}
        yield opening
        yield from (chunk(index, delta) for delta in deltas)
        yield chunk(index, {}, reason)
    if (request.get("stream_options") or {}).get("include_usage"):
        yield {"choices": [], **same, "usage": _USAGE}


def whole_completion(request: dict[str, Any]) -> dict[str, Any]:
    """A non-stream answer."""
    deltas, reason = speak(request)
    message: dict[str, Any] = {"role": "assistant", "content": "".join(delta.get("content", "") for delta in deltas)}
    if thoughts := "".join(delta.get("reasoning_content", "") for delta in deltas):
        message["reasoning_content"] = thoughts
    if reason == "tool_calls":
        call = deltas[0]["tool_calls"][0]
        message["tool_calls"] = [{"type": "function", "function": {**call["function"], "arguments": "{}"}, "id": call["id"]}]
    choices = [{"finish_reason": reason, "index": index, "message": message} for index in range(request.get("n") or 1)]
    return {
        "choices": choices,
        "created": 1795160610,
        "model": MODEL,
        "object": "chat.completion",
        "usage": _USAGE,
        "id": "chatcmpl-S3Vwko",
    }


_USAGE = {"completion_tokens": 5, "prompt_tokens": 15, "total_tokens": 20, "prompt_tokens_details": {"cached_tokens": 14}}


def _send_json(status: int, document: Any) -> Iterator[bytes]:
    body = json.dumps(document).encode()
    yield b"HTTP/1.1 %d X\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def _send_stream(chunks: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    for data in [*(json.dumps(chunk, ensure_ascii=False) for chunk in chunks), "[DONE]"]:
        frame = f"data: {data}\n\n".encode()
        yield b"%x\r\n%b\r\n" % (len(frame), frame)
    yield b"0\r\n\r\n"
