"""Streams of llama-server, folded into its own answers in one piece."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.recordings import CHAT_STREAMS, read_body
from triglot.dialects.chat.fold import CompletionFold
from triglot.errors import ApiError, ErrorKind
from triglot_conformance.wire.http1 import parse_recording

CASES = Path(__file__).parents[2] / "conformance/cases/chat/json"
PAIRS = sorted(path.parent.name for path in CASES.glob("*/backend.http") if b"event-stream" in path.read_bytes())
# What differs from one answer to the same request to the next.
VOLATILE = [
    (r'"created":\d+', '"created":0'),
    (r'"id":"[\w-]{32,}"', '"id":"x"'),
    (r'("\w*(?:_ms|_per_second|cached_tokens|cache_n|prompt_n)"):[-+.e\d]+', r"\1:0"),
]


def fold(*pieces: bytes, single_call: bool = False) -> bytes:
    folding = CompletionFold(single_call=single_call)
    for piece in pieces:
        folding.feed(piece)
    return folding.close()


def settled(body: bytes) -> str:
    text = body.decode().strip()
    for pattern, value in VOLATILE:
        text = re.sub(pattern, value, text)
    return text


@pytest.mark.parametrize("size", [1, 7, 1000, 1_000_000])
@pytest.mark.parametrize("name", PAIRS)
def test_a_stream_folds_into_the_answer_that_llama_server_itself_gives(name: str, size: int) -> None:
    stream = parse_recording((CASES / name / "backend.http").read_bytes()).body
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    single_call = json.loads((CASES / name / "request.json").read_bytes()).get("parallel_tool_calls") is False
    assert fold(*pieces, single_call=single_call) == (CASES / name / "expected.json").read_bytes().strip()


@pytest.mark.parametrize(
    ("stream", "whole"),
    [("chat_stream_usage", "chat_model_name"), ("chat_reasoning_stream", "chat_reasoning"), ("chat_tools_auto_stream", "chat_tools_auto")],
)
def test_recordings_of_the_same_request_agree(stream: str, whole: str) -> None:
    assert settled(fold(read_body(stream))) == settled(read_body(whole))


@pytest.mark.parametrize("name", CHAT_STREAMS)
def test_every_recorded_stream_is_folded(name: str) -> None:
    body = json.loads(fold(read_body(name)))
    assert body["object"] == "chat.completion"
    assert all(choice["finish_reason"] for choice in body["choices"])
    assert "prompt_progress" not in body


def event(**fields: Any) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def choice(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"finish_reason": finish, "index": index, "delta": delta}


DONE = b"data: [DONE]\n\n"


def test_id_counts_and_times_are_those_of_the_first_choice() -> None:
    def usage(tokens: int) -> dict[str, Any]:
        return {"usage": {"completion_tokens": tokens}, "timings": {"predicted_n": tokens}}

    body = fold(
        event(choices=[choice({"content": "a"}, index=1)], id="one", created=1),
        event(choices=[choice({"content": "b"})], id="one", created=1),
        event(choices=[choice({}, "stop")], id="one", created=2),
        event(choices=[], id="one", created=3, **usage(7)),
        event(choices=[choice({}, "length", index=1)], id="one", created=4),
        event(choices=[], id="one", created=5, **usage(9)),
        DONE,
    )
    assert json.loads(body) == {
        "choices": [
            {"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": "b"}},
            {"finish_reason": "length", "index": 1, "message": {"role": "assistant", "content": "a"}},
        ],
        "created": 3,
        "object": "chat.completion",
        "id": "one",
        **usage(7),
    }


def test_numbers_keep_every_digit() -> None:
    ending = b'data: {"choices":[{"finish_reason":"stop","index":0,"delta":{}}],"timings":{"a":1.50,"b":2e-07,"c":0.10000000149011612}}\n\n'
    assert b'"timings":{"a":1.50,"b":2e-07,"c":0.10000000149011612}' in fold(ending, DONE)


def test_every_character_is_written_as_llama_server_writes_it() -> None:
    text = "".join(map(chr, range(0x20))) + '"\\/\x7f\u2028é世😀'
    body = fold(event(choices=[choice({"content": text}, "stop")]), DONE)
    assert json.loads(body)["choices"][0]["message"]["content"] == text
    assert rb"\u0000\u0001" in body
    assert rb"\b\t\n\u000b\f\r\u000e" in body
    assert '\\"\\\\/\x7f\u2028é世😀'.encode() in body


def test_an_error_in_the_stream_is_kept_and_ends_it() -> None:
    folding = CompletionFold()
    folding.feed(event(choices=[choice({"content": "a"})]) + event(error={"code": 500, "message": "x"}) + event(choices=7))
    assert (folding.ended, folding.error) == (True, {"code": 500, "message": "x"})


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [DONE],
        [event(choices=[choice({"content": "a"})]), DONE],
        [event(choices=[choice({}, "stop")])],
        [event(choices=[choice({}, "stop"), choice({"content": "a"}, index=1)]), DONE],
        [event(choices=[choice({}, "stop", index=1)]), DONE],
        [event(choices=[choice({}, "stop")]), DONE[:-1]],
    ],
)
def test_half_an_answer_is_none(pieces: list[bytes]) -> None:
    with pytest.raises(ApiError) as raised:
        fold(*pieces)
    assert raised.value.kind is ErrorKind.BACKEND_FAILED


@pytest.mark.parametrize("payload", [b"what", b'{"choices":7}', b'{"choices":[{"index":0,"delta":{"content":1}}]}', b"\xff", b"[" * 99_999])
def test_what_is_no_chunk_is_said(payload: bytes) -> None:
    with pytest.raises(ApiError, match="cannot read"):
        fold(b"data: " + payload + b"\n\n")


def test_progress_and_comments_are_no_part_of_the_answer() -> None:
    folding = CompletionFold()
    assert not folding.feed(b":\n\n")
    assert not folding.feed(event(choices=[choice({"role": "assistant", "content": None})], prompt_progress={"total": 9}))
    assert not folding.feed(event(choices=[choice({"content": "a"})])[:-1])
    assert folding.feed(b"\n")
    assert folding.feed(event(choices=[choice({}, "stop")]))


@pytest.mark.parametrize("numbers", [(0, 1), (1_000_000_000, 7), (-1, -2)])
def test_calls_are_known_by_their_numbers_whatever_these_are(numbers: tuple[int, int]) -> None:
    calls = [{"index": number, "id": f"c{number}", "function": {"name": "f", "arguments": "{"}} for number in numbers]
    rest = [{"index": number, "function": {"arguments": "}"}} for number in numbers]
    pieces = [event(choices=[choice({"tool_calls": [fragment]})]) for fragment in (*calls, *rest)]
    message = json.loads(fold(*pieces, event(choices=[choice({}, "tool_calls")]), DONE))["choices"][0]["message"]
    assert [(call["id"], call["function"]) for call in message["tool_calls"]] == [
        (f"c{number}", {"name": "f", "arguments": "{}"}) for number in numbers
    ]


def test_an_event_without_end_is_said() -> None:
    with pytest.raises(ApiError, match="more than"):
        fold(event(choices=[choice({"content": "a"})]) + b"data: ", *([b"x" * (1 << 20)] * 17))
