"""Defects of what llama-server's own endpoints get wrong beyond plain answers: streams that break, what is ignored, long prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.edits import drop, get, put
from faulty.hooks import behaviour, defect

if TYPE_CHECKING:
    from faulty.exchange import Event, Request


@defect("messages/breaks-untyped", at="messages.break", caught_by="messages/context/broken-stream")
def _(event: Event, _: Request) -> Event:
    """A stream that breaks ends with an error of another API, which the SDKs skip."""
    return {"code": 500, "message": event["error"]["message"], "type": "server_error"}


@defect("messages/breaks-silently", at="messages.break", caught_by="messages/context/broken-stream")
def _(_event: Event, _: Request) -> None:
    """A stream that breaks just ends."""


@defect("responses/breaks-bare", at="responses.break", caught_by="responses/context/broken-stream")
def _(event: Event, _: Request) -> Event:
    """A stream that breaks ends with an error that is no event of the dialect."""
    return {"error": {"code": 500, "message": event["message"], "type": "server_error"}}


@defect("responses/breaks-silently", at="responses.break", caught_by="responses/context/broken-stream")
def _(_event: Event, _: Request) -> None:
    """A stream that breaks just ends."""


@defect("chat/breaks-silently", at="chat.break", caught_by="chat/context/broken-stream")
def _(_event: Event, _: Request) -> None:
    """A stream that breaks just ends."""


@defect("responses/truncation-ignored", at="responses.request", caught_by="responses/context/truncation-auto", only=("create_response",))
def _(body: Any, _: Request) -> Any:
    """Nothing is left out of a conversation that is too long, whatever truncation says."""
    return drop(body, "truncation")


@defect("responses/truncates-unasked", at="responses.request", caught_by="responses/context/truncation-disabled", only=("create_response",))
def _(body: Any, _: Request) -> Any:
    """The oldest turns are left out of a conversation that is too long, though nobody allowed it."""
    return put(body, "truncation", "auto")


@defect("responses/truncation-untold", at="responses.object", caught_by="responses/answer/truncation", only=("create_response",))
def _(body: Any, _: Request) -> Any:
    """A response does not tell its truncation."""
    return drop(body, "truncation")


@defect("messages/redacted-unread", at="messages.request", caught_by="messages/refusals/redacted-thinking-without-data")
def _(body: Any, _: Request) -> Any:
    """Redacted thinking is dropped unread, whatever it is."""
    messages = [_without_redacted(message) for message in get(body, "messages") or []]
    return put(body, "messages", messages) if messages else body


def _without_redacted(message: Any) -> Any:
    content = get(message, "content")
    if not isinstance(content, list):
        return message
    return put(message, "content", [block for block in content if get(block, "type") != "redacted_thinking"])


@defect("messages/adaptive-ignored", at="messages.request", caught_by="messages/thinking/adaptive-thinks")
def _(body: Any, _: Request) -> Any:
    """Adaptive thinking counts as nothing said."""
    return drop(body, "thinking") if get(body, "thinking.type") == "adaptive" else body


@defect("messages/display-ignored", at="messages.request", caught_by="messages/thinking/adaptive-omitted")
def _(body: Any, _: Request) -> Any:
    """Thinking that the client does not want to see is shown."""
    return drop(body, "thinking.display")


@defect("messages/schema-as-advice", at="messages.request", caught_by="messages/answer/structured-output-any-prompt")
def _(body: Any, _: Request) -> Any:
    """A schema holds only where the prompt asks for JSON."""
    return body if "JSON" in str(get(body, "messages")) else drop(body, "output_config")


behaviour(
    "messages/starts-late",
    "A stream begins only when its prompt has been read.",
    caught_by="messages/waiting/long-prompt",
)
