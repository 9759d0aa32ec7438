"""The AI SDK, which sends items back as references where they are stored and by value where they are not."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.gateway.answers import Answers, calling
from tests.gateway.harness import playing, start_gateway
from tests.sdks.node_sdk import running_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.sdks.node_sdk import NodeSdk

pytestmark = pytest.mark.node

ADD = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]}
ANSWERS = {"add": {"parameters": ADD, "answer": "three"}}


@pytest.fixture(scope="module")
def node() -> Iterator[NodeSdk]:
    with running_node() as running:
        yield running


@pytest.fixture(scope="module")
def ask(node: NodeSdk) -> Iterator[Callable[..., Any]]:
    """Asks something while a backend plays."""
    with start_gateway() as gateway:

        def ask(backend: Answers, job: str, **request: Any) -> Any:
            async def run() -> Any:
                url = f"http://127.0.0.1:{gateway.port}"
                async with playing(gateway, backend.play):
                    return await asyncio.to_thread(node.get, f"ai.{job}", url, request={"model": "m", **request})

            return asyncio.run(asyncio.wait_for(run(), 120))

        yield ask
        gateway.stop()
        assert gateway.log == []


@pytest.mark.parametrize("job", ["generate", "stream"])
@pytest.mark.parametrize(
    ("options", "reasoning"),
    [
        ({}, "item_reference"),
        ({"store": True, "forceReasoning": True, "reasoningSummary": "auto"}, "item_reference"),
        ({"store": False, "forceReasoning": True}, "reasoning"),
        ({"store": False, "forceReasoning": True, "reasoningSummary": "auto"}, "reasoning"),
    ],
    ids=["default", "stored", "not stored", "summary"],
)
def test_a_loop_with_tools(ask: Any, job: str, options: Any, reasoning: str) -> None:
    backend = Answers({"reasoning_content": "hm", **calling(("add", {"a": 1, "b": 2}))}, "It is three.")
    told = ask(backend, job, openai=options, prompt="Add 1 and 2.", answers=ANSWERS)
    assert (told["text"], told["finish"]) == ("It is three.", "stop")
    assert told.get("streamed", told["text"]) == told["text"]
    assert [step["calls"] for step in told["steps"]] == [[{"name": "add", "input": {"a": 1, "b": 2}}], []]
    assert told["steps"][0].get("reasoning") == ("hm" if "reasoningSummary" in options else None)  # it shows summaries only
    assert told["steps"][1]["sent"] == ["user", reasoning, "function_call", "function_call_output"]
    assert [message["role"] for message in backend.messages] == ["user", "assistant", "tool"]
    assert json.loads(backend.messages[1]["tool_calls"][0]["function"]["arguments"]) == {"a": 1, "b": 2}
    assert backend.messages[1]["reasoning_content"] == "hm"
    assert backend.contents[-1] == "three"


@pytest.mark.parametrize("store", [True, False], ids=["stored", "not stored"])
def test_a_conversation_goes_on(ask: Any, store: bool) -> None:
    """What the SDK says was told goes back with the next question."""
    backend = Answers(calling(("add", {"a": 1, "b": 2})))
    said = [{"role": "user", "content": "Add 1 and 2."}]
    first = ask(backend, "stream", openai={"store": store}, messages=said, answers=ANSWERS)
    said += [*first["messages"], {"role": "user", "content": "And?"}]
    told = ask(backend, "generate", openai={"store": store}, messages=said, answers=ANSWERS)
    by_value = ["user", "function_call", "function_call_output", "assistant", "user"]
    assert told["steps"][0]["sent"] == ([*by_value[:3], "item_reference", "user"] if store else by_value)
    assert backend.contents == ["Add 1 and 2.", None, "three", "answer 2", "And?"]


@pytest.mark.parametrize("job", ["generate", "stream"])
def test_an_answer_in_a_form(ask: Any, job: str) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": False}
    backend = Answers('{"name": "Ann"}')
    assert ask(backend, job, prompt="I am Ann.", schema=schema)["output"] == {"name": "Ann"}
    assert backend.requests[0]["response_format"]["json_schema"]["schema"]["required"] == ["name"]
