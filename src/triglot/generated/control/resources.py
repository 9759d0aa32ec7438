# Generated from specs/control (sha256 47596356eba5). DO NOT EDIT.
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
        context = await web.read_request(req, resp, "control", "cancel_inference", body=False)
        request = web.decode_body(models.CancelInference, context)
        web.send_json(resp, context, await self._service.cancel_inference(request, context))


class ApiGenerateResource:
    """/api/generate."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Make text from a prompt."""
        context = await web.read_request(req, resp, "control", "generate_text")
        request = web.decode_body(models.GenerateText, context)
        if request.stream:
            web.send_stream(resp, context, await self._service.stream_text(request, context))
        else:
            web.send_json(resp, context, await self._service.generate_text(request, context))


class ApiEngineLoadResource:
    """/api/engine/load."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Load a model."""
        context = await web.read_request(req, resp, "control", "load_engine")
        request = web.decode_body(models.LoadEngine, context)
        web.send_json(resp, context, await self._service.load_engine(request, context))


class ApiEngineValidateResource:
    """/api/engine/validate."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Look whether a model could be loaded."""
        context = await web.read_request(req, resp, "control", "validate_engine")
        request = web.decode_body(models.EngineOptions, context)
        web.send_json(resp, context, await self._service.validate_engine(request, context))


class ApiEngineUnloadResource:
    """/api/engine/unload."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Unload the model."""
        context = await web.read_request(req, resp, "control", "unload_engine", body=False)
        web.send_json(resp, context, await self._service.unload_engine(context))


class ApiEngineCancelResource:
    """/api/engine/cancel."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """End a load."""
        context = await web.read_request(req, resp, "control", "cancel_load", body=False)
        request = web.decode_body(models.CancelLoad, context)
        web.send_json(resp, context, await self._service.cancel_load(request, context))


class ApiEngineStatusResource:
    """/api/engine/status."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """Tell what is served, and what it can do."""
        context = await web.read_request(req, resp, "control", "get_engine_status")
        web.send_json(resp, context, await self._service.get_engine_status(context))

    on_head = on_get  # Falcon leaves the body out


class ApiEngineProgressResource:
    """/api/engine/progress."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """Tell how far a load is."""
        context = await web.read_request(req, resp, "control", "get_engine_progress")
        query = web.decode_query(models.GetEngineProgressQuery, context)
        if query.stream and req.method != "HEAD":
            web.send_stream(resp, context, await self._service.follow_engine_progress(query, context))
        else:
            web.send_json(resp, context, await self._service.get_engine_progress(query, context))

    on_head = on_get  # Falcon leaves the body out


ROUTES: Final = (
    Route("/", Resource, {"GET": None}),
    Route("/api/hello", ApiHelloResource, {"GET": None}),
    Route("/health", HealthResource, {"GET": None}),
    Route("/v1/health", V1HealthResource, {"GET": None}),
    Route("/api/inference/cancel", ApiInferenceCancelResource, {"POST": None}),
    Route("/api/generate", ApiGenerateResource, {"POST": None}),
    Route("/api/engine/load", ApiEngineLoadResource, {"POST": None}),
    Route("/api/engine/validate", ApiEngineValidateResource, {"POST": None}),
    Route("/api/engine/unload", ApiEngineUnloadResource, {"POST": None}),
    Route("/api/engine/cancel", ApiEngineCancelResource, {"POST": None}),
    Route("/api/engine/status", ApiEngineStatusResource, {"GET": None}),
    Route("/api/engine/progress", ApiEngineProgressResource, {"GET": None}),
)
