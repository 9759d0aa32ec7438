"""Grammars of custom tools: how the model is told of them, and how its input is held to them.

A custom tool takes free text, and may give it a grammar. The model is offered a function with one string parameter, `input`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.responses.grammar.checks import RecursiveCheck, RegularCheck
from triglot.dialects.responses.grammar.flatten import flatten
from triglot.dialects.responses.grammar.lark import parse_lark
from triglot.dialects.responses.grammar.pattern import pattern_of
from triglot.dialects.responses.grammar.regex import parse_regex
from triglot.dialects.responses.grammar.tree import Grammar, GrammarError, TooLargeError
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from triglot.backend.profiles import Profile
    from triglot.dialects.responses.grammar.tree import Node

_NAMES: Final = {"lark": "Lark grammar", "regex": "regular expression"}
_TOO_LARGE: Final = "the grammar is too large to hold the model to it: it is only told of it"
_MOST_CHARACTERS: Final = 20_000
_MOST_NODES: Final = 10_000
# An agent has a handful of grammars and sends them with each turn.
_KEPT_PLANS: Final = 64


class GrammarPlan(msgspec.Struct, frozen=True):
    """How the input of a custom tool is held to its form.

    Attributes:
        parameter: JSON schema of the parameter `input`; with a `pattern` where the backend can hold the model to the form.
        hint: what the model is told of the form, to stand below the description of the tool; empty when any text will do.
        accepts: whether a finished input has the form; `None` when any text will do, or when this cannot be told. It is there beside a
            `pattern` too: for models whose calls are not JSON, llama-server has none to apply it to.
        loss: why nothing holds the input to its form but the hint; empty when something does.
    """

    parameter: dict[str, Any]
    hint: str = ""
    accepts: Callable[[str], bool] | None = None
    loss: str = ""


def plan_grammar(form: wire.CustomToolFormat | None, profile: Profile) -> GrammarPlan:
    """How the input of a custom tool with this format is held to it.

    Args:
        form: the tool's `format`.
        profile: of the backend.

    Raises:
        ApiError: the definition cannot be read.
    """
    if not isinstance(form, wire.CustomToolGrammar):
        return GrammarPlan({"type": "string"})
    return _plan(form.syntax, form.definition, profile.escaped_patterns)


@lru_cache(_KEPT_PLANS)
def _plan(syntax: str, definition: str, escaped_patterns: bool) -> GrammarPlan:
    name = _NAMES[syntax]
    hint = f"The input must follow this {name}, from its first character to its last:\n{definition}"
    if len(definition) > _MOST_CHARACTERS:
        raise _refusal(name, f"it is longer than {_MOST_CHARACTERS} characters")
    try:
        grammar = parse_lark(definition) if syntax == "lark" else Grammar({"start": parse_regex(definition)})
        flat = _flat(grammar)
        accepts = _check(grammar, flat)
        pattern = _pattern(flat) if escaped_patterns and flat is not None else {}
    except GrammarError as error:
        raise _refusal(name, str(error)) from None
    except RecursionError:
        raise _refusal(name, "it is nested too deeply") from None
    return GrammarPlan({"type": "string", **pattern}, hint, accepts, "" if accepts or pattern else _TOO_LARGE)


def _refusal(name: str, reason: str) -> ApiError:
    return ApiError(ErrorKind.INVALID_REQUEST, f"The format of a custom tool has a {name} that cannot be used: {reason}.", param="tools")


def _flat(grammar: Grammar) -> Node | None:
    try:
        return flatten(grammar, _MOST_NODES)
    except TooLargeError:
        return None


def _check(grammar: Grammar, flat: Node | None) -> Callable[[str], bool] | None:
    try:
        return RegularCheck(flat) if flat is not None else RecursiveCheck(grammar)
    except TooLargeError:
        return None


def _pattern(flat: Node) -> dict[str, str]:
    try:
        return {"pattern": pattern_of(flat)}
    except TooLargeError:
        return {}
