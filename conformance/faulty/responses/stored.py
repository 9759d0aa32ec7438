"""The operations on stored responses: read, follow, cancel, delete, list what they were given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.exchange import Refusal, Reply, Request, Stream
from faulty.responses.events import cut_output, tell_response
from faulty.store import StoredResponse, page

if TYPE_CHECKING:
    from faulty.host import Host
    from faulty.store import Store

Document = dict[str, Any]

_MOST = 100
_USUAL = 20


class Stored:
    """Reads and changes what is kept."""

    def __init__(self, host: Host, store: Store) -> None:
        self._host = host
        self._store = store

    async def get(self, request: Request) -> Reply | Stream:
        """A response as it is now, or its events."""
        kept = self._find(request)
        if _query(request, "stream") not in ("true", "1"):
            return Reply(kept.response)
        if not kept.events:
            raise Refusal(400, "Only a response that was made in the background can be streamed again.", param="stream")
        after = _whole(request, "starting_after", -1, 0, None)
        return Stream(kept.follow(-1 if self._host.has("responses/resumed-from-the-beginning") else after))

    async def cancel(self, request: Request) -> Reply:
        """End the work on a response."""
        kept = self._find(request)
        if not kept.response["background"] and not self._host.has("responses/foreground-cancelled"):
            raise Refusal(400, "Only a response that is made in the background can be cancelled.")
        if not self._host.has("responses/cancel-does-nothing"):
            self._end(kept)
        return Reply(kept.response)

    async def delete(self, request: Request) -> Reply:
        """Forget a response."""
        response_id = request.params["response_id"]
        if self._host.has("responses/delete-twice") and response_id not in self._store.responses:
            return Reply({"id": response_id, "object": "response.deleted", "deleted": True})
        kept = self._find(request)
        self._end(kept)
        if not self._host.has("responses/delete-keeps"):
            del self._store.responses[kept.response["id"]]
        return Reply({"id": kept.response["id"], "object": "response.deleted", "deleted": True})

    async def input_items(self, request: Request) -> Reply:
        """What a response was given, page by page."""
        return Reply(list_page(self._find(request).given, request, self._host))

    def _find(self, request: Request) -> StoredResponse:
        response_id = request.params["response_id"]
        if response_id not in self._store.responses:
            raise Refusal(404, f"Response with id '{response_id}' not found.", param="response_id", code="not_found")
        return self._store.responses[response_id]

    def _end(self, kept: StoredResponse) -> None:
        """Stop the work; what was open is closed as it is."""
        if kept.ended:
            return
        if kept.work is not None:
            kept.work.cancel()
        cut = {**kept.response, "status": "cancelled", "output": cut_output(kept.events)}
        kept.tell(*tell_response(cut, queued=True)[len(kept.events) :])


def list_page(items: list[Document], request: Request, host: Host) -> Document:
    """The page of a list that a request asks for: newest first, unless it says otherwise.

    Raises:
        Refusal: a parameter cannot be used.
    """
    order = _query(request, "order") or "desc"
    if order not in ("asc", "desc"):
        raise Refusal(400, "Invalid 'order': expected 'asc' or 'desc'.", param="order", code="invalid_value")
    limit = _whole(request, "limit", _USUAL, 1, _MOST)
    return page(
        items,
        after=None if host.has("responses/after-ignored") else _query(request, "after"),
        limit=_MOST if host.has("responses/limit-ignored") else limit,
        newest_first=order == "desc" and not host.has("responses/order-ignored"),
    )


def _query(request: Request, name: str) -> str | None:
    return request.query.get(name, [None])[-1]


def _whole(request: Request, name: str, default: int, low: int, high: int | None) -> int:
    text = _query(request, name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < low or (high is not None and int(text) > high):
        bounds = f"from {low}" if high is None else f"from {low} to {high}"
        raise Refusal(400, f"Invalid '{name}': expected a whole number {bounds}.", param=name, code="invalid_value")
    return int(text)
