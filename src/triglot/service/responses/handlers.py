"""OpenAI Responses: responses, what is kept of them, and conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from triglot.generated.responses.support import GET_RESPONSE_QUERY
from triglot.service.answers import attend
from triglot.service.losses import tell_losses
from triglot.service.response_socket import ResponseSocket
from triglot.service.responses.background import RunStream
from triglot.support import find_losses

if TYPE_CHECKING:
    from triglot.generated.responses import events, models
    from triglot.service.counting import PromptCounter
    from triglot.service.flight import Flights
    from triglot.service.responses.background import BackgroundRuns
    from triglot.service.responses.compaction import Compactor
    from triglot.service.responses.conversations import Conversations
    from triglot.service.responses.retrieval import Retrieval
    from triglot.service.responses.turns import Turns
    from triglot.state.cancels import CancelRegistry
    from triglot.state.store import Item, Page, Store
    from triglot.web import ByteStream, RequestContext, Socket


class ResponsesHandlers:
    """Implements `ResponsesService`: gives each operation to the part that knows it, and its answer the dialect's form."""

    def __init__(  # noqa: PLR0913 - keywords
        self,
        *,
        turns: Turns,
        runs: BackgroundRuns,
        retrieval: Retrieval,
        conversations: Conversations,
        compactor: Compactor,
        counter: InputCounter,
        store: Store,
        cancels: CancelRegistry,
        max_body_bytes: int,
    ) -> None:
        self._turns = turns
        self._runs = runs
        self._retrieval = retrieval
        self._conversations = conversations
        self._compactor = compactor
        self._counter = counter
        self._store = store
        self._cancels = cancels
        self._max_body_bytes = max_body_bytes

    async def aclose(self) -> None:
        """Stop what runs in the background, and let go of the store."""
        await self._runs.aclose()
        await self._store.aclose()

    # Responses.

    async def create_response(self, request: models.CreateResponse, context: RequestContext) -> events.Response:
        """Answer with the response that the last event of its stream would have carried, or at once with a queued one."""
        turn = await self._turns.prepare(request, context)
        if request.background:
            return (await self._runs.start(turn, context)).turn.response
        return await self._turns.answer(turn, context)

    async def stream_response(self, request: models.CreateResponse, context: RequestContext) -> ByteStream:
        """Answer with the response's events."""
        turn = await self._turns.prepare(request, context)
        if request.background:
            run = await self._runs.start(turn, context)
            return RunStream(self._store, context.owner, turn.response["id"], after=-1, run=run)
        return await self._turns.stream(turn, context)

    async def get_response(self, response_id: str, query: models.GetResponseQuery, context: RequestContext) -> events.Response:
        """A stored response."""
        _tell_losses(query, context)
        return await self._retrieval.get(context.owner, response_id)

    async def follow_response(self, response_id: str, query: models.GetResponseQuery, context: RequestContext) -> ByteStream:
        """The events of a background response, as they come."""
        _tell_losses(query, context)
        after = -1 if query.starting_after is None else query.starting_after
        return await self._retrieval.follow(context.owner, response_id, after)

    async def delete_response(self, response_id: str, context: RequestContext) -> events.DeletedResponse:
        """Forget a stored response."""
        await self._retrieval.delete(context.owner, response_id)
        return {"id": response_id, "object": "response.deleted", "deleted": True}

    async def cancel_response(self, response_id: str, context: RequestContext) -> events.Response:
        """Stop a background response."""
        return await self._retrieval.cancel(context.owner, response_id)

    async def list_response_input_items(
        self, response_id: str, query: models.ListResponseInputItemsQuery, context: RequestContext
    ) -> events.ItemList:
        """The items that a response was given."""
        return _tell_page(await self._retrieval.list_given(context.owner, response_id, **_page_of(query)))

    async def count_response_input_tokens(self, request: models.CountInputTokens, context: RequestContext) -> events.InputTokens:
        """Count the prompt of a response."""
        return {"object": "response.input_tokens", "input_tokens": await self._counter.count(request, context)}

    async def compact_response(self, request: models.CompactResponse, context: RequestContext) -> events.CompactedResponse:
        """Make a conversation shorter."""
        return await self._compactor.compact(request, context)

    async def converse_responses(self, socket: Socket, context: RequestContext) -> None:
        """Make responses on one connection until it ends."""
        await ResponseSocket(self._turns, socket, context, cancels=self._cancels, max_waiting_bytes=self._max_body_bytes).run()

    # Conversations.

    async def create_conversation(self, request: models.CreateConversation, context: RequestContext) -> events.Conversation:
        """Begin a conversation."""
        return await self._conversations.create(context.owner, request.metadata, context.document.get("items") or [])

    async def get_conversation(self, conversation_id: str, context: RequestContext) -> events.Conversation:
        """A conversation, without its items."""
        return await self._conversations.get(context.owner, conversation_id)

    async def update_conversation(
        self, conversation_id: str, request: models.UpdateConversation, context: RequestContext
    ) -> events.Conversation:
        """Give a conversation other metadata."""
        return await self._conversations.update(context.owner, conversation_id, request.metadata)

    async def delete_conversation(self, conversation_id: str, context: RequestContext) -> events.DeletedConversation:
        """Forget a conversation and its items."""
        await self._conversations.delete(context.owner, conversation_id)
        return {"id": conversation_id, "object": "conversation.deleted", "deleted": True}

    async def create_conversation_items(
        self,
        conversation_id: str,
        request: models.CreateConversationItems,  # noqa: ARG002 - the items are taken as the client wrote them
        query: models.CreateConversationItemsQuery,  # noqa: ARG002
        context: RequestContext,
    ) -> events.ItemList:
        """Append items to a conversation."""
        added = await self._conversations.add_items(context.owner, conversation_id, context.document["items"])
        return _tell_items(added, has_more=False)

    async def list_conversation_items(
        self, conversation_id: str, query: models.ListConversationItemsQuery, context: RequestContext
    ) -> events.ItemList:
        """The items of a conversation."""
        return _tell_page(await self._conversations.list_items(context.owner, conversation_id, **_page_of(query)))

    async def get_conversation_item(
        self,
        conversation_id: str,
        item_id: str,
        query: models.GetConversationItemQuery,  # noqa: ARG002
        context: RequestContext,
    ) -> Any:
        """One item of a conversation."""
        return msgspec.Raw(await self._conversations.get_item(context.owner, conversation_id, item_id))

    async def delete_conversation_item(self, conversation_id: str, item_id: str, context: RequestContext) -> events.Conversation:
        """Take an item out of a conversation."""
        return await self._conversations.delete_item(context.owner, conversation_id, item_id)


