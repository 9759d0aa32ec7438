"""Defects that cases notice which are replayed and run live: input that is lost, calls that are cut, pages, errors without names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faulty.edits import drop, edit, get, has, is_type, put
from faulty.exchange import Refusal
from faulty.hooks import defect

if TYPE_CHECKING:
    from collections.abc import Callable

    from faulty.exchange import Event, Reply, Request

_CREATE = ("create_message",)


# What a Messages request holds


def _keep(content: Any, keeps: Callable[[Any], bool]) -> Any:
    """Content without the blocks that do not pass, also within the results of tools."""
    if not isinstance(content, list):
        return content
    return [
        put(block, "content", _keep(get(block, "content"), keeps)) if _is(block, "tool_result") else block
        for block in content
        if keeps(block)
    ]


def _is(block: Any, kind: str) -> bool:
    return bool(get(block, "type") == kind)


def _in_messages(body: Any, change: Callable[[Any], Any]) -> Any:
    """The body with the content of each message changed."""
    messages = [put(message, "content", change(get(message, "content"))) for message in get(body, "messages") or []]
    return put(body, "messages", messages) if messages else body


@defect("messages/documents-dropped", at="messages.request", caught_by="messages/json/content/document-text")
def _(body: Any, _: Request) -> Any:
    """Documents are left out without a word."""
    return _in_messages(body, lambda content: _keep(content, lambda block: not _is(block, "document")))


@defect("messages/documents-as-blocks-dropped", at="messages.request", caught_by="messages/json/content/document-content")
def _(body: Any, _: Request) -> Any:
    """Documents made of blocks are left out without a word."""
    return _in_messages(body, lambda content: _keep(content, lambda block: get(block, "source.type") != "content"))


@defect("messages/search-results-dropped", at="messages.request", caught_by="messages/json/content/search-result")
def _(body: Any, _: Request) -> Any:
    """Search results are left out without a word."""
    return _in_messages(body, lambda content: _keep(content, lambda block: not _is(block, "search_result")))


@defect("messages/only-text-in-results", at="messages.request", caught_by="messages/json/tool-results/document-and-search-result")
def _(body: Any, _: Request) -> Any:
    """Of the result of a call only blocks of text are read."""

    def texts(content: Any) -> Any:
        if not isinstance(content, list):
            return content
        return [
            put(block, "content", _keep(get(block, "content"), lambda one: _is(one, "text"))) if _is(block, "tool_result") else block
            for block in content
        ]

    return _in_messages(body, texts)


@defect("messages/only-first-block", at="messages.request", caught_by="messages/json/content/text-blocks")
def _(body: Any, _: Request) -> Any:
    """Of several blocks of text in a message only the first is read."""

    def first(content: Any) -> Any:
        texts = [block for block in content if _is(block, "text")] if isinstance(content, list) else []
        return _keep(content, lambda block: not _is(block, "text") or block is texts[0])

    return _in_messages(body, first)


@defect("messages/neighbours-overwrite", at="messages.request", caught_by="messages/json/history/users-merged")
def _(body: Any, _: Request) -> Any:
    """Of neighbouring messages of the user the first is kept, the others are lost."""
    kept: list[Any] = []
    for message in get(body, "messages") or []:
        if not (kept and get(kept[-1], "role") == get(message, "role") == "user"):
            kept.append(message)
    return put(body, "messages", kept) if kept else body


@defect("messages/results-out-of-order-refused", at="messages.request", caught_by="messages/json/history/results-in-call-order")
def _(body: Any, _: Request) -> Any:
    """Results that do not come in the order of their calls are refused."""
    blocks = [block for message in get(body, "messages") or [] for block in get(message, "content") or [] if isinstance(block, dict)]
    calls = [block["id"] for block in blocks if _is(block, "tool_use")]
    results = [block["tool_use_id"] for block in blocks if _is(block, "tool_result")]
    if results != [call for call in calls if call in results]:
        raise Refusal(400, "The results do not follow the order of their calls", param="messages")
    return body


@defect("messages/client-tools-bare", at="messages.request", caught_by="messages/json/tools/bash")
def _(body: Any, _: Request) -> Any:
    """The model is told the names of tools that the API defines, and none of their parameters."""
    tools = [
        {"name": tool["name"], "input_schema": {"type": "object"}} if get(tool, "type") not in {None, "custom"} else tool
        for tool in get(body, "tools") or []
    ]
    return put(body, "tools", tools) if tools else body


@defect("messages/examples-refused", at="messages.request", caught_by="messages/json/tools/examples")
def _(body: Any, _: Request) -> Any:
    """Examples of a tool's arguments are refused."""
    if any(get(tool, "input_examples") for tool in get(body, "tools") or []):
        raise Refusal(400, "input_examples: extra inputs are not permitted", param="tools")
    return body


