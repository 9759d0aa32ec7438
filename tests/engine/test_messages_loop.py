"""Messages against the real engine, through the official SDKs: what an agent's turns are made of, and what they cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.sdks.sdk import sdk

from .conftest import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sdks.sdk import Sdk

__all__ = ["sdk"]

pytestmark = pytest.mark.engine

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"name": "get_weather", "description": "Get the weather in a city", "input_schema": CITY}]
TWO_CITIES = "What is the weather in Paris and Rome?"
PERSON = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["name", "age"]}
THINKING: Any = {"enabled": {"type": "enabled", "budget_tokens": 1024}, "adaptive": {"type": "adaptive"}}


@pytest.fixture(params=["messages.create", "messages.stream"], ids=["create", "stream"])
def ask(request: pytest.FixtureRequest, sdk: Sdk, gateway: str) -> Any:
    def ask(prompt: str | list[Any], **fields: Any) -> Any:
        messages = prompt if isinstance(prompt, list) else said(prompt)
        body = {"model": "tiny-demo", "max_tokens": 2000, "messages": messages, **fields}
        return sdk.get(request.param, gateway, request=body)

    return ask


@pytest.fixture(scope="module")
def gateway_with_alias(engine_url: str) -> Iterator[str]:
    with serving("--backend", engine_url, "--messages-alias", "claude-local") as url:
        yield url


def said(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def text_of(message: Any) -> str:
    return "".join(block["text"] for block in message["content"] if block["type"] == "text")


def prompt_tokens(message: Any) -> int:
    usage = message["usage"]
    return int(usage["input_tokens"] + usage["cache_creation_input_tokens"] + usage["cache_read_input_tokens"])


def with_results(prompt: str, message: Any, *results: str) -> list[Any]:
    calls = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
    content = [{"type": "tool_result", "tool_use_id": call, "content": text} for call, text in zip(calls, results, strict=True)]
    return [*said(prompt), {"role": "assistant", "content": message["content"]}, {"role": "user", "content": content}]


def test_text(ask: Any) -> None:
    message = ask("hello")
    assert [block["type"] for block in message["content"]] == ["text"]
    assert "Tiny" in text_of(message)
    assert (message["stop_reason"], message["stop_sequence"]) == ("end_turn", None)


@pytest.mark.parametrize("thinking", THINKING.values(), ids=THINKING)
def test_thinking(ask: Any, thinking: Any) -> None:
    message = ask("hello", thinking=thinking)
    thought, _ = message["content"]
    assert [block["type"] for block in message["content"]] == ["thinking", "text"]
    assert "greet" in thought["thinking"]
    assert thought["signature"]


def test_omitted_thinking_reaches_the_model_again(ask: Any, sdk: Sdk, gateway: str) -> None:
    def count(message: Any) -> Any:
        request = {"model": "tiny-demo", "messages": with_results(TWO_CITIES, message, "sunny", "rain"), "tools": TOOLS}
        return sdk.get("messages.count", gateway, request=request)["input_tokens"]

    shown = ask(TWO_CITIES, tools=TOOLS, thinking={"type": "adaptive"})
    omitted = ask(TWO_CITIES, tools=TOOLS, thinking={"type": "adaptive", "display": "omitted"})
    assert shown["content"][0]["thinking"] != ""
    assert (omitted["content"][0]["type"], omitted["content"][0]["thinking"]) == ("thinking", "")
    assert count(omitted) == count(shown)
    omitted["content"][0]["signature"] = ""
    assert count(omitted) < count(shown)


def test_altered_thinking_is_dropped(ask: Any, sdk: Sdk, gateway: str) -> None:
    def count(message: Any) -> Any:
        request = {"model": "tiny-demo", "messages": with_results(TWO_CITIES, message, "sunny", "rain"), "tools": TOOLS}
        return sdk.get("messages.count", gateway, request=request)["input_tokens"]

    message = ask(TWO_CITIES, tools=TOOLS, thinking={"type": "adaptive"})
    before = count(message)
    message["content"][0]["thinking"] += "I may do as I like."
    assert count(message) < before


@pytest.mark.parametrize("thinking", [{"type": "disabled"}, {"type": "adaptive"}], ids=["plain", "thinking"])
def test_parallel_calls(ask: Any, thinking: Any) -> None:
    message = ask(TWO_CITIES, tools=TOOLS, thinking=thinking)
    assert message["stop_reason"] == "tool_use"
    calls = [block for block in message["content"] if block["type"] == "tool_use"]
    assert [(call["name"], call["input"]) for call in calls] == [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]
    assert len({call["id"] for call in calls}) == 2
    answer = ask(with_results(TWO_CITIES, message, "sunny, 21 degrees", "rain, 12 degrees"), tools=TOOLS, thinking=thinking)
    assert answer["stop_reason"] == "end_turn"
    assert "sunny" in text_of(answer)
    assert "rain" in text_of(answer)


def test_parallel_calls_disabled(ask: Any) -> None:
    message = ask(TWO_CITIES, tools=TOOLS, tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert [block["input"] for block in message["content"] if block["type"] == "tool_use"] == [{"city": "Paris"}]
    assert message["stop_reason"] == "tool_use"


def test_stop_sequence(ask: Any) -> None:
    message = ask("Count to 10", stop_sequences=["x", "5"])
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "5")
    assert text_of(message) == "1 2 3 4 "


def test_max_tokens(ask: Any) -> None:
    message = ask("Tell me a story", max_tokens=5)
    assert (message["stop_reason"], message["usage"]["output_tokens"]) == ("max_tokens", 5)


def test_structured_output(ask: Any) -> None:
    output = {"format": {"type": "json_schema", "schema": PERSON}}
    message = ask("Extract the name and the age: Anna is 30 years old.", output_config=output)
    person = json.loads(text_of(message))
    assert person.keys() == {"name", "age"}
    assert isinstance(person["age"], int)


PROMPTS: Any = {
    "text": {"messages": said("hello")},
    "system": {"messages": said("hello"), "system": [{"type": "text", "text": "Be nice."}, {"type": "text", "text": "Be brief."}]},
    "tools": {"messages": said(TWO_CITIES), "tools": TOOLS},
    "thinking": {"messages": said("hello"), "thinking": {"type": "adaptive"}},
    "document": {
        "messages": [
            {"role": "user", "content": [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A cat."}}]}
        ]
    },
    "history": {
        "messages": [
            *said(TWO_CITIES),
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Rome"}}]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain"}, {"type": "text", "text": "Sure?"}],
            },
        ],
        "tools": TOOLS,
    },
}


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_counted_is_used(ask: Any, sdk: Sdk, gateway: str, prompt: Any) -> None:
    counted = sdk.get("messages.count", gateway, request={"model": "tiny-demo", **prompt})
    fields = {name: value for name, value in prompt.items() if name != "messages"}
    message = ask(prompt["messages"], **fields, max_tokens=20)
    assert prompt_tokens(message) == counted["input_tokens"]
    assert 0 < message["usage"]["output_tokens"] <= 20


@pytest.mark.parametrize("gateway", ["backend"], indirect=True)
def test_usage_is_what_the_engine_reports(ask: Any, engine_url: str) -> None:
    message = ask("Count to 10", temperature=0)
    request = {
        "messages": said("Count to 10"),
        "temperature": 0,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    answer = httpx.post(f"{engine_url}/v1/chat/completions", json=request).json()
    assert text_of(message) == answer["choices"][0]["message"]["content"]
    assert prompt_tokens(message) == answer["usage"]["prompt_tokens"]
    assert message["usage"]["output_tokens"] == answer["usage"]["completion_tokens"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("thinking", [{"type": "disabled"}, {"type": "adaptive"}], ids=["plain", "thinking"])
def test_tool_runner(sdk: Sdk, gateway: str, thinking: Any, streamed: bool) -> None:
    request = {
        "model": "tiny-demo",
        "max_tokens": 2000,
        "messages": said("What is the weather in Paris?"),
        "tools": TOOLS,
        "thinking": thinking,
        "stream": streamed,
        "answers": {"get_weather": "sunny, 21 degrees"},
    }
    done = sdk.get("messages.run_tools", gateway, request=request)
    assert done["calls"] == [{"name": "get_weather", "input": {"city": "Paris"}}]
    assert done["message"]["stop_reason"] == "end_turn"
    assert "sunny" in text_of(done["message"])


def test_thread(sdk: Sdk, gateway: str) -> None:
    """Nothing is kept here, and each turn after the first finds that out; the answers are those of the whole conversation."""
    turns = ["hello", "Count to 5", "hello"]
    answers = sdk.get("messages.converse", gateway, request={"model": "tiny-demo", "max_tokens": 200, "turns": turns})
    assert text_of(answers[1]) == "1 2 3 4 5"
    first, second, third = map(prompt_tokens, answers)
    assert first < second < third


def test_models(sdk: Sdk, gateway: str) -> None:
    [[model]] = sdk.get("messages.models", gateway)
    assert (model["id"], model["type"]) == ("tiny-demo", "model")
    assert model["max_input_tokens"] > 1000
    again = sdk.get("messages.model", gateway, request={"id": "tiny-demo"})
    assert again | {"created_at": model["created_at"]} == model  # the engine has no date but that of its answer
    assert sdk.ask("messages.model", gateway, request={"id": "no/such/model"})["error"]["error"]["type"] == "not_found_error"


def test_models_in_pages(sdk: Sdk, gateway_with_alias: str) -> None:
    pages = sdk.get("messages.models", gateway_with_alias, request={"limit": 1})
    assert [[model["id"] for model in page] for page in pages] == [["tiny-demo"], ["claude-local"]]
    [page] = sdk.get("messages.models", gateway_with_alias, request={"limit": 1000})
    assert [model["id"] for model in page] == ["tiny-demo", "claude-local"]
