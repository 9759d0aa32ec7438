# Generated from specs/responses (sha256 54e290b72b2e). DO NOT EDIT.
# Regenerate: nox -s generate
"""The responses dialect over HTTP: each method reads, validates, calls the service and answers. Policy lives in `triglot.web` and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot import web

from .. import Route
from . import models

if TYPE_CHECKING:
    from falcon.asgi import Request, Response, WebSocket

    from .service import ResponsesService


class ResponsesResource:
    """/v1/responses."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer a list of items."""
        context = await web.read_request(req, resp, "responses", "create_response")
        request = web.decode_body(models.CreateResponse, context)
        if request.stream:
            web.send_stream(resp, context, await self._service.stream_response(request, context))
        else:
            web.send_json(resp, context, await self._service.create_response(request, context))

    async def on_get(self, req: Request, resp: Response) -> None:
        """Ask for a WebSocket instead: GET alone has no meaning here."""
        web.demand_upgrade(req, resp)

    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        """Answer lists of items on one connection."""
        await web.serve_socket(req, ws, "responses", "converse_responses", self._service.converse_responses)


class ResponsesByResponseIdResource:
    """/v1/responses/{response_id}."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response, response_id: str) -> None:
        """Get a stored response."""
        context = await web.read_request(req, resp, "responses", "get_response")
        query = web.decode_query(models.GetResponseQuery, context, lists=("include",))
        if query.stream and req.method != "HEAD":
            web.send_stream(resp, context, await self._service.follow_response(response_id, query, context))
        else:
            web.send_json(resp, context, await self._service.get_response(response_id, query, context))

    on_head = on_get  # Falcon leaves the body out

    async def on_delete(self, req: Request, resp: Response, response_id: str) -> None:
        """Delete a stored response."""
        context = await web.read_request(req, resp, "responses", "delete_response")
        web.send_json(resp, context, await self._service.delete_response(response_id, context))


class ResponsesByResponseIdCancelResource:
    """/v1/responses/{response_id}/cancel."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response, response_id: str) -> None:
        """Cancel a response that runs in the background."""
        context = await web.read_request(req, resp, "responses", "cancel_response", body=False)
        web.send_json(resp, context, await self._service.cancel_response(response_id, context))


class ResponsesByResponseIdInputItemsResource:
    """/v1/responses/{response_id}/input_items."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response, response_id: str) -> None:
        """List what a response was given."""
        context = await web.read_request(req, resp, "responses", "list_response_input_items")
        query = web.decode_query(models.ListResponseInputItemsQuery, context, lists=("include",))
        web.send_json(resp, context, await self._service.list_response_input_items(response_id, query, context))

    on_head = on_get  # Falcon leaves the body out


class ResponsesInputTokensResource:
    """/v1/responses/input_tokens."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Count the tokens of an input."""
        context = await web.read_request(req, resp, "responses", "count_response_input_tokens")
        request = web.decode_body(models.CountInputTokens, context)
        web.send_json(resp, context, await self._service.count_response_input_tokens(request, context))


class ResponsesCompactResource:
    """/v1/responses/compact."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Shorten a conversation."""
        context = await web.read_request(req, resp, "responses", "compact_response")
        request = web.decode_body(models.CompactResponse, context)
        web.send_json(resp, context, await self._service.compact_response(request, context))


class ConversationsResource:
    """/v1/conversations."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Create a conversation."""
        context = await web.read_request(req, resp, "responses", "create_conversation")
        request = web.decode_body(models.CreateConversation, context)
        web.send_json(resp, context, await self._service.create_conversation(request, context))


class ConversationsByConversationIdResource:
    """/v1/conversations/{conversation_id}."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response, conversation_id: str) -> None:
        """Get a conversation."""
        context = await web.read_request(req, resp, "responses", "get_conversation")
        web.send_json(resp, context, await self._service.get_conversation(conversation_id, context))

    on_head = on_get  # Falcon leaves the body out

    async def on_post(self, req: Request, resp: Response, conversation_id: str) -> None:
        """Change a conversation's notes."""
        context = await web.read_request(req, resp, "responses", "update_conversation")
        request = web.decode_body(models.UpdateConversation, context)
        web.send_json(resp, context, await self._service.update_conversation(conversation_id, request, context))

    async def on_delete(self, req: Request, resp: Response, conversation_id: str) -> None:
        """Delete a conversation."""
        context = await web.read_request(req, resp, "responses", "delete_conversation")
        web.send_json(resp, context, await self._service.delete_conversation(conversation_id, context))


class ConversationsByConversationIdItemsResource:
    """/v1/conversations/{conversation_id}/items."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response, conversation_id: str) -> None:
        """Append items to a conversation."""
        context = await web.read_request(req, resp, "responses", "create_conversation_items")
        request = web.decode_body(models.CreateConversationItems, context)
        query = web.decode_query(models.CreateConversationItemsQuery, context, lists=("include",))
        web.send_json(resp, context, await self._service.create_conversation_items(conversation_id, request, query, context))

    async def on_get(self, req: Request, resp: Response, conversation_id: str) -> None:
        """List the items of a conversation."""
        context = await web.read_request(req, resp, "responses", "list_conversation_items")
        query = web.decode_query(models.ListConversationItemsQuery, context, lists=("include",))
        web.send_json(resp, context, await self._service.list_conversation_items(conversation_id, query, context))

    on_head = on_get  # Falcon leaves the body out


class ConversationsByConversationIdItemsByItemIdResource:
    """/v1/conversations/{conversation_id}/items/{item_id}."""

    def __init__(self, service: ResponsesService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response, conversation_id: str, item_id: str) -> None:
        """Get one item of a conversation."""
        context = await web.read_request(req, resp, "responses", "get_conversation_item")
        query = web.decode_query(models.GetConversationItemQuery, context, lists=("include",))
        web.send_json(resp, context, await self._service.get_conversation_item(conversation_id, item_id, query, context))

    on_head = on_get  # Falcon leaves the body out

    async def on_delete(self, req: Request, resp: Response, conversation_id: str, item_id: str) -> None:
        """Take an item out of a conversation."""
        context = await web.read_request(req, resp, "responses", "delete_conversation_item")
        web.send_json(resp, context, await self._service.delete_conversation_item(conversation_id, item_id, context))


ROUTES: Final = (
    Route("/v1/responses", ResponsesResource, {"POST": None}),
    Route("/v1/responses/{response_id}", ResponsesByResponseIdResource, {"GET": None, "DELETE": None}),
    Route("/v1/responses/{response_id}/cancel", ResponsesByResponseIdCancelResource, {"POST": None}),
    Route("/v1/responses/{response_id}/input_items", ResponsesByResponseIdInputItemsResource, {"GET": None}),
    Route("/v1/responses/input_tokens", ResponsesInputTokensResource, {"POST": None}),
    Route("/v1/responses/compact", ResponsesCompactResource, {"POST": None}),
    Route("/v1/conversations", ConversationsResource, {"POST": None}),
    Route("/v1/conversations/{conversation_id}", ConversationsByConversationIdResource, {"GET": None, "POST": None, "DELETE": None}),
    Route("/v1/conversations/{conversation_id}/items", ConversationsByConversationIdItemsResource, {"POST": None, "GET": None}),
    Route("/v1/conversations/{conversation_id}/items/{item_id}", ConversationsByConversationIdItemsByItemIdResource, {"GET": None, "DELETE": None}),
)
