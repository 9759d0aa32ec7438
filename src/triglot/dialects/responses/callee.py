"""What the model's tool calls stand for.

The model is offered plain functions only. Each stands for a tool of the request: the function itself, a member of a namespace, a custom
tool, or one of the tools that clients run on calls of their own form. A `Callee` remembers which, so that a call goes back in the form that
its tool has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec

CalleeKind: TypeAlias = Literal["function", "custom", "tool_search", "shell", "local_shell", "apply_patch"]


class Callee(msgspec.Struct, frozen=True):
    """The tool behind a chat function.

    Attributes:
        kind: decides the form of its calls.
        name: the tool's own name, which its calls carry.
        namespace: the group it belongs to, which its calls carry beside the name.
        accepts: for a custom tool with a grammar: whether a finished input follows it.
    """

    kind: CalleeKind
    name: str
    namespace: str | None = None
    accepts: Callable[[str], bool] | None = None


Callees: TypeAlias = Mapping[str, Callee]
"""Chat function name -> what it stands for. A name that is not in it is a function of that name."""
