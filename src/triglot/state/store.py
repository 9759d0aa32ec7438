"""What a store of responses and conversations does, whatever keeps it.

Everything belongs to an owner (a name made from the API key, empty when no keys are set), and nobody else sees it: what another owner has
stored does not exist. Bodies are JSON, kept byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

Status: TypeAlias = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]
RUNNING: frozenset[Status] = frozenset({"queued", "in_progress"})


class StoreError(Exception):
    """The store cannot be read or written; the message says why and names no secret."""


class Item(msgspec.Struct, frozen=True):
    """One item of a conversation: its id, and its JSON, which holds the id too."""

    id: str
    body: bytes


class StoredResponse(msgspec.Struct, frozen=True):
    """A response.

    Attributes:
        id: `resp_...`.
        status: as in its body.
        body: the response object.
        created_at: Unix time in seconds.
        background: whether it was made in the background; only then has it events that can be read again, and can it be cancelled.
        previous_id: the response that it continues.
        conversation_id: the conversation that it belongs to.
        lost: it claims to be running, but the process that worked on it is gone.
    """

    id: str
    status: Status
    body: bytes
    created_at: int
    background: bool = False
    previous_id: str | None = None
    conversation_id: str | None = None
    lost: bool = False


class Page(msgspec.Struct, frozen=True):
    """Some items of a list, in the order asked for, and whether more follow."""

    items: tuple[Item, ...]
    has_more: bool


class StoredConversation(msgspec.Struct, frozen=True):
    """A conversation, without its items; `metadata` is JSON."""

    id: str
    created_at: int
    metadata: bytes


class Store(Protocol):
    """Keeps responses, their items and events, and conversations.

    Every method may raise `StoreError`. What a method has returned from is on disk: it survives the death of the process.
    """

    async def save_response(self, owner: str, response: StoredResponse, given: Sequence[Item], made: Sequence[Item]) -> None:
        """Write a response with the items it was given and those it made, in one transaction.

        A response of the same id is replaced, its events kept. Once it is neither queued nor in progress, and has a `conversation_id`, both
        lists are appended to that conversation. Items whose id is stored already (a client sends a stored item again) are not an error: the
        newest wins when an item is looked up by id. The first save of a running response takes the lease that `append_events` renews.
        """
        ...

    async def load_response(self, owner: str, response_id: str) -> StoredResponse | None:
        """The response, or `None` if there is none, no longer, or not for this owner."""
        ...

    async def delete_response(self, owner: str, response_id: str) -> bool:
        """Forget a response, its items and its events; says whether there was one. A conversation keeps what was appended to it."""
        ...

    async def load_chain(self, owner: str, response_id: str) -> list[Item] | None:
        """The items of a response and of all that it continues, oldest first, given before made; `None` if a link is missing.

        It is the use that keeps stored responses alive: the whole chain lives on for another time to live.
        """
        ...

    async def list_given(self, owner: str, response_id: str, *, after: str | None, limit: int, newest_first: bool) -> Page | None:
        """A page of the items that a response was given; `None` if there is no such response. An unknown `after` gives an empty page."""
        ...

    async def find_items(self, owner: str, item_ids: Sequence[str]) -> dict[str, bytes]:
        """The bodies of those items that are stored, in responses or conversations, by id."""
        ...

    async def append_events(self, owner: str, response_id: str, events: Sequence[tuple[int, bytes]]) -> bool:
        """Keep events of a running response, by sequence number, and renew the lease on it; the sequence may be empty.

        Returns:
            False if the response shall not go on: somebody has cancelled or deleted it.
        """
        ...

    async def load_events(self, owner: str, response_id: str, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """The events of a response with a sequence number above `after`, in their order."""
        ...

    async def cancel_response(self, owner: str, response_id: str) -> bool:
        """Ask whoever works on a running response to stop; says whether it is running."""
        ...

    async def create_conversation(self, owner: str, conversation: StoredConversation, items: Sequence[Item]) -> None:
        """Write a new conversation with its first items."""
        ...

    async def load_conversation(self, owner: str, conversation_id: str) -> StoredConversation | None:
        """The conversation, or `None`."""
        ...

    async def update_conversation(self, owner: str, conversation_id: str, metadata: bytes) -> StoredConversation | None:
        """Replace its metadata; gives the conversation as it is then, or `None`."""
        ...

    async def delete_conversation(self, owner: str, conversation_id: str) -> bool:
        """Forget a conversation and its items; says whether there was one."""
        ...

    async def load_conversation_items(self, owner: str, conversation_id: str) -> list[Item] | None:
        """All items of a conversation, oldest first, and another time to live for it; `None` if there is no such conversation."""
        ...

    async def append_items(self, owner: str, conversation_id: str, items: Sequence[Item]) -> bool:
        """Append items to a conversation; says whether there is one."""
        ...

    async def list_items(self, owner: str, conversation_id: str, *, after: str | None, limit: int, newest_first: bool) -> Page | None:
        """A page of a conversation's items; `None` if there is no such conversation."""
        ...

    async def load_item(self, owner: str, conversation_id: str, item_id: str) -> bytes | None:
        """One item of a conversation, or `None`."""
        ...

    async def delete_item(self, owner: str, conversation_id: str, item_id: str) -> bool:
        """Take an item out of a conversation; says whether it was there."""
        ...

    async def aclose(self) -> None:
        """Finish what is being written and let go of the files."""
        ...
