"""How a chat answer ended, read from its last chunks or its body."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from triglot.dialects.chat.ending import read_ending
from triglot.dialects.chat.relay import StreamRelay
from triglot.events import Finished, Usage

RECORDINGS = Path(__file__).parents[1] / "recordings" / "llama-server-b11549"
COUNTS = {"prompt_tokens": 12, "completion_tokens": 5}


def ending(*documents: Any) -> list[Any]:
    return read_ending([document if isinstance(document, bytes) else json.dumps(document).encode() for document in documents])


@pytest.mark.parametrize(
    ("documents", "found"),
    [
        ([{"choices": [{"finish_reason": "stop"}]}], [Finished("stop")]),
        ([{"choices": [{"finish_reason": "function_call"}]}], [Finished("tool_calls")]),
        ([{"choices": [{"finish_reason": "eos"}]}], [Finished("stop")]),
        ([{"choices": [{"finish_reason": None}, {"finish_reason": "length"}]}], [Finished("length")]),
        ([{"choices": [], "usage": COUNTS}], [Usage(12, 5, 0, 0)]),
        ([{"usage": {**COUNTS, "prompt_tokens_details": {"cached_tokens": 10}}}], [Usage(12, 5, 10, 0)]),
        ([{"usage": {**COUNTS, "completion_tokens_details": {"reasoning_tokens": 2}}}], [Usage(12, 5, 0, 2)]),
        ([{"timings": {"cache_n": 10, "prompt_n": 2, "predicted_n": 5}}], [Usage(12, 5, 10)]),
        ([{"usage": COUNTS}, {"choices": [{"finish_reason": "stop"}]}, b"[DONE]"], [Usage(12, 5, 0), Finished("stop")]),
        ([{"choices": [{"finish_reason": "length"}]}, {"choices": [], "usage": COUNTS}], [Usage(12, 5, 0), Finished("length")]),
        ([{"choices": [{"delta": {"content": "x"}}], "usage": None}], []),
        ([b"[DONE]", b"", b"\xff", b"[]", {"usage": {"prompt_tokens": "many"}}, {"choices": None}], []),
        ([], []),
    ],
)
def test_what_is_told_is_found(documents: list[Any], found: list[Any]) -> None:
    assert ending(*documents) == found


@pytest.mark.parametrize("size", [1, 200, 1 << 20])
@pytest.mark.parametrize("name", ["chat_stream_usage", "chat_reasoning_stream"])
def test_the_end_of_a_recorded_stream(name: str, size: int) -> None:
    """However it is cut: but what came in pieces that are long gone is not told."""
    data = (RECORDINGS / f"{name}.http").read_bytes().partition(b"\r\n\r\n")[2]
    relay = StreamRelay()
    for start in range(0, len(data), size):
        relay.feed(data[start : start + size])
    found = read_ending(relay.last_chunks())
    if size > 1:
        assert any(isinstance(event, Finished) for event in found)
    if name == "chat_stream_usage":
        assert any(isinstance(event, Usage) for event in found)
