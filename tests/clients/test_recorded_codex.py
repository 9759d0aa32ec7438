"""What Codex really sent is valid, is converted whole, and loses just what this says.

`nox -s clients -- codex --record` wrote it, with filler for its prose.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from triglot.backend.profiles import LLAMA_SERVER
from triglot.dialects.responses.request import convert_request
from triglot.generated.responses.models import CreateResponse
from triglot.generated.responses.support import CREATE_RESPONSE
from triglot.support import find_losses

from .codex import items_of, tools_of
from .filler import LATIN, RECORDED
from .scripts import pictures_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triglot.dialects.responses.plan import Converted

[FOLDER] = RECORDED.glob("codex-*")
LOSSES = {
    "first-turn": {"tools[8] (web_search)"},
    "second-turn": {"tools[8] (web_search)"},
    "namespace": {"tools[12] (web_search)"},
    "thinking": {"tools[8] (web_search)"},
    "image-result": {"tools[8] (web_search)", "input[5].output[0].detail"},
    "compaction": set(),
    "after-compaction": {"tools[8] (web_search)"},
    "compaction-trigger": {"tools[8] (web_search)"},
    "after-compaction-trigger": {"tools[8] (web_search)"},
    "patches": {"tools[9] (web_search)", "text.verbosity"},
    "found-tool": {"tools[12] (web_search)", "text.verbosity", "input[5].tools[0].tools[0].defer_loading"},
    "script-result": {"text.verbosity", "reasoning.context"},
    "agent-task": {"text.verbosity", "reasoning.context"},
}
UNSEALED = "What was sealed"  # what a recording has in its place is zeros
CALLS = ("function_call", "custom_tool_call", "tool_search_call")
OUTPUTS = ("function_call_output", "custom_tool_call_output", "tool_search_output")
CLIENT_TOOLS = ("function", "custom", "tool_search")


def read(name: str) -> Any:
    recording = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert (recording["method"], recording["path"]) == ("POST", "/v1/responses")
    return recording["body"]


def convert(body: Any) -> Converted:
    return convert_request(CreateResponse.model_validate(body), LLAMA_SERVER, lambda _: UNSEALED)


@pytest.fixture(params=LOSSES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_recording_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(LOSSES)


def test_the_losses(name: str) -> None:
    body = read(name)
    losses = [*find_losses(CREATE_RESPONSE, body), *convert(body).losses]
    assert {str(loss) for loss in losses} == LOSSES[name]
    assert {loss.level for loss in losses} <= {"ignored"}


def functions_of(tool: Any, group: str = "") -> Iterator[tuple[str, Any]]:
    """The names of the functions that a tool becomes, each with its own tool."""
    if tool["type"] == "namespace":
        for member in tool["tools"]:
            yield from functions_of(member, f"{tool['name']}__")
    elif tool["type"] in CLIENT_TOOLS:
        yield group + tool.get("name", tool["type"]), tool


def test_every_tool_is_offered(name: str) -> None:
    body = read(name)
    tools = list(tools_of(body).values()) + [tool for item in items_of(body, "tool_search_output") for tool in item["tools"]]
    converted = convert(body)
    offered = {tool["function"]["name"]: tool["function"] for tool in converted.chat.body.get("tools", ())}
    functions = {} if converted.plan.compacts else dict(function for tool in tools for function in functions_of(tool))
    assert list(offered) == list(functions)
    for function, tool in functions.items():
        if tool["type"] == "custom":
            assert tool["format"]["definition"].strip() in offered[function]["description"]
        elif tool["type"] == "function":
            assert offered[function]["parameters"] == tool["parameters"]


def test_every_call_and_result_is_told(name: str) -> None:
    body = read(name)
    messages = convert(body).chat.body["messages"]
    told = [call for message in messages for call in message.get("tool_calls", ())]
    made = [item for item in body["input"] if item["type"] in CALLS]
    assert [call["id"] for call in told] == [item["call_id"] for item in made]
    for call, item in zip(told, made, strict=True):
        arguments = json.loads(call["function"]["arguments"])
        own = item.get("name", "tool_search")
        assert call["function"]["name"] == (f"{item['namespace']}__{own}" if item.get("namespace") else own)
        match item["type"]:
            case "function_call":
                assert arguments == json.loads(item["arguments"])
            case "custom_tool_call":
                assert arguments == {"input": item["input"]}
            case _:
                assert arguments == item["arguments"]
    results = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert results == [item["call_id"] for item in body["input"] if item["type"] in OUTPUTS]


def test_every_text_is_told(name: str) -> None:
    """Sentences of messages and results, in their order among those of their kind; and the images."""
    body = read(name)
    chat = convert(body).chat.body
    said = json.dumps(chat["messages"])
    places = {"system": 0, "others": 0}
    system = json.dumps(chat["messages"][0]["content"])
    for item in body["input"]:
        for text in texts_of(item.get("content", item.get("output"))):
            kind, whole = ("system", system) if item.get("role") == "developer" else ("others", said)
            quoted = json.dumps(text.strip())[1:-1]
            places[kind] = whole.index(quoted, places[kind]) + len(quoted)
    assert len(pictures_in(chat)) == json.dumps(body["input"]).count('"input_image"')
    assert [message["role"] for message in chat["messages"]].count("system") == 1
    assert chat["messages"][-1]["role"] in {"user", "tool"}


def test_what_was_sealed_is_told() -> None:
    """Thinking and a summary of the conversation, each at its place."""
    calls = [message for message in convert(read("thinking")).chat.body["messages"] if message["role"] == "assistant"]
    assert [message["reasoning_content"] for message in calls] == [UNSEALED]
    assert UNSEALED in convert(read("after-compaction-trigger")).chat.body["messages"][-1]["content"]


def test_a_summary_is_asked_for() -> None:
    converted = convert(read("compaction-trigger"))
    assert converted.plan.compacts
    assert "tools" not in converted.chat.body
    asked = convert(read("compaction"))
    assert not asked.plan.compacts
    assert "tools" not in asked.chat.body


def texts_of(content: Any) -> list[str]:
    """The texts of a message or a result, whatever its form."""
    if isinstance(content, str):
        return [content]
    texts = [part.get("text", part.get("encrypted_content")) for part in content or ()]
    return [text for text in texts if text is not None]


def test_the_second_prompt_begins_with_the_first() -> None:
    """Else the backend's prompt cache is lost."""
    before, after = (convert(read(turn)).chat.body for turn in ("first-turn", "second-turn"))
    assert after["messages"][: len(before["messages"])] == before["messages"]
    assert after["tools"] == before["tools"]


def strings_in(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a document, with the key that it stands under."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from strings_in(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item, key)
    elif isinstance(value, str):
        yield key, value


def test_only_the_structure_was_kept(name: str) -> None:
    """Whatever has a space in it is filler, but for grammars; and what belongs to a session is zeros."""
    body = read(name)
    metadata = body.pop("client_metadata")
    strings = [text for key, text in strings_in(body) if key not in {"definition", "arguments"}]
    strings += [text for key, text in strings_in(body) if key == "arguments" for _, text in strings_in(json.loads(text))]
    assert [text[:80] for text in strings if " " in text and not set(text) <= {*LATIN, "\n"}] == []
    assert [text for _, text in strings_in(metadata) if set(text) - set('0-{}[]:/,"._')] == []
    assert set(body["prompt_cache_key"]) == {"0", "-"}
