"""The chat request that the other dialects are converted to: its messages, and what it asks of the backend's stream."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from triglot.events import AnswerRules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triglot.backend.profiles import Profile

ChatMessage: TypeAlias = dict[str, Any]
Part: TypeAlias = dict[str, Any]


class ChatRequest(msgspec.Struct, frozen=True):
    """A converted request.

    Attributes:
        body: the chat request, keys in the order in which they are sent.
        rules: what triglot itself holds the answer to.
    """

    body: dict[str, Any]
    rules: AnswerRules = AnswerRules()

    def encode(self) -> bytes:
        """The JSON to send."""
        return msgspec.json.encode(self.body)


class AssistantTurn:
    """Gathers what one turn of the assistant consists of into one chat message."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._calls: list[dict[str, Any]] = []

    def add_text(self, text: str) -> None:
        """Text that the assistant said, possibly empty."""
        if text:
            self._text.append(text)

    def add_thinking(self, text: str) -> None:
        """Thinking that led to the rest of the turn, possibly empty."""
        if text:
            self._thinking.append(text)

    def add_call(self, call_id: str, name: str, arguments: str) -> None:
        """A call; `arguments` is JSON text."""
        self._calls.append({"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}})

    def take(self) -> list[ChatMessage]:
        """Return the message, or none if nothing was added since the last time."""
        if not (self._text or self._thinking or self._calls):
            return []
        message: ChatMessage = {"role": "assistant", "content": "".join(self._text) if not self._calls else "".join(self._text) or None}
        if self._thinking:
            message["reasoning_content"] = "\n".join(self._thinking)
        if self._calls:
            message["tool_calls"] = self._calls
        self.__init__()  # type: ignore[misc] # begin anew
        return [message]


def content_of(parts: list[Part]) -> str | list[Part]:
    """The content of a message: text alone is a string, because many templates take nothing else."""
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def text_part(text: str) -> Part:
    """Text as a part of a message."""
    return {"type": "text", "text": text}


def join_texts(parts: Iterable[Part], separator: str = "\n") -> list[Part]:
    """Neighbouring text parts as one, because many templates put parts together without anything between them."""
    joined: list[Part] = []
    for is_text, group in groupby(parts, lambda part: part["type"] == "text"):
        run = list(group)
        joined += [text_part(separator.join(part["text"] for part in run))] if is_text else run
    return joined


def split_parts(parts: Iterable[Part], place: str) -> tuple[list[str], list[Part]]:
    """The texts of the parts, and what else there is, each behind words that say where it stood, for a message that takes only text.

    Args:
        parts: of a message.
        place: where they stand, behind a preposition: `in the result of ...`.
    """
    texts: list[str] = []
    others: list[Part] = []
    for part in parts:
        if part["type"] == "text":
            texts.append(part["text"])
        else:
            others += [text_part(f"{'Image' if part['type'] == 'image_url' else 'Sound'} {place}:"), part]
    return texts, others


def user_message(parts: list[Part]) -> list[ChatMessage]:
    """What a user says, or nothing if there are no parts."""
    return [{"role": "user", "content": content_of(join_texts(parts))}] if parts else []


def image_urls(messages: list[ChatMessage]) -> list[str]:
    """The images that the messages hold."""
    contents = (message["content"] for message in messages if isinstance(message.get("content"), list))
    return [part["image_url"]["url"] for content in contents for part in content if part["type"] == "image_url"]


def with_system(texts: Iterable[str], messages: list[ChatMessage]) -> list[ChatMessage]:
    """The messages under one system message: many templates fail on a second one, or on one in another place."""
    text = "\n\n".join(text for text in texts if text)
    return [{"role": "system", "content": text}, *messages] if text else messages


def function_tool(name: str, description: str | None, parameters: dict[str, Any] | None, *, strict: bool | None) -> dict[str, Any]:
    """A chat function tool; its schema keeps the key order it came with."""
    function: dict[str, Any] = {"name": name}
    if description is not None:
        function["description"] = description
    function["parameters"] = parameters if parameters is not None else {"type": "object", "properties": {}}
    if strict is not None:
        function["strict"] = strict
    return {"type": "function", "function": function}


def schema_format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A `response_format` that holds the answer to a schema."""
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}


def without_null(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that the client has set."""
    return {name: value for name, value in fields.items() if value is not None}


def thinking_fields(profile: Profile, *, enabled: bool | None, effort: str | None) -> dict[str, Any]:
    """What tells the backend's template whether and how much to think; `None` leaves it to the template."""
    fields: dict[str, Any] = {}
    if enabled is not None and profile.extensions:
        fields["chat_template_kwargs"] = {"enable_thinking": enabled}
    if effort is not None:
        fields["reasoning_effort"] = effort
    return fields


def stream_fields(profile: Profile, *, count_each: bool = False) -> dict[str, Any]:
    """What asks for a stream that can be cancelled and counted.

    `return_progress` makes llama-server write during prefill, without which it notices a closed connection only at the first token; with
    `count_each` it also counts the tokens on every chunk, for answers that triglot itself ends.
    """
    fields: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    if profile.extensions:
        fields["return_progress"] = True
        if count_each:
            fields["timings_per_token"] = True
    return fields
