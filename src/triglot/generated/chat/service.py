# Generated from specs/chat (sha256 59054c07084a). DO NOT EDIT.
# Regenerate: nox -s generate
"""What a service has to do for the chat dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from triglot.web import ByteStream, RequestContext

    from . import events, models


class ChatService(Protocol):
    """The operations of the chat dialect, each with its request validated."""

    async def create_chat_completion(self, request: models.CreateChatCompletion, context: RequestContext) -> bytes:
        """POST /v1/chat/completions: Answer a conversation."""
        ...

    async def stream_chat_completion(self, request: models.CreateChatCompletion, context: RequestContext) -> ByteStream:
        """POST /v1/chat/completions, streamed: Answer a conversation."""
        ...

    async def list_models(self, context: RequestContext) -> events.ModelList:
        """GET /v1/models: List the models."""
        ...

    async def get_model(self, model_id: str, context: RequestContext) -> events.Model:
        """GET /v1/models/{model_id}: Describe one model."""
        ...
