"""Conversations that a backend would refuse, or answer with 500 for good, are answered by the real engine once converted."""

from __future__ import annotations

from typing import Any

import openai
import pytest

pytestmark = pytest.mark.engine

TOOL: Any = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}
ASK = {"role": "user", "content": "What is the weather in Oslo?"}


def call(arguments: str, call_id: str = "c1") -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "get_weather", "arguments": arguments}


def result(call_id: str = "c1") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": "sunny, 20 degrees"}


OSLO = '{"city": "Oslo"}'
CONVERSATIONS: dict[str, list[dict[str, Any]]] = {
    "sound": [ASK, call(OSLO), result()],
    "arguments empty": [ASK, call(""), result()],
    "arguments cut off": [ASK, call('{"city": "Os'), result()],
    "arguments out of range": [ASK, call('{"city": 1e999}'), result()],
    "interrupted": [ASK, call(OSLO), {"role": "user", "content": "hello"}],
    "orphan": [result("c0"), ASK],
    "call at the end": [ASK, call(OSLO)],
    "results in disorder": [ASK, call(OSLO), call(OSLO, "c2"), result("c2"), result()],
    "split turn": [
        ASK,
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "I need a tool."}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me see."}], "phase": "commentary"},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "Or not."}]},
        call(OSLO),
        result(),
        {"role": "user", "content": "hello"},
    ],
    "thinking at the end": [ASK, {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "I need a tool."}]}],
    "answer begun": [ASK, {"role": "assistant", "content": "It is"}],
    "late words of the developer": [
        {"role": "developer", "content": "a"},
        ASK,
        {"role": "assistant", "content": "b"},
        {"role": "system", "content": "c"},
    ],
    "tools of other kinds": [
        ASK,
        {"type": "custom_tool_call", "call_id": "c1", "name": "exec", "input": 'a"b\n'},
        {"type": "shell_call", "call_id": "c2", "action": {"commands": ["ls"]}},
        {"type": "apply_patch_call", "call_id": "c3", "status": "completed", "operation": {"type": "delete_file", "path": "a"}},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "ok"},
        {
            "type": "shell_call_output",
            "call_id": "c2",
            "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
        },
        {"type": "apply_patch_call_output", "call_id": "c3", "status": "failed"},
    ],
    "only hosted tools": [
        ASK,
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "Oslo"}},
        {"type": "mcp_call", "id": "mcp_1", "server_label": "s", "name": "look", "arguments": "{}", "output": "sunny"},
        {"role": "user", "content": "hello"},
    ],
}


@pytest.mark.parametrize("conversation", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
def test_a_broken_conversation_is_answered(gateway: str, conversation: Any) -> None:
    with openai.OpenAI(base_url=f"{gateway}/v1", api_key="none", max_retries=0) as client:
        response = client.responses.create(model="tiny", max_output_tokens=64, input=conversation, tools=[TOOL], store=False)
    assert response.status in ("completed", "incomplete")
    assert response.output
