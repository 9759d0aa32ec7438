"""What Claude Code really sent is valid, is converted whole, and loses little.

`nox -s clients -- claude --record` wrote it, with filler for its prose.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from triglot.backend.profiles import LLAMA_SERVER
from triglot.dialects.messages.request import convert_request
from triglot.generated.messages.models import CreateMessage
from triglot.generated.messages.support import CREATE_MESSAGE
from triglot.support import find_losses

from .filler import LATIN, RECORDED

REQUESTS = sorted(path.relative_to(RECORDED) for path in RECORDED.glob("claude-code-*/*.json"))
# Fields that say how to cache or load, and what to show of the thinking: the model would be told the same without them.
HARMLESS = re.compile(r"context_management|thinking\.display|tools\[\d+\]\.defer_loading|.*\.cache_control")
BILLING = "x-anthropic-billing-header"
HOSTED = re.compile(r"tools\[\d+\] \(web_search_\d+\)")


@pytest.fixture(params=REQUESTS, ids=str)
def body(request: pytest.FixtureRequest) -> Any:
    recording = json.loads((RECORDED / request.param).read_text(encoding="utf-8"))
    assert recording["path"].partition("?")[0] == "/v1/messages"
    return recording["body"]


def blocks_of(messages: list[Any], kind: str) -> list[Any]:
    contents = [message["content"] for message in messages if isinstance(message["content"], list)]
    return [block for content in contents for block in content if block["type"] == kind]


def texts_of(content: Any) -> list[str]:
    """The texts of a message or a result, whatever its form."""
    if isinstance(content, str):
        return [content]
    return [block["text"] for block in content or () if block["type"] == "text"]


def test_there_are_recordings() -> None:
    assert {path.stem for path in REQUESTS} >= {"first-turn", "second-turn", "thinking-adaptive", "compaction", "sub-agent-reports"}


def test_the_request_is_valid_and_loses_little(body: Any) -> None:
    CreateMessage.model_validate(body)
    losses = [loss for loss in find_losses(CREATE_MESSAGE, body) if not HARMLESS.fullmatch(str(loss))]
    assert [str(loss) for loss in losses if not HOSTED.fullmatch(str(loss))] == []
    assert {loss.level for loss in losses} <= {"ignored"}


def test_nothing_said_is_lost(body: Any) -> None:
    """Every tool, call, result, thought and text of the request is in the chat request."""
    chat = convert_request(CreateMessage.model_validate(body), LLAMA_SERVER).body
    functions = [tool for tool in body.get("tools", []) if "input_schema" in tool]
    assert [(tool["function"]["name"], tool["function"]["parameters"]) for tool in chat.get("tools", [])] == [
        (tool["name"], tool["input_schema"]) for tool in functions
    ]
    calls = [call for message in chat["messages"] for call in message.get("tool_calls") or ()]
    assert [(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls] == [
        (block["id"], block["name"], block["input"]) for block in blocks_of(body["messages"], "tool_use")
    ]
    results = [message for message in chat["messages"] if message["role"] == "tool"]
    assert [message["tool_call_id"] for message in results] == [
        block["tool_use_id"] for block in blocks_of(body["messages"], "tool_result")
    ]
    thoughts = [message["reasoning_content"] for message in chat["messages"] if message.get("reasoning_content")]
    assert thoughts == [block["thinking"] for block in blocks_of(body["messages"], "thinking") if block["thinking"]]
    said = json.dumps(chat["messages"], ensure_ascii=False)
    texts = texts_of(body["system"]) + [text for message in body["messages"] for text in texts_of(message["content"])]
    texts += [text for block in blocks_of(body["messages"], "tool_result") for text in texts_of(block["content"])]
    texts = [text for text in texts if not text.startswith(BILLING)]
    assert [text for text in texts if json.dumps(text.strip(), ensure_ascii=False)[1:-1] not in said] == []
    parts = [
        part for block in blocks_of(body["messages"], "tool_result") if isinstance(block["content"], list) for part in block["content"]
    ]
    found = [part["tool_name"] for part in parts if part["type"] == "tool_reference"]
    assert [name for name in found if not any(name in str(message["content"]) for message in results)] == []
    pictures = [part for message in chat["messages"] if isinstance(message["content"], list) for part in message["content"]]
    assert [part["image_url"]["url"].partition(",")[2] for part in pictures if part["type"] == "image_url"] == [
        part["source"]["data"] for part in parts if part["type"] == "image"
    ]


def test_the_last_message_asks_for_an_answer(body: Any) -> None:
    """Whatever is said in between, the prompt ends with the user's turn or a result, or the model would go on with its own."""
    chat = convert_request(CreateMessage.model_validate(body), LLAMA_SERVER).body
    assert chat["messages"][-1]["role"] in {"user", "tool"}
    assert [message["role"] for message in chat["messages"]].count("system") == 1


def test_only_the_structure_was_kept(body: Any) -> None:
    """No text of a recording is anything but filler, and nothing in it belongs to a machine or a session."""
    texts = texts_of(body["system"]) + [text for message in body["messages"] for text in texts_of(message["content"])]
    texts += [tool["description"] for tool in body.get("tools", []) if "description" in tool]
    texts += [text for block in blocks_of(body["messages"], "tool_result") for text in texts_of(block["content"])]
    assert [text[:80] for text in texts if not text.startswith(BILLING) and not set(text) <= {*LATIN, "\n"}] == []
    assert set(re.sub(r'"\w+":', "", body["metadata"]["user_id"])) <= set('{}0-,"')


@pytest.mark.parametrize("turns", [("first-turn", "second-turn"), ("sub-agent-first-turn", "sub-agent-second-turn")])
def test_the_second_prompt_begins_with_the_first(turns: tuple[str, str]) -> None:
    """Else the backend's prompt cache is lost. The sub-agent's second turn ends with a system message."""
    [folder] = {path.parent for path in REQUESTS}
    first, second = (json.loads((RECORDED / folder / f"{turn}.json").read_text(encoding="utf-8"))["body"] for turn in turns)
    before, after = (convert_request(CreateMessage.model_validate(body), LLAMA_SERVER).body["messages"] for body in (first, second))
    assert after[: len(before)] == before
