"""Images and sound for a model that cannot perceive them.

What a user shows such a model is refused, because an answer would be about nothing. What a tool returned stays in the history of every
later turn, where a refusal would end the session: the model is told instead that there is something it cannot see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from triglot.dialects.chat_request import image_urls
from triglot.errors import ApiError, ErrorKind
from triglot.support import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triglot.backend.profiles import Facts
    from triglot.dialects.chat_request import ChatMessage

UNSEEN_IMAGE: Final = "[An image, which this model cannot see.]"


def replace_images(parts: list[Any], image: type, note: Any, where: str) -> Iterator[Loss]:
    """Put a note in the place of each image in a tool's result; yields what is lost.

    Args:
        parts: the result; it is changed.
        image: the model of an image in it.
        note: a part with `UNSEEN_IMAGE`.
        where: the place of the result in the request.
    """
    for position, part in enumerate(parts):
        if isinstance(part, image):
            parts[position] = note
            yield Loss(f"{where}[{position}]", "ignored", "the model cannot see images", getattr(part, "type", None))


def refuse_unperceived(messages: list[ChatMessage], facts: Facts, model: str | None, param: str) -> None:
    """Refuse what the model cannot perceive, before the backend does so in words that help nobody.

    Args:
        messages: of the chat request.
        facts: of the backend.
        model: as the client calls it.
        param: the field of the request that holds them.

    Raises:
        ApiError: INVALID_REQUEST: there are images or sound, and the backend says that the model takes none.
    """
    name = f"The model {facts.model or model}" if facts.model or model else "The model"
    if facts.vision is False and image_urls(messages):
        message = f"{name} cannot see images: send text only, or serve a model with a projector (mmproj)."
        raise ApiError(ErrorKind.INVALID_REQUEST, message, param=param)
    if facts.audio is False and _has_sound(messages):
        message = f"{name} cannot hear: send text only, or serve a model with a projector (mmproj) for sound."
        raise ApiError(ErrorKind.INVALID_REQUEST, message, param=param)


def _has_sound(messages: list[ChatMessage]) -> bool:
    contents = (message["content"] for message in messages if isinstance(message.get("content"), list))
    return any(part["type"] == "input_audio" for content in contents for part in content)
