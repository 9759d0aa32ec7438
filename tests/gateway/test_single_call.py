"""With parallel calls switched off, an answer ends where a second call begins, and the backend is let go."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from .harness import HEAD, REQUESTS, Connection, Gateway, Reply, playing, start_gateway

PARAMETERS = {"type": "object", "properties": {}}
FUNCTION = {"name": "f", "parameters": PARAMETERS}
FIELDS: dict[str, dict[str, Any]] = {
    "chat": {"tools": [{"type": "function", "function": FUNCTION}], "parallel_tool_calls": False},
    "responses": {"tools": [{"type": "function", **FUNCTION, "strict": False}], "parallel_tool_calls": False},
    "messages": {"tools": [{"name": "f", "input_schema": PARAMETERS}], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
}


def event(delta: dict[str, Any], count: int) -> bytes:
    document = {
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
        "created": 7,
        "id": "chatcmpl-1",
        "model": "m",
        "object": "chat.completion.chunk",
        "timings": {"cache_n": 4, "prompt_n": 6, "predicted_n": count},
    }
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


class Backend:
    """Writes one call after the other, until somebody stops it."""

    def __init__(self) -> None:
        self.body: Any = None
        self.gone = asyncio.Event()

    async def play(self, connection: Connection) -> None:
        self.body = connection.body
        await connection.send(HEAD)
        await connection.send_chunk(event({"role": "assistant", "content": None}, 0))
        for number in range(2):
            opening = {"id": f"call_{number}", "type": "function", "function": {"name": "f", "arguments": "{"}}
            for count, part in enumerate((opening, {"function": {"arguments": "}"}}), 3 * number + 1):
                await connection.send_chunk(event({"tool_calls": [{"index": number, **part}]}, count))
        await connection.closed()
        self.gone.set()


def ask(gateway: Gateway, dialect: str, **fields: Any) -> tuple[Reply, Any]:
    async def run() -> tuple[Reply, Any]:
        backend = Backend()
        async with playing(gateway, backend.play):
            reply = await asyncio.wait_for(gateway.ask(dialect, **{**FIELDS[dialect], **fields}), 60)
            await asyncio.wait_for(backend.gone.wait(), 60)
        return reply, backend.body

    return asyncio.run(run())


def calls_in(dialect: str, answer: Any) -> int:
    match dialect:
        case "chat":
            assert answer["choices"][0]["finish_reason"] == "tool_calls"
            return len(answer["choices"][0]["message"]["tool_calls"])
        case "responses":
            assert answer["status"] == "completed"
            return sum(item["type"] == "function_call" for item in answer["output"])
        case _:
            assert answer["stop_reason"] == "tool_use"
            return sum(block["type"] == "tool_use" for block in answer["content"])


@pytest.mark.parametrize("dialect", list(REQUESTS))
def test_a_whole_answer_has_one_call(gateway: Gateway, dialect: str) -> None:
    reply, _ = ask(gateway, dialect, stream=False)
    answer = json.loads(reply.body)
    assert calls_in(dialect, answer) == 1
    usage = answer["usage"]
    assert usage.get("completion_tokens", usage.get("output_tokens")) == 4


@pytest.mark.parametrize("options", [None, {"include_usage": True}])
@pytest.mark.parametrize("profile", ["llama-server", "openai"])
def test_a_chat_stream_has_one_call(options: Any, profile: str) -> None:
    with start_gateway("--backend-profile", profile) as gateway:
        reply, body = ask(gateway, "chat", stream=True, stream_options=options)
    assert ("timings_per_token" in body) is (profile == "llama-server" and options is not None)
    assert reply.body.endswith(b"data: [DONE]\n\n")
    events = reply.events
    assert [call["index"] for line in events for choice in line["choices"] for call in choice["delta"].get("tool_calls", ())] == [0, 0]
    end = events[3]["choices"][0]
    assert (end["finish_reason"], end["delta"]) == ("tool_calls", {})
    assert [line["usage"]["completion_tokens"] for line in events if "usage" in line] == ([4] if options else [])
    if "timings_per_token" in body:
        assert not [line for line in events if "timings" in line]


@pytest.mark.parametrize("fields", [{"parallel_tool_calls": True}, {"parallel_tool_calls": None}, {"tools": None}])
def test_without_the_wish_a_stream_is_left_as_it_is(gateway: Gateway, fields: dict[str, Any]) -> None:
    async def run() -> None:
        backend = Backend()
        async with playing(gateway, backend.play):
            path, body = REQUESTS["chat"]
            reader, writer = await gateway.send(path, {**body, **FIELDS["chat"], **fields, "stream": True})
            await asyncio.wait_for(reader.readuntil(b"call_1"), 60)
            writer.close()
            await asyncio.wait_for(backend.gone.wait(), 60)
            assert "timings_per_token" not in backend.body

    asyncio.run(run())
