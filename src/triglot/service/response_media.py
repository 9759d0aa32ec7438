"""The images and files of a Responses request, read before the request is converted. Source: specs/responses/schemas/content.yaml."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote, unquote_to_bytes

from triglot.dialects.responses.content import document_text, place_of, unread_document
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses import models as wire
from triglot.media.reader import Inline, Remote
from triglot.service.media import TEXTLESS_PDF
from triglot.support import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triglot.media.reader import MediaReader, MediaSession


class HasInput(Protocol):
    """A request with items: one for a response, or one that asks how long its prompt is."""

    @property
    def input(self) -> Any:
        """Text, a list of items, or nothing."""


class _Place(NamedTuple):
    """A part with a file, by the list that holds it."""

    parts: list[Any]
    position: int
    where: str


async def resolve_media(request: HasInput, reader: MediaReader, prior: int = 0) -> list[Loss]:
    """Put what can be sent on in the place of images and files: normalised images inline, and the text of PDFs and text files.

    The parts of `request` are changed in place. A request without them costs one look at each part.

    Args:
        request: holds the items.
        reader: reads the files.
        prior: how many of the items come from what the request continues.

    Returns:
        What could not be read; a text that says so stands in its place.

    Raises:
        ApiError: INVALID_REQUEST: a file is missing, damaged, too large, of another kind, or cannot be fetched; UNSUPPORTED: nothing is
            fetched here, or the file is named by an id.
    """
    places = list(_find_places(request.input, prior))
    if not places:
        return []
    session = reader.begin()
    losses = [await _resolve(place, session) for place in places]
    return [loss for loss in losses if loss is not None]


def _find_places(items: Any, prior: int) -> Iterator[_Place]:
    for index, item in enumerate(items if type(items) is list else ()):
        match item:
            case wire.InputMessage() | wire.TypelessMessage():
                yield from _find_in(item.content, f"{place_of(index, prior)}.content")
            case wire.FunctionCallOutput() | wire.CustomToolCallOutput():
                yield from _find_in(item.output, f"{place_of(index, prior)}.output")
            case _:
                pass


def _find_in(parts: Any, where: str) -> Iterator[_Place]:
    for index, part in enumerate(parts if type(parts) is list else ()):
        if isinstance(part, wire.InputImage | wire.ResultImage | wire.InputFile | wire.ResultFile):
            yield _Place(parts, index, f"{where}[{index}]")


async def _resolve(place: _Place, session: MediaSession) -> Loss | None:
    part, where = place.parts[place.position], place.where
    if part.file_id is not None:
        message = f"{where}.file_id: there are no uploaded files here; send the file itself, in base64."
        raise ApiError(ErrorKind.UNSUPPORTED, message, param=f"{where}.file_id")
    if isinstance(part, wire.InputImage | wire.ResultImage):
        image = await session.read_image(_locate_image(part, where), where)
        part.image_url = f"data:{image.media_type};base64,{image.data}"
        return None
    text = await session.read_document(_locate_file(part, where), where)
    reason = _why_unread(text)
    if text is None:
        text = unread_document(part.filename, "PDF support is not installed")
    else:
        text = document_text(part.filename, text or TEXTLESS_PDF)
    place.parts[place.position] = wire.InputText(type="input_text", text=text)
    return Loss(where, "ignored", reason, "input_file") if reason else None


def _why_unread(text: str | None) -> str | None:
    if text is None:
        return "PDF support is not installed (the extra media)"
    return None if text else "none of its pages has text: they may be pictures"


def _locate_image(part: wire.InputImage | wire.ResultImage, where: str) -> Inline | Remote:
    if part.image_url is None:
        raise ApiError(ErrorKind.INVALID_REQUEST, f"{where}: an input_image needs an image_url.", param=where)
    if _is_data(part.image_url):
        return _read_data_url(part.image_url, where)
    if not part.image_url.lower().startswith(("http://", "https://")):
        message = f"{where}.image_url must be a data: URL, or an http or https address."
        raise ApiError(ErrorKind.INVALID_REQUEST, message, param=f"{where}.image_url")
    return Remote(part.image_url)


def _locate_file(part: wire.InputFile | wire.ResultFile, where: str) -> Inline | Remote:
    if part.file_data is not None:
        return _read_data_url(part.file_data, where) if _is_data(part.file_data) else Inline("", part.file_data)
    if part.file_url is None:
        raise ApiError(ErrorKind.INVALID_REQUEST, f"{where}: an input_file needs file_data.", param=where)
    return Remote(part.file_url)


def _is_data(url: str) -> bool:
    return url[:5].lower() == "data:"


def _read_data_url(url: str, where: str) -> Inline:
    head, comma, data = url[5:].partition(",")
    if not comma:
        raise ApiError(ErrorKind.INVALID_REQUEST, f"{where}: the data: URL has no data.", param=where)
    media_type, semicolon, encoding = head.rpartition(";")
    if semicolon and encoding.strip().lower() == "base64":
        return Inline(media_type.lower(), unquote(data) if "%" in data else data)
    return Inline(head.lower(), base64.b64encode(unquote_to_bytes(data)).decode())
