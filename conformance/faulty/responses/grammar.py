"""Texts that keep to the grammar of a custom tool. Source: specs/responses/schemas/tools.yaml#/CustomToolGrammar.

A Lark grammar whose rules do not refer to themselves is a regular expression written in another way, and is read as one.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# The standard library's own parser of regular expressions: no other module offers one.
_parser: Any = import_module("re._parser")
_op: Any = import_module("re._constants")

_PIECE = re.compile(r'"(?:\\.|[^"\\])*"i?|/(?:\\.|[^/\\])+/[imslux]*|->\s*\w+|~\s*\d+(?:\.\.\d+)?|[!?]?\w+|[|()\[\]?*+]|\S')
_RULE = re.compile(r"^[!?]*(\w+)(?:\.\d+)?\s*:(.*(?:\n\s+.*)*)", re.MULTILINE)
_COMMON: Final = {
    "NUMBER": r"\d+",
    "INT": r"\d+",
    "WORD": "[A-Za-z]+",
    "LETTER": "[A-Za-z]",
    "DIGIT": r"\d",
    "CNAME": r"[A-Za-z_]\w*",
    "NEWLINE": r"\n",
    "LF": r"\n",
    "WS": r"\s+",
    "WS_INLINE": r"[ \t]+",
    "ESCAPED_STRING": r'"[^"]*"',
}
_LETTERS: Final = "a0 A_-.\n"


class GrammarError(Exception):
    """A grammar that cannot be read."""


class _NoPatternError(Exception):
    """A grammar that is no regular expression."""


def to_pattern(syntax: str, definition: str) -> str | None:
    """The regular expression that a grammar stands for; None where there is none.

    Raises:
        GrammarError: it cannot be read.
    """
    try:
        pattern = definition if syntax == "regex" else _expand("start", dict(_RULE.findall(definition)), ())
        re.compile(pattern)
    except _NoPatternError:
        return None
    except re.error as error:
        raise GrammarError(str(error)) from error
    return pattern


def keep_to(pattern: str, text: str) -> str:
    """The text where it fits the expression, else a short one that does."""
    return text if re.fullmatch(pattern, text) else _sample(_parser.parse(pattern))


def _expand(name: str, rules: dict[str, str], outer: tuple[str, ...]) -> str:
    """A rule as a regular expression, those that it names in their places."""
    if name not in rules and name in _COMMON:
        return _COMMON[name]
    if name in outer or name not in rules:
        raise _NoPatternError
    pieces = _PIECE.findall(rules[name].replace("\n", " "))
    return "".join(_expand_piece(piece, rules, (*outer, name)) for piece in pieces if not piece.startswith("->"))


def _expand_piece(piece: str, rules: dict[str, str], outer: tuple[str, ...]) -> str:
    match piece[0]:
        case '"':
            return f"(?:{re.escape(piece.removesuffix('i')[1:-1])})"
        case "/":
            return f"(?:{piece[1 : piece.rindex('/')]})"
        case "~":
            return f"{{{piece[1:].strip().replace('..', ',')}}}"
        case "[" | "]":
            return {"[": "(?:", "]": ")?"}[piece]
        case "|" | "(" | ")" | "*" | "+":
            return piece
        case _:
            return piece if piece == "?" else f"(?:{_expand(piece.lstrip('!?'), rules, outer)})"


def _sample(parsed: Any) -> str:
    return "".join(_SAMPLES.get(kind, _sample_nothing)(argument) for kind, argument in parsed)


def _sample_nothing(_argument: Any) -> str:
    return ""


def _sample_set(choices: Any) -> str:
    kind, argument = choices[0]
    if kind is _op.NEGATE:
        excluded = {chr(one) for kind, one in choices[1:] if kind is _op.LITERAL}
        return next(letter for letter in _LETTERS if letter not in excluded)
    if kind is _op.CATEGORY:
        return {_op.CATEGORY_DIGIT: "0", _op.CATEGORY_SPACE: " "}.get(argument, "a")
    return chr(argument[0] if kind is _op.RANGE else argument)


_SAMPLES: Final[dict[Any, Callable[[Any], str]]] = {
    _op.LITERAL: chr,
    _op.NOT_LITERAL: lambda code: next(letter for letter in _LETTERS if ord(letter) != code),
    _op.ANY: lambda _: "a",
    _op.IN: _sample_set,
    _op.MAX_REPEAT: lambda argument: _sample(argument[2]) * int(argument[0]),
    _op.MIN_REPEAT: lambda argument: _sample(argument[2]) * int(argument[0]),
    _op.SUBPATTERN: lambda argument: _sample(argument[-1]),
    _op.BRANCH: lambda argument: _sample(argument[1][0]),
}
