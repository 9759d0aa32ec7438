"""One call at most in a chat answer, relayed and folded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from triglot.dialects.chat.fold import CompletionFold
from triglot.dialects.chat.relay import StreamRelay
from triglot.dialects.chat.single_call import keep_first_call

HEAD = {"created": 7, "id": "chatcmpl-1", "model": "tiny", "object": "chat.completion.chunk"}
DONE = b"data: [DONE]\n\n"


def encode(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0, **more: Any) -> bytes:
    return encode({"choices": [{"finish_reason": finish, "index": index, "delta": delta}], **HEAD, **more})


def timings(count: int) -> dict[str, Any]:
    return {"cache_n": 4, "prompt_n": 6, "predicted_n": count, "predicted_ms": 1.50}


def opening(number: int, call_id: str, name: str = "f", arguments: str = "") -> dict[str, Any]:
    return {"tool_calls": [{"index": number, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}]}


def rest(number: int, arguments: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": number, "function": {"arguments": arguments}}]}


def usage(count: int) -> dict[str, Any]:
    return {
        "completion_tokens": count,
        "prompt_tokens": 10,
        "total_tokens": count + 10,
        "prompt_tokens_details": {"cached_tokens": 4},
    }


FIRST = [{"role": "assistant", "content": None}, opening(0, "a", arguments="{"), rest(0, "}")]
SECOND = [opening(1, "b", arguments="{"), rest(1, "}")]
END = chunk({}, "tool_calls") + encode({"choices": [], **HEAD, "usage": usage(5), "timings": timings(5)}) + DONE


def said(*deltas: dict[str, Any], counted: bool = False, start: int = 1) -> bytes:
    return b"".join(chunk(delta, **({"timings": timings(count)} if counted else {})) for count, delta in enumerate(deltas, start))


def relay(body: bytes, size: int = 1_000_000, **options: Any) -> tuple[bytes, StreamRelay]:
    stream = StreamRelay(**{"single_call": True, **options})
    out = b""
    for start in range(0, len(body), size):
        out += stream.feed(body[start : start + size])
        if stream.ended:
            break
    return out, stream


def read(out: bytes) -> list[Any]:
    payloads = [event.removeprefix(b"data: ") for event in out.split(b"\n\n")[:-1]]
    return [payload if payload == b"[DONE]" else json.loads(payload) for payload in payloads]


SIZES = pytest.mark.parametrize("size", [1, 17, 400, 1_000_000])


@SIZES
@pytest.mark.parametrize("hide_progress", [True, False])
def test_a_stream_ends_where_a_second_call_begins(size: int, hide_progress: bool) -> None:
    body = said(*FIRST, *SECOND) + END
    out, stream = relay(body, size, hide_progress=hide_progress)
    assert out == said(*FIRST) + chunk({}, "tool_calls") + DONE
    assert stream.ended
    assert stream.close() is None
    assert stream.idle() == stream.cancel() == b""
    assert stream.last_chunks()[-1] == b"[DONE]"


@SIZES
def test_it_ends_with_the_counts_that_are_asked_for(size: int) -> None:
    body = said(*FIRST, *SECOND, counted=True) + END
    out, stream = relay(body, size, tell_usage=True, hide_timings=True)
    *chunks, count, done = read(out)
    assert b"".join(map(encode, chunks)) == said(*FIRST) + chunk({}, "tool_calls")
    assert (count["choices"], count["usage"], done) == ([], usage(4), b"[DONE]")
    assert stream.ended
    told, _ = relay(body, size, tell_usage=True)
    assert told.startswith(said(*FIRST, counted=True))


@SIZES
def test_without_counts_the_backend_comes_to_its_own_end(size: int) -> None:
    out, stream = relay(said(*FIRST, *SECOND) + END, size, tell_usage=True)
    assert out == said(*FIRST) + END
    assert not stream.ended
    assert stream.close() is None


def test_each_choice_has_its_own_call() -> None:
    pieces = [chunk(delta, index=index) for delta in [*FIRST, *SECOND] for index in (0, 1)]
    ends = chunk({}, "tool_calls", 0) + chunk({}, "tool_calls", 1) + DONE
    out, stream = relay(b"".join(pieces) + ends, choices=2)
    assert out == b"".join(pieces[:6]) + ends
    assert not stream.ended


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_an_answer_with_one_call_is_not_touched(size: int) -> None:
    body = b": hi\n\n" + said(*FIRST) + END
    assert relay(body, size)[0] == body
    body = said(*FIRST, counted=True) + END
    assert relay(body, size, hide_timings=True)[0] == said(*FIRST) + END  # the last ones come in any case


def test_text_that_looks_like_counts_is_kept() -> None:
    body = said({"content": ',"timings":{"a":1}'}) + END
    assert relay(body, hide_timings=True)[0] == body


@pytest.mark.parametrize(
    "second",
    [opening(0, "b"), {"tool_calls": [*rest(0, " ")["tool_calls"], *opening(1, "b")["tool_calls"]]}],
    ids=["every call has the index 0", "the end of one and the next in one chunk"],
)
def test_calls_are_told_apart(second: dict[str, Any]) -> None:
    out, stream = relay(said(*FIRST, second) + END)
    calls = [call for event in read(out)[:-1] for call in event["choices"][0]["delta"].get("tool_calls", ())]
    assert {call.get("id") for call in calls} == {"a", None}
    assert "".join(call["function"]["arguments"] for call in calls).strip() == "{}"
    assert stream.ended


def test_fragments_that_repeat_id_and_name_are_one_call() -> None:
    body = said(opening(0, "a", arguments="{"), opening(0, "a", arguments="}")) + END
    assert relay(body)[0] == body


def test_an_answer_in_one_chunk_keeps_its_own_end() -> None:
    both = {"content": "so", "tool_calls": [*opening(0, "a")["tool_calls"], *opening(1, "b")["tool_calls"]]}
    out, stream = relay(chunk(both, "tool_calls", usage=usage(9)) + DONE)
    first, done = read(out)
    assert first == json.loads(chunk({"content": "so", **opening(0, "a")}, "tool_calls", usage=usage(9))[6:])
    assert done == b"[DONE]"
    assert not stream.ended


@pytest.mark.parametrize(
    "event", [b'data: "tool_calls"\n\n', b'data: {"tool_calls": 1\n\n', b'data: {"choices":[{"delta":{"tool_calls":[7]}}]}\n\n']
)
def test_what_is_no_chunk_passes(event: bytes) -> None:
    assert relay(event)[0] == event


def fold(body: bytes, size: int = 1_000_000, **options: Any) -> tuple[Any, CompletionFold]:
    folding = CompletionFold(**{"single_call": True, **options})
    for start in range(0, len(body), size):
        folding.feed(body[start : start + size])
        if folding.ended:
            break
    return json.loads(folding.close()), folding


@SIZES
def test_a_fold_ends_where_a_second_call_begins(size: int) -> None:
    answer, folding = fold(said(*FIRST, *SECOND, counted=True) + END, size)
    [choice] = answer["choices"]
    assert [call["id"] for call in choice["message"]["tool_calls"]] == ["a"]
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert (choice["finish_reason"], answer["usage"], answer["timings"]) == ("tool_calls", usage(4), timings(4))
    assert (answer["id"], answer["object"], folding.cut) == ("chatcmpl-1", "chat.completion", True)


def test_a_fold_without_counts_or_with_more_choices_goes_on_to_its_end() -> None:
    answer, folding = fold(said(*FIRST, *SECOND) + END)
    assert [len(choice["message"]["tool_calls"]) for choice in answer["choices"]] == [1]
    assert (answer["usage"], folding.cut) == (usage(5), False)
    pieces = b"".join(chunk(delta, index=index, timings=timings(9)) for delta in [*FIRST, *SECOND] for index in (0, 1))
    answer, folding = fold(pieces + chunk({}, "tool_calls", 0) + chunk({}, "tool_calls", 1) + DONE, choices=2)
    assert [[call["id"] for call in choice["message"]["tool_calls"]] for choice in answer["choices"]] == [["a"], ["a"]]
    assert not folding.cut


def test_a_fold_with_one_call_is_the_same() -> None:
    body = said(*FIRST, counted=True) + END
    assert fold(body)[0] == fold(body, single_call=False)[0]


def test_an_answer_in_one_piece_keeps_its_first_call() -> None:
    call, other = opening(0, "a")["tool_calls"][0], opening(1, "b")["tool_calls"][0]
    answer = {
        "choices": [{"message": {"content": "so", "tool_calls": calls}} for calls in ([call, other], [call], None)],
        "usage": usage(3),
    }
    kept = json.loads(keep_first_call(json.dumps(answer).encode()))
    assert [choice["message"]["tool_calls"] for choice in kept["choices"]] == [[call], [call], None]
    assert kept["usage"] == answer["usage"]


@pytest.mark.parametrize(
    "body", [b'{"choices": [{"message": {"tool_calls": [1]}, "x": 1.50}]}', b'{"tool_calls"', b"[]", b'{"choices": [{"tool_calls": 1}]}']
)
def test_any_other_answer_is_left_as_it_is(body: bytes) -> None:
    assert keep_first_call(body) is body
