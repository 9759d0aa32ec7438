"""Recorded answers as each dialect's translator tells them."""

from __future__ import annotations

import itertools
from typing import Any, Final

import msgspec

from tests.recordings import read_body
from triglot.backend.decode import AnswerDecoder
from triglot.dialects.messages.stream import MessageStream
from triglot.dialects.responses.answer import begin_response
from triglot.dialects.responses.plan import StreamPlan
from triglot.dialects.responses.stream import ResponseStream
from triglot.errors import ErrorKind
from triglot.events import BackendEvent, Failed
from triglot.generated.responses.models import CreateResponse

NO_PLAN: Final = StreamPlan({})
FAILURE: Final = Failed(ErrorKind.BACKEND_FAILED, "the backend went away")


def events_of(recording: str) -> list[BackendEvent]:
    """The neutral events of a recording."""
    decoder = AnswerDecoder()
    return decoder.feed(read_body(recording)) + decoder.close()


def message_stream(*, display: Any = "full", members: Any = None, context_tokens: int | None = None) -> MessageStream:
    """A translator with ids that count."""
    numbers = itertools.count(1)
    return MessageStream(
        model="m",
        request_id="req_1",
        message_id="msg_0",
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        sign=lambda text: f"signed {len(text)}",
        display=display,
        members=members,
        context_tokens=context_tokens,
    )


def response_stream(plan: StreamPlan = NO_PLAN, *, background: bool = False) -> ResponseStream:
    """A translator with ids that count, and a clock that stands still."""
    numbers = itertools.count()
    document = {"model": "m", "input": "hello", "metadata": {"a": "b"}, "tools": [{"type": "function", "name": "get_weather"}]}
    document["background"] = background
    response = begin_response(CreateResponse.model_validate(document), document, model="m", response_id="resp_1", created_at=1)
    return ResponseStream(
        response, new_id=lambda prefix: f"{prefix}{next(numbers)}", now=lambda: 2, plan=plan, seal=lambda text: f"sealed {text}"
    )


def translate(translator: Any, events: list[BackendEvent]) -> list[Any]:
    """All dialect events of an answer, as a client decodes them."""
    return [msgspec.json.decode(msgspec.json.encode(made)) for event in events for made in translator.receive(event)]
