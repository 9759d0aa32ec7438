"""What a request refers to: the items of its input, of what it continues, and of its conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faulty.exchange import Refusal
from faulty.responses.items import fill_item, is_reference, latest_context

if TYPE_CHECKING:
    from faulty.host import Host
    from faulty.store import Conversation, Store

Document = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """The items of a request.

    Attributes:
        own: those that it brought itself, in full.
        read: all that the model reads, stored ones included.
        conversation: where its items and its answer go.
        compacts: a summary is asked for instead of an answer.
    """

    own: list[Document]
    read: list[Document]
    conversation: Conversation | None
    compacts: bool


def read_items(body: Document, store: Store, host: Host) -> Given:
    """Find all that a request refers to.

    Raises:
        Refusal: something of it is not there, or there is nothing at all.
    """
    given = body.get("input")
    if given is None and body.get("previous_response_id") is None and body.get("conversation") is None:
        raise Refusal(400, "Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    conversation = find_conversation(body, store)
    before = conversation.items if conversation is not None else _continued(body, store, host)
    items: list[Document] = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
    spoken = [item for item in items if item.get("type") != "compaction_trigger"]
    filled = [(item, find_item(item, store, "input") if is_reference(item) else fill_item(item, host.new_id)) for item in spoken]
    own = [full for item, full in filled if not is_reference(item)]
    compacts = bool(items) and items[-1].get("type") == "compaction_trigger"
    return Given(own, [*latest_context(before), *(full for _, full in filled)], conversation, compacts)


def find_item(reference: Document, store: Store, param: str) -> Document:
    """The stored item that a reference stands for.

    Raises:
        Refusal: it is not there.
    """
    found = store.item(str(reference["id"]))
    if found is None:
        raise Refusal(404, f"Item with id '{reference['id']}' not found.", param=param, code="not_found")
    return found


def find_conversation(body: Document, store: Store) -> Conversation | None:
    """The conversation that a request names.

    Raises:
        Refusal: it is not there, or the request continues a response as well.
    """
    named = body.get("conversation")
    if named is None:
        return None
    if body.get("previous_response_id") is not None:
        raise Refusal(400, "A response cannot have both 'previous_response_id' and 'conversation'.", param="conversation")
    conversation_id = named if isinstance(named, str) else named["id"]
    if conversation_id not in store.conversations:
        raise Refusal(404, f"Conversation with id '{conversation_id}' not found.", param="conversation", code="not_found")
    return store.conversations[conversation_id]


def _continued(body: Document, store: Store, host: Host) -> list[Document]:
    before = body.get("previous_response_id")
    if before is None:
        return []
    try:
        links = store.chain(before)
    except KeyError:
        message = f"Previous response with id '{before}' not found."
        raise Refusal(400, message, param="previous_response_id", code="previous_response_not_found") from None
    if not links[-1].ended:
        raise Refusal(400, f"Response '{before}' is still being made.", param="previous_response_id")
    if host.has("responses/chain-of-two"):
        links = links[-1:]
    return [item for link in links for item in (*link.given, *link.response["output"])]
