# Generated from specs/control (sha256 47596356eba5). DO NOT EDIT.
# Regenerate: nox -s generate
"""What a service has to do for the control dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from triglot.web import ByteStream, RequestContext

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

    async def generate_text(self, request: models.GenerateText, context: RequestContext) -> events.GeneratedText:
        """POST /api/generate: Make text from a prompt."""
        ...

    async def stream_text(self, request: models.GenerateText, context: RequestContext) -> ByteStream:
        """POST /api/generate, streamed: Make text from a prompt."""
        ...

    async def load_engine(self, request: models.LoadEngine, context: RequestContext) -> events.EngineLoad:
        """POST /api/engine/load: Load a model."""
        ...

    async def validate_engine(self, request: models.EngineOptions, context: RequestContext) -> events.EngineCheck:
        """POST /api/engine/validate: Look whether a model could be loaded."""
        ...

    async def unload_engine(self, context: RequestContext) -> events.EngineStatus:
        """POST /api/engine/unload: Unload the model."""
        ...

    async def cancel_load(self, request: models.CancelLoad, context: RequestContext) -> events.CancelledLoad:
        """POST /api/engine/cancel: End a load."""
        ...

    async def get_engine_status(self, context: RequestContext) -> events.EngineStatus:
        """GET /api/engine/status: Tell what is served, and what it can do."""
        ...

    async def get_engine_progress(self, query: models.GetEngineProgressQuery, context: RequestContext) -> events.EngineLoad:
        """GET /api/engine/progress: Tell how far a load is."""
        ...

    async def follow_engine_progress(self, query: models.GetEngineProgressQuery, context: RequestContext) -> ByteStream:
        """GET /api/engine/progress, streamed: Tell how far a load is."""
        ...
