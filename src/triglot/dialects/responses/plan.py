"""What a converted Responses request consists of: what is sent, and how the answer is to be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from triglot.dialects.chat_request import ChatRequest  # noqa: TC001 - a field of a struct is read at run time
from triglot.dialects.responses.callee import CalleeKind, Callees
from triglot.support import Loss  # noqa: TC001

Unseal: TypeAlias = Callable[[str], str | None]
"""Opens what an earlier answer sealed; `None` if it is not ours or was altered."""

Seal: TypeAlias = Callable[[str], str]
"""Makes text unreadable for everyone else."""

CallNamer: TypeAlias = Callable[[CalleeKind, str, str | None], str]
"""Gives the chat function that stands for a tool, by its kind, name and namespace, whether or not the tool is offered now."""


class StreamPlan(msgspec.Struct, frozen=True):
    """How an answer is told.

    Attributes:
        callees: what the model's calls stand for.
        summarises: thinking is told as a summary, because the client asked for one, and not as content.
        seals: reasoning items carry their thinking sealed, as `encrypted_content`.
        max_tool_calls: calls of built-in tools (`shell`, `local_shell`, `apply_patch`, `tool_search`) beyond this many are not passed on.
        compacts: the answer's text is a summary of the conversation, told as one compaction item.
        top_logprobs: the text carries the probabilities of its tokens, each with this many of the likeliest; `None`: it does not.
    """

    callees: Callees
    summarises: bool = False
    seals: bool = False
    max_tool_calls: int | None = None
    compacts: bool = False
    top_logprobs: int | None = None


NO_PLAN: Final = StreamPlan({})


class Converted(msgspec.Struct, frozen=True):
    """A converted request.

    Attributes:
        chat: what is sent.
        plan: how the answer is told.
        losses: what of the request could not be kept, beside what its support table says.
    """

    chat: ChatRequest
    plan: StreamPlan
    losses: tuple[Loss, ...] = ()
