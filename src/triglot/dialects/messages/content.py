"""Content blocks of a Messages request as parts of chat messages. Source: specs/messages/schemas/messages.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.chat_request import AssistantTurn, ChatMessage, Part, content_of
from triglot.generated.messages import models as wire

if TYPE_CHECKING:
    from collections.abc import Sequence

_BILLING_HEADER: Final = "x-anthropic-billing-header"


def system_texts(system: str | Sequence[Any] | None) -> list[str]:
    """The texts of a system prompt or a system message."""
    if system is None:
        return []
    if isinstance(system, str):
        return [system]
    # Claude Code's billing header differs in each request; in front of the prompt it would keep the backend from using its cache.
    return [block.text for block in system if isinstance(block, wire.InputTextBlock) and not block.text.startswith(_BILLING_HEADER)]


def convert_user(content: str | Sequence[Any] | None) -> list[ChatMessage]:
    """A user message: tool results become messages of their own, next to the calls they answer; what the user says follows them."""
    if content is None:
        return []
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results = [_convert_result(block) for block in content if isinstance(block, wire.ToolResultBlock)]
    parts = [part for block in content for part in convert_parts(block)]
    return [*results, {"role": "user", "content": content_of(parts)}] if parts else results


def convert_assistant(content: str | Sequence[Any] | None) -> list[ChatMessage]:
    """An assistant message: its text, thinking and calls in one chat message."""
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


def convert_parts(block: Any) -> list[Part]:
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
            return [part for piece in content for part in convert_parts(piece)]
        case _:
            return []


def _convert_result(result: wire.ToolResultBlock) -> ChatMessage:
    content = result.content
    if content is None or isinstance(content, str):
        text = content or ""
    else:
        text = "\n".join(part["text"] for block in content for part in convert_parts(block) if part["type"] == "text")
    return {"role": "tool", "tool_call_id": result.tool_use_id, "content": text}
