"""Text from a prompt: the chat request that it becomes, and its answer."""

from __future__ import annotations

from typing import Any

import pytest

from triglot.backend.profiles import LLAMA_SERVER, OPENAI
from triglot.dialects.generate import GenerateStream, convert_request
from triglot.errors import ErrorKind
from triglot.events import BackendEvent, Failed, Finished, Progress, ReasoningDelta, TextDelta, Usage
from triglot.generated.control.models import GenerateText


def convert(**fields: Any) -> dict[str, Any]:
    return convert_request(GenerateText.model_validate({"prompt": "hello", **fields}, strict=True), "m", OPENAI)


def test_a_prompt_becomes_one_message():
    assert convert() == {
        "model": "m",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_what_is_said_of_the_answer_is_passed_on():
    fields = {"max_tokens": 5, "temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["x"]}
    body = convert(system="be brief", cancel_id="c", session_id="s", **fields)
    assert body["messages"][0] == {"role": "system", "content": "be brief"}
    assert {name: body[name] for name in fields} == fields
    assert not {"cancel_id", "session_id", "system", "prompt"} & body.keys()


def test_a_llama_server_is_asked_for_more():
    request = GenerateText.model_validate({"prompt": "hello", "t_max_predict_ms": 900}, strict=True)
    body = convert_request(request, "m", LLAMA_SERVER)
    assert (body["return_progress"], body["t_max_predict_ms"]) == (True, 900)
    assert "t_max_predict_ms" not in convert(t_max_predict_ms=900)


def translate(*events: BackendEvent) -> tuple[list[Any], GenerateStream]:
    stream = GenerateStream("req_1")
    stream.model = "m"
    return [made for event in events for made in stream.receive(event)], stream


@pytest.mark.parametrize(
    ("reason", "told"),
    [("stop", "stop"), ("tool_calls", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("cancelled", "cancelled")],
)
def test_the_last_event_holds_the_whole_answer(reason: Any, told: str):
    events, stream = translate(
        Progress(1, 2, 0),
        ReasoningDelta("hm"),
        TextDelta("Hel"),
        TextDelta("lo"),
        Usage(prompt=3, completion=4, cached=2),
        Finished(reason),
    )
    assert [event["type"] for event in events] == ["generate.reasoning", "generate.text", "generate.text", "generate.done"]
    assert events[-1]["answer"] == {
        "model": "m",
        "text": "Hello",
        "reasoning": "hm",
        "finish_reason": told,
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "cached_tokens": 2},
    }
    assert stream.ended


def test_an_answer_that_breaks_off_says_so():
    events, stream = translate(TextDelta("Hel"), Failed(ErrorKind.BACKEND_FAILED, "it broke"))
    assert events[-1]["type"] == "generate.failed"
    assert (events[-1]["error"]["message"], events[-1]["error"]["code"]) == ("it broke", "backend_failed")
    assert stream.ended


def test_a_stream_may_begin_with_signs_of_life():
    stream = GenerateStream("req_1")
    assert [*stream.start(None), *stream.idle()] == [{"type": "generate.ping"}] * 2
    assert not stream.ended
