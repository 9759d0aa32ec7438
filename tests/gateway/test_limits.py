"""What the backend says of its limits reaches the clients that read it."""

from __future__ import annotations

import asyncio
import json

import pytest

from .harness import REQUESTS, Connection, Gateway, chunk, playing

LIMITS = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-requests": "1s",
    "retry-after-ms": "2500",
}
OTHER = {"x-request-id": "req_of_the_backend", "openai-processing-ms": "7", "openai-organization": "theirs", "set-cookie": "a=b"}
WHOLE = {"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}}]}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("status", ["200 OK", "429 Too Many Requests"])
@pytest.mark.parametrize("dialect", REQUESTS)
def test_limits_are_passed_on_and_nothing_else_is(gateway: Gateway, dialect: str, status: str, *, stream: bool) -> None:
    async def play(connection: Connection) -> None:
        events = chunk({"content": "yes"}) + chunk({}, "stop") + b"data: [DONE]\n\n"
        kind = "text/event-stream"
        if not status.startswith("200"):
            events, kind = json.dumps({"error": {"message": "slow down", "type": "rate_limit_error"}}).encode(), "application/json"
        elif not connection.body["stream"]:
            events, kind = json.dumps(WHOLE).encode(), "application/json"
        headers = {"content-type": kind, "content-length": str(len(events)), **LIMITS, **OTHER}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        await connection.send("\r\n".join(lines).encode() + events)

    async def run() -> None:
        async with playing(gateway, play):
            reply = await asyncio.wait_for(gateway.ask(dialect, stream=stream), 60)
        assert reply.status == int(status[:3])
        found = {name: value for name, value in reply.headers.items() if name.startswith("x-ratelimit-") or name == "retry-after-ms"}
        assert found == ({} if dialect == "messages" else LIMITS)
        if reply.status == 429:
            assert reply.headers["retry-after"] == "3"
        assert not {"openai-organization", "set-cookie"} & reply.headers.keys()
        assert reply.headers["request-id" if dialect == "messages" else "x-request-id"] != "req_of_the_backend"

    asyncio.run(run())
