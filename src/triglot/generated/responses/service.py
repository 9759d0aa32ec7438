# Generated from specs/responses (sha256 b8a4ac61896b). DO NOT EDIT.
# Regenerate: nox -s generate
"""What a service has to do for the responses dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from triglot.web import ByteStream, RequestContext

    from . import events, models


class ResponsesService(Protocol):
    """The operations of the responses dialect, each with its request validated."""

    async def create_response(self, request: models.CreateResponse, context: RequestContext) -> events.Response:
        """POST /v1/responses: Answer a list of items."""
        ...

    async def stream_response(self, request: models.CreateResponse, context: RequestContext) -> ByteStream:
        """POST /v1/responses, streamed: Answer a list of items."""
        ...
