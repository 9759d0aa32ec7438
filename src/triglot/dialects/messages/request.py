"""A Messages request as a chat request. Source: specs/messages/schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from triglot.dialects.chat_request import ChatMessage, ChatRequest, schema_format, stream_fields, with_system, without_null
from triglot.dialects.history import repair_history
from triglot.dialects.messages.content import convert_assistant, convert_late_system, convert_user, system_texts
from triglot.dialects.messages.thinking import convert_thinking
from triglot.dialects.messages.tools import convert_tools
from triglot.dialects.tools import make_room_for_calls
from triglot.errors import ApiError, ErrorKind
from triglot.events import AnswerRules
from triglot.generated.messages import models as wire

if TYPE_CHECKING:
    from triglot.backend.profiles import Profile

RestoreThinking: TypeAlias = Callable[[str, str], str | None]
"""Gives the thinking of a block that came back, by its text and signature; `None` if it was altered."""


def _as_it_came(thinking: str, _signature: str) -> str:
    return thinking


def convert_request(request: wire.CreateMessage, profile: Profile, restore: RestoreThinking = _as_it_came) -> ChatRequest:
    """The chat request for a message.

    Raises:
        ApiError: `tool_choice` cannot be met, or no message has content.
    """
    prompt = convert_prompt(request, profile, restore)
    stops = tuple(stop for stop in request.stop_sequences or () if stop)
    rules = AnswerRules(
        # llama-server cuts a stop sequence off without saying which one it met, so there triglot looks for them itself
        stop_sequences=stops if profile.extensions else (),
        prefill=_prefill(prompt["messages"]),
        single_call=prompt.get("parallel_tool_calls") is False,
    )
    body = {
        **prompt,
        **stream_fields(profile, count_each=rules.may_end_early),
        "max_tokens": request.max_tokens,
        **without_null({"temperature": request.temperature, "top_p": request.top_p}),
        **(without_null({"top_k": request.top_k, "t_max_predict_ms": request.t_max_predict_ms}) if profile.extensions else {}),
    }
    if stops and not rules.stop_sequences:
        body["stop"] = list(stops)
    return ChatRequest(body, rules)


def _prefill(messages: list[ChatMessage]) -> str:
    """The text of a trailing assistant message, which the answer continues."""
    last = messages[-1] if messages else {}
    return str(last.get("content") or "") if last.get("role") == "assistant" and "tool_calls" not in last else ""


def convert_prompt(
    request: wire.CreateMessage | wire.CountMessageTokens, profile: Profile, restore: RestoreThinking = _as_it_came
) -> dict[str, Any]:
    """The part of the chat request that makes the prompt.

    Raises:
        ApiError: `tool_choice` cannot be met, or no message has content.
    """
    system = system_texts(request.system)
    messages: list[ChatMessage] = []
    answered = False
    for message in request.messages:
        match message:
            case wire.UserMessage(content=content):
                messages += convert_user(content)
            case wire.AssistantMessage(content=content):
                answered = True
                messages += convert_assistant(content, restore)
            case wire.SystemMessage(content=content) if not answered:
                system += system_texts(content)
            case wire.SystemMessage(content=content):
                messages += convert_late_system(content)
    messages = with_system(system, repair_history(messages))
    if not messages:
        raise ApiError(ErrorKind.INVALID_REQUEST, "messages: none of them has any content.", param="messages")
    body: dict[str, Any] = {"model": request.model, "messages": messages, **convert_tools(request)}
    config = request.output_config
    if config is not None and config.format is not None:
        body["response_format"] = schema_format("answer", config.format.schema_)
        make_room_for_calls(body, profile)
    body.update(convert_thinking(request, profile))
    return body
