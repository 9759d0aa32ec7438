"""The images and files of a Responses request: found wherever they may stand, and put in a form that can be sent on."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.media.pictures import encode, picture
from tests.media.sheets import pdf
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses.models import CreateResponse
from triglot.media import reader
from triglot.media.fetch import Fetched, Fetcher
from triglot.media.reader import MediaLimits, MediaReader
from triglot.service.response_media import resolve_media

if TYPE_CHECKING:
    from collections.abc import Collection

    from triglot.support import Loss

WEBP, PNG, ALPHA = encode(picture(), "WEBP"), encode(picture(), "PNG"), pdf("Alpha")
READ_ALPHA = "[Page 1]\nAlpha"


def data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


class Web(Fetcher):
    """A few files."""

    def __init__(self) -> None:
        pass

    async def fetch(self, url: str, *, accept: Collection[str], max_bytes: int, where: str) -> Fetched:
        files = {
            "https://a.example/x.png": Fetched("image/png", PNG),
            "https://a.example/x.pdf": Fetched("application/pdf", ALPHA),
            "https://a.example/x.md": Fetched("text/markdown", b"# Alpha"),
        }
        assert files[url].media_type in accept
        return files[url]


def resolve(*items: dict[str, Any], fetch: bool = False) -> tuple[list[Any], list[Loss]]:
    """The items afterwards, and what was lost."""
    request = CreateResponse.model_validate({"input": list(items)})
    losses = asyncio.run(resolve_media(request, MediaReader(MediaLimits(fetch=fetch), fetcher=Web())))
    return request.model_dump(mode="json", by_alias=True, exclude_unset=True)["input"], losses


def resolve_part(part: dict[str, Any], *, fetch: bool = False) -> Any:
    [item], losses = resolve({"role": "user", "content": [part]}, fetch=fetch)
    assert losses == []
    return item["content"][0]


def image(url: str | None, **more: Any) -> dict[str, Any]:
    return {"type": "input_image", "image_url": url, **more}


def file(**fields: Any) -> dict[str, Any]:
    return {"type": "input_file", **fields}


def text(content: str) -> dict[str, Any]:
    return {"type": "input_text", "text": content}


def output(kind: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "call_id": "c1", "output": list(parts)}


@pytest.mark.parametrize("given", [None, "hello"])
def test_text_has_no_media(given: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MediaReader, "begin", None)
    assert asyncio.run(resolve_media(CreateResponse.model_validate({"input": given}), MediaReader())) == []


def test_a_request_without_media_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MediaReader, "begin", None)
    items = [
        {"role": "user", "content": "hi"},
        {"type": "message", "role": "user", "content": [text("hi")]},
        {"type": "function_call_output", "call_id": "c1", "output": "x"},
        output("custom_tool_call_output", text("y")),
        {"type": "brand_new", "content": [image("https://a.example/x.png")]},
    ]
    assert resolve(*items) == (items, [])


def test_images_are_normalised_wherever_they_stand() -> None:
    items, losses = resolve(
        {"role": "user", "content": [text("see"), image(data_url("image/png", PNG)), image(data_url("image/webp", WEBP), detail="low")]},
        {"type": "message", "role": "assistant", "content": [image(data_url("image/webp", WEBP))]},
        output("function_call_output", text("see"), image(data_url("image/webp", WEBP))),
        output("custom_tool_call_output", image(data_url("image/webp", WEBP))),
    )
    (_, same, first), (second,) = items[0]["content"], items[1]["content"]
    found = [first, second, items[2]["output"][1], items[3]["output"][0]]
    assert same == image(data_url("image/png", PNG))
    assert first["detail"] == "low"
    assert all(part["image_url"].startswith("data:image/jpeg;base64,/9j/") for part in found)
    assert losses == []


@pytest.mark.parametrize(
    "url",
    [
        data_url("image/png", PNG),
        data_url("IMAGE/PNG", PNG).replace("data:", "DATA:"),
        data_url("image/png;name=x.png", PNG),
        data_url("", PNG),
        f"data:image/png;base64,{quote(base64.b64encode(PNG))}",
        f"data:image/png,{quote(PNG)}",
        "https://a.example/x.png",
    ],
    ids=["plain", "upper case", "parameters", "untyped", "quoted", "not base64", "web"],
)
def test_every_way_to_write_an_image(url: str) -> None:
    assert resolve_part(image(url), fetch=True) == image(data_url("image/png", PNG))


@pytest.mark.parametrize(
    ("part", "read"),
    [
        (file(file_data=data_url("application/pdf", ALPHA), filename="a.pdf"), f"Document: a.pdf\n{READ_ALPHA}"),
        (file(file_data=base64.b64encode(ALPHA).decode()), READ_ALPHA),
        (file(file_data=data_url("application/octet-stream", b"\n" + ALPHA)), READ_ALPHA),
        (file(file_data=data_url("text/plain", "é".encode()), filename="a.txt"), "Document: a.txt\né"),
        (file(file_data=base64.b64encode(b"\xef\xbb\xbfx = 1\n").decode(), filename="a.py"), "Document: a.py\nx = 1\n"),
        (file(file_data=data_url("text/plain", "é".encode("utf-16"))), "é"),
        (file(file_data=data_url('text/plain; charset="ISO-8859-1"', b"\xe9")), "é"),
        (file(file_data=data_url("text/plain; charset=us-ascii", "é".encode())), "é"),
        (file(file_data="data:text/plain,a%20b"), "a b"),
        (file(file_url="https://a.example/x.pdf"), READ_ALPHA),
        (file(file_url="https://a.example/x.md", filename="x.md"), "Document: x.md\n# Alpha"),
    ],
)
def test_the_text_of_a_file_takes_its_place(part: dict[str, Any], read: str) -> None:
    assert resolve_part(part, fetch=True) == text(read)


def test_files_in_results_are_read_too() -> None:
    items, _ = resolve(output("function_call_output", text("see"), file(file_data=data_url("application/pdf", ALPHA), filename="a.pdf")))
    assert items[0]["output"] == [text("see"), text(f"Document: a.pdf\n{READ_ALPHA}")]


def test_a_pdf_of_pictures_says_so() -> None:
    [item], [loss] = resolve({"role": "user", "content": [file(file_data=data_url("application/pdf", pdf("")), filename="scan")]})
    assert item["content"][0]["text"].startswith("Document: scan\n[No page of this PDF has text")
    assert str(loss) == "input[0].content[0] (input_file)"


def test_without_pypdf_a_pdf_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "find_spec", lambda _: None)
    parts = [file(file_data=data_url("application/pdf", ALPHA), filename="a.pdf"), file(file_data=data_url("text/plain", b"x"))]
    [item], [loss] = resolve({"role": "user", "content": parts})
    assert item["content"] == [text("[The document a.pdf could not be read here: PDF support is not installed.]"), text("x")]
    assert str(loss) == "input[0].content[0] (input_file)"
    assert "the extra media" in loss.reason


@pytest.mark.parametrize(
    ("part", "kind", "message"),
    [
        (image("http://a.example/"), ErrorKind.UNSUPPORTED, "{}: nothing is fetched from the web here"),
        (file(file_url="http://a.example/"), ErrorKind.UNSUPPORTED, "{}: nothing is fetched from the web here"),
        (image(None, file_id="file-1"), ErrorKind.UNSUPPORTED, "{}.file_id: there are no uploaded files here"),
        (file(file_id="file-1"), ErrorKind.UNSUPPORTED, "{}.file_id: there are no uploaded files here"),
        (image(None), ErrorKind.INVALID_REQUEST, "{}: an input_image needs an image_url"),
        (file(filename="a"), ErrorKind.INVALID_REQUEST, "{}: an input_file needs file_data"),
        (image("file:///etc/passwd"), ErrorKind.INVALID_REQUEST, "{}.image_url must be a data: URL"),
        (image("aGk="), ErrorKind.INVALID_REQUEST, "{}.image_url must be a data: URL"),
        (image("data:image/png;base64"), ErrorKind.INVALID_REQUEST, "{}: the data: URL has no data"),
        (image("data:image/png;base64,*"), ErrorKind.INVALID_REQUEST, "{}: the data is not base64 of a file"),
        (image("data:image/png;base64,aGk="), ErrorKind.INVALID_REQUEST, "{}: the image is not a JPEG"),
        (file(file_data="*"), ErrorKind.INVALID_REQUEST, "{}: the data is not base64 of a file"),
        (file(file_data=data_url("text/plain", b"a\0b")), ErrorKind.INVALID_REQUEST, "{}: the file is neither a PDF nor text"),
        (file(file_data=data_url("text/plain", b"\xff")), ErrorKind.INVALID_REQUEST, "{}: the file is neither a PDF nor text"),
        (file(file_data=data_url("text/plain;charset=unknown", b"a")), ErrorKind.INVALID_REQUEST, "{}: the file is neither a PDF nor text"),
        (file(file_data=data_url("application/pdf", b"%PDF-1.7")), ErrorKind.INVALID_REQUEST, "{}: the PDF cannot be read"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None,
)
@pytest.mark.parametrize("kind_of_item", ["message", "function_call_output"])
def test_what_cannot_be_read_is_refused_with_its_place(part: dict[str, Any], kind: ErrorKind, message: str, kind_of_item: str) -> None:
    item = {"role": "user", "content": [text(""), part]} if kind_of_item == "message" else output(kind_of_item, text(""), part)
    where = f"input[1].{'content' if kind_of_item == 'message' else 'output'}[1]"
    with pytest.raises(ApiError) as caught:
        resolve({"role": "user", "content": "hi"}, item)
    assert caught.value.kind is kind
    assert caught.value.message.startswith(message.format(where))
    assert caught.value.param is not None
    assert caught.value.param.startswith(where)


def test_places_are_those_of_what_the_client_sent() -> None:
    request = CreateResponse.model_validate({"input": [{"role": "user", "content": [part]} for part in (text("x"), image(None))]})
    for prior, where in ((1, "input[0].content[0]"), (2, "previous[1].content[0]")):
        with pytest.raises(ApiError) as caught:
            asyncio.run(resolve_media(request, MediaReader(), prior))
        assert caught.value.param == where
