"""The nondeterministic automaton of a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triglot.dialects.responses.grammar.tree import Chars, Choice, Reference, Repeat, Sequence, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triglot.dialects.responses.grammar.chars import Ranges
    from triglot.dialects.responses.grammar.tree import Node


class Automaton:
    """States, and what leads from one to the next; the last state of a tree is told where the tree is added.

    Attributes:
        reads: for each state the sets of characters it reads, with the state behind each.
        skips: for each state those that are reached without reading.
        calls: for each state the rules that may follow, with the state behind each.
    """

    def __init__(self, most_states: int) -> None:
        self.most_states = most_states
        self.reads: list[list[tuple[Ranges, int]]] = []
        self.skips: list[list[int]] = []
        self.calls: list[list[tuple[str, int]]] = []

    def state(self) -> int:
        """A new state.

        Raises:
            TooLargeError: there are too many.
        """
        if len(self.reads) >= self.most_states:
            raise TooLargeError
        self.reads.append([])
        self.skips.append([])
        self.calls.append([])
        return len(self.reads) - 1

    def add(self, node: Node, start: int) -> int:
        """Adds a tree that begins at `start`; gives the state where it ends.

        Raises:
            TooLargeError: it takes too many states.
        """
        match node:
            case Chars(ranges=ranges):
                end = self.state()
                self.reads[start].append((ranges, end))
            case Reference(name=name):
                end = self.state()
                self.calls[start].append((name, end))
            case Sequence(parts=parts):
                end = start
                for part in parts:
                    end = self.add(part, end)
            case Choice(options=options):
                end = self.state()
                for option in options:
                    first = self.state()
                    self.skips[start].append(first)
                    self.skips[self.add(option, first)].append(end)
            case Repeat(item=item, least=least, most=most):
                end = self._repeat(item, least, most, start)
        return end

    def _repeat(self, item: Node, least: int, most: int | None, start: int) -> int:
        for _ in range(least):
            start = self.add(item, start)
        end = self.state()
        if most is None:
            self.skips[start].append(end)
            # Back to a state of its own, so that what stands before the repetition is not repeated with it.
            again = self.state()
            self.skips[end].append(again)
            self.skips[self.add(item, again)].append(end)
            return end
        for _ in range(most - least):
            self.skips[start].append(end)
            start = self.add(item, start)
        self.skips[start].append(end)
        return end

    def closure(self, states: Iterable[int]) -> set[int]:
        """The states, and those that are reached from them without reading."""
        found = set(states)
        todo = list(found)
        while todo:
            for state in self.skips[todo.pop()]:
                if state not in found:
                    found.add(state)
                    todo.append(state)
        return found