def _tell_losses(query: models.GetResponseQuery, context: RequestContext) -> None:
    tell_losses(find_losses(GET_RESPONSE_QUERY, query.model_dump(exclude_unset=True)), context)


class InputCounter:
    """Counts what a response would read.

    Args:
        flights: how requests are cancelled and limited.
        turns: completes requests from the store.
        counter: counts prompts.
    """

    def __init__(self, flights: Flights, turns: Turns, counter: PromptCounter) -> None:
        self._flights = flights
        self._turns = turns
        self._counter = counter

    async def count(self, request: models.CountInputTokens, context: RequestContext) -> int:
        """The tokens of its prompt, template and tools included.

        Raises:
            ApiError: the backend cannot count, or the request cannot be converted.
        """
        return await attend(self._flights.begin(context), self._count(request, context))

    async def _count(self, request: models.CountInputTokens, context: RequestContext) -> int:
        return await self._counter.count(await self._turns.convert_prompt(request, context), context)


def _page_of(query: models.ListResponseInputItemsQuery | models.ListConversationItemsQuery) -> dict[str, Any]:
    return {"after": query.after, "limit": query.limit or 20, "newest_first": query.order != "asc"}


def _tell_page(page: Page) -> events.ItemList:
    return _tell_items(page.items, has_more=page.has_more)


def _tell_items(items: tuple[Item, ...] | list[Item], *, has_more: bool) -> events.ItemList:
    data: list[Any] = [msgspec.Raw(item.body) for item in items]
    first, last = (items[0].id, items[-1].id) if items else (None, None)
    return {"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": has_more}
