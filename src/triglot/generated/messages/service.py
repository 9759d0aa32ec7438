# Generated from specs/messages (sha256 f75f5f747cf2). DO NOT EDIT.
# Regenerate: nox -s generate
"""What a service has to do for the messages dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from triglot.web import ByteStream, RequestContext

    from . import events, models


class MessagesService(Protocol):
    """The operations of the messages dialect, each with its request validated."""

    async def create_message(self, request: models.CreateMessage, context: RequestContext) -> events.Message:
        """POST /v1/messages: Create a message."""
        ...

    async def stream_message(self, request: models.CreateMessage, context: RequestContext) -> ByteStream:
        """POST /v1/messages, streamed: Create a message."""
        ...

    async def count_message_tokens(self, request: models.CountMessageTokens, context: RequestContext) -> events.MessageTokensCount:
        """POST /v1/messages/count_tokens: Count the tokens of a message."""
        ...

    async def list_models(self, query: models.ListModelsQuery, context: RequestContext) -> events.ModelList:
        """GET /v1/models: List models."""
        ...

    async def get_model(self, model_id: str, context: RequestContext) -> events.ModelInfo:
        """GET /v1/models/{model_id}: Get a model."""
        ...
