"""Text from a prompt, for tools that know no conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from triglot.backend.decode import AnswerDecoder
from triglot.dialects.generate import GenerateStream, convert_request
from triglot.service.answers import TranslatedStream, collect_events, open_answer

if TYPE_CHECKING:
    from triglot.backend.discovery import Discovery
    from triglot.generated.control.events import GeneratedText
    from triglot.generated.control.models import GenerateText
    from triglot.service.flight import Flight, Flights
    from triglot.service.pace import Pace
    from triglot.web import ByteStream, RequestContext


class GenerateHandlers:
    """The operation of `ControlService` that makes text.

    Args:
        flights: how requests reach the backend.
        discovery: what the backend says of itself.
        pace: of its streams.
    """

    def __init__(self, flights: Flights, discovery: Discovery, *, pace: Pace) -> None:
        self._flights = flights
        self._discovery = discovery
        self._pace = pace

    async def generate_text(self, request: GenerateText, context: RequestContext) -> GeneratedText:
        """Answer with the whole text."""
        flight = self._flights.begin(context)
        stream = self._load(flight, request, context)
        await open_answer(flight, context, stream=True)
        last = (await collect_events(flight, AnswerDecoder(), stream))[-1]
        assert last["type"] == "generate.done"  # noqa: S101 - a failure has been raised
        return last["answer"]

    async def stream_text(self, request: GenerateText, context: RequestContext) -> ByteStream:
        """Answer with the text as it is written."""
        flight = self._flights.begin(context)
        stream = self._load(flight, request, context)
        await open_answer(flight, context, stream=True, within_s=self._pace.early_start_s)
        opening = stream.start(None) if flight.status == 0 else ()
        return TranslatedStream(
            flight, AnswerDecoder(), stream, request_id=context.request_id, heartbeat_s=self._pace.heartbeat_s, opening=opening
        )

    def _load(self, flight: Flight, request: GenerateText, context: RequestContext) -> GenerateStream:
        stream = GenerateStream(context.request_id)

        async def prepare() -> bytes:
            stream.model = await self._discovery.default_model()
            return msgspec.json.encode(convert_request(request, stream.model, await self._discovery.profile()))

        flight.load(prepare)
        return stream
