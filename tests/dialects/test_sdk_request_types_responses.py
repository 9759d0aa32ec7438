"""Every request in the OpenAI SDK's own request types for Responses is valid here, and becomes a valid chat request or a stored item."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from openai.types.conversations import (
    ConversationCreateParams,
    ConversationItem,
    ConversationUpdateParams,
    ItemCreateParams,
    ItemListParams,
    ItemRetrieveParams,
)
from openai.types.responses import (
    InputItemListParams,
    InputTokenCountParams,
    ResponseCompactParams,
    ResponsesClientEventParam,
    response_create_params,
    response_retrieve_params,
)
from pydantic import TypeAdapter

from tests.fuzz.documents import body_validator
from triglot.backend.profiles import PROFILES
from triglot.dialects.responses.records import record_input
from triglot.dialects.responses.request import convert_request, count_body
from triglot.errors import ApiError
from triglot.generated.chat.models import CreateChatCompletion
from triglot.generated.responses import models, support
from triglot.support import find_losses

from .sdk_requests import every

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATE: Any = {
    "whole": response_create_params.ResponseCreateParamsNonStreaming,
    "streamed": response_create_params.ResponseCreateParamsStreaming,
}
OTHERS: Any = {
    "compact": (ResponseCompactParams, models.CompactResponse, support.COMPACT_RESPONSE, 1000),
    "conversation": (ConversationCreateParams, models.CreateConversation, support.CREATE_CONVERSATION, 1000),
    "conversation-update": (ConversationUpdateParams, models.UpdateConversation, support.UPDATE_CONVERSATION, 1),
    "items": (ItemCreateParams, models.CreateConversationItems, support.CREATE_CONVERSATION_ITEMS, 1000),
    "socket": (ResponsesClientEventParam, models.ClientEvent, support.CLIENT_EVENT, 1000),
}
QUERIES: Any = {
    "get": (response_retrieve_params.ResponseRetrieveParamsNonStreaming, models.GetResponseQuery),
    "follow": (response_retrieve_params.ResponseRetrieveParamsStreaming, models.GetResponseQuery),
    "input-items": (InputItemListParams, models.ListResponseInputItemsQuery),
    "items": (ItemListParams, models.ListConversationItemsQuery),
    "item": (ItemRetrieveParams, models.GetConversationItemQuery),
}
# something to call for each tool_choice that names it
TOOLS: Any = {
    "apply_patch": [{"type": "apply_patch"}],
    "custom": [{"type": "custom", "name": "a"}],
    "shell": [{"type": "shell"}],
}
FUNCTIONS: Any = [{"type": "function", "name": "a", "parameters": {"type": "object"}, "strict": True}]


def bodies(sdk_type: Any) -> list[dict[str, Any]]:
    """The requests of a type, with what the type allows to be left out and a local model cannot do without."""
    found = []
    for request in every(sdk_type):
        body = {"input": "a"} | request
        choice = body.get("tool_choice")
        if choice is not None:
            kind = choice["type"] if isinstance(choice, dict) else "function"
            body["tools"] = TOOLS.get(kind, FUNCTIONS)
        found.append(body)
    return found


def amid(body: dict[str, Any]) -> dict[str, Any]:
    """The same request with its items in the middle of a conversation."""
    items = body["input"] or []
    between = [{"role": "user", "content": items}] if isinstance(items, str) else items
    return body | {"input": [{"role": "user", "content": "a"}, *between, {"role": "user", "content": "b"}]}


def items_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    items = body.get("input", body.get("items"))
    return items if isinstance(items, list) else []


def parts_of(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in items_of(body):
        content = item.get("content") or item.get("output")
        yield from (part for part in content if isinstance(part, dict)) if isinstance(content, list) else ()


def is_reference(item: dict[str, Any]) -> bool:
    return item.get("type") in (None, "item_reference") and item.get("role") is None


# Why a request may be refused all the same: a piece of the message, and what must be so in the request.
REASONS: Any = {
    "there is nothing in it that a model could answer": lambda body: isinstance(body["input"], list) and len(body["input"]) == 1,
    "input is required": lambda body: body["input"] is None,
    "needs the call_id": lambda body: any(
        item.get("type") == "function_call_output" and not item.get("call_id") for item in items_of(body)
    ),
    "is stored here": lambda body: any(map(is_reference, items_of(body))),
    "Images are not fetched": lambda body: any(part["type"] == "input_image" and not part.get("image_url") for part in parts_of(body)),
}


def check_refusal(refusal: ApiError, body: dict[str, Any]) -> None:
    assert any(piece in refusal.message and holds(body) for piece, holds in REASONS.items()), (refusal.message, body)


def unseal(sealed: str) -> str:
    return f"what {sealed} hides"


def is_rejected(table: Any, body: dict[str, Any]) -> bool:
    """Whether the request is refused before it is converted, because a field of it is `rejected` in the specs."""
    return any(loss.level == "rejected" for loss in find_losses(table, body))


@pytest.mark.parametrize("sdk_type", CREATE.values(), ids=CREATE)
def test_create(sdk_type: Any) -> None:
    requests = bodies(sdk_type)
    assert len(requests) > 3000
    converted = 0
    for body in [*requests, *map(amid, requests)]:
        request = models.CreateResponse.model_validate(body, strict=True)
        if is_rejected(support.CREATE_RESPONSE, body):
            continue
        for profile in PROFILES.values():
            try:
                chat = convert_request(request, profile, unseal).chat
            except ApiError as refusal:
                check_refusal(refusal, body)
            else:
                CreateChatCompletion.model_validate_json(chat.encode())
                converted += 1
    assert converted > 2 * len(requests)


def test_count_input_tokens() -> None:
    requests = bodies(InputTokenCountParams)
    assert len(requests) > 3000
    for body in [*requests, *map(amid, requests)]:
        request = models.CountInputTokens.model_validate(body, strict=True)
        if not is_rejected(support.COUNT_INPUT_TOKENS, body):
            for profile in PROFILES.values():
                try:
                    msgspec.json.encode(count_body(request, profile, unseal))
                except ApiError as refusal:
                    check_refusal(refusal, body)


@pytest.mark.parametrize(("sdk_type", "model", "table", "least"), OTHERS.values(), ids=OTHERS)
def test_other_requests_are_valid(sdk_type: Any, model: Any, table: Any, least: int) -> None:
    requests = list(every(sdk_type))
    assert len(requests) > least
    adapter = TypeAdapter(model)
    for body in requests:
        adapter.validate_python(body, strict=True)
        find_losses(table, body)


@pytest.mark.parametrize(("sdk_type", "model"), QUERIES.values(), ids=QUERIES)
def test_queries_are_valid(sdk_type: Any, model: Any) -> None:
    requests = list(every(sdk_type))
    assert len(requests) > 1
    for query in requests:
        model.model_validate({name: as_text(value) for name, value in query.items()})


def as_text(value: Any) -> Any:
    """A value as it stands in a query."""
    match value:
        case list():
            return [as_text(item) for item in value]
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def test_each_item_is_listed_in_full() -> None:
    ours, theirs = body_validator("responses", "#/components/schemas/ListedItem"), TypeAdapter(ConversationItem)
    listed = 0
    for body in every(ItemCreateParams):
        [item] = body["items"]
        records = record_input([item], new_id=iter_ids())
        assert bool(records) == (not is_reference(item) and item.get("type") != "compaction_trigger")
        for record in records:
            assert record["id"]
            assert not list(ours.iter_errors(record)), record
            theirs.validate_python(record)
            listed += 1
    assert listed > 2000


def iter_ids() -> Any:
    counter = itertools.count(1)
    return lambda prefix: f"{prefix}{next(counter)}"
