"""Histories that a backend would refuse, or answer with 500 for good, are answered by the real engine once repaired."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

pytestmark = pytest.mark.engine

TOOL: Any = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
ASK = {"role": "user", "content": "What is the weather in Oslo?"}


def call(call_id: str, arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": "get_weather", "input": arguments}


def result(call_id: str, text: str = "sunny, 20 degrees") -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": text}


OSLO = {"city": "Oslo"}
HISTORIES: dict[str, list[dict[str, Any]]] = {
    "sound": [ASK, {"role": "assistant", "content": [call("t1", OSLO)]}, {"role": "user", "content": [result("t1")]}],
    "arguments cut off": [ASK, {"role": "assistant", "content": [call("t1", '{"city": "Os')]}, {"role": "user", "content": [result("t1")]}],
    "arguments null": [ASK, {"role": "assistant", "content": [call("t1", None)]}, {"role": "user", "content": [result("t1")]}],
    "interrupted": [ASK, {"role": "assistant", "content": [call("t1", OSLO)]}, {"role": "user", "content": "hello"}],
    "orphan": [{"role": "user", "content": [result("t0")]}, ASK],
    "call at the end": [ASK, {"role": "assistant", "content": [call("t1", OSLO)]}],
    "split turn": [
        ASK,
        {"role": "assistant", "content": "Let me see."},
        {"role": "assistant", "content": [call("t1", OSLO)]},
        {"role": "user", "content": [result("t1")]},
        {"role": "user", "content": "hello"},
    ],
    "only hosted tools": [
        ASK,
        {
            "role": "assistant",
            "content": [
                {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "Oslo"}},
                {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
                {"type": "text", "text": "It is sunny."},
            ],
        },
        {"role": "user", "content": "hello"},
    ],
    "empty turns around a question": [
        {"role": "assistant", "content": None},
        ASK,
        {"role": "assistant", "content": []},
        {"role": "user", "content": ""},
    ],
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES.keys())
def test_a_broken_history_is_answered(gateway: str, history: Any) -> None:
    with anthropic.Anthropic(base_url=gateway, api_key="none", max_retries=0) as client:
        message = client.messages.create(model="tiny", max_tokens=64, messages=history, tools=[TOOL])
        counted = client.messages.count_tokens(model="tiny", messages=history, tools=[TOOL])
    assert message.content
    assert counted.input_tokens == message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0)
