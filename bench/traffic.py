"""The bytes of the benchmark: llama-server's answers and the clients' requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST: Final = "127.0.0.1"
MARK: Final = b"zzq"
"""Each piece of an answer contains this once, so that lost ones can be counted."""

PATHS: Final = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
ENDS: Final = {"chat": b"data: [DONE]", "responses": b"event: response.completed", "messages": b"event: message_stop"}
LAST_CHUNK: Final = b"0\r\n\r\n"
ID: Final = b"fRHKycROQAafSO2eZntfgnKrIR8GKNNK"
"""Stands in the id of every answer; a server that tells answers apart puts something else of this length there."""
LEAST_TOKENS: Final = 4096
KINDS: Final = ("text", "reasoning", "tools")

_STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nAccess-Control-Allow-Origin: \r\nX-Accel-Buffering: no\r\n"
    b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5, max=100\r\n\r\n"
)
_DELTAS: Final[dict[str, dict[str, Any]]] = {
    "text": {"content": " zzq"},
    "reasoning": {"reasoning_content": " zzq"},
    "tools": {"tool_calls": [{"index": 0, "function": {"arguments": " zzq"}}]},
}
_CALL: Final = {
    "tool_calls": [{"index": 0, "id": "x" * 32, "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "'}}]
}


def opening(kind: str) -> bytes:
    """Response headers and the first events, each event a chunk of its own as llama-server sends it."""
    events = [_chunk({"role": "assistant", "content": None})]
    if kind == "tools":
        events.append(_chunk(_CALL))
    return _STREAM_HEAD + b"".join(events)


def piece(kind: str) -> bytes:
    """One event of the answer."""
    return _chunk(_DELTAS[kind])


def closing(kind: str) -> bytes:
    """Finish, usage and [DONE]. `LAST_CHUNK` follows in a write of its own, as from llama-server."""
    timings = {"cache_n": 14, "prompt_n": 1, "prompt_ms": 0.36, "predicted_n": 28, "predicted_ms": 2.882}
    finish = _chunk({}, finish_reason="tool_calls" if kind == "tools" else "stop", timings=timings)
    usage = {"completion_tokens": 28, "prompt_tokens": 15, "total_tokens": 43, "prompt_tokens_details": {"cached_tokens": 14}}
    tail = (_chunk({"content": None}, choices=[], usage=usage), _framed(b"data: [DONE]\n\n"))
    return (_chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"}'}}]}) if kind == "tools" else b"") + finish + b"".join(tail)


def whole_stream(kind: str) -> bytes:
    """An answer of one piece, streamed."""
    return opening(kind) + piece(kind) + closing(kind)


def whole_json() -> bytes:
    """An answer of one piece, as JSON."""
    message = {"role": "assistant", "content": " zzq"}
    usage = {"completion_tokens": 28, "prompt_tokens": 15, "total_tokens": 43, "prompt_tokens_details": {"cached_tokens": 0}}
    return json_response(
        {**_envelope("chat.completion"), "choices": [{"finish_reason": "stop", "index": 0, "message": message}], "usage": usage}
    )


def json_response(document: Any) -> bytes:
    """A response with a JSON body."""
    body = _dump(document)
    head = b"HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def request(dialect: str, *, stream: bool, size: int, headers: Mapping[str, str] | None = None, max_tokens: int | None = None) -> bytes:
    """A whole request with a body of about `size` bytes: a third tools, the rest conversation, as coding agents send it."""
    document = _body(dialect, stream=stream, size=size)
    if max_tokens is not None:
        document["max_output_tokens" if dialect == "responses" else "max_tokens"] = max_tokens
    body = _dump(document)
    head = f"POST {PATHS[dialect]} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nAuthorization: Bearer sk-none\r\n"
    version = "anthropic-version: 2023-06-01\r\n" if dialect == "messages" else ""
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"{head}{version}{more}User-Agent: bench/1\r\nAccept: */*\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _body(dialect: str, *, stream: bool, size: int) -> dict[str, Any]:
    tools = [_tool(dialect, i) for i in range(max(1, size // 3 // 700))]
    turns = ["How is the weather in Paris? "] + ["Line of a file, and what to do with it. " * 12] * max(0, (size - 700 * len(tools)) // 560)
    common = {"model": "tiny", "stream": stream, "tools": tools}
    roles = ["user", "assistant"] * (len(turns) // 2 + 1)
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    if len(messages) % 2 == 0:
        messages.append({"role": "user", "content": "Go on."})
    match dialect:
        case "messages":
            return {**common, "max_tokens": LEAST_TOKENS, "thinking": {"type": "enabled", "budget_tokens": 1024}, "messages": messages}
        case "responses":
            return {**common, "input": messages}
        case _:
            return {**common, "messages": messages}


def _tool(dialect: str, i: int) -> dict[str, Any]:
    name, text = ("get_weather" if i == 0 else f"tool_{i}"), "Does something useful with a file. " * 8
    properties = {f"argument_{j}": {"type": "string", "description": "What it is good for."} for j in range(4)}
    schema = {"type": "object", "properties": {"city": {"type": "string"}, **properties}, "required": ["city"]}
    match dialect:
        case "messages":
            return {"name": name, "description": text, "input_schema": schema}
        case "responses":
            return {"type": "function", "name": name, "description": text, "parameters": schema}
        case _:
            return {"type": "function", "function": {"name": name, "description": text, "parameters": schema}}


def _chunk(delta: dict[str, Any], *, finish_reason: str | None = None, **more: Any) -> bytes:
    choices = [{"finish_reason": finish_reason, "index": 0, "delta": delta}]
    return _framed(b"data: " + _dump({"choices": choices, **_envelope("chat.completion.chunk"), **more}) + b"\n\n")


def _envelope(kind: str) -> dict[str, Any]:
    envelope = {"created": 1795160610, "id": f"chatcmpl-{ID.decode()}", "model": "tiny"}
    return {**envelope, "system_fingerprint": "b0-unknown", "object": kind}


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _dump(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
