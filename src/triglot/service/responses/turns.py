"""One response, from a validated request to its last event: what it continues, what is sent, how it is told, and what is kept of it."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from triglot.backend.decode import AnswerDecoder
from triglot.dialects.blindness import refuse_unperceived
from triglot.dialects.responses.answer import begin_response, fold_events
from triglot.dialects.responses.blindness import hide_result_images
from triglot.dialects.responses.request import convert_request, count_body, takes_long
from triglot.dialects.responses.stream import ResponseStream
from triglot.errors import ApiError, ErrorKind
from triglot.events import Finished, Usage
from triglot.generated.responses.support import COUNT_INPUT_TOKENS, CREATE_RESPONSE
from triglot.service.answers import TranslatedStream, collect_events, get_ready, open_answer
from triglot.service.losses import find_request_losses, refuse_rejected, tell_losses
from triglot.service.response_media import resolve_media
from triglot.state.seal import seal, unseal
from triglot.state.store import Item, StoredResponse, StoreError
from triglot.support import Loss

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from triglot.backend.discovery import Discovery
    from triglot.dialects.translator import NewId
    from triglot.generated.responses.events import Response, StreamEvent
    from triglot.generated.responses.models import CountInputTokens, CreateResponse
    from triglot.media.reader import MediaReader
    from triglot.service.flight import Flight, Flights
    from triglot.service.pace import Pace
    from triglot.service.responses.history import ConnectionMemory, Historian, History, Memory
    from triglot.service.responses.truncation import Shortener
    from triglot.state.store import Store
    from triglot.support import SupportTable
    from triglot.web import RequestContext

    Settle: TypeAlias = Callable[[Sequence[Any]], Awaitable[None]]

log = logging.getLogger("triglot")

_OPENING_EVENTS: Final = 2
"""They carry the whole response, with its tools: too large to be held by the server until a second token comes."""
CONTINUABLE: Final = frozenset({"completed", "incomplete"})


class Turn:
    """A prepared request.

    Attributes:
        request_id, owner: of the request.
        response: the response as it stands now.
        history: the items that it is about.
        flight: takes it to the backend.
        translator: tells the answer.
        decoder: reads it.
    """

    __slots__ = ("decoder", "flight", "history", "owner", "request_id", "response", "translator")

    def __init__(  # noqa: PLR0913 - keywords
        self,
        *,
        context: RequestContext,
        flight: Flight,
        response: Response,
        history: History,
        translator: ResponseStream,
        decoder: AnswerDecoder,
    ) -> None:
        self.request_id = context.request_id
        self.owner = context.owner
        self.flight = flight
        self.response = response
        self.history = history
        self.translator = translator
        self.decoder = decoder

    def items(self) -> list[Item]:
        """Everything that led to the response, and what it consists of, for a memory that holds it."""
        return [*self.history.prior, *self.history.given, *_made(self.response)]


class ReadyStream:
    """Events that are there already."""

    def __init__(self, events: Sequence[StreamEvent]) -> None:
        self._events = events

    async def next_events(self) -> Sequence[StreamEvent]:
        """All of them at once, then none."""
        events, self._events = self._events, ()
        return events

    async def close(self) -> None:
        """Nothing is held."""


class Turns:
    """Makes responses.

    Args:
        flights: how requests go to the backend.
        discovery: what the backend says of itself.
        store, historian: what is kept, and what is read from it.
        media: reads images and files.
        shortener: drops the oldest turns of a conversation that does not fit.
        new_id: makes ids.
        key: seals the thinking and the summaries that clients keep for us, each owner's for that owner alone.
        pace: of its streams.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        *,
        flights: Flights,
        discovery: Discovery,
        store: Store,
        historian: Historian,
        media: MediaReader,
        shortener: Shortener,
        new_id: NewId,
        key: bytes,
        pace: Pace,
    ) -> None:
        self._flights = flights
        self._discovery = discovery
        self._store = store
        self._historian = historian
        self._media = media
        self._shortener = shortener
        self._new_id = new_id
        self._key = key
        self.pace = pace

    async def prepare(  # noqa: PLR0913 - keywords
        self,
        request: CreateResponse,
        context: RequestContext,
        *,
        memory: Memory | None = None,
        remembers: bool = False,
        generate: bool = True,
        table: SupportTable = CREATE_RESPONSE,
    ) -> Turn:
        """Find what the request continues, and let it be converted as soon as the backend has told what it takes.

        Args:
            request: the validated request.
            context: where it came from; its document is echoed.
            memory: of the connection, if it has one.
            remembers: whether the turn holds all items, also those that are stored already or never.
            generate: whether the model is to answer.
            table: which fields of the document have an effect.

        Raises:
            ApiError: it cannot be met.
        """
        flight = self._flights.begin(context)
        if request.background and request.store is False:
            message = "background needs store: an answer that is not stored could not be fetched."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param="background")
        losses = find_request_losses(table, context)
        if request.conversation is not None and request.store is False:
            losses.append(Loss("conversation", "ignored", "it is read, but with store set to false nothing is added to it"))
        tell_losses(losses, context)
        history = await self._historian.complete(request, context.document, context.owner, memory)
        response = begin_response(
            request,
            context.document,
            model=request.model or "",
            response_id=self._new_id("resp_"),
            created_at=now(),
            conversation_id=history.conversation_id,
        )
        flight.name("response_id", response["id"])
        turn = Turn(
            context=context,
            flight=flight,
            response=response,
            history=history if remembers or memory is not None else history.without_prior(keep_given=response["store"]),
            translator=ResponseStream(response, new_id=self._new_id, now=now, seal=partial(seal, self._key, _purpose(context))),
            decoder=AnswerDecoder(),
        )
        prepare = partial(self._convert, turn, request, context, losses, prior=len(history.prior), answers=generate)
        flight.load(prepare, root=history.prior[0].id if history.prior else None)
        return turn

    async def _convert(  # noqa: PLR0913 - keywords
        self, turn: Turn, request: CreateResponse, context: RequestContext, losses: Sequence[Loss], *, prior: int, answers: bool
    ) -> bytes:
        """The chat request; the turn learns how its answer is to be told."""
        more = await self._read_media(request, prior)
        unseal_own = partial(unseal, self._key, _purpose(context))
        convert = partial(convert_request, request, await self._discovery.profile(), unseal_own, prior, answers=answers)
        converted = await asyncio.to_thread(convert) if takes_long(request) else convert()
        more += refuse_rejected(converted.losses)
        if more:
            tell_losses([*losses, *more], context)
        body = converted.chat.body
        refuse_unperceived(body["messages"], await self._discovery.facts(), request.model, "input")
        if answers and request.truncation == "auto":
            await self._shortener.shorten(body, context)
        if not turn.response["model"]:
            turn.response["model"] = context.log.model = await self._discovery.default_model()
        turn.decoder.hold_to(converted.chat.rules)
        turn.translator.follow(converted.plan)
        return converted.chat.encode()

    async def convert_prompt(self, request: CountInputTokens, context: RequestContext) -> dict[str, Any]:
        """The chat request whose prompt a response to this request would have.

        Raises:
            ApiError: it cannot be met.
        """
        losses = find_request_losses(COUNT_INPUT_TOKENS, context)
        prior = len((await self._historian.complete(request, context.document, context.owner, None)).prior)
        tell_losses([*losses, *await self._read_media(request, prior)], context)
        convert = partial(count_body, request, await self._discovery.profile(), partial(unseal, self._key, _purpose(context)), prior)
        body = await asyncio.to_thread(convert) if takes_long(request) else convert()
        if request.truncation == "auto":
            await self._shortener.shorten(body, context)
        return body

    async def begin(
        self, request: CreateResponse, context: RequestContext, *, memory: ConnectionMemory, generate: bool
    ) -> TranslatedStream | ReadyStream:
        """Begin a response on a connection that remembers.

        Args:
            request: the validated request.
            context: of this response.
            memory: is told to keep the response before its last event is given out.
            generate: false for a response without output, which only prepares the next one.

        Raises:
            ApiError: it cannot be begun.
            ClientGone: the client went away first.
        """
        turn = await self.prepare(request, context, memory=memory, generate=generate)

        async def settle(events: Sequence[Any]) -> None:
            await self._settle(turn, events)
            if turn.response["status"] in CONTINUABLE:
                memory.keep(turn.response["id"], turn.items())

        if generate:
            return await self.stream(turn, context, settle=settle)
        await get_ready(turn.flight)
        teller = turn.translator
        events = [*teller.start(None), *teller.receive(Usage(0, 0, 0)), *teller.receive(Finished("stop"))]
        await settle(events)
        return ReadyStream(events)

    async def answer(self, turn: Turn, context: RequestContext) -> Response:
        """Run the model and return the response that the last event of its stream would have carried.

        Raises:
            ApiError: it failed.
        """
        await open_answer(turn.flight, context, stream=True)
        events = await collect_events(turn.flight, turn.decoder, turn.translator)
        response = fold_events(events)
        await self._settle(turn, events)
        return response

    async def stream(self, turn: Turn, context: RequestContext, *, settle: Settle | None = None) -> TranslatedStream:
        """Run the model; the events begin after a moment, whether or not the backend has begun by then.

        Args:
            turn: the prepared request.
            context: of the request.
            settle: keeps the response instead of `Turns`.

        Raises:
            ApiError: it failed before the events begin.
        """
        await open_answer(turn.flight, context, stream=True, within_s=self.pace.early_start_s)
        opening = turn.translator.start(None) if turn.flight.status == 0 else ()
        return TranslatedStream(
            turn.flight,
            turn.decoder,
            turn.translator,
            request_id=turn.request_id,
            heartbeat_s=self.pace.heartbeat_s,
            opening=opening,
            opening_events=0 if opening else _OPENING_EVENTS,
            settle=settle or partial(self._settle, turn),
        )

    def detach(self, turn: Turn, context: RequestContext) -> None:
        """Let a turn go on under a context that outlives its request."""
        before, turn.flight = turn.flight, self._flights.begin(context)
        turn.flight.name("response_id", turn.response["id"])
        turn.flight.take_over(before)
        if before.registration is not None:
            before.registration.close(answered=False)  # who cancels it now stops one request, though its client listens still
            if before.registration.cancelled:  # while the response was being stored
                turn.flight.cancel()

    async def _settle(self, turn: Turn, _events: Sequence[Any]) -> None:
        """Keep the response before its last event leaves: whoever has seen that may continue it at once."""
        if turn.response["store"]:
            await self.save(turn)

    async def save(self, turn: Turn) -> None:
        """Write the response as it stands now; one that cannot be written says that it is not stored."""
        response = turn.response
        record = StoredResponse(
            id=response["id"],
            status=response["status"],
            body=msgspec.json.encode(response),
            created_at=int(response["created_at"]),
            background=bool(response["background"]),
            previous_id=response["previous_response_id"],
            conversation_id=turn.history.conversation_id,
        )
        try:
            await self._store.save_response(turn.owner, record, turn.history.given, _made(response))
        except StoreError as error:
            log.warning("%s: the response is not stored: %s", turn.request_id, error)
            response["store"] = False

    async def _read_media(self, request: CreateResponse | CountInputTokens, prior: int) -> list[Loss]:
        """Put text and plain images in the place of files and other images; gives what is lost with them."""
        losses = [*hide_result_images(request.input, prior)] if (await self._discovery.facts()).vision is False else []
        return losses + await resolve_media(request, self._media, prior)


def _purpose(context: RequestContext) -> str:
    return f"items of {context.owner}"


def now() -> int:
    """Unix time in seconds."""
    return int(time.time())


def _made(response: Response) -> list[Item]:
    return [Item(item["id"], msgspec.json.encode(item)) for item in response["output"]]
