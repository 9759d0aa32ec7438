# Generated from toy/parrot (sha256 e658ca97a450). DO NOT EDIT.
# Regenerate: nox -s generate
"""What a service has to do for the parrot dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from triglot.web import ByteStream, RequestContext, Socket

    from . import events, models


class ParrotService(Protocol):
    """The operations of the parrot dialect, each with its request validated."""

    async def create_echo(self, request: models.CreateEcho, context: RequestContext) -> events.Echo:
        """POST /v1/echoes: Say the phrases again."""
        ...

    async def stream_echo(self, request: models.CreateEcho, context: RequestContext) -> ByteStream:
        """POST /v1/echoes, streamed: Say the phrases again."""
        ...

    async def list_birds(self, query: models.ListBirdsQuery, context: RequestContext) -> events.BirdList:
        """GET /v1/birds: List the birds."""
        ...

    async def get_bird(self, bird_id: str, context: RequestContext) -> bytes:
        """GET /v1/birds/{bird_id}: Describe one bird."""
        ...

    async def get_song(self, bird_id: str, query: models.GetSongQuery, context: RequestContext) -> events.Echo:
        """GET /v1/birds/{bird_id}/song: Hear what a bird is singing, from its beginning."""
        ...

    async def follow_song(self, bird_id: str, query: models.GetSongQuery, context: RequestContext) -> ByteStream:
        """GET /v1/birds/{bird_id}/song, streamed: Hear what a bird is singing, from its beginning."""
        ...

    async def stop_talk(self, context: RequestContext) -> events.Echo:
        """POST /v1/talk: Cover the cage."""
        ...

    async def converse_words(self, socket: Socket, context: RequestContext) -> None:
        """A WebSocket at /v1/talk: Talk to the parrot without hanging up."""
        ...
