"""Chat answers in one piece are what the engine itself gives, though it has streamed them."""

from __future__ import annotations

import random
import re
from typing import Any

import httpx
import pytest

from .conftest import serving

pytestmark = pytest.mark.engine

PATH = "/v1/chat/completions"
UNTHINKING: Any = {"chat_template_kwargs": {"enable_thinking": False}}
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
ADD: Any = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two numbers",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]},
    },
}
PERSON: Any = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["name", "age"]}
SCHEMA: Any = {"type": "json_schema", "json_schema": {"name": "p", "schema": PERSON}}
PARIS = "What is the weather in Paris?"
BOTH = "What is the weather in Paris and Rome?"
STORY = "Tell me a story"
JSON = "Give me a JSON object with name Alice and age 30."
HISTORY: Any = [
    {"role": "user", "content": PARIS},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "x", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}],
    },
    {"role": "tool", "tool_call_id": "x", "content": "18 degrees and sunny"},
]
REQUESTS: dict[str, Any] = {
    "text": {"prompt": "hello", **UNTHINKING},
    "unicode": {"prompt": "say: héllo 世界 😀", **UNTHINKING},
    "length": {"prompt": STORY, "max_tokens": 5, **UNTHINKING},
    "no tokens": {"prompt": STORY, "max_tokens": 0, **UNTHINKING},
    "stop": {"prompt": "Count to 9", "stop": ["5"], **UNTHINKING},
    "stop across tokens": {"prompt": STORY, "stop": ["model that l"], **UNTHINKING},
    "stop in thinking": {"prompt": "hello", "stop": ["greet back"]},
    "thinking": {"prompt": "hello"},
    "thinking cut": {"prompt": "hello", "max_tokens": 6},
    "thinking in the text": {"prompt": "hello", "reasoning_format": "none"},
    "thinking in both": {"prompt": "hello", "reasoning_format": "deepseek-legacy"},
    "thinking to a budget": {"prompt": "What is the capital of France?", "reasoning_budget_tokens": 4},
    "call": {"prompt": PARIS, "tools": [WEATHER, ADD], **UNTHINKING},
    "call after thinking": {"prompt": PARIS, "tools": [WEATHER, ADD]},
    "call cut": {"prompt": PARIS, "tools": [WEATHER, ADD], "max_tokens": 25, **UNTHINKING},
    "call required": {"prompt": "Add 12 and 30.", "tools": [WEATHER, ADD], "tool_choice": "required", **UNTHINKING},
    "two calls": {"prompt": BOTH, "tools": [WEATHER, ADD], "parallel_tool_calls": True, **UNTHINKING},
    "result": {"messages": HISTORY, "tools": [WEATHER, ADD]},
    "schema": {"prompt": JSON, "response_format": SCHEMA, "max_tokens": 200, **UNTHINKING},
    "schema after thinking": {"prompt": JSON, "response_format": SCHEMA, "max_tokens": 200},
    "grammar": {"prompt": "hello", "grammar": 'root ::= "yes" | "no"', **UNTHINKING},
    "two choices": {"prompt": "hello", "n": 2, **UNTHINKING},
    "three choices": {"prompt": STORY, "n": 3, "temperature": 1.5, "seed": 4, "max_tokens": 40},
    "choices of calls": {"prompt": PARIS, "n": 2, "tools": [WEATHER, ADD]},
    "log probabilities": {"prompt": "hello", "logprobs": True, "top_logprobs": 2, **UNTHINKING},
    "log probabilities of thinking": {"prompt": "hello", "logprobs": True, "top_logprobs": 0},
    "log probabilities of characters": {"prompt": "say: 世界 😀", "logprobs": True, "top_logprobs": 1, **UNTHINKING},
    "log probabilities up to a stop": {"prompt": "Count to 9", "stop": ["4 5"], "logprobs": True, "top_logprobs": 1, **UNTHINKING},
    "log probabilities with tools": {"prompt": PARIS, "tools": [WEATHER], "logprobs": True, "top_logprobs": 1},
    "log probabilities of two choices": {"prompt": "hello", "n": 2, "logprobs": True, "top_logprobs": 1, "max_tokens": 3, **UNTHINKING},
    "n_probs": {"prompt": "hello", "n_probs": 2, "max_tokens": 3, **UNTHINKING},
    "beginning given": {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello! I"}], **UNTHINKING},
    "verbose": {"prompt": "hello", "verbose": True, "max_tokens": 5, **UNTHINKING},
    "timings for each token": {"prompt": "hello", "timings_per_token": True, **UNTHINKING},
    "progress": {"prompt": "hello", "return_progress": True, "stream_options": {"include_usage": False}, **UNTHINKING},
}
REFUSED: dict[str, Any] = {
    "too many choices": {"prompt": "hello", "n": 99},
    "grammar with tools": {"prompt": "hello", "tools": [WEATHER], "grammar": 'root ::= "a"'},
    "bad schema": {"prompt": "hello", "response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": {"type": "nope"}}}},
}
# What two answers to the same request do not share.
VOLATILE = [
    (r'"created":\d+', '"created":0'),
    (r'"id":"[\w-]{32,}"', '"id":"x"'),
    (r'"id_slot":-?\d+', '"id_slot":0'),
    (r'"logprob":[-+.e\d]+', '"logprob":0'),  # what else is in a batch shows in the last digits
    (r'("\w*(?:_ms|_per_second|time)"):[-+.e\d]+', r"\1:0"),
]


