"""The Responses dialect of the reference server: responses made, stored, continued and cancelled; conversations; compaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faulty.exchange import FULL, Dialect, Refusal, Reply, Request, Route
from faulty.responses.conversations import Conversations
from faulty.responses.making import Making
from faulty.responses.stored import Stored
from faulty.responses.talking import Talking
from faulty.store import Store

if TYPE_CHECKING:
    from faulty.exchange import Event
    from faulty.host import Host

_ONE = "/v1/responses/{response_id}"
_CONVERSATION = "/v1/conversations/{conversation_id}"
_SERVER_FAULT = 500


def dialect(host: Host) -> Dialect:
    """The dialect of one running server, with a store of its own."""
    store = Store()
    making, stored, conversations = Making(host, store), Stored(host, store), Conversations(host, store)
    talking = Talking(host, store, making)
    routes = (
        Route("GET", "/v1/responses", "upgrade", _ask_for_upgrade),
        Route("POST", "/v1/responses", "create_response", making.create),
        Route("POST", "/v1/responses/input_tokens", "count_response_input_tokens", making.count),
        Route("POST", "/v1/responses/compact", "compact_response", making.compact),
        Route("GET", _ONE, "get_response", stored.get),
        Route("DELETE", _ONE, "delete_response", stored.delete),
        Route("POST", f"{_ONE}/cancel", "cancel_response", stored.cancel),
        Route("GET", f"{_ONE}/input_items", "list_response_input_items", stored.input_items),
        Route("POST", "/v1/conversations", "create_conversation", conversations.create),
        Route("GET", _CONVERSATION, "get_conversation", conversations.get),
        Route("POST", _CONVERSATION, "update_conversation", conversations.update),
        Route("DELETE", _CONVERSATION, "delete_conversation", conversations.delete),
        Route("POST", f"{_CONVERSATION}/items", "create_conversation_items", conversations.append),
        Route("GET", f"{_CONVERSATION}/items", "list_conversation_items", conversations.list_items),
        Route("GET", f"{_CONVERSATION}/items/{{item_id}}", "get_conversation_item", conversations.get_item),
        Route("DELETE", f"{_CONVERSATION}/items/{{item_id}}", "delete_conversation_item", conversations.delete_item),
    )
    return Dialect("responses", routes, _error, _break, event_line=True, sockets={"/v1/responses": talking.talk})


async def _ask_for_upgrade(_request: Request) -> Reply:
    message = "This path is for POST, and for WebSockets: a GET asks for an upgrade."
    raise Refusal(426, message, code="upgrade_required", headers={"upgrade": "websocket"})


def _break(number: int) -> Event:
    return {"type": "error", "sequence_number": number, "code": "server_error", "message": FULL, "param": None}


def _error(refusal: Refusal, _request: Request) -> Reply:
    kind = "server_error" if refusal.status >= _SERVER_FAULT else "invalid_request_error"
    error = {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code, **(refusal.details or {})}
    return Reply({"error": error}, refusal.status, refusal.headers)
