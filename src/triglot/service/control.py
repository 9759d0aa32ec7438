"""triglot's own operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triglot import __version__
from triglot.errors import ApiError, ErrorKind
from triglot.generated import DIALECTS
from triglot.service.engine import EngineHandlers
from triglot.service.generate import GenerateHandlers
from triglot.state.cancels import KINDS, Names

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from triglot.backend.discovery import Discovery
    from triglot.generated.control.events import CancelledInference, Health, Welcome
    from triglot.generated.control.models import CancelInference
    from triglot.service.flight import Flights
    from triglot.service.model_files import ModelFiles
    from triglot.service.pace import Pace
    from triglot.state.cancels import CancelRegistry
    from triglot.web import RequestContext


class ControlHandlers(EngineHandlers, GenerateHandlers):
    """Implements `ControlService`.

    Args:
        discovery: what the backend says of itself.
        cancels: the requests that run.
        flights, pace: see `GenerateHandlers`.
        files, guarded, local: see `EngineHandlers`.
        stop_response: stops a response that is made in the background, by owner and id; tells whether it was being made.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        discovery: Discovery,
        cancels: CancelRegistry,
        stop_response: Callable[[str, str], Awaitable[bool]],
        *,
        flights: Flights,
        pace: Pace,
        files: ModelFiles,
        guarded: bool,
        local: bool,
    ) -> None:
        EngineHandlers.__init__(self, discovery, files, guarded=guarded, local=local)
        GenerateHandlers.__init__(self, flights, discovery, pace=pace)
        self._cancels = cancels
        self._stop_response = stop_response

    async def get_welcome(self, context: RequestContext) -> Welcome:  # noqa: ARG002
        """What this server is."""
        return {
            "name": "triglot",
            "version": __version__,
            "dialects": {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"},
            "contracts": [f"/openapi/{dialect}.json" for dialect in DIALECTS],
        }

    async def get_hello(self, context: RequestContext) -> Welcome:
        """The same, where Claude Code looks for it."""
        return await self.get_welcome(context)

    async def get_health(self, context: RequestContext) -> Health:
        """Whether a request sent now would reach a model."""
        engine = self._discovery.engine
        if engine is not None and (state := engine.look()).url is None:  # a request would wait; who asks for health wants to know that
            context.answer_status = 503
            starting = state.state in ("loading", "restarting")
            return {
                "status": "starting" if starting else "unavailable",
                "version": __version__,
                "backend": {"reachable": False, "status": state.state, "model": None},
            }
        try:
            models = await self._discovery.models()
        except ApiError as error:
            context.answer_status = 503
            starting = error.kind is ErrorKind.BACKEND_LOADING
            return {
                "status": "starting" if starting else "unavailable",
                "version": __version__,
                "backend": {"reachable": error.status is not None, "status": "loading model" if starting else None, "model": None},
            }
        return {
            "status": "ok" if models else "degraded",
            "version": __version__,
            "backend": {"reachable": True, "status": "ok", "model": models[0]["id"] if models else None},
        }

    async def get_health_v1(self, context: RequestContext) -> Health:
        """The same, for clients whose base URL ends in /v1."""
        return await self.get_health(context)

    async def cancel_inference(self, request: CancelInference, context: RequestContext) -> CancelledInference:
        """Stop the client's requests that have one of the names."""
        target = Names(context.owner, **{kind: getattr(request, kind) for kind in KINDS})
        count = 0
        if target.response_id is not None and target.cancel_id is None:
            count = await self._cancels.cancel(Names(context.owner, response_id=target.response_id))
            count = count or await self._stop_response(context.owner, target.response_id)
        return {"cancelled": count + await self._cancels.cancel(target)}
