"""The images and PDFs of a Messages request: found wherever they may stand, and put in a form that can be sent on."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.media.pictures import encode, picture
from tests.media.sheets import pdf
from triglot.errors import ApiError, ErrorKind
from triglot.generated.messages.models import CreateMessage
from triglot.media import reader
from triglot.media.fetch import Fetched, Fetcher
from triglot.media.reader import MediaLimits, MediaReader
from triglot.service.assembly import assemble
from triglot.service.media import resolve_media
from triglot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection

    from triglot.support import Loss


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


WEBP = {"type": "base64", "media_type": "image/webp", "data": encoded(encode(picture(), "WEBP"))}
PNG = {"type": "base64", "media_type": "image/png", "data": encoded(encode(picture(), "PNG"))}
PDF = {"type": "base64", "media_type": "application/pdf", "data": encoded(pdf("Alpha"))}


class Web(Fetcher):
    """Two files."""

    def __init__(self) -> None:
        pass

    async def fetch(self, url: str, *, accept: Collection[str], max_bytes: int, where: str) -> Fetched:
        return {
            "https://a.example/x.png": Fetched("image/png", encode(picture(), "PNG")),
            "https://a.example/x.pdf": Fetched("application/pdf", pdf("Alpha")),
        }[url]


def resolve(*contents: Any, fetch: bool = False) -> tuple[list[Any], list[Loss]]:
    """The contents of messages of the user, afterwards, and what was lost."""
    messages = [{"role": "user", "content": content} for content in contents]
    request = CreateMessage.model_validate({"model": "m", "max_tokens": 1, "messages": messages})
    losses = asyncio.run(resolve_media(request, MediaReader(MediaLimits(fetch=fetch), fetcher=Web())))
    return request.model_dump(mode="json", by_alias=True, exclude_unset=True)["messages"], losses


def image(source: dict[str, Any]) -> dict[str, Any]:
    return {"type": "image", "source": source}


def document(source: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "document", "source": source, **more}


def text_source(text: str) -> dict[str, Any]:
    return {"type": "text", "media_type": "text/plain", "data": text}


def test_a_request_without_media_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MediaReader, "begin", None)
    blocks = [{"type": "text", "text": "hi"}, document(text_source("a text")), {"type": "tool_result", "tool_use_id": "1", "content": "x"}]
    messages, losses = resolve("hello", blocks, None)
    assert [message["content"] for message in messages] == ["hello", blocks, None]
    assert losses == []


def test_images_are_normalised_wherever_they_stand() -> None:
    nested = document({"type": "content", "content": [{"type": "text", "text": "see"}, image(WEBP)]})
    result = {"type": "tool_result", "tool_use_id": "1", "content": [image(WEBP), nested]}
    messages, losses = resolve([image(PNG), image(WEBP)], [result, nested])
    (same, first), (second, third) = (message["content"] for message in messages)
    found = [
        first,
        second["content"][0],
        second["content"][1]["source"]["content"][1],
        third["source"]["content"][1],
    ]
    assert same == image(PNG)
    assert {block["source"]["media_type"] for block in found} == {"image/jpeg"}
    assert all(base64.b64decode(block["source"]["data"]).startswith(b"\xff\xd8") for block in found)
    assert losses == []


def test_what_else_a_block_says_is_kept() -> None:
    (message,), _ = resolve([document(PDF, title="T", context="C"), {**image(WEBP), "cache_control": {"type": "ephemeral"}}])
    assert message["content"][0] == document(text_source("[Page 1]\nAlpha"), title="T", context="C")
    assert message["content"][1]["cache_control"] == {"type": "ephemeral"}


def test_the_text_of_a_pdf_takes_its_place() -> None:
    result = {"type": "tool_result", "tool_use_id": "1", "content": [document(PDF)]}
    (message,), losses = resolve([document(PDF), result])
    read = document(text_source("[Page 1]\nAlpha"))
    assert message["content"] == [read, {**result, "content": [read]}]
    assert losses == []


def test_a_pdf_of_pictures_says_so() -> None:
    (message,), (loss,) = resolve([document({**PDF, "data": encoded(pdf(""))}, title="Scan")])
    assert "No page of this PDF has text" in message["content"][0]["source"]["data"]
    assert str(loss) == "messages[0].content[0] (document)"


def test_without_pypdf_the_document_stays_and_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "find_spec", lambda _: None)
    (message,), losses = resolve([document(PDF), document({"type": "url", "url": "https://a.example/x.pdf"})])
    assert message["content"][0] == document(PDF)
    assert [str(loss) for loss in losses] == ["messages[0].content[0] (document)", "messages[0].content[1] (document)"]
    assert "the extra media" in losses[0].reason


def test_urls_are_fetched_where_that_is_allowed() -> None:
    content = [image({"type": "url", "url": "https://a.example/x.png"}), document({"type": "url", "url": "https://a.example/x.pdf"})]
    (message,), _ = resolve(content, fetch=True)
    assert message["content"] == [image(PNG), document(text_source("[Page 1]\nAlpha"))]


@pytest.mark.parametrize("block", [image({"type": "url", "url": "http://a/"}), document({"type": "url", "url": "http://a/"})])
def test_urls_are_refused_where_it_is_not(block: dict[str, Any]) -> None:
    result = {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": ""}, block]}
    with pytest.raises(ApiError) as caught:
        resolve("hi", [result])
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert caught.value.message.startswith("messages[1].content[0].content[1]: nothing is fetched from the web here")


def test_damage_is_told_with_its_place() -> None:
    with pytest.raises(ApiError) as caught:
        resolve([document({"type": "content", "content": [image({**PNG, "data": "aGk="})]})])
    assert (caught.value.kind, caught.value.param) == (ErrorKind.INVALID_REQUEST, "messages[0].content[0].source.content[0]")


def test_what_an_assistant_said_is_left_alone() -> None:
    messages = [{"role": "assistant", "content": [image({**PNG, "data": "aGk="})]}, {"role": "user", "content": "hi"}]
    request = CreateMessage.model_validate({"model": "m", "max_tokens": 1, "messages": messages})
    assert asyncio.run(resolve_media(request, MediaReader())) == []


def test_the_settings_reach_the_reader() -> None:
    settings = Settings(backend="http://127.0.0.1:1", max_image_side=99, fetch_media=True, max_body_bytes=5000)
    limits = assemble(settings).for_dialect("messages")._media._limits
    assert (limits.max_image_side, limits.fetch, limits.max_fetched_bytes) == (99, True, 5000)
