"""Uses the golden tree the way the project uses its own: this module only has to pass mypy --strict (`nox -s typing`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tests.codegen.golden.parrot import models
from tests.codegen.golden.parrot.resources import ROUTES, EchoesResource

if TYPE_CHECKING:
    from tests.codegen.golden.parrot import events
    from tests.codegen.golden.parrot.service import ParrotService
    from triglot.web import ByteStream, RequestContext, Socket


def build_echo(text: str) -> events.Echo:
    return {"id": "e_1", "type": "echo", "phrases": [{"type": "words", "text": text}], "tired": None}


def build_stream(text: str) -> list[events.EchoEvent]:
    return [
        {"type": "yawn"},
        {"type": "echo_start", "index": 0, "phrase": {"type": "words", "text": "", "accent": None}},
        {"type": "echo_delta", "index": 0, "text": text},
        {"type": "echo_stop", "index": 0, "echo": build_echo(text)},
    ]


class Parrot:
    """A service; its fields come from the models."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def create_echo(self, request: models.CreateEcho, context: RequestContext) -> events.Echo:
        if isinstance(request.phrases, str):
            return build_echo(request.phrases)
        return build_echo(" ".join(phrase.type for phrase in request.phrases if not isinstance(phrase, models.PlainWords)))

    async def stream_echo(self, request: models.CreateEcho, context: RequestContext) -> ByteStream:
        return self._stream

    async def list_birds(self, query: models.ListBirdsQuery, context: RequestContext) -> events.BirdList:
        birds: list[events.Bird] = [{"id": "polly"}, {"id": "jack", "age": 7}]
        return {"data": birds[: query.limit]}

    async def get_bird(self, bird_id: str, context: RequestContext) -> bytes:
        return bird_id.encode()

    async def get_song(self, bird_id: str, query: models.GetSongQuery, context: RequestContext) -> events.Echo:
        return build_echo(f"{bird_id}: {query.parts}")

    async def follow_song(self, bird_id: str, query: models.GetSongQuery, context: RequestContext) -> ByteStream:
        return self._stream

    async def stop_talk(self, context: RequestContext) -> events.Echo:
        return build_echo(f"{context.document}")

    async def converse_words(self, socket: Socket, context: RequestContext) -> None:
        while (message := await socket.receive()) is not None:
            word: dict[str, str] = msgspec.json.decode(message)
            reply: events.Reply = (
                {"type": "sulk"} if word["type"] == "hush" else {"type": "echo_delta", "index": 0, "text": word["phrases"]}
            )
            await socket.send(msgspec.json.encode(reply).decode())


def build_resource(stream: ByteStream) -> EchoesResource:
    service: ParrotService = Parrot(stream)
    return EchoesResource(service)


PATHS = [route.path for route in ROUTES]
