"""Every request in the official SDK's own request types is valid here and becomes a valid chat request."""

from __future__ import annotations

from typing import Any

import anthropic.types
import anthropic.types.beta
import msgspec
import pytest
from anthropic.types import message_create_params
from anthropic.types.beta import message_create_params as beta_message_create_params

from triglot.backend.profiles import PROFILES
from triglot.dialects.messages.request import convert_prompt, convert_request
from triglot.generated.chat.models import CreateChatCompletion
from triglot.generated.messages.models import CountMessageTokens, CreateMessage
from triglot.generated.messages.support import COUNT_MESSAGE_TOKENS, CREATE_MESSAGE
from triglot.support import find_losses

from .sdk_requests import every

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


@pytest.mark.parametrize("sdk_type", CREATE.values(), ids=CREATE)
def test_create(sdk_type: Any) -> None:
    requests = bodies(sdk_type)
    assert len(requests) > 1000
    for body in [*requests, *map(amid, requests)]:
        request = CreateMessage.model_validate(body)
        find_losses(CREATE_MESSAGE, body)
        for profile in PROFILES.values():
            sent = msgspec.json.decode(convert_request(request, profile).encode())
            # a message of which nothing can be passed on leaves none where it was the only one
            CreateChatCompletion.model_validate(sent if sent["messages"] else sent | {"messages": [{"role": "user", "content": ""}]})


@pytest.mark.parametrize("sdk_type", COUNT.values(), ids=COUNT)
def test_count_tokens(sdk_type: Any) -> None:
    requests = bodies(sdk_type)
    assert len(requests) > 1000
    for body in [*requests, *map(amid, requests)]:
        request = CountMessageTokens.model_validate(body)
        find_losses(COUNT_MESSAGE_TOKENS, body)
        for profile in PROFILES.values():
            msgspec.json.encode(convert_prompt(request, profile))
