"""Images and PDFs on their way through a running gateway."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.media.pictures import decode, encode, picture
from tests.media.sheets import pdf

from .harness import HEAD, Connection, Gateway, chunk, playing

if TYPE_CHECKING:
    from .harness import Reply


def ask(gateway: Gateway, *blocks: dict[str, Any], dialect: str = "messages") -> tuple[Reply, list[Any]]:
    """The gateway's answer to a user's message, and the chat messages that reached the backend."""
    fields = {"input" if dialect == "responses" else "messages": [{"role": "user", "content": blocks}]}
    reached: list[Any] = []

    async def play(connection: Connection) -> None:
        reached.extend(connection.body["messages"])
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"role": "assistant", "content": "Hi"}) + chunk({}, "stop") + b"data: [DONE]\n\n")
        await connection.send(b"0\r\n\r\n")

    async def run() -> Reply:
        async with playing(gateway, play):
            return await asyncio.wait_for(gateway.ask(dialect, stream=False, **fields), 60)

    return asyncio.run(run()), reached


def block(kind: str, media_type: str, data: bytes) -> dict[str, Any]:
    return {"type": kind, "source": {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}}


def test_an_image_and_a_pdf_reach_the_backend_in_a_form_it_reads(gateway: Gateway) -> None:
    blocks = [block("image", "image/webp", encode(picture(), "WEBP")), block("document", "application/pdf", pdf("Alpha"))]
    reply, [message] = ask(gateway, *blocks)
    assert (reply.status, json.loads(reply.body)["content"]) == (200, [{"type": "text", "text": "Hi"}])
    image, text = message["content"]
    kind, _, data = image["image_url"]["url"].partition(";base64,")
    assert kind == "data:image/jpeg"
    assert decode(base64.b64decode(data)).size == (64, 32)
    assert text == {"type": "text", "text": "[Page 1]\nAlpha"}
    assert "x-triglot-loss" not in reply.headers


def test_what_a_pdf_does_not_tell_is_reported(gateway: Gateway) -> None:
    reply, [message] = ask(gateway, block("document", "application/pdf", pdf("")))
    assert reply.headers["x-triglot-loss"] == "messages[0].content[0] (document)"
    assert "No page of this PDF has text" in json.dumps(message)


def test_a_damaged_image_reaches_nobody(gateway: Gateway) -> None:
    reply, reached = ask(gateway, {"type": "text", "text": "see"}, block("image", "image/png", b"not a picture"))
    assert (reply.status, reached) == (400, [])
    error = json.loads(reply.body)["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith("messages[0].content[1]: the image is not a JPEG")


def test_nothing_is_fetched_unless_the_operator_says_so(gateway: Gateway) -> None:
    reply, reached = ask(gateway, {"type": "image", "source": {"type": "url", "url": "http://127.0.0.1:1/a.png"}})
    assert (reply.status, reached) == (400, [])
    assert "nothing is fetched from the web here" in json.loads(reply.body)["error"]["message"]


@pytest.mark.parametrize("url", ["http://169.254.169.254/x.png", "https://example.org/x.png", "file:///etc/passwd"])
def test_an_image_on_the_web_is_not_left_to_the_backend(gateway: Gateway, url: str) -> None:
    reply, reached = ask(gateway, {"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": url}}, dialect="chat")
    assert (reply.status, reached) == (400, [])
    assert "--fetch-media" in json.loads(reply.body)["error"]["message"]


def data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def test_images_and_files_of_responses_do_so_too(gateway: Gateway) -> None:
    parts = [
        {"type": "input_image", "image_url": data_url("image/webp", encode(picture(), "WEBP"))},
        {"type": "input_file", "filename": "a.pdf", "file_data": data_url("application/pdf", pdf("Alpha"))},
        {"type": "input_file", "filename": "a.txt", "file_data": data_url("text/plain", b"Beta")},
    ]
    reply, [message] = ask(gateway, *parts, dialect="responses")
    assert (reply.status, json.loads(reply.body)["output"][0]["content"][0]["text"]) == (200, "Hi")
    image, text = message["content"]
    assert image["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert text == {"type": "text", "text": "Document: a.pdf\n[Page 1]\nAlpha\nDocument: a.txt\nBeta"}


def test_what_a_pdf_of_responses_does_not_tell_is_reported(gateway: Gateway) -> None:
    reply, [message] = ask(gateway, {"type": "input_file", "file_data": data_url("application/pdf", pdf(""))}, dialect="responses")
    assert reply.headers["x-triglot-loss"] == "input[0].content[0] (input_file)"
    assert "No page of this PDF has text" in json.dumps(message)


def test_nothing_is_fetched_for_responses_either(gateway: Gateway) -> None:
    reply, reached = ask(gateway, {"type": "input_image", "image_url": "http://127.0.0.1:1/a.png"}, dialect="responses")
    assert (reply.status, reached) == (400, [])
    assert "nothing is fetched from the web here" in json.loads(reply.body)["error"]["message"]