def complete(fields: dict[str, Any]) -> dict[str, Any]:
    fields = dict(fields)
    prompt = fields.pop("prompt", None)
    messages = [{"role": "user", "content": prompt}] if prompt else fields.pop("messages")
    return {"model": "m", "messages": messages, "temperature": 0, "cache_prompt": False, **fields}


def settle(text: str) -> str:
    for pattern, value in VOLATILE:
        text = re.sub(pattern, value, text)
    return text


def ask(url: str, body: dict[str, Any]) -> httpx.Response:
    # a connection for each request: the engine closes those that it has kept for a while
    return httpx.post(url + PATH, json=body, timeout=60)


@pytest.fixture(scope="module")
def relay(engine_url: str) -> Any:
    """A gateway in front of the same engine that is asked itself."""
    with serving("--backend", engine_url) as url:
        yield url


@pytest.mark.parametrize("name", REQUESTS)
def test_an_answer_is_the_engines_own_character_by_character(relay: str, engine_url: str, name: str) -> None:
    body = complete(REQUESTS[name])
    own, ours = ask(engine_url, body), ask(relay, body)
    assert own.status_code == ours.status_code == 200
    assert settle(ours.text) == settle(own.text)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_keeps_its_status_and_words(relay: str, engine_url: str, name: str) -> None:
    body = complete(REFUSED[name])
    own, ours = ask(engine_url, body), ask(relay, body)
    assert own.status_code == ours.status_code == 400
    assert ours.json()["error"]["message"] == own.json()["error"]["message"]


@pytest.mark.parametrize("seed", range(20))
def test_what_a_model_babbles_is_folded_too(relay: str, engine_url: str, seed: int) -> None:
    chance = random.Random(seed)
    name = chance.choice(["thinking", "call after thinking", "thinking in the text", "result", "choices of calls", "unicode"])
    heat = {"temperature": chance.choice([0.7, 1.5, 3.0]), "seed": chance.randrange(1 << 20), "max_tokens": chance.choice([17, 60, 200])}
    body = complete({**REQUESTS[name], **heat})
    own, ours = ask(engine_url, body), ask(relay, body)
    assert own.status_code == ours.status_code
    if own.status_code == 200:
        assert settle(ours.text) == settle(own.text)
    else:  # a call that cannot be read is the engine's own error, in a stream or not
        assert ours.json()["error"]["message"] == own.json()["error"]["message"]


def test_without_folding_the_bytes_are_the_engines(engine_url: str) -> None:
    with serving("--backend", engine_url, "--nonstream-relay", "verbatim") as url:
        for name in ("text", "call", "two choices"):
            body = complete(REQUESTS[name])
            assert settle(ask(url, body).text) == settle(ask(engine_url, body).text)
