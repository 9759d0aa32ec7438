"""Conversations: items that several responses share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from triglot.dialects.responses.records import is_reference, record_input
from triglot.errors import ApiError, ErrorKind
from triglot.service.responses.history import unknown_item
from triglot.service.responses.turns import now
from triglot.state.store import Item, StoredConversation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.dialects.translator import NewId
    from triglot.generated.responses.events import Conversation
    from triglot.state.store import Page, Store


class Conversations:
    """The operations on conversations.

    Every method that takes an id may raise `ApiError`: there is no such conversation, or item, for this owner.

    Args:
        store: where they are.
        new_id: makes ids.
    """

    def __init__(self, store: Store, new_id: NewId) -> None:
        self._store = store
        self._new_id = new_id

    async def create(self, owner: str, metadata: dict[str, str] | None, items: Sequence[dict[str, Any]]) -> Conversation:
        """Begin a conversation, with items if there are some already."""
        conversation = StoredConversation(self._new_id("conv_"), now(), msgspec.json.encode(metadata or {}))
        await self._store.create_conversation(owner, conversation, await self._record(owner, items))
        return _tell(conversation)

    async def get(self, owner: str, conversation_id: str) -> Conversation:
        """The conversation, without its items."""
        return _tell(_found(await self._store.load_conversation(owner, conversation_id), conversation_id))

    async def update(self, owner: str, conversation_id: str, metadata: dict[str, str] | None) -> Conversation:
        """Give it other metadata."""
        updated = await self._store.update_conversation(owner, conversation_id, msgspec.json.encode(metadata or {}))
        return _tell(_found(updated, conversation_id))

    async def delete(self, owner: str, conversation_id: str) -> None:
        """Forget it; the responses that were made in it stay."""
        if not await self._store.delete_conversation(owner, conversation_id):
            raise _not_found(conversation_id)

    async def add_items(self, owner: str, conversation_id: str, items: Sequence[dict[str, Any]]) -> list[Item]:
        """Append items; gives them as they are stored."""
        added = await self._record(owner, items)
        if not await self._store.append_items(owner, conversation_id, added):
            raise _not_found(conversation_id)
        return added

    async def list_items(self, owner: str, conversation_id: str, *, after: str | None, limit: int, newest_first: bool) -> Page:
        """A page of its items."""
        page = await self._store.list_items(owner, conversation_id, after=after, limit=limit, newest_first=newest_first)
        if page is None:
            raise _not_found(conversation_id)
        return page

    async def get_item(self, owner: str, conversation_id: str, item_id: str) -> bytes:
        """One of its items."""
        body = await self._store.load_item(owner, conversation_id, item_id)
        if body is None:
            raise _no_item(item_id)
        return body

    async def delete_item(self, owner: str, conversation_id: str, item_id: str) -> Conversation:
        """Take an item out of it."""
        if not await self._store.delete_item(owner, conversation_id, item_id):
            raise _no_item(item_id)
        return await self.get(owner, conversation_id)

    async def _record(self, owner: str, items: Sequence[dict[str, Any]]) -> list[Item]:
        """The items as they are stored; a reference becomes the item that it stands for."""
        if misplaced := [index for index, item in enumerate(items) if item.get("type") == "compaction_trigger"]:
            message = f"items[{misplaced[0]}]: a compaction_trigger is an order to a response, and no item of a conversation."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param="items")
        wanted = [item["id"] for item in items if is_reference(item)]
        found = await self._store.find_items(owner, wanted) if wanted else {}
        if missing := [item_id for item_id in wanted if item_id not in found]:
            raise unknown_item(missing[0], "items")
        meant = [msgspec.json.decode(found[item["id"]]) if is_reference(item) else item for item in items]
        return [Item(item["id"], msgspec.json.encode(item)) for item in record_input(meant, self._new_id)]


def _tell(conversation: StoredConversation) -> Conversation:
    metadata = msgspec.json.decode(conversation.metadata)
    return {"id": conversation.id, "object": "conversation", "created_at": conversation.created_at, "metadata": metadata}


def _found(conversation: StoredConversation | None, conversation_id: str) -> StoredConversation:
    if conversation is None:
        raise _not_found(conversation_id)
    return conversation


def _not_found(conversation_id: str) -> ApiError:
    return ApiError(ErrorKind.NOT_FOUND, f"Conversation with id '{conversation_id}' not found.", param="conversation_id")


def _no_item(item_id: str) -> ApiError:
    return ApiError(ErrorKind.NOT_FOUND, f"Item with id '{item_id}' not found in this conversation.", param="item_id")
