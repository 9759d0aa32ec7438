# Generated from toy/parrot (sha256 4284ed7fb6eb). DO NOT EDIT.
# Regenerate: nox -s generate
"""What a service has to do for the parrot dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from triglot.web import ByteStream, RequestContext

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
