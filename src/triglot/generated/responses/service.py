# Generated from specs/responses (sha256 54e290b72b2e). DO NOT EDIT.
# Regenerate: nox -s generate
"""What a service has to do for the responses dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from triglot.web import ByteStream, RequestContext, Socket

    from . import events, models


class ResponsesService(Protocol):
    """The operations of the responses dialect, each with its request validated."""

    async def create_response(self, request: models.CreateResponse, context: RequestContext) -> events.Response:
        """POST /v1/responses: Answer a list of items."""
        ...

    async def stream_response(self, request: models.CreateResponse, context: RequestContext) -> ByteStream:
        """POST /v1/responses, streamed: Answer a list of items."""
        ...

    async def get_response(self, response_id: str, query: models.GetResponseQuery, context: RequestContext) -> events.Response:
        """GET /v1/responses/{response_id}: Get a stored response."""
        ...

    async def follow_response(self, response_id: str, query: models.GetResponseQuery, context: RequestContext) -> ByteStream:
        """GET /v1/responses/{response_id}, streamed: Get a stored response."""
        ...

    async def delete_response(self, response_id: str, context: RequestContext) -> events.DeletedResponse:
        """DELETE /v1/responses/{response_id}: Delete a stored response."""
        ...

    async def cancel_response(self, response_id: str, context: RequestContext) -> events.Response:
        """POST /v1/responses/{response_id}/cancel: Cancel a response that runs in the background."""
        ...

    async def list_response_input_items(self, response_id: str, query: models.ListResponseInputItemsQuery, context: RequestContext) -> events.ItemList:
        """GET /v1/responses/{response_id}/input_items: List what a response was given."""
        ...

    async def count_response_input_tokens(self, request: models.CountInputTokens, context: RequestContext) -> events.InputTokens:
        """POST /v1/responses/input_tokens: Count the tokens of an input."""
        ...

    async def compact_response(self, request: models.CompactResponse, context: RequestContext) -> events.CompactedResponse:
        """POST /v1/responses/compact: Shorten a conversation."""
        ...

    async def create_conversation(self, request: models.CreateConversation, context: RequestContext) -> events.Conversation:
        """POST /v1/conversations: Create a conversation."""
        ...

    async def get_conversation(self, conversation_id: str, context: RequestContext) -> events.Conversation:
        """GET /v1/conversations/{conversation_id}: Get a conversation."""
        ...

    async def update_conversation(self, conversation_id: str, request: models.UpdateConversation, context: RequestContext) -> events.Conversation:
        """POST /v1/conversations/{conversation_id}: Change a conversation's notes."""
        ...

    async def delete_conversation(self, conversation_id: str, context: RequestContext) -> events.DeletedConversation:
        """DELETE /v1/conversations/{conversation_id}: Delete a conversation."""
        ...

    async def create_conversation_items(self, conversation_id: str, request: models.CreateConversationItems, query: models.CreateConversationItemsQuery, context: RequestContext) -> events.ItemList:
        """POST /v1/conversations/{conversation_id}/items: Append items to a conversation."""
        ...

    async def list_conversation_items(self, conversation_id: str, query: models.ListConversationItemsQuery, context: RequestContext) -> events.ItemList:
        """GET /v1/conversations/{conversation_id}/items: List the items of a conversation."""
        ...

    async def get_conversation_item(self, conversation_id: str, item_id: str, query: models.GetConversationItemQuery, context: RequestContext) -> events.ListedItem:
        """GET /v1/conversations/{conversation_id}/items/{item_id}: Get one item of a conversation."""
        ...

    async def delete_conversation_item(self, conversation_id: str, item_id: str, context: RequestContext) -> events.Conversation:
        """DELETE /v1/conversations/{conversation_id}/items/{item_id}: Take an item out of a conversation."""
        ...

    async def converse_responses(self, socket: Socket, context: RequestContext) -> None:
        """A WebSocket at /v1/responses: Answer lists of items on one connection."""
        ...
