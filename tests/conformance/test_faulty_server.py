"""The reference server as a server, and the model behind it."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from faulty.calls import Call, Tool
from faulty.model import Prompt, Turn, pieces, think
from faulty.server import FaultyServer
from triglot_conformance.wire.http1 import Message, Request, exchange, read_message
from triglot_conformance.wire.sse import parse_stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

JSON = {"Content-Type": "application/json"}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", CITY)
HI = {"messages": [{"role": "user", "content": "Hi!"}]}


def ask(text: str, **rest: Any) -> Prompt:
    return Prompt((Turn("user", text),), **rest)


async def post(server: FaultyServer, path: str, body: Any, **headers: str) -> Message:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await exchange("127.0.0.1", server.port, Request("POST", path, {**JSON, **headers}, data), 5)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("say: héllo 世界 😀", "héllo 世界 😀"),
        ('Repeat after me: "one two"', "one two"),
        ("What is the capital of France?", "The capital of France is Paris."),
        ("Count to five.", "1 2 3 4 5"),
        ("What is 2 + 3?", "2 + 3 = 5"),
        ("My name is Ada.", "Nice to meet you, Ada!"),
        ("The code is 4711.\nWhat is the code?", "The code is 4711."),
        ("What is the weather in Paris?", "I need a tool for that, but this request has no tools."),
    ],
)
def test_model_follows_steering_prompts(asked: str, answer: str) -> None:
    assert think(ask(asked)).text == answer


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        ("What is the weather in Paris and New York?", [{"city": "Paris"}, {"city": "New York"}]),
        ("Use get_weather with city=Oslo", [{"city": "Oslo"}]),
        ("Use get_weather with city=Oslo and then use get_weather with city=Rome", [{"city": "Oslo"}, {"city": "Rome"}]),
        ("Hi!", []),
    ],
)
def test_model_calls_tools(asked: str, calls: list[Any]) -> None:
    plan = think(ask(asked, tools=(WEATHER,)))

    assert [json.loads(call.arguments) for call in plan.calls] == calls
    assert plan.finish == ("tool_calls" if calls else "stop")


def test_model_keeps_to_the_choice_of_tools() -> None:
    asked = "What is the weather in Paris and London?"

    assert think(ask(asked, tools=(WEATHER,), choice="none")).calls == ()
    assert think(ask("Hi!", tools=(WEATHER,), choice="required")).calls == (Call("get_weather", '{"city": "Hi!"}'),)
    assert len(think(ask(asked, tools=(WEATHER,), parallel=False)).calls) == 1


def test_model_fits_schemas() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}

    assert json.loads(think(ask("Alice is 30 years old.", schema=schema)).text) == {"name": "Alice", "age": 30}


@pytest.mark.parametrize("limit", range(1, 25))
def test_token_limit_cuts_thinking_text_and_calls(limit: int) -> None:
    plan = think(ask("What is the weather in Paris?", tools=(WEATHER,), reasons=True, max_tokens=limit))
    whole = think(ask("What is the weather in Paris?", tools=(WEATHER,), reasons=True))

    assert plan.usage.completion == min(limit, whole.usage.completion)
    assert plan.finish == ("tool_calls" if limit >= whole.usage.completion else "length")
    assert whole.reasoning.startswith(plan.reasoning)
    assert all(call.arguments.startswith("{") for call in plan.calls if call.arguments)


def test_stop_sequence_ends_the_text() -> None:
    plan = think(ask("Count to ten.", stops=("9", "4", "")))

    assert (plan.text, plan.finish, plan.stop) == ("1 2 3 ", "stop_sequence", "4")


def test_prefill_is_not_repeated() -> None:
    prompt = Prompt((Turn("user", "Count to five."), Turn("assistant", "1 2")))

    assert think(prompt).text == " 3 4 5"


@pytest.mark.parametrize("text", ["", "a\n\n b", "Grüße, 世界 😀!", "x" * 100, "12345 67"])
def test_pieces_join_to_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_connection_stays_open_for_several_requests() -> None:
    async def run() -> list[int]:
        async with FaultyServer(gap_s=0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            statuses = []
            for path, body in (("/v1/chat/completions", HI), ("/v1/chat/completions", {**HI, "stream": True}), ("/nowhere", {})):
                data = json.dumps(body).encode()
                head = f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
                writer.write(head.encode() + data)
                answer = await read_message(reader, is_answer=True)
                assert answer
                statuses.append(answer.status)
            writer.close()
            return statuses

    assert asyncio.run(run()) == [200, 200, 404]


@pytest.mark.parametrize("encoding", ["chunked", "gzip", "expect"])
def test_bodies_come_in_every_coding(encoding: str) -> None:
    async def run() -> int:
        data = json.dumps(HI).encode()
        if encoding == "chunked":
            head, data = "Transfer-Encoding: chunked\r\n", b"5\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (data[:5], len(data) - 5, data[5:])
        elif encoding == "gzip":
            data = gzip.compress(data)
            head = f"Content-Encoding: gzip\r\nContent-Length: {len(data)}\r\n"
        else:
            head = f"Expect: 100-continue\r\nContent-Length: {len(data)}\r\n"
        async with FaultyServer(gap_s=0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(f"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n{head}\r\n".encode())
            if encoding == "expect":
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(data)
            answer = await read_message(reader, is_answer=True)
            writer.close()
            assert answer
            return answer.status

    assert asyncio.run(run()) == 200


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b"{}", {"Content-Encoding": "gzip"}, 400),
        (b" " * ((32 << 20) + 1), {}, 413),
    ],
)
def test_bad_bodies_are_refused(body: bytes, headers: dict[str, str], status: int) -> None:
    async def run() -> list[Message]:
        async with FaultyServer() as server:
            return [await post(server, path, body, **headers) for path in ("/v1/chat/completions", "/v1/messages", "/v1/responses")]

    answers = asyncio.run(run())

    assert [answer.status for answer in answers] == [status] * 3
    assert all(json.loads(answer.body)["error"]["message"] for answer in answers)


def test_key_is_asked_for() -> None:
    async def run() -> list[int]:
        async with FaultyServer(gap_s=0, api_key="secret") as server:
            return [
                (await post(server, "/v1/chat/completions", HI, **headers)).status
                for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "Bearer secret"}, {"X-Api-Key": "secret"})
            ]

    assert asyncio.run(run()) == [401, 401, 200, 200]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("defects", [[], ["http/ignores-disconnect"]])
def test_slot_is_free_when_the_client_has_gone(defects: list[str], stream: bool) -> None:
    async def run() -> list[bool]:
        async with FaultyServer(defects, gap_s=0.05) as server:
            body = json.dumps({"messages": [{"role": "user", "content": "Count to 500."}], "stream": stream}).encode()
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            head = (
                f"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            states = [await anext(state async for state in watch(server) if state)]
            writer.close()
            await writer.wait_closed()
            states.append(True)
            async with asyncio.timeout(15 if not defects else None):
                async for state in watch(server, times=10 if defects else 1000):
                    states[-1] = state
                    if not state:
                        break
            return states

    assert asyncio.run(run()) == [True, bool(defects)]


async def watch(server: FaultyServer, times: int = 1000) -> AsyncIterator[bool]:
    """Whether a slot is busy, asked again and again."""
    for _ in range(times):
        answer = await exchange("127.0.0.1", server.port, Request("GET", "/slots"), 5)
        yield any(slot["is_processing"] for slot in json.loads(answer.body))


def test_same_prompt_is_found_in_the_cache() -> None:
    async def run() -> list[dict[str, int]]:
        async with FaultyServer(gap_s=0) as server:
            body = {"max_tokens": 50, "model": "reference", "system": "Be brief. " * 20, **HI}
            return [json.loads((await post(server, "/v1/messages", body)).body)["usage"] for _ in range(2)]

    first, second = asyncio.run(run())

    assert first["cache_read_input_tokens"] == 0 < second["cache_read_input_tokens"]
    assert first["input_tokens"] == second["input_tokens"] + second["cache_read_input_tokens"]


def test_several_choices_come_in_turns() -> None:
    async def run() -> Message:
        async with FaultyServer(gap_s=0) as server:
            return await post(server, "/v1/chat/completions", {**HI, "n": 2, "stream": True})

    frames = parse_stream(asyncio.run(run()).body)

    assert [json.loads(frame.data or "")["choices"][0]["index"] for frame in frames[:4]] == [0, 1, 0, 1]
    assert frames[-1].data == "[DONE]"


def test_unknown_defect_is_refused() -> None:
    with pytest.raises(ValueError, match="no/such"):
        FaultyServer(["no/such"])


def test_command_lists_defects(child_path: None) -> None:
    shown = subprocess.run([sys.executable, "-m", "faulty", "--list"], capture_output=True, text=True, check=True, timeout=60)

    assert "chat/no-id" in shown.stdout


def test_command_refuses_unknown_defects(child_path: None) -> None:
    shown = subprocess.run([sys.executable, "-m", "faulty", "--defect", "no/such"], capture_output=True, text=True, check=False, timeout=60)

    assert shown.returncode == 2
    assert "no/such" in shown.stderr
