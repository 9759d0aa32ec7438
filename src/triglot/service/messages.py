"""Anthropic Messages: converted to chat requests, and the backend's answers translated back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from triglot.backend.decode import AnswerDecoder
from triglot.dialects.messages.answer import fold_events
from triglot.dialects.messages.listing import convert_model, page_models
from triglot.dialects.messages.request import convert_prompt, convert_request
from triglot.dialects.messages.signature import sign_thinking
from triglot.dialects.messages.stream import MessageStream
from triglot.dialects.messages.thinking import wants_thinking
from triglot.errors import ApiError, ErrorKind
from triglot.generated.messages.support import COUNT_MESSAGE_TOKENS, CREATE_MESSAGE
from triglot.service.answers import TranslatedStream, collect_events, open_answer, read_body
from triglot.service.losses import report_losses

if TYPE_CHECKING:
    from collections.abc import Callable

    from triglot.backend.client import Backend, Call
    from triglot.backend.discovery import Discovery
    from triglot.dialects.translator import NewId
    from triglot.generated.messages.events import Message, MessageTokensCount, ModelInfo, ModelList
    from triglot.generated.messages.models import CountMessageTokens, CreateMessage, ListModelsQuery
    from triglot.web import ByteStream, RequestContext

_COUNT_PATH = "/v1/chat/completions/input_tokens"


class MessagesHandlers:
    """Implements `MessagesService`.

    Args:
        backend: where requests go.
        discovery: what the backend says of itself.
        new_id: makes the ids of answers.
        signing_key: signs thinking blocks.
    """

    def __init__(self, backend: Backend, discovery: Discovery, *, new_id: NewId, signing_key: bytes) -> None:
        self._backend = backend
        self._discovery = discovery
        self._new_id = new_id
        self._sign: Callable[[str], str] = partial(sign_thinking, signing_key)

    async def create_message(self, request: CreateMessage, context: RequestContext) -> Message:
        """Answer with one message, the fold of the stream that it would have been."""
        call, decoder, translator = await self._begin(request, context)
        return fold_events(await collect_events(call, decoder, translator))

    async def stream_message(self, request: CreateMessage, context: RequestContext) -> ByteStream:
        """Answer with the message's events."""
        call, decoder, translator = await self._begin(request, context)
        return TranslatedStream(call, decoder, translator, context.request_id)

    async def count_message_tokens(self, request: CountMessageTokens, context: RequestContext) -> MessageTokensCount:
        """Count the prompt's tokens with the backend's own template and tokenizer."""
        report_losses(COUNT_MESSAGE_TOKENS, context)
        profile = await self._discovery.profile()
        if not profile.extensions:
            raise ApiError(ErrorKind.UNSUPPORTED, "This backend cannot count tokens: only llama-server can.")
        body = msgspec.json.encode(convert_prompt(request, profile))
        call = await open_answer(self._backend, context, body, stream=False, path=_COUNT_PATH)
        count: dict[str, Any] = msgspec.json.decode(await read_body(call))
        return {"input_tokens": count["input_tokens"]}

    async def list_models(self, query: ListModelsQuery, context: RequestContext) -> ModelList:  # noqa: ARG002
        """The backend's models, a page of them."""
        return page_models([convert_model(entry) for entry in await self._discovery.models()], query)

    async def get_model(self, model_id: str, context: RequestContext) -> ModelInfo:  # noqa: ARG002
        """One of the backend's models."""
        for entry in await self._discovery.models():
            if entry["id"] == model_id:
                return convert_model(entry)
        raise ApiError(ErrorKind.NOT_FOUND, f"model: {model_id}")

    async def _begin(self, request: CreateMessage, context: RequestContext) -> tuple[Call, AnswerDecoder, MessageStream]:
        report_losses(CREATE_MESSAGE, context)
        chat = convert_request(request, await self._discovery.profile())
        call = await open_answer(self._backend, context, chat.encode(), stream=True)
        translator = MessageStream(
            model=request.model,
            request_id=context.request_id,
            new_id=self._new_id,
            sign=self._sign,
            thinking=wants_thinking(request),
        )
        return call, AnswerDecoder(chat.rules), translator
