"""The fold of a Messages stream: the answer that is not streamed is made of the same events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triglot.generated.messages.events import ContentBlockDelta, Message, MessageStreamEvent

_CUT_OFF: Final = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})
"""Stop reasons of an answer that did not end by itself: a call may have broken off inside its arguments."""


def fold_events(events: Iterable[MessageStreamEvent]) -> Message:
    """Return the message that the events of a complete stream add up to.

    Raises:
        ApiError: the model ended a tool call whose arguments are not JSON.
    """
    message: Any = {}
    pieces: list[str] = []
    broken_call: str | None = None
    for event in events:
        match event["type"]:
            case "message_start":
                message = {**event["message"], "content": []}
            case "content_block_start":
                pieces = []
                message["content"].append(dict(event["content_block"]))
            case "content_block_delta":
                pieces.append(_take_delta(message["content"][-1], event["delta"]))
            case "content_block_stop":
                block = message["content"][-1]
                if not _close_block(block, "".join(pieces)):
                    broken_call = block["name"]
            case "message_delta":
                message.update(event["delta"])
                message["usage"] = event["usage"]
    if broken_call is not None and message["stop_reason"] not in _CUT_OFF:
        text = f"The model called {broken_call} with arguments that are not JSON. Try again, or use a model that is better at tool calls."
        raise ApiError(ErrorKind.BACKEND_FAILED, text)
    folded: Message = message
    return folded


def _take_delta(block: dict[str, Any], delta: ContentBlockDelta) -> str:
    """The piece of text that the delta adds to the block."""
    match delta["type"]:
        case "text_delta":
            return delta["text"]
        case "thinking_delta":
            return delta["thinking"]
        case "input_json_delta":
            return delta["partial_json"]
        case "signature_delta":
            block["signature"] = delta["signature"]
            return ""
        case unknown:
            raise ValueError(f"no translator writes a {unknown}")


def _close_block(block: dict[str, Any], text: str) -> bool:
    """Fill the block; false if it is a call whose arguments broke off, which are then read as far as they go, as the official SDKs do."""
    match block["type"]:
        case "text":
            block["text"] = text
        case "thinking":
            block["thinking"] = text
        case "tool_use" if text:
            try:
                block["input"] = from_json(text)
            except ValueError:
                block["input"] = _read_partly(text)
                return False
    return True


def _read_partly(text: str) -> Any:
    try:
        return from_json(text, allow_partial=True)
    except ValueError:
        return {}
