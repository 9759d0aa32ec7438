"""Images and PDFs on their way through a running gateway."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

from tests.media.pictures import decode, encode, picture
from tests.media.sheets import pdf

from .harness import HEAD, Connection, Gateway, chunk, playing

if TYPE_CHECKING:
    from .harness import Reply


def ask(gateway: Gateway, *blocks: dict[str, Any]) -> tuple[Reply, list[Any]]:
    """The gateway's answer, and the chat messages that reached the backend."""
    reached: list[Any] = []

    async def play(connection: Connection) -> None:
        reached.extend(connection.body["messages"])
        await connection.send(HEAD)
        await connection.send_chunk(chunk({"role": "assistant", "content": "Hi"}) + chunk({}, "stop") + b"data: [DONE]\n\n")
        await connection.send(b"0\r\n\r\n")

    async def run() -> Reply:
        async with playing(gateway, play):
            return await asyncio.wait_for(gateway.ask("messages", stream=False, messages=[{"role": "user", "content": blocks}]), 30)

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
