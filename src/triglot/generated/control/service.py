# Generated from specs/control (sha256 9b6f18c8f053). DO NOT EDIT.
# Regenerate: nox -s generate
"""What a service has to do for the control dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from triglot.web import RequestContext

    from . import events


class ControlService(Protocol):
    """The operations of the control dialect, each with its request validated."""

    async def get_health(self, context: RequestContext) -> events.Health:
        """GET /health: Tell whether requests can be served."""
        ...

    async def get_health_v1(self, context: RequestContext) -> events.Health:
        """GET /v1/health: Tell whether requests can be served, for clients whose base URL ends in /v1."""
        ...
