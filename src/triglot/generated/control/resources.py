# Generated from specs/control (sha256 af041321b349). DO NOT EDIT.
# Regenerate: nox -s generate
"""The control dialect over HTTP: each method reads, validates, calls the service and answers. Policy lives in `triglot.web` and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot import web

from .. import Route
from . import models

if TYPE_CHECKING:
    from falcon.asgi import Request, Response

    from .service import ControlService


class Resource:
    """/."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """Say what this is."""
        context = await web.read_request(req, resp, "control", "get_welcome")
        web.send_json(resp, context, await self._service.get_welcome(context))

    on_head = on_get  # Falcon leaves the body out


class ApiHelloResource:
    """/api/hello."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """Say what this is, where Claude Code looks for it."""
        context = await web.read_request(req, resp, "control", "get_hello")
        web.send_json(resp, context, await self._service.get_hello(context))

    on_head = on_get  # Falcon leaves the body out


class HealthResource:
    """/health."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """Tell whether requests can be served."""
        context = await web.read_request(req, resp, "control", "get_health")
        web.send_json(resp, context, await self._service.get_health(context))

    on_head = on_get  # Falcon leaves the body out


class V1HealthResource:
    """/v1/health."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """Tell whether requests can be served, for clients whose base URL ends in /v1."""
        context = await web.read_request(req, resp, "control", "get_health_v1")
        web.send_json(resp, context, await self._service.get_health_v1(context))

    on_head = on_get  # Falcon leaves the body out


class ApiInferenceCancelResource:
    """/api/inference/cancel."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Stop running requests."""
        context = await web.read_request(req, resp, "control", "cancel_inference")
        request = web.decode_body(models.CancelInference, context)
        web.send_json(resp, context, await self._service.cancel_inference(request, context))


ROUTES: Final = (
    Route("/", Resource, {"GET": None}),
    Route("/api/hello", ApiHelloResource, {"GET": None}),
    Route("/health", HealthResource, {"GET": None}),
    Route("/v1/health", V1HealthResource, {"GET": None}),
    Route("/api/inference/cancel", ApiInferenceCancelResource, {"POST": None}),
)
