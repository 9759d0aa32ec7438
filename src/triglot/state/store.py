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

    Every method may raise `StoreError`. What a method has written when it returns survives the death of the process. What nobody has used
    for its time to live is gone; to save, continue or change something is to use it, to look at it is not.
    """

    async def save_response(self, owner: str, response: StoredResponse, given: Sequence[Item], made: Sequence[Item]) -> None:
        """Write a response with the items it was given and those it made, in one transaction.

        A response of the same id is replaced, its events kept. When it is first saved as neither queued nor in progress, and has a
        `conversation_id`, both lists are appended to that conversation, if there still is one; one that has failed adds nothing, because
        the client asks again. Items whose id is stored already (a client
        sends a stored item again) are not an error: all are kept, and the one written last wins when an item is looked up by id.

        To save a running response takes a lease on it for 30 seconds, which `append_events` renews. A background response must be saved
        while it runs before it is saved at its end: one that is not there then has been deleted meanwhile, and is not brought back. Its
        last events come before its end, so that whoever sees the end can read them all.
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
        """A page of the items that a response was given, behind the item `after`; `None` if there is no such response.

        An unknown `after` gives an empty page. Where it stands several times, the one farthest on counts: pages always come to an end.
        """
        ...

    async def find_items(self, owner: str, item_ids: Sequence[str]) -> dict[str, bytes]:
        """The bodies of those items that are stored, in responses or conversations, by id."""
        ...

    async def append_events(self, owner: str, response_id: str, events: Sequence[tuple[int, bytes]]) -> bool:
        """Keep events of a response, by sequence number, and renew the lease on it while it runs; the sequence may be empty.

        To be called every few seconds at least, else the response counts as lost.

        Returns:
            False if the response shall not go on: somebody has cancelled or deleted it, or it has ended.
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
        """A page of a conversation's items, as in `list_given`; `None` if there is no such conversation."""
        ...

    async def load_item(self, owner: str, conversation_id: str, item_id: str) -> bytes | None:
        """One item of a conversation, the newest of that id, or `None`."""
        ...

    async def delete_item(self, owner: str, conversation_id: str, item_id: str) -> bool:
        """Take an item out of a conversation, all of that id; says whether there was one."""
        ...

    async def aclose(self) -> None:
        """Finish what is being written and let go of the files."""
        ...
