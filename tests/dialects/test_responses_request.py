from __future__ import annotations

from typing import Any

import pytest

from triglot.backend.profiles import LLAMA_SERVER, OPENAI
from triglot.dialects.responses.request import convert_request
from triglot.errors import ApiError
from triglot.generated.responses.models import CreateResponse

HELLO = {"role": "user", "content": "hello"}
SCHEMA = {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "string"}}}
TOOLS = [
    {"type": "function", "name": "a", "description": "does a", "parameters": SCHEMA, "strict": True},
    {"type": "function", "name": "b"},
]
FUNCTION_A = {"type": "function", "function": {"name": "a", "description": "does a", "parameters": SCHEMA, "strict": True}}
FUNCTION_B = {"type": "function", "function": {"name": "b", "parameters": {"type": "object", "properties": {}}}}


def convert(profile: Any = LLAMA_SERVER, **fields: Any) -> dict[str, Any]:
    request = CreateResponse.model_validate({"model": "m", "input": "hello", **fields})
    return convert_request(request, profile, unseal).chat.body


def unseal(sealed: str) -> str | None:
    return sealed.removeprefix("sealed ") if sealed.startswith("sealed ") else None


def messages_of(*items: dict[str, Any], **fields: Any) -> Any:
    return convert(input=list(items), **fields)["messages"]


def test_the_least_request() -> None:
    expected = {"model": "m", "messages": [HELLO], "stream": True, "stream_options": {"include_usage": True}, "return_progress": True}
    assert convert() == expected
    assert "return_progress" not in convert(OPENAI)


def test_without_input_there_is_nothing_to_answer() -> None:
    with pytest.raises(ApiError) as refusal:
        convert_request(CreateResponse.model_validate({"model": "m"}), LLAMA_SERVER, unseal)
    assert refusal.value.param == "input"


def test_a_result_without_its_call_is_refused() -> None:
    with pytest.raises(ApiError, match="call_id"):
        messages_of(HELLO, {"type": "function_call_output", "output": "x"})


def test_instructions_system_and_developer_become_one_message_at_the_top() -> None:
    items = [
        {
            "type": "message",
            "role": "developer",
            "content": [{"type": "input_text", "text": "two"}, {"type": "input_text", "text": "three"}],
        },
        HELLO,
        {"role": "system", "content": "four"},
    ]
    assert messages_of(*items, instructions="one") == [{"role": "system", "content": "one\n\ntwo\nthree\n\nfour"}, HELLO]


def test_what_the_assistant_did_is_one_message_and_results_stay_in_place() -> None:
    items = [
        HELLO,
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]},
        {"type": "function_call", "call_id": "call_1", "name": "a", "arguments": '{"z":1, "a":2}'},
        {"type": "function_call", "call_id": "call_2", "name": "b", "arguments": ""},
        {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
        {
            "type": "function_call_output",
            "call_id": "call_2",
            "output": [{"type": "input_text", "text": "x"}, {"type": "input_text", "text": "y"}],
        },
        {"role": "user", "content": [{"type": "input_text", "text": "And?"}]},
    ]
    assert messages_of(*items) == [
        HELLO,
        {
            "role": "assistant",
            "content": "Let me see.",
            "reasoning_content": "hm",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "a", "arguments": '{"z":1, "a":2}'}},
                {"id": "call_2", "type": "function", "function": {"name": "b", "arguments": ""}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "call_2", "content": "x\ny"},
        {"role": "user", "content": "And?"},
    ]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "reasoning", "id": "rs_1", "summary": None, "content": None, "encrypted_content": "x"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": []},
        {"type": "item_reference", "id": "msg_1"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
        {"type": "brand_new", "x": 1},
    ],
)
def test_items_without_a_place_in_a_chat_are_left_out(item: dict[str, Any]) -> None:
    assert messages_of(HELLO, item, HELLO) == [HELLO, HELLO]


def test_an_inline_image() -> None:
    content = [{"type": "input_text", "text": "look"}, {"type": "input_image", "image_url": "data:image/png;base64,aGk="}]
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]
    assert messages_of({"role": "user", "content": content}) == [{"role": "user", "content": parts}]


def test_an_image_on_the_web_is_not_fetched() -> None:
    with pytest.raises(ApiError, match="data: URL"):
        messages_of({"role": "user", "content": [{"type": "input_image", "image_url": "http://169.254.169.254/"}]})


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, {"tools": [FUNCTION_A, FUNCTION_B]}),
        ("auto", {"tools": [FUNCTION_A, FUNCTION_B]}),
        ("required", {"tools": [FUNCTION_A, FUNCTION_B], "tool_choice": "required"}),
        ("none", {}),
        ({"type": "function", "name": "b"}, {"tools": [FUNCTION_B], "tool_choice": "required"}),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "a"}, {"type": "web_search"}]},
            {"tools": [FUNCTION_A], "tool_choice": "required"},
        ),
        ({"type": "web_search_preview"}, {"tools": [FUNCTION_A, FUNCTION_B]}),
    ],
)
def test_tool_choice(choice: Any, expected: dict[str, Any]) -> None:
    sent = convert(tools=TOOLS, tool_choice=choice)
    assert {key: sent[key] for key in ("tools", "tool_choice") if key in sent} == expected


def test_tools_that_are_not_functions_are_left_out() -> None:
    others = [{"type": "web_search"}, {"type": "custom", "name": "c"}, {"type": "namespace", "name": "n", "tools": []}, {"type": "new"}]
    assert convert(tools=[*others, TOOLS[1]], parallel_tool_calls=False)["tools"] == [FUNCTION_B]
    assert "parallel_tool_calls" not in convert(tools=others, parallel_tool_calls=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ({"verbosity": "low"}, None),
        ({"format": {"type": "text"}}, None),
        ({"format": {"type": "json_object"}}, {"type": "json_object", "schema": {"type": "object"}}),
        (
            {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}},
            {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
        ),
    ],
)
def test_structured_output(text: Any, expected: Any) -> None:
    assert convert(text=text).get("response_format") == expected


@pytest.mark.parametrize(
    ("effort", "expected"),
    [
        (None, {}),
        ("none", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("high", {"chat_template_kwargs": {"enable_thinking": True}, "reasoning_effort": "high"}),
    ],
)
def test_reasoning(effort: str | None, expected: dict[str, Any]) -> None:
    sent = convert(reasoning={"effort": effort, "summary": "auto"})
    assert {key: sent[key] for key in ("chat_template_kwargs", "reasoning_effort") if key in sent} == expected


def test_limits_and_sampling() -> None:
    sent = convert(max_output_tokens=5, temperature=0.1, top_p=0.2)
    assert (sent["max_tokens"], sent["temperature"], sent["top_p"]) == (5, 0.1, 0.2)
