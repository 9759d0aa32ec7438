"""What Responses servers keep, and how they give it back: wrong, too much, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faulty.hooks import behaviour, defect

if TYPE_CHECKING:
    from faulty.exchange import Request

Document = dict[str, Any]

_LISTS = ("list_response_input_items",)
_PAGES = "responses/stored/input-items-paged"

behaviour("responses/store-false-is-stored", "Keeps a response that shall not be stored.", caught_by="responses/stored/not-stored")
behaviour("responses/delete-keeps", "Says that a response is deleted, and keeps it.", caught_by="responses/stored/delete")
behaviour("responses/cancel-does-nothing", "Goes on with a response that is cancelled.", caught_by="responses/stored/background-cancel")
behaviour(
    "responses/background-at-once", "Makes a response in the background before it answers.", caught_by="responses/stored/background-at-once"
)
behaviour(
    "responses/resumed-from-the-beginning",
    "Sends all events again to a client that has some.",
    caught_by="responses/stored/get-stream",
)
behaviour(
    "responses/conversation-forgets-answers",
    "Adds nothing to the conversation of a response.",
    caught_by="responses/conversations/used",
)
behaviour(
    "responses/conversation-update-ignored",
    "Takes new metadata of a conversation and keeps the old.",
    caught_by="responses/conversations/update",
)
behaviour("responses/limit-ignored", "Lists all items whatever the limit.", caught_by=_PAGES)
behaviour("responses/after-ignored", "Begins each page with the first item.", caught_by=_PAGES)
behaviour(
    "responses/order-ignored", "Lists items oldest first, whatever order was asked for.", caught_by="responses/stored/input-items-order"
)
behaviour(
    "responses/foreground-cancelled",
    "Cancels responses that are not made in the background.",
    caught_by="responses/stored/cancel-foreground",
)
behaviour(
    "responses/conversation-delete-keeps", "Says that a conversation is deleted, and keeps it.", caught_by="responses/conversations/delete"
)
behaviour("responses/socket-forgets", "Forgets a response on a WebSocket as soon as it is told.", caught_by="responses/wire/socket")
behaviour("responses/socket-without-lanes", "Leaves the name of the lane out of its events.", caught_by="responses/wire/socket-lanes")


@defect("responses/never-more", at="responses.object", caught_by=_PAGES, only=_LISTS)
def _never_more(page: Document, _request: Request) -> Document:
    """Says that no page follows."""
    return page | {"has_more": False}


@defect("responses/list-without-ids", at="responses.object", caught_by=_PAGES, only=_LISTS)
def _no_ids(page: Document, _request: Request) -> Document:
    """Does not say with which ids a page begins and ends."""
    return {name: value for name, value in page.items() if name not in ("first_id", "last_id")}


@defect("responses/list-as-array", at="responses.object", caught_by="responses/stored/input-items-order", only=_LISTS)
def _bare(page: Document, _request: Request) -> Any:
    """Answers with a bare array where a page belongs."""
    return page["data"]


@defect("responses/stored-with-other-ids", at="responses.object", caught_by="responses/stored/get", only=("get_response",))
def _other_ids(response: Document, _request: Request) -> Document:
    """Gives the items of a stored response other ids than it was made with."""
    return response | {"output": [item | {"id": f"{item['id']}x"} for item in response["output"]]}


@defect("responses/stored-without-output", at="responses.object", caught_by="responses/stored/get", only=("get_response",))
def _no_output(response: Document, _request: Request) -> Document:
    """Gives a stored response back without its output."""
    return response | {"output": []}


@defect("responses/cancelled-as-failed", at="responses.object", caught_by="responses/stored/background-cancel", only=("cancel_response",))
def _failed(response: Document, _request: Request) -> Document:
    """Gives a cancelled response as a failed one."""
    return response | {"status": "failed"} if response["status"] == "cancelled" else response


@defect("responses/counts-nothing", at="responses.object", caught_by="responses/count/text", only=("count_response_input_tokens",))
def _zero(count: Document, _request: Request) -> Document:
    """Counts no tokens."""
    return count | {"input_tokens": 0}


@defect("responses/compaction-without-summary", at="responses.object", caught_by="responses/compaction/compact", only=("compact_response",))
def _no_summary(answer: Document, _request: Request) -> Document:
    """Forgets the summary of a compacted conversation."""
    return answer | {"output": [item for item in answer["output"] if item["type"] != "compaction"]}


@defect("responses/compaction-as-response", at="responses.object", caught_by="responses/compaction/compact", only=("compact_response",))
def _as_response(answer: Document, _request: Request) -> Document:
    """Says that a compacted conversation is a response."""
    return answer | {"object": "response"}
