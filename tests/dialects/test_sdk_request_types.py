"""Every request in the official SDK's own request types is valid here and becomes a valid chat request."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import anthropic.types
import anthropic.types.beta
import msgspec
import pytest
from anthropic.types import message_create_params
from anthropic.types.beta import message_create_params as beta_message_create_params

from triglot.backend.profiles import PROFILES
from triglot.dialects.messages.request import convert_prompt, convert_request
from triglot.errors import ApiError
from triglot.generated.chat.models import CreateChatCompletion
from triglot.generated.messages.models import CountMessageTokens, CreateMessage
from triglot.generated.messages.support import COUNT_MESSAGE_TOKENS, CREATE_MESSAGE
from triglot.support import find_losses

from .sdk_requests import every

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATE: Any = {
    "stable": message_create_params.MessageCreateParamsNonStreaming,
    "stable-streamed": message_create_params.MessageCreateParamsStreaming,
    "beta": beta_message_create_params.MessageCreateParamsNonStreaming,
    "beta-streamed": beta_message_create_params.MessageCreateParamsStreaming,
}
COUNT: Any = {"stable": anthropic.types.MessageCountTokensParams, "beta": anthropic.types.beta.MessageCountTokensParams}
HEADERS = {"betas", "user_profile_id", "workspace_id"}  # the SDK sends these beside the body
TOOL = {"name": "a", "input_schema": {"type": "object"}}


def bodies(sdk_type: Any) -> list[dict[str, Any]]:
    found = []
    for request in every(sdk_type):
        body = {name: value for name, value in request.items() if name not in HEADERS}
        # a demand for a call can only be met where there is something to call
        found.append(body | {"tools": [TOOL]} if "tool_choice" in body else body)
    return found


def amid(body: dict[str, Any]) -> dict[str, Any]:
    """The same request with its message in the middle of a conversation."""
    return body | {"messages": [{"role": "user", "content": "a"}, *body["messages"], {"role": "user", "content": "b"}]}


@contextlib.contextmanager
def refused_if_empty(body: dict[str, Any]) -> Iterator[None]:
    """A request may be refused if nothing of its only message can be passed on."""
    try:
        yield
    except ApiError as refusal:
        if refusal.param != "messages" or len(body["messages"]) > 1:
            raise


@pytest.mark.parametrize("sdk_type", CREATE.values(), ids=CREATE)
def test_create(sdk_type: Any) -> None:
    requests = bodies(sdk_type)
    assert len(requests) > 1000
    for body in [*requests, *map(amid, requests)]:
        request = CreateMessage.model_validate(body)
        find_losses(CREATE_MESSAGE, body)
        for profile in PROFILES.values():
            with refused_if_empty(body):
                CreateChatCompletion.model_validate_json(convert_request(request, profile).encode())


@pytest.mark.parametrize("sdk_type", COUNT.values(), ids=COUNT)
def test_count_tokens(sdk_type: Any) -> None:
    requests = bodies(sdk_type)
    assert len(requests) > 1000
    for body in [*requests, *map(amid, requests)]:
        request = CountMessageTokens.model_validate(body)
        find_losses(COUNT_MESSAGE_TOKENS, body)
        for profile in PROFILES.values():
            with refused_if_empty(body):
                msgspec.json.encode(convert_prompt(request, profile))
