"""The Agents SDK on the real engine: what the demo model calls is run, and what it says is read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import agents
import openai
import pydantic
import pytest
from agents.models.openai_responses import OpenAIResponsesWSModel

from tests.engine.conftest import serving

from .conftest import model_at

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

pytestmark = pytest.mark.engine


@agents.function_tool
def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"{city}: sunny, 21 degrees"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as running:
        yield running


@pytest.fixture
def talk(url: str) -> Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]:
    def talk(work: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        async def run() -> None:
            async with model_at(url, "tiny-demo") as model:
                await work(model)

        asyncio.run(asyncio.wait_for(run(), 120))

    return talk


@pytest.mark.parametrize("chained", [False, True], ids=["by value", "by id"])
def test_a_loop_with_a_tool(talk: Any, run: Any, chained: bool) -> None:
    async def work(model: Any) -> None:
        agent = agents.Agent(name="weather", model=model, tools=[get_weather])
        first = await run(agent, "What is the weather in Paris?", auto_previous_response_id=chained)
        assert [item.output for item in first.new_items if item.type == "tool_call_output_item"] == ["Paris: sunny, 21 degrees"]
        assert "sunny" in first.final_output
        usage = first.context_wrapper.usage
        assert usage.requests == 2
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens > 0

    talk(work)


def test_events_come_while_the_model_speaks(talk: Any) -> None:
    async def work(model: Any) -> None:
        result = agents.Runner.run_streamed(agents.Agent(name="greeter", model=model), "hello")
        deltas = [
            event.data.delta
            async for event in result.stream_events()
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
        ]
        assert len(deltas) > 1
        assert "".join(deltas) == result.final_output

    talk(work)


class Person(pydantic.BaseModel):
    name: str
    age: int


def test_an_answer_in_a_form(talk: Any, run: Any) -> None:
    async def work(model: Any) -> None:
        settings = agents.ModelSettings(reasoning=openai.types.shared.Reasoning(effort="none"))
        agent = agents.Agent(name="reader", model=model, output_type=Person, model_settings=settings)
        result = await run(agent, "Extract the name and the age: Anna is 30 years old.")
        assert isinstance(result.final_output, Person)

    talk(work)


def test_a_session_of_the_server(talk: Any, run: Any) -> None:
    async def work(model: Any) -> None:
        session = agents.OpenAIConversationsSession(openai_client=model._client)
        agent = agents.Agent(name="weather", model=model, tools=[get_weather])
        for question in ("hello", "What is the weather in Paris?"):
            result = await run(agent, question, session=session)
        assert "sunny" in result.final_output
        kinds = [item.get("type", "message") for item in await session.get_items()]
        assert [kind for kind in kinds if kind != "reasoning"] == [
            "message",
            "message",
            "message",
            "function_call",
            "function_call_output",
            "message",
        ]

    talk(work)


def test_a_loop_on_a_websocket(url: str, run: Any) -> None:
    async def work() -> None:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            model = OpenAIResponsesWSModel("tiny-demo", client)
            agent = agents.Agent(name="weather", model=model, tools=[get_weather], model_settings=agents.ModelSettings(store=False))
            result = await run(agent, "What is the weather in Paris?", auto_previous_response_id=True)
            assert "sunny" in result.final_output
            await model.close()

    asyncio.run(asyncio.wait_for(work(), 120))
