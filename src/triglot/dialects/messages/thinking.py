"""What a Messages request says about thinking. Source: specs/messages/schemas/thinking.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triglot.dialects.chat_request import thinking_fields

if TYPE_CHECKING:
    from triglot.backend.profiles import Profile
    from triglot.generated.messages import models as wire


def wants_thinking(request: wire.CreateMessage | wire.CountMessageTokens) -> bool:
    """Whether the client asked for thinking. Like the API itself, the answer has none when it did not."""
    return request.thinking is not None and request.thinking.type != "disabled"


def convert_thinking(request: wire.CreateMessage | wire.CountMessageTokens, profile: Profile) -> dict[str, Any]:
    """The fields of the chat request that tell the model whether and how much to think."""
    config = request.output_config
    return thinking_fields(profile, enabled=wants_thinking(request), effort=config.effort if config is not None else None)
