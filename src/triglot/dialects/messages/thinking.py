"""What a Messages request says about thinking. Source: specs/messages/schemas/thinking.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from triglot.dialects.chat_request import thinking_fields
from triglot.generated.messages import models as wire
from triglot.support import Loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from triglot.backend.profiles import Profile

Display: TypeAlias = Literal["full", "omitted", "hidden"]

_LARGEST_BUDGET: Final = 2**31 - 1  # llama-server b11549 takes a larger number modulo 2**32: 2**32 means no thinking at all


class ThinkingPlan(msgspec.Struct, frozen=True):
    """What to do about thinking.

    Attributes:
        enabled: whether the model is asked to think.
        display: what the client sees of it: all; blocks without text, whose signatures carry it (`omitted`); or no blocks (`hidden`).
    """

    enabled: bool
    display: Display


def plan_thinking(request: wire.CreateMessage | wire.CountMessageTokens) -> ThinkingPlan:
    """Read the client's wish. Like the API itself, the answer has no thinking when the client did not ask for it."""
    match request.thinking:
        case None | wire.ThinkingDisabled():
            return ThinkingPlan(enabled=False, display="hidden")
        case wire.ThinkingEnabled(display="omitted") | wire.ThinkingAdaptive(display="omitted"):
            return ThinkingPlan(enabled=True, display="omitted")
        case _:
            return ThinkingPlan(enabled=True, display="full")


def find_altered_thinking(request: wire.CreateMessage | wire.CountMessageTokens, restore: Callable[[str, str], str | None]) -> list[Loss]:
    """The thinking blocks that are dropped because they do not fit our signature.

    Args:
        request: the request.
        restore: gives the thinking of a block that came back, by its text and signature; `None` if it was altered.
    """
    return [
        Loss(f"messages[{number}].content[{place}]", "ignored", "the thinking is not what was signed", "thinking")
        for number, message in enumerate(request.messages)
        if isinstance(message, wire.AssistantMessage) and isinstance(message.content, list)
        for place, block in enumerate(message.content)
        if isinstance(block, wire.InputThinkingBlock) and restore(block.thinking, block.signature or "") is None
    ]


def convert_thinking(request: wire.CreateMessage | wire.CountMessageTokens, profile: Profile) -> dict[str, Any]:
    """The fields of the chat request that tell the model whether and how much to think."""
    config = request.output_config
    fields = thinking_fields(profile, enabled=plan_thinking(request).enabled, effort=config.effort if config is not None else None)
    if isinstance(request.thinking, wire.ThinkingEnabled) and profile.extensions:
        fields["reasoning_budget_tokens"] = min(request.thinking.budget_tokens, _LARGEST_BUDGET)
    return fields
