"""OpenAI Responses: converted to chat requests, and the backend's answers translated back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from triglot.backend.decode import AnswerDecoder
from triglot.dialects.responses.answer import begin_response, fold_events
from triglot.dialects.responses.request import convert_request
from triglot.dialects.responses.stream import ResponseStream
from triglot.generated.responses.support import CREATE_RESPONSE
from triglot.service.answers import EARLY_START_S, TranslatedStream, collect_events, open_answer
from triglot.service.losses import report_losses

if TYPE_CHECKING:
    from triglot.backend.client import Backend
    from triglot.backend.discovery import Discovery
    from triglot.dialects.chat_request import ChatRequest
    from triglot.dialects.translator import NewId
    from triglot.generated.responses.events import Response
    from triglot.generated.responses.models import CreateResponse
    from triglot.web import ByteStream, RequestContext


class ResponsesHandlers:
    """Implements `ResponsesService`.

    Args:
        backend: where requests go.
        discovery: what the backend says of itself.
        new_id: makes the ids of answers.
        heartbeat_s: longest silence of a stream.
    """

    def __init__(self, backend: Backend, discovery: Discovery, *, new_id: NewId, heartbeat_s: float) -> None:
        self._heartbeat_s = heartbeat_s
        self._backend = backend
        self._discovery = discovery
        self._new_id = new_id

    async def create_response(self, request: CreateResponse, context: RequestContext) -> Response:
        """Answer with the response that the last event of its stream would have carried."""
        chat, translator = await self._convert(request, context)
        call = await open_answer(self._backend, context, chat.encode(), stream=True)
        return fold_events(await collect_events(call, AnswerDecoder(chat.rules), translator))

    async def stream_response(self, request: CreateResponse, context: RequestContext) -> ByteStream:
        """Answer with the response's events; they begin after a moment, whether or not the backend has begun by then."""
        chat, translator = await self._convert(request, context)
        call = await open_answer(self._backend, context, chat.encode(), stream=True, within_s=EARLY_START_S)
        return TranslatedStream(
            call,
            AnswerDecoder(chat.rules),
            translator,
            request_id=context.request_id,
            heartbeat_s=self._heartbeat_s,
            opening=translator.start(None) if call.status == 0 else (),
        )

    async def _convert(self, request: CreateResponse, context: RequestContext) -> tuple[ChatRequest, ResponseStream]:
        report_losses(CREATE_RESPONSE, context)
        converted = convert_request(request, await self._discovery.profile(), _no_seal)
        model = request.model or await self._discovery.default_model()
        response = begin_response(request, context.document, model=model, response_id=self._new_id("resp_"), created_at=_now())
        return converted.chat, ResponseStream(response, new_id=self._new_id, now=_now, plan=converted.plan, seal=str)


def _no_seal(_sealed: str) -> str | None:
    return None


def _now() -> int:
    return int(time.time())
