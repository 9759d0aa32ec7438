"""Shortening a conversation from its beginning, turn by turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.dialects.chat_request import ChatMessage


def find_cuts(messages: Sequence[ChatMessage]) -> list[int]:
    """Where a conversation may begin anew when its oldest turns are dropped: at each word of the user but the first, in order.

    The last of them is the turn that is to be answered, which always stays.
    """
    turns = [index for index, message in enumerate(messages) if message["role"] == "user"]
    return turns[1:]


def drop_before(messages: Sequence[ChatMessage], cut: int) -> list[ChatMessage]:
    """The messages from `cut` on, under the system message if there is one."""
    return [*(message for message in messages[:1] if message["role"] == "system"), *messages[cut:]]
