"""Grammars as trees of five kinds of nodes, whatever notation they came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from triglot.dialects.responses.grammar.chars import Ranges, just, union

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class GrammarError(Exception):
    """The definition is not what its syntax allows. The message is for the client."""


class TooLargeError(Exception):
    """The definition is legal and too large for what was asked of it."""


class Chars(msgspec.Struct, frozen=True):
    """One character of a set."""

    ranges: Ranges


class Sequence(msgspec.Struct, frozen=True):
    """One part after the other; without parts the empty text."""

    parts: tuple[Node, ...]


class Choice(msgspec.Struct, frozen=True):
    """One of the options; without options nothing at all fits."""

    options: tuple[Node, ...]


class Repeat(msgspec.Struct, frozen=True):
    """The item, at least and at most so many times; `most` is `None` when there is no limit."""

    item: Node
    least: int
    most: int | None


class Reference(msgspec.Struct, frozen=True):
    """What the rule of that name describes."""

    name: str


Node: TypeAlias = Chars | Sequence | Choice | Repeat | Reference

EMPTY: Final = Sequence(())
NEVER: Final = Choice(())


class Grammar(msgspec.Struct, frozen=True):
    """Rules by name. A text belongs to the grammar when the rule `start` describes it from end to end."""

    rules: Mapping[str, Node]
    start: str = "start"


def text_of(text: str) -> Node:
    """The text itself."""
    return sequence(Chars(just(char)) for char in text)


def sequence(parts: Iterable[Node]) -> Node:
    """The parts one after the other, without needless nesting."""
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, Sequence) else [part]
    if NEVER in flat:
        return NEVER
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def choice(options: Iterable[Node]) -> Node:
    """One of the options, without needless nesting; single characters become one set."""
    flat: list[Node] = []
    for option in options:
        flat += option.options if isinstance(option, Choice) else [option]
    chars = [option for option in flat if isinstance(option, Chars)]
    if len(chars) > 1:
        together = Chars(union(span for option in chars for span in option.ranges))
        first = flat.index(chars[0])
        flat = [*flat[:first], together, *(option for option in flat[first:] if not isinstance(option, Chars))]
    return flat[0] if len(flat) == 1 else Choice(tuple(flat))


def repeat(item: Node, least: int, most: int | None) -> Node:
    """The item so many times."""
    if item == EMPTY or most == 0 or (item == NEVER and least == 0):
        return EMPTY
    if item == NEVER or (least, most) == (1, 1):
        return item
    return Repeat(item, least, most)


def optional(item: Node) -> Node:
    """The item or nothing."""
    return repeat(item, 0, 1)


def many(item: Node) -> Node:
    """The item any number of times."""
    return repeat(item, 0, None)


def may_be_empty(node: Node) -> bool:
    """Whether the empty text fits; the node must be without references."""
    match node:
        case Sequence(parts=parts):
            return all(map(may_be_empty, parts))
        case Choice(options=options):
            return any(map(may_be_empty, options))
        case Repeat(item=item, least=least):
            return least == 0 or may_be_empty(item)
        case _:
            return False
