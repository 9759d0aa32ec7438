# Generated from specs/messages (sha256 f75f5f747cf2). DO NOT EDIT.
# Regenerate: nox -s generate
"""The messages dialect over HTTP: each method reads, validates, calls the service and answers. Policy lives in `triglot.web` and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot import web

from .. import Route
from . import models

if TYPE_CHECKING:
    from falcon.asgi import Request, Response

    from .service import MessagesService


class MessagesResource:
    """/v1/messages."""

    def __init__(self, service: MessagesService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Create a message."""
        context = await web.read_request(req, resp, "messages", "create_message")
        request = web.decode_body(models.CreateMessage, context)
        if request.stream:
            web.send_stream(resp, context, await self._service.stream_message(request, context))
        else:
            web.send_json(resp, context, await self._service.create_message(request, context))


class MessagesCountTokensResource:
    """/v1/messages/count_tokens."""

    def __init__(self, service: MessagesService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Count the tokens of a message."""
        context = await web.read_request(req, resp, "messages", "count_message_tokens")
        request = web.decode_body(models.CountMessageTokens, context)
        web.send_json(resp, context, await self._service.count_message_tokens(request, context))


class ModelsResource:
    """/v1/models."""

    def __init__(self, service: MessagesService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """List models."""
        context = await web.read_request(req, resp, "messages", "list_models")
        query = web.decode_query(models.ListModelsQuery, context)
        web.send_json(resp, context, await self._service.list_models(query, context))

    on_head = on_get  # Falcon leaves the body out


class ModelsByModelIdResource:
    """/v1/models/{model_id}."""

    def __init__(self, service: MessagesService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response, model_id: str) -> None:
        """Get a model."""
        context = await web.read_request(req, resp, "messages", "get_model")
        web.send_json(resp, context, await self._service.get_model(model_id, context))

    on_head = on_get  # Falcon leaves the body out


ROUTES: Final = (
    Route("/v1/messages", MessagesResource, {"POST": None}),
    Route("/v1/messages/count_tokens", MessagesCountTokensResource, {"POST": None}),
    Route("/v1/models", ModelsResource, {"GET": "anthropic-version"}),
    Route("/v1/models/{model_id:path}", ModelsByModelIdResource, {"GET": "anthropic-version"}),
)
