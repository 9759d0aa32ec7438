"""A grammar as one tree without references, where it has one.

References are replaced by what they stand for. A rule that refers to itself stays out of reach, but for the two common ways to write a
list: `list: item | list "," item` and `lines: line | line lines` are repetitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triglot.dialects.responses.grammar.tree import (
    Chars,
    Choice,
    Reference,
    Repeat,
    Sequence,
    TooLargeError,
    choice,
    many,
    repeat,
    sequence,
)

if TYPE_CHECKING:
    from triglot.dialects.responses.grammar.tree import Grammar, Node


def flatten(grammar: Grammar, most_nodes: int) -> Node | None:
    """The tree of the whole grammar; `None` if it needs recursion.

    Raises:
        TooLargeError: it would have more nodes than that.
    """
    try:
        return _Flattener(grammar, most_nodes).rule(grammar.start)
    except _RecursionFoundError:
        return None


class _RecursionFoundError(Exception):
    """A rule needs itself."""


class _Flattener:
    """Replaces references, each rule once. Rules share their trees, so nodes are counted as they would be written out."""

    def __init__(self, grammar: Grammar, most_nodes: int) -> None:
        self.rules = grammar.rules
        self.most_nodes = most_nodes
        self.done: dict[str, tuple[Node, int]] = {}
        self.open: set[str] = set()
        self.nodes = 0

    def rule(self, name: str) -> Node:
        if name in self.open:
            raise _RecursionFoundError
        if name not in self.done:
            outer, self.nodes = self.nodes, 0
            self.open.add(name)
            body = self.replaced(_without_recursion(name, self.rules[name]))
            self.open.remove(name)
            self.done[name] = body, self.nodes
            self.nodes = outer
        body, nodes = self.done[name]
        self.count(nodes)
        return body

    def count(self, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > self.most_nodes:
            raise TooLargeError

    def replaced(self, node: Node) -> Node:
        self.count(1)
        match node:
            case Reference(name=name):
                return self.rule(name)
            case Sequence(parts=parts):
                return sequence([self.replaced(part) for part in parts])
            case Choice(options=options):
                return choice([self.replaced(option) for option in options])
            case Repeat(item=item, least=least, most=most):
                return repeat(self.replaced(item), least, most)
            case Chars():
                return node


def _without_recursion(name: str, body: Node) -> Node:
    """The body with a plain list written as a repetition; as it is where it is no such list."""
    options = body.options if isinstance(body, Choice) else (body,)
    once = [option for option in options if not _names(option, name)]
    again = [option.parts if isinstance(option, Sequence) else (option,) for option in options if _names(option, name)]
    here = Reference(name)
    if all(parts[0] == here and not _names(Sequence(parts[1:]), name) for parts in again):
        return sequence([choice(once), many(choice([sequence(parts[1:]) for parts in again]))])
    if all(parts[-1] == here and not _names(Sequence(parts[:-1]), name) for parts in again):
        return sequence([many(choice([sequence(parts[:-1]) for parts in again])), choice(once)])
    return body


def _names(node: Node, name: str) -> bool:
    match node:
        case Reference():
            return node.name == name
        case Sequence(parts=inner) | Choice(options=inner):
            return any(_names(part, name) for part in inner)
        case Repeat(item=item):
            return _names(item, name)
        case Chars():
            return False
