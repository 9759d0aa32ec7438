"""The operations on conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.exchange import Refusal, Reply, Request
from faulty.responses.checks import APPEND_ITEMS, CREATE_CONVERSATION, UPDATE_CONVERSATION
from faulty.responses.items import fill_item, is_reference
from faulty.responses.reading import find_item
from faulty.responses.stored import list_page
from faulty.store import Conversation

if TYPE_CHECKING:
    from faulty.host import Host
    from faulty.store import Store

Document = dict[str, Any]


class Conversations:
    """Lists of items that outlive a response."""

    def __init__(self, host: Host, store: Store) -> None:
        self._host = host
        self._store = store

    async def create(self, request: Request) -> Reply:
        """Begin a conversation."""
        body = request.json or {}
        CREATE_CONVERSATION(body, "")
        document: Document = {
            "id": self._host.new_id("conv_"),
            "object": "conversation",
            "created_at": self._host.now(),
            "metadata": body.get("metadata") or {},
        }
        self._store.conversations[document["id"]] = Conversation(document, self._fill(body.get("items") or []))
        return Reply(document)

    async def get(self, request: Request) -> Reply:
        """A conversation without its items."""
        return Reply(self._find(request).document)

    async def update(self, request: Request) -> Reply:
        """Replace the metadata."""
        found = self._find(request)
        body = request.json or {}
        UPDATE_CONVERSATION(body, "")
        metadata = body["metadata"] or {}
        if not self._host.has("responses/conversation-update-ignored"):
            found.document = {**found.document, "metadata": metadata}
        return Reply(found.document)

    async def delete(self, request: Request) -> Reply:
        """Forget a conversation."""
        found = self._find(request)
        if not self._host.has("responses/conversation-delete-keeps"):
            del self._store.conversations[found.document["id"]]
        return Reply({"id": found.document["id"], "object": "conversation.deleted", "deleted": True})

    async def append(self, request: Request) -> Reply:
        """Append items, and list them."""
        found = self._find(request)
        body = request.json or {}
        APPEND_ITEMS(body, "")
        items = self._fill(body["items"])
        found.items += items
        first, last = (items[0]["id"], items[-1]["id"]) if items else (None, None)
        return Reply({"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": False})

    async def list_items(self, request: Request) -> Reply:
        """The items, page by page."""
        return Reply(list_page(self._find(request).items, request, self._host))

    async def get_item(self, request: Request) -> Reply:
        """One item."""
        return Reply(self._find_item(request))

    async def delete_item(self, request: Request) -> Reply:
        """Take an item out; the answer is the conversation."""
        found, item = self._find(request), self._find_item(request)
        found.items.remove(item)
        return Reply(found.document)

    def _fill(self, items: list[Document]) -> list[Document]:
        if any(item.get("type") == "compaction_trigger" for item in items):
            raise Refusal(400, "An order to summarise is no item of a conversation.", param="items")
        store, new_id = self._store, self._host.new_id
        return [find_item(item, store, "items") if is_reference(item) else fill_item(item, new_id) for item in items]

    def _find(self, request: Request) -> Conversation:
        conversation_id = request.params["conversation_id"]
        if conversation_id not in self._store.conversations:
            raise Refusal(404, f"Conversation with id '{conversation_id}' not found.", param="conversation_id", code="not_found")
        return self._store.conversations[conversation_id]

    def _find_item(self, request: Request) -> Document:
        item_id = request.params["item_id"]
        found = next((item for item in self._find(request).items if item["id"] == item_id), None)
        if found is None:
            raise Refusal(404, f"Item with id '{item_id}' not found.", param="item_id", code="not_found")
        return found
