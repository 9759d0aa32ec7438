"""Anthropic Messages: converted to chat requests, and the backend's answers translated back."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from triglot.backend.decode import AnswerDecoder
from triglot.dialects.blindness import refuse_unperceived
from triglot.dialects.messages.answer import fold_events
from triglot.dialects.messages.blindness import hide_result_images
from triglot.dialects.messages.listing import convert_model, page_models, rename_model
from triglot.dialects.messages.request import convert_prompt, convert_request
from triglot.dialects.messages.signature import restore_thinking, seal_thinking, sign_thinking
from triglot.dialects.messages.stream import MessageStream
from triglot.dialects.messages.thinking import find_altered_thinking, plan_thinking
from triglot.dialects.messages.tools import called_members
from triglot.errors import ApiError, ErrorKind
from triglot.generated.messages.support import COUNT_MESSAGE_TOKENS, CREATE_MESSAGE
from triglot.service.answers import TranslatedStream, attend, collect_events, open_answer
from triglot.service.losses import refuse_rejected, report_losses, tell_losses
from triglot.service.media import resolve_media

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.backend.discovery import Discovery
    from triglot.dialects.chat_request import ChatRequest
    from triglot.dialects.translator import NewId
    from triglot.generated.messages.events import Message, MessageStreamEvent, MessageTokensCount, ModelInfo, ModelList
    from triglot.generated.messages.models import CountMessageTokens, CreateMessage, ListModelsQuery
    from triglot.media.reader import MediaReader
    from triglot.service.counting import PromptCounter
    from triglot.service.flight import Flight, Flights
    from triglot.service.pace import Pace
    from triglot.support import Loss
    from triglot.web import ByteStream, RequestContext

log = logging.getLogger("triglot")

_COUNT_WITHIN_S: Final = 2.0
"""A backend that cannot even count by then does not hold the stream up any longer."""


class MessagesHandlers:
    """Implements `MessagesService`.

    Args:
        flights: how requests go to the backend.
        counter: counts prompts.
        discovery: what the backend says of itself.
        new_id: makes the ids of answers.
        signing_key: signs thinking blocks.
        pace: of its streams.
        alias: a further name for the backend's model.
        media: reads images and PDFs.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        flights: Flights,
        discovery: Discovery,
        counter: PromptCounter,
        *,
        new_id: NewId,
        signing_key: bytes,
        pace: Pace,
        alias: str | None,
        media: MediaReader,
    ) -> None:
        self._flights = flights
        self._discovery = discovery
        self._new_id = new_id
        self._signing_key = signing_key
        self._restore = partial(restore_thinking, signing_key)
        self._pace = pace
        self._alias = alias
        self._media = media
        self._counter = counter

    async def create_message(self, request: CreateMessage, context: RequestContext) -> Message:
        """Answer with one message, the fold of the stream that it would have been."""
        flight = self._flights.begin(context)
        decoder, translator = self._load(flight, request, context)
        await open_answer(flight, context, stream=True)
        return fold_events(await collect_events(flight, decoder, translator))

    async def stream_message(self, request: CreateMessage, context: RequestContext) -> ByteStream:
        """Answer with the message's events; they begin after a moment, whether or not the backend has begun by then."""
        flight = self._flights.begin(context)
        decoder, translator = self._load(flight, request, context)
        await open_answer(flight, context, stream=True, within_s=self._pace.early_start_s)
        opening: Sequence[MessageStreamEvent] = ()
        if flight.status == 0:
            opening = translator.start(await attend(flight, self._measure(request, context)) if flight.is_prepared else None)
        return TranslatedStream(
            flight,
            decoder,
            translator,
            request_id=context.request_id,
            heartbeat_s=self._pace.heartbeat_s,
            opening=opening,
        )

    async def count_message_tokens(self, request: CountMessageTokens, context: RequestContext) -> MessageTokensCount:
        """Count the prompt's tokens with the backend's own template and tokenizer."""
        return {"input_tokens": await attend(self._flights.begin(context), self._count(request, context))}

    async def list_models(self, query: ListModelsQuery, context: RequestContext) -> ModelList:  # noqa: ARG002
        """The backend's models, a page of them."""
        return page_models(await self._models(), query)

    async def get_model(self, model_id: str, context: RequestContext) -> ModelInfo:  # noqa: ARG002
        """One of the backend's models."""
        for model in await self._models():
            if model["id"] == model_id:
                return model
        raise ApiError(ErrorKind.NOT_FOUND, f"model: {model_id}")

    async def _models(self) -> list[ModelInfo]:
        """The backend's models; the first of them also under the alias."""
        facts = await self._discovery.facts()
        models = [convert_model(entry, facts) for entry in await self._discovery.models()]
        if self._alias is not None and models:
            models.append(rename_model(models[0], self._alias))
        return models

    async def _read_media(self, request: CreateMessage | CountMessageTokens, context: RequestContext, losses: Sequence[Loss]) -> None:
        """Put text and plain images in the place of documents and other images, and tell what of the request is lost beside `losses`."""
        more = [*hide_result_images(request)] if (await self._discovery.facts()).vision is False else []
        more += await resolve_media(request, self._media)
        more += find_altered_thinking(request, self._restore)
        if more:
            tell_losses([*losses, *refuse_rejected(more)], context)

    async def _count(self, request: CountMessageTokens, context: RequestContext) -> int:
        await self._read_media(request, context, report_losses(COUNT_MESSAGE_TOKENS, context))
        return await self._counter.count(await self._prompt(request), context)

    def _load(self, flight: Flight, request: CreateMessage, context: RequestContext) -> tuple[AnswerDecoder, MessageStream]:
        """Let the request be converted as soon as that can be done; gives what will read its answer."""
        _refuse_to_continue(request)
        losses = report_losses(CREATE_MESSAGE, context)
        decoder = AnswerDecoder()
        translator = self._translator(request, context, flight)

        async def prepare() -> bytes:
            await self._read_media(request, context, losses)
            chat = await self._convert(request)
            decoder.hold_to(chat.rules)
            translator.context_tokens = (await self._discovery.facts()).context_tokens
            return chat.encode()

        flight.load(prepare)
        return decoder, translator

    async def _convert(self, request: CreateMessage) -> ChatRequest:
        chat = convert_request(request, await self._discovery.profile(), self._restore)
        await self._name_model(chat.body)
        refuse_unperceived(chat.body["messages"], await self._discovery.facts(), request.model, "messages")
        return chat

    def _translator(self, request: CreateMessage, context: RequestContext, flight: Flight) -> MessageStream:
        display = plan_thinking(request).display
        message_id = self._new_id("msg_")
        flight.name("message_id", message_id)
        return MessageStream(
            model=request.model,
            request_id=context.request_id,
            message_id=message_id,
            new_id=self._new_id,
            sign=partial(seal_thinking if display == "omitted" else sign_thinking, self._signing_key),
            display=display,
            members=called_members(request),
        )

    async def _measure(self, request: CreateMessage, context: RequestContext) -> int | None:
        """The size of a prompt that the backend has not begun with, if it tells soon.

        Raises:
            ApiError: the prompt does not fit: better known now than from a stream that has begun.
        """
        facts = await self._discovery.facts()
        if not await self._counter.can_count():
            return None
        try:
            count = await self._counter.count_within(await self._prompt(request), context, _COUNT_WITHIN_S)
        except ApiError as error:
            log.debug("%s: the prompt could not be counted: %s", context.request_id, error.message)
            return None
        if count is not None and facts.context_tokens is not None and count >= facts.context_tokens:
            details = {"n_prompt_tokens": count, "n_ctx": facts.context_tokens}
            raise ApiError(ErrorKind.CONTEXT_LENGTH, "The prompt is longer than the context.", details=details)
        return count

    async def _prompt(self, request: CreateMessage | CountMessageTokens) -> dict[str, Any]:
        """What the backend counts."""
        body = convert_prompt(request, await self._discovery.profile(), self._restore)
        await self._name_model(body)
        return body

    async def _name_model(self, body: dict[str, Any]) -> None:
        """Put the backend's own name for the alias."""
        if self._alias is not None and body["model"] == self._alias:
            body["model"] = await self._discovery.default_model()


def _refuse_to_continue(request: CreateMessage) -> None:
    """No conversation is kept here. The SDKs' tool runners try all the same, and know by the code to send the whole conversation."""
    if request.thread is not None and request.thread.type == "continue":
        message = "thread (continue) cannot be served here: conversations are not kept; send all messages."
        raise ApiError(ErrorKind.NOT_FOUND, message, param="thread", details={"error_code": "thread_not_found"})
