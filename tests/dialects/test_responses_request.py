from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from triglot.backend.profiles import LLAMA_SERVER, OPENAI
from triglot.dialects.responses.request import convert_request, count_body
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses.models import CreateResponse

if TYPE_CHECKING:
    from triglot.dialects.responses.plan import Converted, StreamPlan

HELLO = {"role": "user", "content": "hello"}
SCHEMA = {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "string"}}}
TOOLS = [
    {"type": "function", "name": "a", "description": "does a", "parameters": SCHEMA, "strict": True},
    {"type": "function", "name": "b"},
]
FUNCTION_A = {"type": "function", "function": {"name": "a", "description": "does a", "parameters": SCHEMA, "strict": True}}
FUNCTION_B = {"type": "function", "function": {"name": "b", "parameters": {"type": "object", "properties": {}}}}


def convert(profile: Any = LLAMA_SERVER, **fields: Any) -> dict[str, Any]:
    return convert_whole(profile, **fields).chat.body


def unseal(sealed: str) -> str | None:
    return sealed.removeprefix("sealed ") if sealed.startswith("sealed ") else None


def plan(**fields: Any) -> StreamPlan:
    return convert_whole(**fields).plan


def convert_whole(profile: Any = LLAMA_SERVER, **fields: Any) -> Converted:
    return convert_request(CreateResponse.model_validate({"model": "m", "input": "hello", **fields}), profile, unseal)


def test_the_least_request() -> None:
    expected = {"model": "m", "messages": [HELLO], "stream": True, "stream_options": {"include_usage": True}, "return_progress": True}
    assert convert() == expected
    assert "return_progress" not in convert(OPENAI)


@pytest.mark.parametrize("given", [None, [], [{"type": "brand_new"}], [{"role": "system", "content": ""}]])
def test_without_input_there_is_nothing_to_answer(given: Any) -> None:
    with pytest.raises(ApiError) as refusal:
        convert(input=given)
    assert (refusal.value.kind, refusal.value.param) == (ErrorKind.INVALID_REQUEST, "input")


def test_instructions_open_the_one_system_message() -> None:
    items = [{"role": "developer", "content": "two"}, HELLO, {"role": "system", "content": "three"}]
    assert convert(input=items, instructions="one")["messages"] == [{"role": "system", "content": "one\n\ntwo\n\nthree"}, HELLO]
    assert convert(input=[], instructions="one")["messages"] == [{"role": "system", "content": "one"}]


def test_a_last_word_of_the_assistant_is_the_beginning_of_the_answer() -> None:
    converted = convert_whole(input=[HELLO, {"role": "assistant", "content": "Once"}])
    assert converted.chat.rules.prefill == "Once"
    assert convert_whole(input=[HELLO]).chat.rules.prefill == ""


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


def test_tools_that_nobody_can_answer_are_left_out() -> None:
    others = [{"type": "web_search"}, {"type": "namespace", "name": "n", "tools": []}, {"type": "new"}]
    assert convert(tools=[*others, TOOLS[1]], parallel_tool_calls=False)["tools"] == [FUNCTION_B]
    alone = convert_whole(tools=others, parallel_tool_calls=False)
    assert "parallel_tool_calls" not in alone.chat.body
    assert not alone.chat.rules.single_call


def test_one_call_at_a_time() -> None:
    converted = convert_whole(tools=TOOLS, parallel_tool_calls=False)
    assert converted.chat.rules.single_call
    assert (converted.chat.body["parallel_tool_calls"], converted.chat.body["timings_per_token"]) == (False, True)


def test_tools_join_in_the_input() -> None:
    items = [
        {"type": "additional_tools", "role": "developer", "tools": [TOOLS[1]]},
        HELLO,
        {"type": "tool_search_call", "call_id": "c1", "execution": "client", "arguments": {"query": "a"}},
        {"type": "tool_search_output", "call_id": "c1", "execution": "client", "tools": [TOOLS[0]]},
    ]
    assert convert(input=items)["tools"] == [FUNCTION_B, FUNCTION_A]


def test_calls_of_the_conversation_have_the_names_of_the_tools() -> None:
    tools = [{"type": "namespace", "name": "mcp", "description": "", "tools": [{"type": "function", "name": "read"}]}]
    items = [
        HELLO,
        {"type": "function_call", "call_id": "c1", "namespace": "mcp", "name": "read", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "x"},
    ]
    sent = convert(input=items, tools=tools)
    [call] = sent["messages"][1]["tool_calls"]
    assert call["function"]["name"] == sent["tools"][0]["function"]["name"] == "mcp__read"


