"""The images and PDFs of a Messages request, read before the request is converted. Source: specs/messages/schemas/messages.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from triglot.generated.messages import models as wire
from triglot.media.reader import Inline, Remote
from triglot.support import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triglot.media.reader import MediaReader, MediaSession

TEXTLESS_PDF: Final = "[No page of this PDF has text: they may be pictures, which cannot be read here.]"


class _Place(NamedTuple):
    """A block with a file."""

    block: wire.ImageBlock | wire.DocumentBlock
    where: str


async def resolve_media(request: wire.CreateMessage | wire.CountMessageTokens, reader: MediaReader) -> list[Loss]:
    """Put what can be sent on in the place of images and PDFs: normalised images inline, and the text of PDFs.

    The blocks of `request` are changed in place. A request without them costs one look at each block.

    Returns:
        What could not be read and is left as it is.

    Raises:
        ApiError: INVALID_REQUEST: a file is damaged, too large, or cannot be fetched; UNSUPPORTED: nothing is fetched here.
    """
    places = list(_find_places(request.messages))
    if not places:
        return []
    session = reader.begin()
    losses = [await _resolve(place, session) for place in places]
    return [loss for loss in losses if loss is not None]


def _find_places(messages: Sequence[wire.InputMessage]) -> Iterator[_Place]:
    for index, message in enumerate(messages):
        if type(message) is wire.UserMessage and type(message.content) is list:
            yield from _find_in(message.content, f"messages[{index}].content")


def _find_in(blocks: Sequence[Any], where: str) -> Iterator[_Place]:
    for index, block in enumerate(blocks):
        kind = type(block)
        if kind is wire.ImageBlock or kind is wire.DocumentBlock:
            yield from _find_file(block, f"{where}[{index}]")
        elif kind is wire.ToolResultBlock and type(block.content) is list:
            yield from _find_in(block.content, f"{where}[{index}].content")


def _find_file(block: wire.ImageBlock | wire.DocumentBlock, where: str) -> Iterator[_Place]:
    match block.source:
        case wire.Base64ImageSource() | wire.UrlImageSource() | wire.Base64PdfSource() | wire.UrlPdfSource():
            yield _Place(block, where)
        case wire.ContentSource(content=list(inner)):
            yield from _find_in(inner, f"{where}.source.content")
        case _:
            pass


async def _resolve(place: _Place, session: MediaSession) -> Loss | None:
    block, where = place
    match block.source:
        case wire.Base64ImageSource(media_type=media_type, data=data):
            block.source = _image_source(await session.read_image(Inline(media_type, data), where))
        case wire.UrlImageSource(url=url):
            block.source = _image_source(await session.read_image(Remote(url), where))
        case wire.Base64PdfSource(media_type=media_type, data=data):
            return _put_text(block, await session.read_pdf(Inline(media_type, data), where), where)
        case wire.UrlPdfSource(url=url):
            return _put_text(block, await session.read_pdf(Remote(url), where), where)
        case _:
            pass
    return None


def _image_source(image: Inline) -> wire.Base64ImageSource:
    return wire.Base64ImageSource.model_validate({"type": "base64", "media_type": image.media_type, "data": image.data})


def _put_text(block: wire.ImageBlock | wire.DocumentBlock, text: str | None, where: str) -> Loss | None:
    if text is None:
        return Loss(where, "ignored", "PDF support is not installed (the extra media)", "document")
    loss = None if text else Loss(where, "ignored", "none of its pages has text: they may be pictures", "document")
    data = text or TEXTLESS_PDF
    block.source = wire.PlainTextSource(type="text", media_type="text/plain", data=data)
    return loss
