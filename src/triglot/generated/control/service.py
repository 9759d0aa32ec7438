# Generated from specs/control (sha256 af041321b349). DO NOT EDIT.
# Regenerate: nox -s generate
"""What a service has to do for the control dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from triglot.web import RequestContext

    from . import events, models


class ControlService(Protocol):
    """The operations of the control dialect, each with its request validated."""

    async def get_welcome(self, context: RequestContext) -> events.Welcome:
        """GET /: Say what this is."""
        ...

    async def get_hello(self, context: RequestContext) -> events.Welcome:
        """GET /api/hello: Say what this is, where Claude Code looks for it."""
        ...

    async def get_health(self, context: RequestContext) -> events.Health:
        """GET /health: Tell whether requests can be served."""
        ...

    async def get_health_v1(self, context: RequestContext) -> events.Health:
        """GET /v1/health: Tell whether requests can be served, for clients whose base URL ends in /v1."""
        ...

    async def cancel_inference(self, request: models.CancelInference, context: RequestContext) -> events.CancelledInference:
        """POST /api/inference/cancel: Stop running requests."""
        ...
