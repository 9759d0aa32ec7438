"""Parts of a Responses request as parts of chat messages. Source: specs/responses/schemas/content.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot.dialects.chat_request import Part, split_parts, text_part
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from collections.abc import Sequence


def convert_content(content: str | Sequence[Any] | None) -> list[Part]:
    """What a message or a tool's result holds; parts of unknown kinds and empty texts have no place in a chat.

    Raises:
        ApiError: an image is not inline.
    """
    if content is None or isinstance(content, str):
        return [text_part(content)] if content else []
    return [part for piece in content if (part := _convert_part(piece)) is not None]


def convert_result(output: str | Sequence[Any] | None, call_id: str) -> tuple[str, list[Part]]:
    """The text of a tool's result, and the parts that have no place in a tool message, each behind words that say where it stood.

    Raises:
        ApiError: an image is not inline.
    """
    texts, others = split_parts(convert_content(output), f"in the result of tool call {call_id}")
    return "\n".join(texts), others


def place_of(index: int, prior: int) -> str:
    """What an item is called in errors and losses: its place in what the client sent, or among the items that this continues.

    Args:
        index: of the item among all that the model reads.
        prior: how many of these were stored before.
    """
    return f"previous[{index}]" if index < prior else f"input[{index - prior}]"


def document_text(name: str | None, text: str) -> str:
    """A document under its name."""
    return f"Document: {name}\n{text}" if name else text


def unread_document(name: str | None, reason: str) -> str:
    """What stands in the place of a document that could not be read."""
    return f"[The document{f' {name}' if name else ''} could not be read here: {reason}.]"


def _convert_part(part: Any) -> Part | None:
    match part:
        case wire.InputText(text=text) | wire.PriorText(text=text) | wire.PriorRefusal(refusal=text):
            return text_part(text) if text else None
        case wire.EncryptedPart(encrypted_content=text):
            return text_part(text) if text else None
        case wire.InputImage(image_url=url) | wire.ResultImage(image_url=url):
            if url is None or not url.startswith("data:"):
                message = "Images are not fetched from the web: send image_url as a data: URL."
                raise ApiError(ErrorKind.UNSUPPORTED, message, param="input")
            return {"type": "image_url", "image_url": {"url": url}}
        case wire.InputAudio(input_audio=audio):
            data = audio.data.partition(",")[2] if audio.data.startswith("data:") else audio.data
            return {"type": "input_audio", "input_audio": {"data": data, "format": audio.format}}
        case wire.InputFile(filename=name) | wire.ResultFile(filename=name):
            return text_part(unread_document(name, "it has no content"))
        case _:
            return None
