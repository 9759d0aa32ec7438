"""A Messages request as a chat request. Source: specs/messages/schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.chat_request import (
    AssistantTurn,
    ChatMessage,
    ChatRequest,
    Part,
    content_of,
    function_tool,
    schema_format,
    stream_fields,
    thinking_fields,
    with_system,
    without_null,
)
from triglot.dialects.tools import ToolChoice, offer_tools
from triglot.generated.messages import models as wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.backend.profiles import Profile

_BILLING_HEADER: Final = "x-anthropic-billing-header"


def convert_request(request: wire.CreateMessage, profile: Profile) -> ChatRequest:
    """The chat request for a message.

    llama-server cuts a stop sequence off without saying which one it met, so there triglot looks for them itself.

    Raises:
        ApiError: `tool_choice` cannot be met.
    """
    stops = tuple(stop for stop in request.stop_sequences or () if stop)
    own_stops = stops if profile.extensions else ()
    body = {
        **convert_prompt(request, profile),
        **stream_fields(profile, count_each=bool(own_stops)),
        "max_tokens": request.max_tokens,
        **without_null(
            {"temperature": request.temperature, "top_p": request.top_p, "top_k": request.top_k if profile.extensions else None}
        ),
    }
    if stops and not own_stops:
        body["stop"] = list(stops)
    return ChatRequest(body, own_stops)


def convert_prompt(request: wire.CreateMessage | wire.CountMessageTokens, profile: Profile) -> dict[str, Any]:
    """The part of the chat request that makes the prompt.

    Raises:
        ApiError: `tool_choice` cannot be met.
    """
    system = [*_system_texts(request.system)]
    messages: list[ChatMessage] = []
    for message in request.messages:
        match message:
            case wire.UserMessage(content=content):
                messages += _convert_user(content)
            case wire.AssistantMessage(content=content):
                messages += _convert_assistant(content)
            case wire.SystemMessage(content=content):
                system += _system_texts(content)
    config = request.output_config
    body: dict[str, Any] = {"model": request.model, "messages": with_system(system, messages), **_convert_tools(request)}
    if config is not None and config.format is not None:
        body["response_format"] = schema_format("answer", config.format.schema_)
    body.update(thinking_fields(profile, enabled=wants_thinking(request), effort=config.effort if config is not None else None))
    return body


def wants_thinking(request: wire.CreateMessage | wire.CountMessageTokens) -> bool:
    """Whether the client asked for thinking. Like the API itself, the answer has none when it did not."""
    return request.thinking is not None and request.thinking.type != "disabled"


def _system_texts(system: str | Sequence[Any] | None) -> list[str]:
    if system is None:
        return []
    if isinstance(system, str):
        return [system]
    # Claude Code's billing header differs in each request; in front of the prompt it would keep the backend from using its cache.
    return [block.text for block in system if isinstance(block, wire.InputTextBlock) and not block.text.startswith(_BILLING_HEADER)]


def _convert_user(content: str | Sequence[Any] | None) -> list[ChatMessage]:
    """Tool results become messages of their own, next to the calls they answer; what the user says follows them."""
    if content is None:
        return []
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results = [_convert_result(block) for block in content if isinstance(block, wire.ToolResultBlock)]
    parts = [part for block in content for part in _convert_parts(block)]
    return [*results, {"role": "user", "content": content_of(parts)}] if parts else results


def _convert_result(result: wire.ToolResultBlock) -> ChatMessage:
    content = result.content
    if content is None or isinstance(content, str):
        text = content or ""
    else:
        text = "\n".join(part["text"] for block in content for part in _convert_parts(block) if part["type"] == "text")
    return {"role": "tool", "tool_call_id": result.tool_use_id, "content": text}


def _convert_parts(block: Any) -> list[Part]:
    """The block as parts of a chat message; none if it has no place there."""
    match block:
        case wire.InputTextBlock(text=text) if text:
            return [{"type": "text", "text": text}]
        case wire.ImageBlock(source=wire.Base64ImageSource(media_type=media_type, data=data)):
            return [{"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}]
        case wire.DocumentBlock(source=wire.PlainTextSource(data=text)) if text:
            return [{"type": "text", "text": text}]
        case wire.DocumentBlock(source=wire.ContentSource(content=str(text))) if text:
            return [{"type": "text", "text": text}]
        case wire.DocumentBlock(source=wire.ContentSource(content=list(content))) | wire.SearchResultBlock(content=content):
            return [part for piece in content for part in _convert_parts(piece)]
        case _:
            return []


def _convert_assistant(content: str | Sequence[Any] | None) -> list[ChatMessage]:
    turn = AssistantTurn()
    if isinstance(content, str):
        turn.add_text(content)
    else:
        for block in content or ():
            match block:
                case wire.InputTextBlock(text=text):
                    turn.add_text(text)
                case wire.InputThinkingBlock(thinking=thinking):
                    turn.add_thinking(thinking)
                case wire.InputToolUseBlock(id=call_id, name=name, input=arguments):
                    turn.add_call(call_id, name, msgspec.json.encode(arguments).decode())
                case _:
                    pass
    return turn.take()


def _convert_tools(request: wire.CreateMessage | wire.CountMessageTokens) -> dict[str, Any]:
    tools = [
        function_tool(tool.name, tool.description, tool.input_schema, strict=tool.strict or None)
        for tool in request.tools or ()
        if isinstance(tool, wire.CustomTool)
    ]
    choice = request.tool_choice
    offered = offer_tools(tools, _map_choice(choice))
    if offered and choice is not None and not isinstance(choice, wire.ToolChoiceNone) and choice.disable_parallel_tool_use is not None:
        offered["parallel_tool_calls"] = not choice.disable_parallel_tool_use
    return offered


def _map_choice(choice: Any) -> ToolChoice:
    match choice:
        case wire.ToolChoiceAny():
            return ToolChoice("required")
        case wire.ToolChoiceTool(name=name):
            return ToolChoice("required", [name])
        case wire.ToolChoiceNone():
            return ToolChoice("none")
        case _:
            return ToolChoice()
