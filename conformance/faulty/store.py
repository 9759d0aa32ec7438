"""What the reference server keeps: responses with their items and events, and conversations. It all ends with the server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

Document = dict[str, Any]


@dataclass
class StoredResponse:
    """A response that can be read again.

    Attributes:
        response: as it is now.
        given: the items of its own input, in full.
        before: id of the response that it continues.
        events: what has been told of one that is made in the background.
        work: what makes it.
    """

    response: Document
    given: list[Document]
    before: str | None = None
    events: list[Document] = field(default_factory=list)
    work: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ended(self) -> bool:
        """Whether nothing more will be told."""
        return self.response["status"] not in ("queued", "in_progress")

    def tell(self, *events: Document) -> None:
        """Add events; the response is as the last of them that carries it says."""
        self.events += events
        for event in events:
            self.response = event.get("response", self.response)
        self._news.set()
        self._news = asyncio.Event()

    async def follow(self, after: int = -1) -> AsyncIterator[Document]:
        """All events behind the one with this number, those to come included."""
        position = 0
        while True:
            news = self._news
            for event in self.events[position:]:
                position += 1
                if event["sequence_number"] > after:
                    yield event
            if self.ended and position == len(self.events):
                return
            if position == len(self.events):
                await news.wait()


@dataclass
class Conversation:
    """A list of items that responses read from and are appended to."""

    document: Document
    items: list[Document] = field(default_factory=list)


class Store:
    """All that is kept."""

    def __init__(self) -> None:
        self.responses: dict[str, StoredResponse] = {}
        self.conversations: dict[str, Conversation] = {}

    def chain(self, response_id: str) -> list[StoredResponse]:
        """A response and all that it continues, the oldest first.

        Raises:
            KeyError: one of them is not there.
        """
        links: list[StoredResponse] = []
        following: str | None = response_id
        while following is not None:
            links.insert(0, self.responses[following])
            following = links[0].before
        return links

    def item(self, item_id: str) -> Document | None:
        """The stored item with this id."""
        return next((item for item in self._items() if item.get("id") == item_id), None)

    def _items(self) -> Iterator[Document]:
        for kept in self.responses.values():
            yield from kept.given
            yield from kept.response["output"]
        for conversation in self.conversations.values():
            yield from conversation.items


def page(items: list[Document], *, after: str | None, limit: int, newest_first: bool) -> Document:
    """One page of a list of items.

    Args:
        items: all of them, the oldest first.
        after: id of the item behind which the page begins; one that is not there begins nowhere.
        limit: how many at most.
        newest_first: the order.
    """
    ordered = items[::-1] if newest_first else list(items)
    if after is not None:
        places = [number for number, item in enumerate(ordered) if item["id"] == after]
        ordered = ordered[places[0] + 1 :] if places else []
    data = ordered[:limit]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": len(ordered) > limit,
    }
