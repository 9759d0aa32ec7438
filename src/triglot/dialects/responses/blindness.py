"""Images in the results of tools, for a model that cannot see: see `dialects.blindness`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot.dialects.blindness import UNSEEN_IMAGE, replace_images
from triglot.dialects.responses.content import place_of
from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triglot.support import Loss


def hide_result_images(items: str | Sequence[Any] | None, prior: int = 0) -> Iterator[Loss]:
    """Put a text in the place of each image in a tool's result; yields what is lost.

    Args:
        items: the input of a request.
        prior: how many of them come from what it continues.
    """
    note = wire.InputText(type="input_text", text=UNSEEN_IMAGE)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, wire.FunctionCallOutput | wire.CustomToolCallOutput) and isinstance(item.output, list):
            yield from replace_images(item.output, wire.ResultImage, note, f"{place_of(index, prior)}.output")
