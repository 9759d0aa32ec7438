"""The official SDKs, each through a tool loop of two turns, against the real engine."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import pytest

pytestmark = pytest.mark.engine

QUESTION = "What is the weather in Paris?"
WEATHER = "sunny, 21 degrees"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "get_weather", "description": "Get the weather in a city", "parameters": SCHEMA}
CHAT_TOOL: Any = {"type": "function", "function": FUNCTION}
RESPONSES_TOOL: Any = {"type": "function", **FUNCTION}
MESSAGES_TOOL: Any = {"name": "get_weather", "description": "Get the weather in a city", "input_schema": SCHEMA}


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture
def openai_client(gateway: str) -> Any:
    with openai.OpenAI(base_url=f"{gateway}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(gateway: str) -> Any:
    with anthropic.Anthropic(base_url=gateway, api_key="none", max_retries=0) as client:
        yield client


def test_chat(openai_client: openai.OpenAI, streamed: bool) -> None:
    def ask(messages: list[Any]) -> Any:
        if not streamed:
            return openai_client.chat.completions.create(model="tiny-demo", messages=messages, tools=[CHAT_TOOL]).choices[0]
        with openai_client.chat.completions.stream(model="tiny-demo", messages=messages, tools=[CHAT_TOOL]) as stream:
            return stream.get_final_completion().choices[0]

    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    choice = ask(messages)
    assert choice.finish_reason == "tool_calls"
    [call] = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"})
    messages += [
        {"role": "assistant", "content": None, "tool_calls": [{"id": call.id, "type": "function", "function": call.function.to_dict()}]},
        {"role": "tool", "tool_call_id": call.id, "content": WEATHER},
    ]
    choice = ask(messages)
    assert choice.finish_reason == "stop"
    assert "sunny" in choice.message.content


def test_responses(openai_client: openai.OpenAI, streamed: bool) -> None:
    def ask(items: list[Any]) -> Any:
        if not streamed:
            return openai_client.responses.create(model="tiny-demo", input=items, tools=[RESPONSES_TOOL])
        with openai_client.responses.stream(model="tiny-demo", input=items, tools=[RESPONSES_TOOL]) as stream:
            return stream.get_final_response()

    items: list[Any] = [{"role": "user", "content": QUESTION}]
    response = ask(items)
    assert response.status == "completed"
    [call] = [item for item in response.output if item.type == "function_call"]
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Paris"})
    items += [item.to_dict() for item in response.output]
    items.append({"type": "function_call_output", "call_id": call.call_id, "output": WEATHER})
    response = ask(items)
    assert response.status == "completed"
    assert "sunny" in response.output_text
    assert response.usage.input_tokens > 0
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


@pytest.mark.parametrize("thinking", [None, {"type": "adaptive"}], ids=["plain", "thinking"])
def test_messages(anthropic_client: anthropic.Anthropic, streamed: bool, thinking: Any) -> None:
    def ask(messages: list[Any]) -> Any:
        options = {"model": "tiny-demo", "max_tokens": 500, "messages": messages, "tools": [MESSAGES_TOOL]}
        if thinking is not None:
            options["thinking"] = thinking
        if not streamed:
            return anthropic_client.messages.create(**options)
        with anthropic_client.messages.stream(**options) as stream:
            return stream.get_final_message()

    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    message = ask(messages)
    assert message.stop_reason == "tool_use"
    assert [block.type for block in message.content if block.type == "thinking"] == (["thinking"] if thinking else [])
    [call] = [block for block in message.content if block.type == "tool_use"]
    assert (call.name, call.input) == ("get_weather", {"city": "Paris"})
    messages += [
        {"role": "assistant", "content": [block.to_dict() for block in message.content]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": WEATHER}]},
    ]
    message = ask(messages)
    assert message.stop_reason == "end_turn"
    assert "sunny" in "".join(block.text for block in message.content if block.type == "text")


def test_count_tokens_agrees_with_what_the_engine_uses(anthropic_client: anthropic.Anthropic) -> None:
    messages: Any = [{"role": "user", "content": QUESTION}]
    count = anthropic_client.messages.count_tokens(model="tiny-demo", messages=messages, tools=[MESSAGES_TOOL])
    usage = anthropic_client.messages.create(model="tiny-demo", max_tokens=1, messages=messages, tools=[MESSAGES_TOOL]).usage
    assert count.input_tokens == usage.input_tokens + (usage.cache_read_input_tokens or 0)


def test_models(openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic) -> None:
    assert [model.id for model in openai_client.models.list()] == ["tiny-demo"]
    assert openai_client.models.retrieve("tiny-demo").object == "model"
    assert [model.id for model in anthropic_client.models.list()] == ["tiny-demo"]
    assert (anthropic_client.models.retrieve("tiny-demo").max_input_tokens or 0) > 1000
    with pytest.raises(openai.NotFoundError):
        openai_client.models.retrieve("no/such/model")
    with pytest.raises(anthropic.NotFoundError):
        anthropic_client.models.retrieve("no/such/model")


def test_the_stop_sequence_is_named(anthropic_client: anthropic.Anthropic) -> None:
    messages: Any = [{"role": "user", "content": "Count to 10"}]
    message = anthropic_client.messages.create(model="tiny-demo", max_tokens=200, messages=messages, stop_sequences=["x", "5"])
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "5")
    assert message.content[0].text == "1 2 3 4 "
    assert message.usage.output_tokens > 0


def test_structured_output(openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["name", "age"]}
    prompt = "Extract the name and the age: Anna is 30 years old."
    text_format: Any = {"format": {"type": "json_schema", "name": "person", "schema": schema, "strict": True}}
    response = openai_client.responses.create(model="tiny-demo", input=prompt, text=text_format, reasoning={"effort": "none"})
    assert set(json.loads(response.output_text)) == {"name", "age"}
    message = anthropic_client.messages.create(
        model="tiny-demo",
        max_tokens=200,
        messages=[{"role": "user", "content": prompt}],
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    assert set(json.loads(message.content[0].text)) == {"name", "age"}


def test_a_prompt_too_long_is_told_in_the_words_of_each_dialect(
    openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic
) -> None:
    # the demo model's template shortens what the user says, but not what the assistant said
    history: Any = [{"role": "assistant", "content": "word " * 20_000}, {"role": "user", "content": "hello"}]
    with pytest.raises(anthropic.BadRequestError, match=r"prompt is too long: \d+ tokens > \d+ maximum"):
        anthropic_client.messages.create(model="tiny-demo", max_tokens=5, messages=history)
    with pytest.raises(openai.BadRequestError) as failure:
        openai_client.responses.create(model="tiny-demo", input=history)
    assert failure.value.code == "context_length_exceeded"
