"""Chat Completions: the backend's own dialect, relayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from triglot.dialects.chat.ending import read_ending
from triglot.dialects.chat.fold import CompletionFold
from triglot.dialects.chat.relay import StreamRelay
from triglot.dialects.chat.request import WATCHED, can_fold, convert_request, find_remote_images, streamed
from triglot.dialects.chat.single_call import COUNTED, keep_first_call
from triglot.errors import ApiError, ErrorKind
from triglot.generated.chat.support import CREATE_CHAT_COMPLETION
from triglot.media.reader import Remote
from triglot.service.answers import get_ready, open_answer, read_body
from triglot.service.chat_answers import RelayedStream, fold_answer
from triglot.service.losses import report_losses

if TYPE_CHECKING:
    from triglot.backend.discovery import Discovery
    from triglot.backend.profiles import Profile
    from triglot.generated.chat.events import Model, ModelList
    from triglot.generated.chat.models import CreateChatCompletion
    from triglot.media.reader import MediaReader
    from triglot.service.flight import Flights
    from triglot.service.pace import Pace
    from triglot.web import ByteStream, RequestContext


class ChatHandlers:
    """Implements `ChatService`.

    Args:
        flights: how requests go to the backend.
        discovery: what the backend says of itself.
        media: reads images.
        pace: of its streams.
        fold: a llama-server streams its answers in one piece to us, because otherwise it may not notice that a client has gone.
    """

    def __init__(self, flights: Flights, discovery: Discovery, *, media: MediaReader, pace: Pace, fold: bool) -> None:
        self._flights = flights
        self._discovery = discovery
        self._media = media
        self._pace = pace
        self._fold = fold

    async def create_chat_completion(self, request: CreateChatCompletion, context: RequestContext) -> bytes:
        """Answer with the backend's own bytes, or with what they are as a stream, folded."""
        flight = self._flights.begin(context)
        single_call = _wants_single_call(request)

        async def prepare() -> bytes:
            profile = await self._prepare(context)
            fold = self._fold and profile.extensions and can_fold(context.document)
            flight.in_one_piece = not fold
            more = {**streamed(context.document), **(COUNTED if single_call else {})} if fold else {}
            return convert_request(context.document, context.body, profile, more)

        flight.load(prepare, width=request.n or 1)
        await get_ready(flight)
        fold = not flight.in_one_piece
        await open_answer(flight, context, stream=fold)
        if fold:
            answer = await fold_answer(flight, CompletionFold(choices=request.n or 1, single_call=single_call))
        else:
            answer = await read_body(flight)
            answer = keep_first_call(answer) if single_call else answer
        if context.log.is_wanted:
            context.log.conclude(read_ending([answer]))
        return answer

    async def stream_chat_completion(self, request: CreateChatCompletion, context: RequestContext) -> ByteStream:
        """Answer with the backend's own bytes, in whole events."""
        flight = self._flights.begin(context)
        single_call = _wants_single_call(request)
        tell_usage = bool(request.stream_options and request.stream_options.include_usage)
        counts = COUNTED if single_call and tell_usage else {}
        extensions = True  # until it is known: a backend without them sends nothing that would be hidden

        async def prepare() -> bytes:
            nonlocal extensions
            profile = await self._prepare(context)
            extensions = profile.extensions
            return convert_request(context.document, context.body, profile, {**WATCHED, **counts} if extensions else {})

        flight.load(prepare, width=request.n or 1)
        await open_answer(flight, context, stream=True, within_s=self._pace.early_start_s)
        relay = StreamRelay(
            choices=request.n or 1,
            hide_progress=extensions and not request.return_progress,
            tell_progress=bool(request.return_progress),
            tell_usage=tell_usage,
            single_call=single_call,
            hide_timings=bool(counts) and extensions and not request.timings_per_token,
        )
        return RelayedStream(flight, relay, context.request_id, self._pace.heartbeat_s)

    async def list_models(self, context: RequestContext) -> ModelList:  # noqa: ARG002
        """The backend's models."""
        return {"object": "list", "data": [_convert_model(entry) for entry in await self._discovery.models()]}

    async def get_model(self, model_id: str, context: RequestContext) -> Model:  # noqa: ARG002
        """One of the backend's models."""
        for entry in await self._discovery.models():
            if entry["id"] == model_id:
                return _convert_model(entry)
        raise ApiError(ErrorKind.NOT_FOUND, f"The backend has no model {model_id!r}: GET /v1/models lists those it has.", param="model")

    async def _prepare(self, context: RequestContext) -> Profile:
        """Say what has no effect, put images in their places, and tell what kind of backend it is."""
        profile = await self._discovery.profile()
        if profile.extensions:
            report_losses(CREATE_CHAT_COMPLETION, context)
        if profile.fetches_urls and find_remote_images(context.document):
            await self._read_images(context)
        return profile

    async def _read_images(self, context: RequestContext) -> None:
        """Put images inline that the backend would fetch itself, from addresses that only it can reach, without asking whether it may."""
        session = self._media.begin()
        for where, image in find_remote_images(context.document):
            inline = await session.read_image(Remote(image["url"]), where)
            image["url"] = f"data:{inline.media_type};base64,{inline.data}"
        context.body = msgspec.json.encode(context.document)


def _wants_single_call(request: CreateChatCompletion) -> bool:
    return request.parallel_tool_calls is False and bool(request.tools)


def _convert_model(entry: dict[str, Any]) -> Model:
    created = entry.get("created")
    return {
        **entry,  # type: ignore[typeddict-item] # facts of llama-server beyond the API, such as `meta`, are passed on
        "id": entry["id"],
        "object": "model",
        "created": created if isinstance(created, int) else 0,
        "owned_by": str(entry.get("owned_by") or "backend"),
    }
