# Generated from specs/chat (sha256 59054c07084a). DO NOT EDIT.
# Regenerate: nox -s generate
"""The chat dialect over HTTP: each method reads, validates, calls the service and answers. Policy lives in `triglot.web` and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot import web

from .. import Route
from . import models

if TYPE_CHECKING:
    from falcon.asgi import Request, Response

    from .service import ChatService


class ChatCompletionsResource:
    """/v1/chat/completions."""

    def __init__(self, service: ChatService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer a conversation."""
        context = await web.read_request(req, resp, "chat", "create_chat_completion")
        request = web.decode_body(models.CreateChatCompletion, context)
        if request.stream:
            web.send_stream(resp, context, await self._service.stream_chat_completion(request, context))
        else:
            web.send_bytes(resp, context, await self._service.create_chat_completion(request, context))


class ModelsResource:
    """/v1/models."""

    def __init__(self, service: ChatService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the models."""
        context = await web.read_request(req, resp, "chat", "list_models")
        web.send_json(resp, context, await self._service.list_models(context))

    on_head = on_get  # Falcon leaves the body out


class ModelsByModelIdResource:
    """/v1/models/{model_id}."""

    def __init__(self, service: ChatService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response, model_id: str) -> None:
        """Describe one model."""
        context = await web.read_request(req, resp, "chat", "get_model")
        web.send_json(resp, context, await self._service.get_model(model_id, context))

    on_head = on_get  # Falcon leaves the body out


ROUTES: Final = (
    Route("/v1/chat/completions", ChatCompletionsResource, {"POST": None}),
    Route("/v1/models", ModelsResource, {"GET": None}),
    Route("/v1/models/{model_id:path}", ModelsByModelIdResource, {"GET": None}),
)
