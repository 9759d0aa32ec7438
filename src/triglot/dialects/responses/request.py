"""A Responses request as a chat request. Source: specs/responses/schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from triglot.dialects.responses.plan import Converted, StreamPlan
from triglot.dialects.tools import ToolChoice, offer_tools
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.backend.profiles import Profile
    from triglot.dialects.responses.plan import Unseal


def convert_request(request: wire.CreateResponse, profile: Profile, unseal: Unseal) -> Converted:  # noqa: ARG001 - for reasoning items
    """The chat request for a response, and how its answer is to be told.

    Args:
        request: the request, its stored items already in their places.
        profile: of the backend.
        unseal: opens sealed reasoning.

    Raises:
        ApiError: there is nothing to answer, an image is not inline, or `tool_choice` cannot be met.
    """
    if request.input is None:
        raise ApiError(ErrorKind.INVALID_REQUEST, "input is required: a text, or a list of items.", param="input")
    system, messages = _convert_input(request.input)
    body: dict[str, Any] = {
        **without_null({"model": request.model}),
        "messages": with_system([request.instructions or "", *system], messages),
        **_convert_tools(request),
        **stream_fields(profile),
        **without_null(
            {
                "max_tokens": request.max_output_tokens,
                "temperature": request.temperature,
                "top_p": request.top_p,
                "response_format": _convert_format(request.text, profile),
            }
        ),
        **_convert_reasoning(request.reasoning, profile),
    }
    return Converted(ChatRequest(body), StreamPlan({}))


def _convert_input(items: str | Sequence[Any]) -> tuple[list[str], list[ChatMessage]]:
    """The system texts and the messages.

    What the assistant did between two words of the others, its thinking, text and calls, is one chat message.
    """
    if isinstance(items, str):
        return [], [{"role": "user", "content": items}]
    system: list[str] = []
    messages: list[ChatMessage] = []
    turn = AssistantTurn()
    for item in items:
        match item:
            case wire.InputMessage(role="system" | "developer") | wire.TypelessMessage(role="system" | "developer"):
                system.append(_text_of(item.content))
            case wire.InputMessage(role="assistant") | wire.TypelessMessage(role="assistant"):
                turn.add_text(_text_of(item.content))
            case wire.InputMessage() | wire.TypelessMessage():
                messages += [*turn.take(), {"role": "user", "content": _convert_content(item.content)}]
            case wire.PriorReasoning(content=list(content)):
                turn.add_thinking("".join(part.text for part in content))
            case wire.PriorFunctionCall():
                turn.add_call(item.call_id, item.name, item.arguments)
            case wire.FunctionCallOutput():
                if item.call_id is None:
                    message = "A function_call_output needs the call_id of the call that it answers."
                    raise ApiError(ErrorKind.INVALID_REQUEST, message, param="input")
                messages += [*turn.take(), {"role": "tool", "tool_call_id": item.call_id, "content": _text_of(item.output)}]
            case _:
                pass  # named in the loss report
    return system, [*messages, *turn.take()]


def _convert_content(content: str | Sequence[Any]) -> str | list[Part]:
    return content if isinstance(content, str) else content_of([part for piece in content for part in _convert_part(piece)])


def _text_of(content: str | Sequence[Any]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for piece in content for part in _convert_part(piece) if part["type"] == "text")


def _convert_part(part: Any) -> list[Part]:
    """The part as parts of a chat message; none if it has no place there."""
    match part:
        case wire.InputText(text=text) | wire.PriorText(text=text) | wire.PriorRefusal(refusal=text):
            return [{"type": "text", "text": text}]
        case wire.InputImage(image_url=str(url)):
            if not url.startswith("data:"):
                message = "Images are not fetched from the web: send image_url as a data: URL."
                raise ApiError(ErrorKind.UNSUPPORTED, message, param="input")
            return [{"type": "image_url", "image_url": {"url": url}}]
        case _:
            return []


def _convert_tools(request: wire.CreateResponse) -> dict[str, Any]:
    tools = [
        function_tool(tool.name, tool.description, tool.parameters, strict=tool.strict)
        for tool in request.tools or ()
        if isinstance(tool, wire.FunctionTool)
    ]
    offered = offer_tools(tools, _map_choice(request.tool_choice))
    if offered and request.parallel_tool_calls is not None:
        offered["parallel_tool_calls"] = request.parallel_tool_calls
    return offered


def _map_choice(choice: Any) -> ToolChoice:
    match choice:
        case "none" | "auto" | "required":
            return ToolChoice(choice)
        case wire.FunctionToolChoice(name=name):
            return ToolChoice("required", [name])
        case wire.AllowedToolsChoice(mode=mode, tools=tools):
            return ToolChoice(mode, [str(tool["name"]) for tool in tools if tool.get("type") == "function" and "name" in tool])
        case _:
            return ToolChoice()


def _convert_format(text: wire.TextOptions | None, profile: Profile) -> dict[str, Any] | None:
    match text.format if text is not None else None:
        case wire.JsonSchemaFormat(name=name, schema_=schema):
            return schema_format(name, schema)
        case wire.JsonObjectFormat():
            return {"type": "json_object", "schema": {"type": "object"}} if profile.schemaless_json else {"type": "json_object"}
        case _:
            return None


def _convert_reasoning(reasoning: wire.ReasoningOptions | None, profile: Profile) -> dict[str, Any]:
    effort = reasoning.effort if reasoning is not None else None
    if effort is None:
        return {}
    if effort == "none":
        return thinking_fields(profile, enabled=False, effort=None)
    return thinking_fields(profile, enabled=True, effort=effort)
