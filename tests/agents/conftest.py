"""The Agents SDK in front of a gateway whose backend the test plays itself."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import agents
import openai
import pytest

from tests.gateway.answers import Answers
from tests.gateway.harness import Gateway, playing, start_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_reported() -> None:
    agents.set_tracing_disabled(disabled=True)


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with start_gateway() as running:
        yield running
        running.stop()
        assert running.log == []


@contextlib.asynccontextmanager
async def model_at(url: str, name: str = "m") -> AsyncIterator[agents.OpenAIResponsesModel]:
    """A model of the SDK, its client closed at the end."""
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        yield agents.OpenAIResponsesModel(name, client)


@pytest.fixture
def talk(gateway: Gateway) -> Callable[..., Answers]:
    """Does something with a model whose answers are laid out: `talk(work, *answers)` awaits `work(model)` and gives the backend."""

    def talk(work: Callable[[Any], Coroutine[Any, Any, None]], *answers: Any) -> Answers:
        backend = Answers(*answers)

        async def run() -> None:
            async with playing(gateway, backend.play), model_at(f"http://127.0.0.1:{gateway.port}") as model:
                await work(model)

        asyncio.run(asyncio.wait_for(run(), 120))
        return backend

    return talk


@pytest.fixture(params=["run", "streamed"])
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Runs an agent to its end, whole or streamed."""

    async def run(agent: Any, said: Any, **options: Any) -> Any:
        if request.param == "run":
            return await agents.Runner.run(agent, said, **options)
        result = agents.Runner.run_streamed(agent, said, **options)
        async for _ in result.stream_events():
            pass
        return result

    return run
