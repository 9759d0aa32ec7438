# Generated from specs/control (sha256 9b6f18c8f053). DO NOT EDIT.
# Regenerate: nox -s generate
"""The control dialect over HTTP: each method reads, validates, calls the service and answers. Policy lives in `triglot.web` and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot import web

from .. import Route

if TYPE_CHECKING:
    from falcon.asgi import Request, Response

    from .service import ControlService


class HealthResource:
    """/health."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """Tell whether requests can be served."""
        context = await web.read_request(req, resp, "control", "get_health")
        web.send_json(resp, context, await self._service.get_health(context))


class V1HealthResource:
    """/v1/health."""

    def __init__(self, service: ControlService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """Tell whether requests can be served, for clients whose base URL ends in /v1."""
        context = await web.read_request(req, resp, "control", "get_health_v1")
        web.send_json(resp, context, await self._service.get_health_v1(context))


ROUTES: Final = (
    Route("/health", HealthResource, {"GET": None}),
    Route("/v1/health", V1HealthResource, {"GET": None}),
)
