"""The ways in which a client asks for an answer, what each of them can get, and how that is judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.gateway.harness import REQUESTS, Reply
from triglot_conformance.contract.contract import Contract
from triglot_conformance.replay.oracle import decode_events
from triglot_conformance.wire.sse import parse_stream

from .backend import TEXT

CONTRACT: Final = Contract(Path(__file__).parents[2] / "specs")


class Way(NamedTuple):
    """A dialect, streamed or not; `verbatim`: by a gateway with `--nonstream-relay verbatim`."""

    dialect: str
    stream: bool
    verbatim: bool = False

    @property
    def title(self) -> str:
        """Its name in the table."""
        return f"{self.dialect.capitalize()}{', streamed' if self.stream else ''}{', verbatim' if self.verbatim else ''}"


WAYS: Final = (
    Way("chat", stream=True),
    Way("chat", stream=False),
    Way("chat", stream=False, verbatim=True),
    Way("responses", stream=True),
    Way("responses", stream=False),
    Way("messages", stream=True),
    Way("messages", stream=False),
)


class Words(NamedTuple):
    """How a kind of error is told: the status and the code of the OpenAI dialects, of a response that has begun, and those of Messages."""

    status: int
    code: str
    failure: str
    messages_status: int
    messages_type: str


ERRORS: Final = {
    "failed": Words(502, "backend_failed", "server_error", 502, "api_error"),
    "broke": Words(500, "backend_failed", "server_error", 500, "api_error"),
    "unreachable": Words(502, "backend_unreachable", "server_error", 502, "api_error"),
    "timeout": Words(504, "backend_timeout", "server_error", 504, "timeout_error"),
    "rate limit": Words(429, "rate_limit_exceeded", "rate_limit_exceeded", 429, "rate_limit_error"),
    "overloaded": Words(503, "server_is_overloaded", "server_is_overloaded", 529, "overloaded_error"),
    "loading": Words(503, "model_loading", "server_error", 529, "overloaded_error"),
    "invalid": Words(400, "invalid_request_error", "invalid_prompt", 400, "invalid_request_error"),
}
WHOLE: Final = "whole answer"
AS_IT_IS: Final = "as the backend wrote it"


class End(NamedTuple):
    """How a request ends: a kind of error, or `WHOLE`, or `AS_IT_IS`.

    Attributes:
        begun: after a stream has begun; not streamed it has a status.
        phase: whose limit ends it, if one does.
    """

    kind: str
    begun: bool = False
    phase: str = ""

    def told(self, way: Way) -> str:
        """What the client of this way gets."""
        if self.kind not in ERRORS:
            return self.kind
        words = ERRORS[self.kind]
        note = note_phase(self.phase)
        if self.begun and way.stream:
            return f"stream, then {words.messages_type if way.dialect == 'messages' else _openai_word(way, words)}{note}"
        if way.dialect == "messages":
            return f"{words.messages_status} {words.messages_type}{note}"
        return f"{words.status} {words.code}{note}"


def note_phase(phase: str) -> str:
    """What the table adds to an error that names the limit of a phase."""
    return f" ({phase.replace('_', ' ').replace('-', ' ')})" if phase else ""


def _openai_word(way: Way, words: Words) -> str:
    return words.failure if way.dialect == "responses" else words.code


def judge(way: Way, reply: Reply, text: str = TEXT) -> str:
    """What the client got, held against the contract of its dialect; `text` is that of a whole answer."""
    if way.stream and reply.status == 200:
        return _judge_stream(way, reply, text)
    path, _ = REQUESTS[way.dialect]
    document = json.loads(reply.body)
    assert not CONTRACT.dialect(way.dialect).check_body("POST", path, reply.status, document)
    if reply.status == 200:
        assert text_of_body(way.dialect, document) == text
        return WHOLE
    assert document["error"]["message"]
    assert ("retry-after" in reply.headers) == (reply.status in (429, 503, 529))
    return f"{reply.status} {_error_word(way.dialect, document['error'])}"


def _judge_stream(way: Way, reply: Reply, whole: str) -> str:
    contract = CONTRACT.dialect(way.dialect)
    path, _ = REQUESTS[way.dialect]
    frames = parse_stream(reply.body)
    events, findings = decode_events(frames, contract)
    assert not findings, findings
    for event in events:
        assert not contract.check_event("POST", path, event), event
    assert not contract.stream.check_order(events)
    assert not contract.stream.check_invariants(events)
    text = text_of_events(way.dialect, events)
    last = events[-1]
    done = frames[-1].data == "[DONE]"
    error = last["response"]["error"] if last.get("type") == "response.failed" else last.get("error")
    if error is None:
        assert text == whole
        assert done == (way.dialect == "chat")
        return WHOLE
    assert not done
    assert whole.startswith(text)
    assert error["message"]
    return f"stream, then {_error_word(way.dialect, error)}"


def _error_word(dialect: str, error: Any) -> str:
    return str(error["type"] if dialect == "messages" else error.get("code") or error["type"])


def text_of_events(dialect: str, events: list[Any]) -> str:
    """All text of a stream."""
    match dialect:
        case "chat":
            return "".join(choice["delta"].get("content") or "" for event in events for choice in event.get("choices", ()))
        case "responses":
            return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
        case _:
            return "".join(event["delta"]["text"] for event in events if event.get("delta", {}).get("type") == "text_delta")


def text_of_body(dialect: str, document: Any) -> str:
    """All text of an answer in one piece."""
    match dialect:
        case "chat":
            return str(document["choices"][0]["message"]["content"])
        case "responses":
            return "".join(part["text"] for item in document["output"] for part in item.get("content", ()))
        case _:
            return "".join(block.get("text", "") for block in document["content"])
