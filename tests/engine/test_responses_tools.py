"""Tools of every kind that a client can answer, with a model that knows functions alone: the engine's grammar holds it to their shapes."""

from __future__ import annotations

from typing import Any

import openai
import pytest

pytestmark = pytest.mark.engine

NAMESPACE: Any = {
    "type": "namespace",
    "name": "mcp__files",
    "description": "Files.",
    "tools": [
        {
            "type": "function",
            "name": "read",
            "description": "Reads a file.",
            "parameters": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
        }
    ],
}
CUSTOM: Any = {"type": "custom", "name": "say", "description": "Says something."}
SEARCH: Any = {"type": "tool_search", "execution": "client"}
SHELL: Any = {"type": "shell", "environment": {"type": "local"}}
TOOLS = [NAMESPACE, CUSTOM, SEARCH, SHELL, {"type": "local_shell"}, {"type": "apply_patch"}, {"type": "web_search"}]


@pytest.fixture
def client(gateway: str) -> Any:
    with openai.OpenAI(base_url=f"{gateway}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def ask(request: pytest.FixtureRequest, client: openai.OpenAI) -> Any:
    """Sends items, or one prompt, and gives the response."""

    def ask(items: Any, **options: Any) -> Any:
        options = {"model": "tiny-demo", "max_output_tokens": 400, "input": items, "tools": TOOLS, "store": False, **options}
        if not request.param:
            return client.responses.create(**options)
        *_, last = client.responses.create(stream=True, **options)
        assert last.type in ("response.completed", "response.incomplete"), last
        return last.response

    return ask


def test_a_member_of_a_namespace_and_its_result(ask: Any) -> None:
    items: Any = [{"role": "user", "content": "Use mcp__files__read with path=README.md"}]
    first = ask(items)
    [call] = [item for item in first.output if item.type == "function_call"]
    assert (call.namespace, call.name, call.arguments.replace(" ", "")) == ("mcp__files", "read", '{"path":"README.md"}')
    items += [item.to_dict() for item in first.output]
    items.append({"type": "function_call_output", "call_id": call.call_id, "output": "It says hello."})
    second = ask(items)
    assert second.status == "completed"
    assert second.output_text


def test_a_free_text_comes_back_as_such(ask: Any) -> None:
    response = ask("Use say with input=hello", tool_choice={"type": "custom", "name": "say"})
    [call] = [item for item in response.output if item.type == "custom_tool_call"]
    assert (call.name, call.input) == ("say", "hello")


@pytest.mark.parametrize(
    ("prompt", "kind", "made", "result"),
    [
        (
            'Use shell with commands=["ls"]',
            "shell",
            {"action": {"commands": ["ls"], "timeout_ms": None, "max_output_length": None}},
            {"output": [{"stdout": "a.txt", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]},
        ),
        (
            'Use local_shell with command=["ls"]',
            "local_shell",
            {"action": {"type": "exec", "command": ["ls"], "env": {}, "working_directory": None, "user": None, "timeout_ms": None}},
            {"output": "a.txt"},
        ),
        (
            "Use apply_patch with type=delete_file and path=a.txt and diff=x",
            "apply_patch",
            {"operation": {"type": "delete_file", "path": "a.txt"}},
            {"status": "completed"},
        ),
        (
            "Use tool_search with query=mail",
            "tool_search",
            {"execution": "client", "arguments": {"query": "mail"}},
            {"execution": "client", "tools": [NAMESPACE]},
        ),
    ],
)
def test_calls_come_in_the_form_of_their_tool_and_go_back(ask: Any, prompt: str, kind: str, made: Any, result: Any) -> None:
    items: Any = [{"role": "user", "content": prompt}]
    options: Any = {"tools": [tool for tool in TOOLS if tool["type"] == kind], "reasoning": {"effort": "none"}}
    first = ask(items, tool_choice="required", **options)
    [call] = [item.to_dict() for item in first.output if item.type == f"{kind}_call"]
    assert call == {**call, **made, "status": "completed"}
    named = {"id": call["id"]} if kind == "local_shell" else {"call_id": call["call_id"]}
    items += [
        *(item.to_dict() for item in first.output),
        {"type": f"{kind}_{'' if kind == 'tool_search' else 'call_'}output", **named, **result},
    ]
    assert ask(items, **options).status in ("completed", "incomplete")
