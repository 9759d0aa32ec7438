"""Reads the images and documents of requests, whatever their dialect calls them: fetched if need be, and decoded beside the event loop.

Pillow and pypdf come with the extra `media`. Without it images go to the backend as they came, and PDFs cannot be read.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import codecs
import hashlib
import time
from importlib.util import find_spec
from typing import Final, NamedTuple

import msgspec

from triglot.errors import ApiError, ErrorKind
from triglot.media.fetch import Fetcher
from triglot.media.memory import Memory
from triglot.media.papers import read_paper

IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
PDF_TYPE: Final = "application/pdf"
TEXT_TYPES: Final = (
    *("text/plain", "text/markdown", "text/csv", "text/html", "text/xml", "text/css", "text/javascript"),
    *("application/json", "application/xml", "application/yaml"),
)
_PDF_MARK: Final = b"%PDF-"
_PDF_HEAD: Final = 1024
"""Readers look for the mark in so many bytes: some files have other bytes in front of it."""
_MEMORY_BYTES: Final = 32 * 1024 * 1024
"""For what was made of images, and as much for the texts of PDFs."""
_AT_ONCE: Final = 2
"""Threads or processes that decode: each may take a core and some 300 MB."""


class Inline(NamedTuple):
    """A file inside the request: its media type as the client says it, and its bytes in base64."""

    media_type: str
    data: str


class Remote(NamedTuple):
    """A file somewhere else: its URL."""

    url: str


_UNCHANGED: Final = Inline("", "")
"""Remembered for an image that may pass as it is."""


class MediaLimits(msgspec.Struct, frozen=True):
    """What a request may ask for.

    Attributes:
        max_image_side: pixels; larger images are scaled down.
        fetch: URLs are fetched from the web.
        max_fetched_bytes: of all files that one request names by URL.
        max_fetch_s: how long all of them may take, in seconds.
    """

    max_image_side: int = 2048
    fetch: bool = False
    max_fetched_bytes: int = 64 * 1024 * 1024
    max_fetch_s: float = 60.0


class MediaReader:
    """Reads media for all requests of a process.

    Args:
        limits: what a request may ask for.
        fetcher: gets files from the web; replaced by tests.

    Attributes:
        reads_pdfs: pypdf is there.
    """

    def __init__(self, limits: MediaLimits | None = None, *, fetcher: Fetcher | None = None) -> None:
        self._limits = limits or MediaLimits()
        self._fetcher = fetcher or Fetcher()
        self._images: Memory[Inline] = Memory(_MEMORY_BYTES)
        self._texts: Memory[str] = Memory(_MEMORY_BYTES)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._reads_images = find_spec("PIL") is not None
        self.reads_pdfs = find_spec("pypdf") is not None

    def begin(self) -> MediaSession:
        """Begin one request."""
        return MediaSession(self, self._limits, self._fetcher)

    async def normalise(self, image: Inline, where: str) -> Inline:
        """See `MediaSession.read_image`."""
        if not self._reads_images:
            return image

        def work() -> Inline:
            from triglot.media.images import normalise_image  # noqa: PLC0415 - an extra, and only who sends images waits for it

            data = _decode(image.data, where)
            normal = normalise_image(data, max_side=self._limits.max_image_side, where=where)
            if normal.data is data and normal.media_type == image.media_type and len(image.data) == _encoded_length(data):
                return _UNCHANGED
            return Inline(normal.media_type, base64.b64encode(normal.data).decode())

        async with self._turns:
            key = await asyncio.to_thread(_key, image)
            result = self._images.get(key)
            if result is None:
                result = await asyncio.to_thread(work)
                self._images.put(key, result, len(result.data))
        return image if result is _UNCHANGED else result

    async def extract(self, pdf: Inline, where: str) -> str:
        """See `MediaSession.read_pdf`."""
        async with self._turns:
            key = await asyncio.to_thread(_key, pdf)
            text = self._texts.get(key)
            if text is None:
                text = await read_paper(await asyncio.to_thread(_decode, pdf.data, where), where=where)
                self._texts.put(key, text, len(text))
        return text


class MediaSession:
    """Reads the media of one request, one after the other, within its share of the web."""

    def __init__(self, reader: MediaReader, limits: MediaLimits, fetcher: Fetcher) -> None:
        self._reader = reader
        self._limits = limits
        self._fetcher = fetcher
        self._bytes_left = limits.max_fetched_bytes
        self._deadline: float | None = None

    async def read_image(self, image: Inline | Remote, where: str) -> Inline:
        """The image as a PNG or JPEG that every model server reads; the same object if it is one already, or if Pillow is missing.

        Args:
            image: the file.
            where: its place in the request, for the error.

        Raises:
            ApiError: INVALID_REQUEST: it cannot be read, or not be fetched; UNSUPPORTED: nothing is fetched here.
        """
        return await self._reader.normalise(await self._at_hand(image, IMAGE_TYPES, where), where)

    async def read_pdf(self, pdf: Inline | Remote, where: str) -> str | None:
        """The text of the PDF, possibly empty; None if pypdf is missing.

        Raises:
            ApiError: as `read_image`.
        """
        if not self._reader.reads_pdfs:
            return None
        return await self._reader.extract(await self._at_hand(pdf, (PDF_TYPE,), where), where)

    async def read_document(self, document: Inline | Remote, where: str) -> str | None:
        """The text of a PDF, possibly empty, or of a text file; None if it is a PDF and pypdf is missing.

        What the file is, its bytes say. Texts are UTF-8 or UTF-16, or in the character set that the media type names.

        Raises:
            ApiError: as `read_image`.
        """
        file = await self._at_hand(document, (PDF_TYPE, *TEXT_TYPES), where)
        data = await asyncio.to_thread(_decode, file.data, where)
        if _PDF_MARK in data[:_PDF_HEAD]:
            return await self.read_pdf(file, where)
        return _decode_text(data, file.media_type, where)

    async def _at_hand(self, file: Inline | Remote, types: tuple[str, ...], where: str) -> Inline:
        if isinstance(file, Inline):
            return file
        if not self._limits.fetch:
            message = f"{where}: nothing is fetched from the web here: send the file as base64, or start triglot with --fetch-media on."
            raise ApiError(ErrorKind.UNSUPPORTED, message, param=where)
        self._deadline = self._deadline or time.monotonic() + self._limits.max_fetch_s
        if time.monotonic() > self._deadline:
            message = f"{where}: the URLs of one request may take {self._limits.max_fetch_s:g} s together; send some files as base64."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param=where)
        fetched = await self._fetcher.fetch(file.url, accept=types, max_bytes=self._bytes_left, where=where)
        self._bytes_left -= len(fetched.data)
        media_type = fetched.media_type if fetched.media_type in types else types[0]
        return Inline(media_type, await asyncio.to_thread(lambda: base64.b64encode(fetched.data).decode()))


def _decode_text(data: bytes, media_type: str, where: str) -> str:
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        text = data.decode(_charset(media_type))
    except (UnicodeError, LookupError):
        text = "\0"
    if "\0" in text:
        message = f"{where}: the file is neither a PDF nor text in UTF-8; send it as one of these."
        raise ApiError(ErrorKind.INVALID_REQUEST, message, param=where)
    return text


def _charset(media_type: str) -> str:
    """The character set that the parameters of a media type name, else UTF-8."""
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in ("", "utf-8", "us-ascii"):
            return value.strip(' "')
    return "utf-8-sig"


def _key(file: Inline) -> bytes:
    return hashlib.sha256(f"{file.media_type} {file.data}".encode("utf-8", "replace")).digest()


def _encoded_length(data: bytes) -> int:
    """Characters of base64, when there are no line breaks among them."""
    return (len(data) + 2) // 3 * 4


def _decode(data: str, where: str) -> bytes:
    try:
        decoded = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded:
        raise ApiError(ErrorKind.INVALID_REQUEST, f"{where}: the data is not base64 of a file.", param=where)
    return decoded
