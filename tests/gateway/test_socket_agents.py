"""The Agents SDK over a WebSocket: one connection holds its whole loop, and none of it is stored."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import agents
import openai
from agents.models.openai_responses import OpenAIResponsesWSModel

from .harness import HEAD, Connection, Gateway, chunk, playing


@agents.function_tool
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)


def test_a_loop_with_tools_runs_on_one_connection(gateway: Gateway) -> None:
    requests: list[Any] = []

    async def play(connection: Connection) -> None:
        requests.append(connection.body)
        results = [message["content"] for message in connection.body["messages"] if message["role"] == "tool"]
        delta: dict[str, Any] = {"content": f"The sum is {results[-1]}."} if results else {}
        if len(results) < 3:
            arguments = json.dumps({"a": len(results), "b": 40})
            delta = {"tool_calls": [{"index": 0, "id": "x", "type": "function", "function": {"name": "add", "arguments": arguments}}]}
        await connection.send(HEAD)
        await connection.send_chunk(chunk(delta) + chunk({}, "stop" if len(results) == 3 else "tool_calls") + b"data: [DONE]\n\n")
        await connection.send(b"0\r\n\r\n")

    async def run() -> tuple[Any, Any]:
        agents.set_tracing_disabled(disabled=True)
        async with playing(gateway, play):
            client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key="none", max_retries=0)
            model = OpenAIResponsesWSModel("m", client)
            settings = agents.ModelSettings(store=False)
            agent = agents.Agent(name="adder", instructions="Add.", model=model, tools=[add], model_settings=settings)
            try:
                first = await agents.Runner.run(agent, "Add 40 to 0, 1 and 2.", auto_previous_response_id=True)
                opened = model._ws_connection
                streamed = agents.Runner.run_streamed(agent, "And again.", previous_response_id=first.last_response_id)
                events = [event async for event in streamed.stream_events()]
                assert model._ws_connection is opened  # nothing has made it reconnect
                assert events
                return first.final_output, streamed.final_output
            finally:
                await model.close()
                await client.close()

    first, second = asyncio.run(asyncio.wait_for(run(), 120))
    assert first == "The sum is 42."
    assert second == "The sum is 42."
    told = [message["role"] for message in requests[3]["messages"]]
    assert told == ["system", "user", *["assistant", "tool"] * 3]
    assert "And again." in json.dumps(requests[4]["messages"])
    assert [message["role"] for message in requests[4]["messages"]].count("tool") == 3  # what the first run did is remembered
