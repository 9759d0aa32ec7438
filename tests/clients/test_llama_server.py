"""The scripted llama-server says nothing that a real one would not."""

from __future__ import annotations

import json
from typing import Any

from tests.recordings import read_body

from .llama_server import Answer, Call, overflow_document, progress_chunk, stream_chunks

STREAMS = ("chat_stream_usage", "chat_stream_progress_timings", "chat_reasoning_stream", "chat_tools_parallel_stream")


def shape_of(value: Any) -> Any:
    """The keys of objects and the types of values; what differs from one call to the next is left out."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items() if key not in {"timings", "index"}}
    if isinstance(value, list):
        return [shape_of(item) for item in value]
    return type(value).__name__


def recorded_shapes() -> list[Any]:
    lines = [line for name in STREAMS for line in read_body(name).decode().split("\n")]
    return [shape_of(json.loads(line[6:])) for line in lines if line.startswith("data: {")]


def test_every_chunk_has_the_shape_of_a_recorded_one() -> None:
    answer = Answer(text="Well then.", reasoning="So it is.", calls=(Call("a", {"x": "y"}), Call("b", {"n": 1})))
    said = [progress_chunk(0, 9), progress_chunk(9, 9), *stream_chunks(answer, 9, usage=True)]
    recorded = recorded_shapes()
    assert [chunk for chunk in said if shape_of(chunk) not in recorded] == []


def test_the_order_is_that_of_a_recorded_stream() -> None:
    chunks = list(stream_chunks(Answer(text="Done.", reasoning="Thought.", calls=(Call("a", {"x": "y"}),)), 9, usage=True))
    keys = [next(iter(chunk["choices"][0]["delta"]), "finish") if chunk["choices"] else "usage" for chunk in chunks]
    assert list(dict.fromkeys(keys)) == ["role", "reasoning_content", "content", "tool_calls", "finish", "usage"]
    arguments = "".join(
        call["function"]["arguments"] for chunk in chunks if chunk["choices"] for call in chunk["choices"][0]["delta"].get("tool_calls", ())
    )
    assert arguments == '{"x": "y"}'


def test_the_overflow_is_worded_as_recorded() -> None:
    assert overflow_document(18008, 4096) == json.loads(read_body("err_context_overflow_stream"))
