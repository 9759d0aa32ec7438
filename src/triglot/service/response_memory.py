"""What one WebSocket remembers of its responses: of each lane the latest, in memory only, so that chains work without a store.

Source: OpenAI's guide to the WebSocket mode, "How continuation works" and "Fork a conversation".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.state.store import Item


class Remembered(NamedTuple):
    """A response with its whole chain: the items that it was given and those that it made, after those of the responses before it."""

    response_id: str
    items: Sequence[Item]


class LaneMemory:
    """One lane's view of the connection's memory: it reads what any lane has kept, and writes its own.

    Args:
        latest: of the connection, by lane.
        lane: this one; `None` is the default lane.
    """

    __slots__ = ("_lane", "_latest")

    def __init__(self, latest: dict[str | None, Remembered], lane: str | None) -> None:
        self._latest = latest
        self._lane = lane

    def recall(self, response_id: str) -> Sequence[Item] | None:
        """The whole chain of a response, if it is the latest of some lane."""
        return next((kept.items for kept in self._latest.values() if kept.response_id == response_id), None)

    def keep(self, response_id: str, items: Sequence[Item]) -> None:
        """Remember a response as the lane's latest, in place of the one before."""
        self._latest[self._lane] = Remembered(response_id, items)

    def forget(self, response_id: str) -> None:
        """Forget a response that could not be continued, if it is this lane's own: a fork that fails leaves its source alone."""
        kept = self._latest.get(self._lane)
        if kept is not None and kept.response_id == response_id:
            del self._latest[self._lane]
