"""Media of any dialect: decoded, read once, fetched only where that is allowed."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

import pytest

from tests.media.pictures import decode, encode, picture
from tests.media.sheets import pdf
from triglot.errors import ApiError, ErrorKind
from triglot.media import images, reader
from triglot.media.fetch import Fetched, Fetcher
from triglot.media.reader import Inline, MediaLimits, MediaReader, Remote

if TYPE_CHECKING:
    from collections.abc import Collection

WHERE = "input[0].content[1]"


class Web(Fetcher):
    """Files by URL, without a network."""

    def __init__(self, **files: Fetched) -> None:
        self.files = files
        self.asked: list[tuple[str, tuple[str, ...], int]] = []

    async def fetch(self, url: str, *, accept: Collection[str], max_bytes: int, where: str) -> Fetched:
        assert where == WHERE
        self.asked.append((url, tuple(accept), max_bytes))
        return self.files[url]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def read_image(image: Inline | Remote, by: MediaReader | None = None) -> Inline:
    return asyncio.run((by or MediaReader()).begin().read_image(image, WHERE))


def read_pdf(document: Inline | Remote, by: MediaReader | None = None) -> str | None:
    return asyncio.run((by or MediaReader()).begin().read_pdf(document, WHERE))


PLAIN = Inline("image/png", encoded(encode(picture(), "PNG")))


def test_an_image_that_is_fine_is_not_touched() -> None:
    assert read_image(PLAIN) is PLAIN


def test_another_one_is_normalised() -> None:
    result = read_image(Inline("image/webp", encoded(encode(picture("RGBA"), "WEBP"))))
    assert result.media_type == "image/jpeg"
    assert decode(base64.b64decode(result.data)).size == (64, 32)


def test_the_limit_is_that_of_the_reader() -> None:
    result = read_image(PLAIN, MediaReader(MediaLimits(max_image_side=16)))
    assert decode(base64.b64decode(result.data)).size == (16, 8)


def test_a_wrong_media_type_is_put_right() -> None:
    assert read_image(PLAIN._replace(media_type="image/jpeg")) == PLAIN


def test_broken_lines_are_joined() -> None:
    data = "\n".join(PLAIN.data[at : at + 76] for at in range(0, len(PLAIN.data), 76))
    assert read_image(PLAIN._replace(data=data + "\n")) == PLAIN


@pytest.mark.parametrize("data", ["", "  ", "?", "aGk", "data:image/png;base64,aGk=", "aGk=aGk=", "ü", "\ud800"])
def test_what_is_not_base64_is_refused(data: str) -> None:
    for reading in (read_image, read_pdf):
        with pytest.raises(ApiError) as caught:
            reading(Inline("image/png", data))
        assert (caught.value.kind, caught.value.param) == (ErrorKind.INVALID_REQUEST, WHERE)
        assert caught.value.message == f"{WHERE}: the data is not base64 of a file."


def test_a_pdf_becomes_its_text() -> None:
    assert read_pdf(Inline("application/pdf", encoded(pdf("Alpha")))) == "[Page 1]\nAlpha"


def test_what_comes_again_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    by = MediaReader()
    webp = Inline("image/webp", encoded(encode(picture(), "WEBP")))
    paper = Inline("application/pdf", encoded(pdf("")))
    before = (read_image(webp, by), read_pdf(paper, by))
    assert read_image(PLAIN, by) is PLAIN
    monkeypatch.setattr(images, "normalise_image", None)
    monkeypatch.setattr(reader, "read_paper", None)
    assert (read_image(webp, by), read_pdf(paper, by)) == before
    assert read_image(PLAIN, by) is PLAIN


def test_an_image_and_a_pdf_of_the_same_bytes_are_two_things() -> None:
    by = MediaReader()
    paper = Inline("application/pdf", encoded(pdf("Alpha")))
    assert read_pdf(paper, by) == "[Page 1]\nAlpha"
    with pytest.raises(ApiError, match="is not a JPEG"):
        read_image(paper, by)


def test_errors_are_not_remembered() -> None:
    by = MediaReader()
    for _ in range(2):
        with pytest.raises(ApiError, match="is not a JPEG"):
            read_image(Inline("image/png", "aGk="), by)


def test_the_loop_goes_on_while_an_image_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read() -> None:
        loop = asyncio.get_running_loop()
        going_on = asyncio.Event()
        normalise = images.normalise_image

        def slow(data: bytes, *, max_side: int, where: str) -> images.EncodedImage:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(10)
            loop.call_soon_threadsafe(going_on.set)
            return normalise(data, max_side=max_side, where=where)

        monkeypatch.setattr(images, "normalise_image", slow)
        assert await MediaReader().begin().read_image(PLAIN, WHERE) is PLAIN
        assert going_on.is_set()

    asyncio.run(read())


def test_many_requests_wait_for_their_turn() -> None:
    async def read() -> None:
        by = MediaReader()
        pictures = [Inline("image/png", encoded(encode(picture(size=(8 + number, 8)), "PNG"))) for number in range(10)]
        results = await asyncio.gather(*(by.begin().read_image(image, WHERE) for image in pictures))
        assert all(result is image for result, image in zip(results, pictures, strict=True))

    asyncio.run(read())


# The web


@pytest.mark.parametrize("reading", [read_image, read_pdf])
def test_nothing_is_fetched_unless_allowed(reading) -> None:
    web = Web()
    with pytest.raises(ApiError) as caught:
        reading(Remote("http://1.1.1.1/a.png"), MediaReader(fetcher=web))
    assert (caught.value.kind, caught.value.param) == (ErrorKind.UNSUPPORTED, WHERE)
    assert "send the file as base64, or start triglot with --fetch-media on" in caught.value.message
    assert not web.asked


def test_a_fetched_file_is_read_like_any_other() -> None:
    web = Web(image=Fetched("", encode(picture("CMYK"), "JPEG")), paper=Fetched("application/pdf", pdf("Alpha")))
    by = MediaReader(MediaLimits(fetch=True), fetcher=web)
    assert read_image(Remote("image"), by).media_type == "image/jpeg"
    assert read_pdf(Remote("paper"), by) == "[Page 1]\nAlpha"
    assert [asked[:2] for asked in web.asked] == [("image", reader.IMAGE_TYPES), ("paper", ("application/pdf",))]


def test_the_files_of_a_request_share_one_allowance() -> None:
    web = Web(a=Fetched("image/png", base64.b64decode(PLAIN.data)))
    by = MediaReader(MediaLimits(fetch=True, max_fetched_bytes=1000), fetcher=web)

    async def read() -> None:
        session = by.begin()
        assert await session.read_image(Remote("a"), WHERE) == PLAIN
        await session.read_image(Remote("a"), WHERE)
        await by.begin().read_image(Remote("a"), WHERE)

    asyncio.run(read())
    size = len(web.files["a"].data)
    assert [left for _, _, left in web.asked] == [1000, 1000 - size, 1000]


def test_and_one_span_of_time() -> None:
    web = Web(a=Fetched("image/png", base64.b64decode(PLAIN.data)))
    by = MediaReader(MediaLimits(fetch=True, max_fetch_s=-1.0), fetcher=web)
    with pytest.raises(ApiError, match="the URLs of one request may take"):
        read_image(Remote("a"), by)
    assert not web.asked


# Without the extra


def test_without_pillow_images_pass_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "find_spec", lambda _: None)
    webp = Inline("image/webp", encoded(encode(picture(), "WEBP")))
    assert read_image(webp) is webp
    web = Web(a=Fetched("image/webp", b"a file"))
    assert read_image(Remote("a"), MediaReader(MediaLimits(fetch=True), fetcher=web)) == Inline("image/webp", encoded(b"a file"))


def test_without_pypdf_there_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "find_spec", lambda _: None)
    assert read_pdf(Inline("application/pdf", encoded(pdf("Alpha")))) is None
