"""What a response continues: the stored items that stand before its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec

from triglot.dialects.responses.records import Document, is_reference, record_input
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses import models as wire
from triglot.state.store import RUNNING, Item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triglot.dialects.translator import NewId
    from triglot.state.store import Store

_COMPACTION: Final = b'{"type":"compaction",'  # as it is recorded
_SETTINGS: Final = frozenset({"additional_tools", "configuration_update"})
_Reference: Final = wire.ItemReference | wire.TypelessReference


class Memory(Protocol):
    """What a connection remembers of its own responses, also of those that are not stored."""

    def recall(self, response_id: str) -> Sequence[Item] | None:
        """All items of a response and of those before it, if it is remembered."""


class ConnectionMemory(Memory, Protocol):
    """A memory that can be added to."""

    def keep(self, response_id: str, items: Sequence[Item]) -> None:
        """Remember a response with all its items."""


class History(NamedTuple):
    """The items that a request is about.

    Attributes:
        prior: those before its own, from the store or the connection.
        given: its own.
        conversation_id: the conversation that it belongs to.
    """

    prior: Sequence[Item]
    given: Sequence[Item]
    conversation_id: str | None

    def without_prior(self, *, keep_given: bool) -> History:
        """What a response is stored with, or nothing."""
        return History((), self.given if keep_given else (), self.conversation_id)


class Historian:
    """Puts the stored items of a request in their places.

    Args:
        store: where they are.
        new_id: makes ids for items that have none.
    """

    def __init__(self, store: Store, new_id: NewId) -> None:
        self._store = store
        self._new_id = new_id

    async def complete(self, request: Any, document: dict[str, Any], owner: str, memory: Memory | None) -> History:
        """Change `request.input` to all items that the model is to read.

        Args:
            request: a validated request with `input`, `previous_response_id` and `conversation`.
            document: the same, decoded.
            owner: whose items they are.
            memory: of the connection, if it has one.

        Raises:
            ApiError: something that the request names is not stored.
        """
        conversation_id = _conversation_of(request)
        if request.previous_response_id is not None and conversation_id is not None:
            message = "previous_response_id and conversation exclude each other: a conversation knows what came before."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param="conversation")
        stored = await self._load_prior(request.previous_response_id, conversation_id, owner, memory)
        prior = _shortened(stored)
        referred = await self._resolve_references(request, owner, stored)
        given = record_input(_with_referred(document.get("input") or [], referred), self._new_id)
        if prior:
            own = request.input
            own = _read_items([{"role": "user", "content": own}]) if isinstance(own, str) else own or []
            request.input = [*_read_items([msgspec.json.decode(item.body) for item in prior]), *own]
        return History(prior, [Item(item["id"], msgspec.json.encode(item)) for item in given], conversation_id)

    async def _load_prior(self, previous_id: str | None, conversation_id: str | None, owner: str, memory: Memory | None) -> Sequence[Item]:
        if previous_id is not None:
            if memory is not None and (remembered := memory.recall(previous_id)) is not None:
                return remembered
            return await self._load_chain(previous_id, owner)
        if conversation_id is not None:
            if (items := await self._store.load_conversation_items(owner, conversation_id)) is not None:
                return items
            raise ApiError(ErrorKind.NOT_FOUND, f"Conversation with id '{conversation_id}' not found.", param="conversation")
        return ()

    async def _load_chain(self, previous_id: str, owner: str) -> Sequence[Item]:
        previous = await self._store.load_response(owner, previous_id)
        if previous is not None and previous.status in RUNNING and not previous.lost:
            message = f"Previous response with id '{previous_id}' is still {previous.status}: continue it when it has ended, or cancel it."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param="previous_response_id")
        if (chain := await self._store.load_chain(owner, previous_id)) is not None:
            return chain
        message = f"Previous response with id '{previous_id}' not found: it was never stored, or is stored no longer. Send the whole input."
        details = {"code": "previous_response_not_found"}
        raise ApiError(ErrorKind.INVALID_REQUEST, message, param="previous_response_id", details=details)

    async def _resolve_references(self, request: Any, owner: str, known: Sequence[Item]) -> dict[str, Document]:
        """Put stored items in the place of the references to them; gives them by id."""
        own = request.input
        wanted = [item.id for item in own if isinstance(item, _Reference)] if isinstance(own, list) else []
        if not wanted:
            return {}
        found = {**await self._store.find_items(owner, wanted), **{item.id: item.body for item in known}}
        if missing := [item_id for item_id in wanted if item_id not in found]:
            raise unknown_item(missing[0], "input")
        referred: dict[str, Document] = {item_id: msgspec.json.decode(found[item_id]) for item_id in wanted}
        items = iter(_read_items([referred[item_id] for item_id in wanted]))
        request.input = [next(items) if isinstance(item, _Reference) else item for item in own]
        return referred


def _shortened(items: Sequence[Item]) -> Sequence[Item]:
    """Stored items without what the latest compaction among them stands for: all before it but the instructions and the user's words.

    Else a conversation that goes on by ids would never become shorter.
    """
    latest = max((index for index, item in enumerate(items) if item.body.startswith(_COMPACTION)), default=0)
    return [*filter(_outlives_compaction, items[:latest]), *items[latest:]]


def _outlives_compaction(item: Item) -> bool:
    document = msgspec.json.decode(item.body)
    return document["type"] in _SETTINGS or (document["type"] == "message" and document["role"] != "assistant")


def unknown_item(item_id: str, param: str) -> ApiError:
    """What a reference to an item that is not stored leads to."""
    message = f"Item with id '{item_id}' not found: items are stored unless their response had store set to false."
    return ApiError(ErrorKind.NOT_FOUND, message, param=param)


def _with_referred(given: str | list[Document], referred: Mapping[str, Document]) -> str | list[Document]:
    if not referred or isinstance(given, str):
        return given
    return [referred[item["id"]] if is_reference(item) else item for item in given]


def _conversation_of(request: Any) -> str | None:
    conversation = request.conversation
    return conversation.id if isinstance(conversation, wire.ConversationReference) else conversation


def _read_items(documents: list[Document]) -> list[Any]:
    """Stored items as a request's."""
    items = wire.CreateResponse.model_validate({"input": documents}, strict=True).input
    assert isinstance(items, list)  # noqa: S101 - for the type checker: a list stays one
    return items
