"""Grammars of custom tools: how the model is told of them, and how its input is held to them.

A custom tool takes free text, and may give it a grammar. The model is offered a function with one string parameter, `input`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from triglot.backend.profiles import Profile

_NAMES = {"lark": "Lark grammar", "regex": "regular expression"}


class GrammarPlan(msgspec.Struct, frozen=True):
    """How the input of a custom tool is held to its form.

    Attributes:
        parameter: JSON schema of the parameter `input`.
        hint: what the model is told of the form, to stand below the description of the tool; empty when any text will do.
        accepts: whether a finished input has the form; `None` when any text will do, or when this cannot be told.
    """

    parameter: dict[str, Any]
    hint: str = ""
    accepts: Callable[[str], bool] | None = None


def plan_grammar(form: wire.CustomToolFormat | None, profile: Profile) -> GrammarPlan:  # noqa: ARG001 - decides what is enforced
    """How the input of a custom tool with this format is held to it.

    Args:
        form: the tool's `format`.
        profile: of the backend.

    Raises:
        ApiError: the definition cannot be read.
    """
    if not isinstance(form, wire.CustomToolGrammar):
        return GrammarPlan({"type": "string"})
    hint = f"The input must follow this {_NAMES[form.syntax]}, from its first character to its last:\n{form.definition}"
    return GrammarPlan({"type": "string"}, hint)
