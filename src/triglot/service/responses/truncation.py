"""`truncation: auto`: the oldest turns of a conversation that does not fit are left out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.responses.truncation import drop_before, find_cuts

if TYPE_CHECKING:
    from triglot.backend.discovery import Discovery
    from triglot.service.counting import PromptCounter
    from triglot.web import RequestContext

log = logging.getLogger("triglot")

_ROOM: Final = 1024
"""Tokens that are left for an answer whose request names no limit, or a quarter of a small context."""


class Shortener:
    """Makes conversations fit.

    Args:
        counter: counts prompts.
        discovery: knows the size of the context.
    """

    def __init__(self, counter: PromptCounter, discovery: Discovery) -> None:
        self._counter = counter
        self._discovery = discovery

    async def shorten(self, body: dict[str, Any], context: RequestContext) -> int:
        """Drop the oldest turns of a chat request until prompt and answer fit the context; says how many messages went.

        What cannot be made to fit stays as it is, for the backend to refuse. So does everything with a backend that does not count.
        """
        size = (await self._discovery.facts()).context_tokens
        # a token has at least one byte: most requests are known to fit without asking
        if size is None or len(msgspec.json.encode(body)) < size // 2 or not await self._counter.can_count():
            return 0
        limit = size - min(body.get("max_tokens") or _ROOM, size // 4)
        messages = body["messages"]
        cuts = find_cuts(messages)
        if not cuts or await self._counter.count(body, context) <= limit:
            return 0
        cut = await self._find_cut(body, cuts, limit, context)
        body["messages"] = drop_before(messages, cut)
        dropped = len(messages) - len(body["messages"])
        log.debug("%s: truncation left out the oldest %d messages", context.request_id, dropped)
        return dropped

    async def _find_cut(self, body: dict[str, Any], cuts: list[int], limit: int, context: RequestContext) -> int:
        """The earliest cut that makes the prompt fit, else the last: by halves, because each try is a count."""
        low, high = 0, len(cuts) - 1
        while low < high:
            middle = (low + high) // 2
            shorter = {**body, "messages": drop_before(body["messages"], cuts[middle])}
            if await self._counter.count(shorter, context) <= limit:
                high = middle
            else:
                low = middle + 1
        return cuts[low]