def test_a_summary_is_asked_for_without_tools_and_without_a_form() -> None:
    fields: Any = {"tools": TOOLS, "tool_choice": "required", "text": {"format": {"type": "json_object"}}, "max_output_tokens": 9}
    converted = convert_whole(input=[HELLO, {"type": "compaction_trigger"}], **fields)
    assert converted.plan.compacts
    assert converted.plan.callees == {}
    assert {"tools", "tool_choice", "response_format"}.isdisjoint(converted.chat.body)
    assert converted.chat.body["max_tokens"] == 9
    assert not plan(input=[{"type": "compaction_trigger"}, HELLO], **fields).compacts


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


def update(**fields: Any) -> dict[str, Any]:
    return {"type": "configuration_update", **fields}


@pytest.mark.parametrize(
    ("updates", "expected"),
    [
        ([], ("low", "json_object")),
        ([update(reasoning={"effort": "high"})], ("high", "json_object")),
        ([update(reasoning={"effort": "high"}), update(reasoning={"effort": None})], (None, "json_object")),
        ([update(reasoning={"effort": "high"}), update(reasoning={})], ("high", "json_object")),
        ([update(text={"format": {"type": "text"}})], ("low", None)),
        ([update(text={"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}}), update(text={})], ("low", "json_schema")),
    ],
)
def test_the_last_update_of_a_setting_holds(updates: list[dict[str, Any]], expected: Any) -> None:
    sent = convert(input=[HELLO, *updates], reasoning={"effort": "low"}, text={"format": {"type": "json_object"}})
    assert (sent.get("reasoning_effort"), sent.get("response_format", {}).get("type")) == expected


@pytest.mark.parametrize(
    ("reasoning", "summarises"),
    [(None, False), ({}, False), ({"summary": None}, False), ({"summary": "auto"}, True), ({"generate_summary": "concise"}, True)],
)
def test_a_summary_of_the_thinking_is_told_where_it_is_asked_for(reasoning: Any, summarises: bool) -> None:
    assert plan(reasoning=reasoning).summarises is summarises


def test_what_is_included() -> None:
    assert not plan().seals
    assert not plan(include=["web_search_call.results"]).seals
    assert plan(include=["reasoning.encrypted_content"]).seals


@pytest.mark.parametrize(
    ("fields", "told", "sent"),
    [
        ({}, None, None),
        ({"top_logprobs": 0}, None, None),
        ({"top_logprobs": 3}, 3, 3),
        ({"include": ["message.output_text.logprobs"]}, 0, 1),
        ({"include": ["message.output_text.logprobs"], "top_logprobs": 5}, 5, 5),
    ],
)
def test_log_probabilities(fields: Any, told: int | None, sent: int | None) -> None:
    converted = convert_whole(**fields)
    assert (converted.plan.top_logprobs, converted.chat.body.get("top_logprobs")) == (told, sent)
    assert converted.chat.body.get("logprobs") is (None if sent is None else True)


def test_llama_server_takes_no_log_probabilities_beside_tools() -> None:
    converted = convert_whole(top_logprobs=2, tools=TOOLS)
    assert converted.plan.top_logprobs is None
    assert {"logprobs", "top_logprobs"}.isdisjoint(converted.chat.body)
    assert [str(loss) for loss in converted.losses] == ["top_logprobs"]
    assert convert_whole(OPENAI, top_logprobs=2, tools=TOOLS).chat.body["top_logprobs"] == 2
    assert convert_whole(top_logprobs=2, tools=TOOLS, tool_choice="none").chat.body["top_logprobs"] == 2


def test_a_schema_beside_tools_is_told_where_it_keeps_them_from_being_called() -> None:
    form = {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}}
    converted = convert_whole(text=form, tools=TOOLS)
    assert "response_format" in converted.chat.body
    assert [str(loss) for loss in converted.losses] == ["tools"]
    demanded = convert_whole(text=form, tools=TOOLS, tool_choice="required")
    assert "response_format" not in demanded.chat.body
    assert not demanded.losses
    assert not convert_whole(OPENAI, text=form, tools=TOOLS).losses


def test_what_is_counted_is_what_makes_the_prompt() -> None:
    fields: Any = {"input": [HELLO], "instructions": "one", "tools": TOOLS, "reasoning": {"effort": "high"}}
    request = CreateResponse.model_validate({"model": "m", "max_output_tokens": 5, "temperature": 0, **fields})
    counted = count_body(request, LLAMA_SERVER, unseal)
    assert set(counted) == {"model", "messages", "tools", "parallel_tool_calls", "chat_template_kwargs", "reasoning_effort"}
    assert counted.items() <= convert(**fields).items()


def test_limits_and_sampling() -> None:
    sent = convert(max_output_tokens=5, temperature=0.1, top_p=0.2)
    assert (sent["max_tokens"], sent["temperature"], sent["top_p"]) == (5, 0.1, 0.2)


def test_the_limit_of_time_is_passed_on_to_a_llama_server() -> None:
    assert convert(t_max_predict_ms=900)["t_max_predict_ms"] == 900
    assert "t_max_predict_ms" not in convert() | convert(OPENAI, t_max_predict_ms=900)
