"""Images in the results of tools, for a model that cannot see: see `dialects.blindness`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triglot.dialects.blindness import UNSEEN_IMAGE, replace_images
from triglot.generated.messages import models as wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triglot.support import Loss


def hide_result_images(request: wire.CreateMessage | wire.CountMessageTokens) -> Iterator[Loss]:
    """Put a text in the place of each image in a tool's result; yields what is lost."""
    note = wire.InputTextBlock(type="text", text=UNSEEN_IMAGE)
    for index, message in enumerate(request.messages):
        if not isinstance(message, wire.UserMessage) or not isinstance(message.content, list):
            continue
        for position, block in enumerate(message.content):
            if isinstance(block, wire.ToolResultBlock) and isinstance(block.content, list):
                yield from replace_images(block.content, wire.ImageBlock, note, f"messages[{index}].content[{position}].content")
