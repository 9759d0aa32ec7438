# Generated from specs/responses (sha256 b8a4ac61896b). DO NOT EDIT.
# Regenerate: nox -s generate
"""The responses dialect over HTTP: each method reads, validates, calls the service and answers. Policy lives in `triglot.web` and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot import web

from .. import Route
from . import models

if TYPE_CHECKING:
    from falcon.asgi import Request, Response

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


ROUTES: Final = (
    Route("/v1/responses", ResponsesResource, {"POST": None}),
)
