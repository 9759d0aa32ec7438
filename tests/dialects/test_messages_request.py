from __future__ import annotations

from typing import Any

import pytest

from triglot.backend.profiles import LLAMA_SERVER, OPENAI
from triglot.dialects.messages.request import convert_prompt, convert_request
from triglot.errors import ApiError
from triglot.generated.messages.models import CountMessageTokens, CreateMessage

HELLO = {"role": "user", "content": "hello"}
SCHEMA = {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "string"}}}
TOOLS = [{"name": "a", "description": "does a", "input_schema": SCHEMA}, {"name": "b", "input_schema": {"type": "object"}, "strict": True}]
FUNCTION_A = {"type": "function", "function": {"name": "a", "description": "does a", "parameters": SCHEMA}}
FUNCTION_B = {"type": "function", "function": {"name": "b", "parameters": {"type": "object"}, "strict": True}}


def convert(profile: Any = LLAMA_SERVER, **fields: Any) -> dict[str, Any]:
    request = CreateMessage.model_validate({"model": "m", "max_tokens": 9, "messages": [HELLO], **fields})
    return convert_request(request, profile).body


def messages_of(*messages: dict[str, Any], **fields: Any) -> Any:
    return convert(messages=list(messages), **fields)["messages"]


def test_a_system_message_behind_an_answer_stays_in_its_place() -> None:
    answer = {"role": "assistant", "content": "hi"}
    late = {"role": "system", "content": [{"type": "text", "text": "be brief"}]}
    told = {"role": "user", "content": "hello\n\n<system>\nbe brief\n</system>"}
    assert messages_of(HELLO, answer, HELLO, late, system="s") == [{"role": "system", "content": "s"}, HELLO, answer, told]


def test_the_least_request() -> None:
    assert convert() == {
        "model": "m",
        "messages": [HELLO],
        "chat_template_kwargs": {"enable_thinking": False},
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "max_tokens": 9,
    }


def test_other_backends_get_no_extensions() -> None:
    sent = convert(OPENAI, top_k=5, t_max_predict_ms=9, thinking={"type": "adaptive"}, stop_sequences=["x"])
    assert sent.keys() == {"model", "messages", "stream", "stream_options", "max_tokens", "stop"}
    assert sent["stop"] == ["x"]


def test_sampling() -> None:
    sent = convert(temperature=0.5, top_p=0.9, top_k=5)
    assert (sent["temperature"], sent["top_p"], sent["top_k"]) == (0.5, 0.9, 5)


def test_the_limit_of_time_is_passed_on() -> None:
    assert convert(t_max_predict_ms=900)["t_max_predict_ms"] == 900
    assert "t_max_predict_ms" not in convert(t_max_predict_ms=None)


def test_stop_sequences_are_looked_for_here_where_the_backend_does_not_name_them() -> None:
    request = CreateMessage.model_validate({"model": "m", "max_tokens": 9, "messages": [HELLO], "stop_sequences": ["x", "", "y"]})
    chat = convert_request(request, LLAMA_SERVER)
    assert chat.rules.stop_sequences == ("x", "y")
    assert "stop" not in chat.body
    assert chat.body["timings_per_token"] is True


def test_every_system_text_goes_into_one_message_at_the_top() -> None:
    header = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=1a2b3;"}
    system = [header, {"type": "text", "text": "one", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "two"}]
    later = [{"role": "system", "content": "three"}, {"role": "system", "content": [{"type": "text", "text": "four"}]}]
    assert messages_of(HELLO, *later, system=system) == [{"role": "system", "content": "one\n\ntwo\n\nthree\n\nfour"}, HELLO]
    assert messages_of(HELLO, system="one") == [{"role": "system", "content": "one"}, HELLO]
    assert messages_of(HELLO, system="") == [HELLO]


