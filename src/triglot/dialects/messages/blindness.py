"""Images for a model that cannot see.

What a user shows such a model is refused, because an answer would be about nothing. What a tool returned stays in the history of every
later turn, where a refusal would end the session: the model is told instead that there is something it cannot see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot.generated.messages import models as wire
from triglot.support import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator

_REASON: Final = "the model cannot see images"
_TEXT: Final = "[An image, which this model cannot see.]"


def hide_result_images(request: wire.CreateMessage | wire.CountMessageTokens) -> Iterator[Loss]:
    """Put a text in the place of each image in a tool's result; yields what is lost."""
    for index, message in enumerate(request.messages):
        if not isinstance(message, wire.UserMessage) or not isinstance(message.content, list):
            continue
        for position, block in enumerate(message.content):
            if isinstance(block, wire.ToolResultBlock) and isinstance(block.content, list):
                for place, part in enumerate(block.content):
                    if isinstance(part, wire.ImageBlock):
                        block.content[place] = wire.InputTextBlock(type="text", text=_TEXT)
                        yield Loss(f"messages[{index}].content[{position}].content[{place}]", "ignored", _REASON, "image")