@defect("messages/omitted-thinking-refused", at="messages.request", caught_by="messages/stream/thinking-replayed/omitted")
def _(body: Any, _: Request) -> Any:
    """Thinking whose text was omitted is refused when it is sent back."""
    for message in get(body, "messages") or []:
        content = get(message, "content")
        if isinstance(content, list) and any(get(block, "thinking") == "" for block in content):
            raise Refusal(400, "thinking must not be empty", param="messages")
    return body


@defect("messages/thread-ignored", at="messages.request", caught_by="messages/errors/thread-continued", only=_CREATE)
def _(body: Any, _: Request) -> Any:
    """A request that continues a kept conversation is answered as if it were all of it."""
    return drop(body, "thread")


# What a Messages answer holds


@defect("messages/cut-calls-end-turn", at="messages.events", caught_by="messages/stream/tool-use/cut-by-max-tokens")
def _(events: list[Event], _: Request) -> list[Event]:
    """A stream whose call the token limit cut says `tool_use`, so that agents run half a call."""
    if not any(has("content_block.name")(event) for event in events):
        return events
    cut = lambda event: get(event, "delta.stop_reason") == "max_tokens"  # noqa: E731
    return edit(events, cut, lambda event: put(event, "delta.stop_reason", "tool_use"))


@defect("messages/prompt-grows", at="messages.events", caught_by="messages/stream/progress")
def _(events: list[Event], _: Request) -> list[Event]:
    """The prompt has other counts at the start of a stream than at its end."""
    return edit(events, is_type("message_start"), lambda event: put(event, "message.usage.input_tokens", 1))


@defect(
    "messages/overflow-in-other-words", at="messages.error", caught_by="messages/errors/context-overflow", source="ericc-ch/copilot-api#210"
)
def _(reply: Reply, _: Request) -> Reply:
    """A prompt that is too long is refused in words that clients do not know, so that they do not compact."""
    return replace(reply, body=put(reply.body, "error.message", "The context size is exceeded"))


@defect("messages/error-without-place", at="messages.error", caught_by="messages/errors/wrong-type")
def _(reply: Reply, _: Request) -> Reply:
    """An error does not say what is wrong with the request."""
    return replace(reply, body=put(reply.body, "error.message", "Bad request"))


def _without(request: Request, *parameters: str) -> Request:
    return replace(request, query={name: values for name, values in request.query.items() if name not in parameters})


@defect("messages/cursor-ignored", at="incoming", caught_by="messages/json/models-after")
def _(request: Request, _: Request) -> Request:
    """Every page of models is the first one, so that clients never come to the end."""
    return _without(request, "after_id", "before_id")


@defect("messages/page-size-ignored", at="incoming", caught_by="messages/json/models-first-page")
def _(request: Request, _: Request) -> Request:
    """A page of models holds all of them, whatever its limit."""
    return _without(request, "limit")


# Chat Completions


def _has_calls(choice: Any) -> bool:
    return bool(get(choice, "message.tool_calls"))


@defect("chat/cut-calls-finish", at="chat.object", caught_by="chat/json/tool-call-cut-by-length")
def _(body: Any, _: Request) -> Any:
    """A call that the token limit cut finishes with `tool_calls`, so that agents run half a call."""
    choices = [put(choice, "finish_reason", "tool_calls") if _has_calls(choice) else choice for choice in get(body, "choices") or []]
    return put(body, "choices", choices) if choices else body


@defect("chat/cut-calls-finish-in-stream", at="chat.events", caught_by="chat/stream/tool-calls/cut-by-length")
def _(events: list[Event], _: Request) -> list[Event]:
    """A stream whose call the token limit cut finishes with `tool_calls`."""
    if not any(has("choices.0.delta.tool_calls")(event) for event in events):
        return events
    return edit(events, has("choices.0.finish_reason"), lambda event: put(event, "choices.0.finish_reason", "tool_calls"))


@defect("chat/counts-lost-with-one-call", at="chat.events", caught_by="chat/stream/tool-calls/one-at-most")
def _(events: list[Event], request: Request) -> list[Event]:
    """A stream that is ended in front of a second call has no counts."""
    return events if get(request.json, "parallel_tool_calls") is not False else edit(events, has("usage"), lambda _: [])


@defect("chat/overflow-without-code", at="chat.error", caught_by="chat/errors/context-overflow")
def _(reply: Reply, _: Request) -> Reply:
    """A prompt that is too long is refused like any other."""
    return replace(reply, body=put(reply.body, "error.code", None))


@defect("chat/error-without-param", at="chat.error", caught_by="chat/errors/missing-messages")
def _(reply: Reply, _: Request) -> Reply:
    """An error does not name the field at fault."""
    return replace(reply, body=put(reply.body, "error.param", None))


@defect("chat/audio-fails", at="chat.request", caught_by="chat/errors/audio-on-text-model")
def _(body: Any, _: Request) -> Any:
    """Audio that the model cannot hear is a fault of the server."""
    parts = [part for message in get(body, "messages") or [] for part in get(message, "content") or []]
    if any(get(part, "type") == "input_audio" for part in parts):
        raise Refusal(500, "audio input is not supported", code="server_error")
    return body