def test_tool_results_come_next_to_their_calls_and_before_what_the_user_says() -> None:
    assistant = {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "foreign"},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "toolu_1", "name": "a", "input": {"z": 1, "a": [True, None, "é"]}},
            {"type": "tool_use", "id": "toolu_2", "name": "b", "input": {}},
        ],
    }
    user = {
        "role": "user",
        "content": [
            {"type": "text", "text": "And?"},
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]},
        ],
    }
    assert messages_of(HELLO, assistant, user)[1:] == [
        {
            "role": "assistant",
            "content": "Let me see.",
            "reasoning_content": "hm",
            "tool_calls": [
                {"id": "toolu_1", "type": "function", "function": {"name": "a", "arguments": '{"z":1,"a":[true,null,"é"]}'}},
                {"id": "toolu_2", "type": "function", "function": {"name": "b", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "toolu_1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "toolu_2", "content": "x\ny"},
        {"role": "user", "content": "And?"},
    ]


@pytest.mark.parametrize("content", [None, [], [{"type": "redacted_thinking", "data": "x"}], [{"type": "text", "text": ""}]])
def test_a_turn_without_content_is_left_out(content: Any) -> None:
    assert messages_of(HELLO, {"role": "assistant", "content": content}, HELLO) == [{"role": "user", "content": "hello\n\nhello"}]
    assert messages_of({"role": "user", "content": content}, HELLO) == [HELLO]


@pytest.mark.parametrize("content", [None, "", [], [{"type": "text", "text": ""}]])
def test_a_request_without_any_content_is_refused(content: Any) -> None:
    with pytest.raises(ApiError, match="content") as refusal:
        messages_of({"role": "user", "content": content}, {"role": "assistant", "content": content})
    assert refusal.value.param == "messages"


def test_images_and_documents() -> None:
    content = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "doc"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "part"}]}},
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "found"}]},
        {"type": "brand_new", "x": 1},
        {"type": "text", "text": "look"},
    ]
    parts = messages_of({"role": "user", "content": content})[0]["content"]
    assert parts[0] == {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    assert parts[1:] == [{"type": "text", "text": "doc\npart\nSearch result: t (s)\nfound\nlook"}]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, {"tools": [FUNCTION_A, FUNCTION_B]}),
        ({"type": "auto"}, {"tools": [FUNCTION_A, FUNCTION_B]}),
        ({"type": "auto", "disable_parallel_tool_use": True}, {"tools": [FUNCTION_A, FUNCTION_B], "parallel_tool_calls": False}),
        ({"type": "any"}, {"tools": [FUNCTION_A, FUNCTION_B], "tool_choice": "required"}),
        ({"type": "tool", "name": "b"}, {"tools": [FUNCTION_B], "tool_choice": "required"}),
        ({"type": "none"}, {}),
    ],
)
def test_tool_choice(choice: Any, expected: dict[str, Any]) -> None:
    sent = convert(tools=TOOLS, **({"tool_choice": choice} if choice else {}))
    assert {key: sent[key] for key in ("tools", "tool_choice", "parallel_tool_calls") if key in sent} == expected


def test_schemas_keep_the_order_of_their_keys() -> None:
    sent = convert(tools=TOOLS)
    assert list(sent["tools"][0]["function"]["parameters"]["properties"]) == ["z", "a"]


def test_hosted_tools_never_become_functions() -> None:
    hosted = [
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "code_execution_20260521", "name": "code_execution"},
        {"type": "new_2030", "name": "x"},
    ]
    assert "tools" not in convert(tools=hosted)


def test_a_tool_that_is_not_there_cannot_be_chosen() -> None:
    with pytest.raises(ApiError, match="zzz"):
        convert(tools=TOOLS, tool_choice={"type": "tool", "name": "zzz"})


@pytest.mark.parametrize(
    ("thinking", "enabled"),
    [({"type": "enabled", "budget_tokens": 1024}, True), ({"type": "adaptive", "display": "omitted"}, True), ({"type": "disabled"}, False)],
)
def test_thinking(thinking: dict[str, Any], enabled: bool) -> None:
    sent = convert(thinking=thinking, output_config={"effort": "high"})
    assert sent["chat_template_kwargs"] == {"enable_thinking": enabled}
    assert sent["reasoning_effort"] == "high"


def test_structured_output() -> None:
    sent = convert(output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
    assert sent["response_format"] == {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}


def test_counting_renders_the_same_prompt() -> None:
    fields = {"model": "m", "messages": [HELLO], "system": "s", "tools": TOOLS}
    counted = convert_prompt(CountMessageTokens.model_validate(fields), LLAMA_SERVER)
    sent = convert(system="s", tools=TOOLS)
    assert counted == {key: sent[key] for key in counted}
    assert {"messages", "tools", "chat_template_kwargs"} <= counted.keys()
