"""Whether a finished text belongs to a grammar.

The grammar comes from the client and the text from the model, so neither may take much time: a check stops after so many steps, whatever it
has found, and a text that was not found wrong by then counts as right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from triglot.dialects.responses.grammar.automaton import Automaton
from triglot.dialects.responses.grammar.chars import contains

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triglot.dialects.responses.grammar.tree import Grammar, Node

MOST_STATES: Final = 10_000
# Some 0.2 s. A step is a look at one state, with the characters that it reads.
MOST_STEPS: Final = 300_000
_MOST_REMEMBERED: Final = 50_000

_Item: TypeAlias = tuple[int, int]


class RegularCheck:
    """Checks texts against a tree without references.

    Sets of states are the states of a deterministic automaton, which is made as far as texts have needed it and kept for the next text: a
    character that was met there before costs one look into a table.
    """

    def __init__(self, node: Node) -> None:
        self._automaton = Automaton(MOST_STATES)
        self._first = self._automaton.state()
        self._final = self._automaton.add(node, self._first)
        self._forget()

    def _forget(self) -> None:
        self._sets: list[frozenset[int]] = []
        self._tables: list[dict[str, int]] = []
        self._numbers: dict[frozenset[int], int] = {}
        self._remembered = 0
        self._number([self._first])

    def _number(self, states: Iterable[int]) -> int:
        """The number of the set of these states and those behind them."""
        reads = self._automaton.reads
        found = frozenset(state for state in self._automaton.closure(states) if reads[state] or state == self._final)
        if found not in self._numbers:
            self._numbers[found] = len(self._sets)
            self._sets.append(found)
            self._tables.append({})
            self._remembered += len(found)
        return self._numbers[found]

    def __call__(self, text: str) -> bool:
        """Whether the text belongs to the grammar, from end to end."""
        if self._remembered > _MOST_REMEMBERED:
            self._forget()
        steps, at = 0, 0
        for char in text:
            behind = self._tables[at].get(char)
            if behind is None:
                steps += 1 + len(self._sets[at])
                if steps > MOST_STEPS:
                    return True
                behind = self._step(at, ord(char))
                self._tables[at][char] = behind
                self._remembered += 1
            at = behind
        return self._final in self._sets[at]

    def _step(self, at: int, code: int) -> int:
        reads = self._automaton.reads
        return self._number([behind for state in self._sets[at] for ranges, behind in reads[state] if contains(ranges, code)])


class RecursiveCheck:
    """Checks texts against a grammar with recursive rules, as Earley did."""

    def __init__(self, grammar: Grammar) -> None:
        self.automaton = Automaton(MOST_STATES)
        self.start = grammar.start
        self.first = {name: self.automaton.state() for name in grammar.rules}
        self.ends = {self.automaton.add(node, self.first[name]): name for name, node in grammar.rules.items()}

    def __call__(self, text: str) -> bool:
        """Whether the text belongs to the grammar, from end to end."""
        reading = _Reading(self)
        items = reading.complete([(self.first[self.start], 0)])
        for char in text:
            code = ord(char)
            heads = [(behind, began) for state, began in items for ranges, behind in self.automaton.reads[state] if contains(ranges, code)]
            if not heads:
                return reading.steps > MOST_STEPS
            items = reading.complete(heads)
        return reading.steps > MOST_STEPS or any(began == 0 and self.ends.get(state) == self.start for state, began in items)


class _Reading:
    """The way through one text.

    An item is a state with the place where its rule began. The items of a place are those that some reading of the text so far leads to.

    Attributes:
        waiting: for each place and rule, what waits there for the rule to end.
        steps: what it has cost.
    """

    def __init__(self, check: RecursiveCheck) -> None:
        self.check = check
        self.waiting: list[dict[str, list[_Item]]] = []
        self.steps = 0

    def complete(self, heads: list[_Item]) -> set[_Item]:
        """All items of the next place, from those that reading led to; not all of them once there are no steps left."""
        automaton, place, here = self.check.automaton, len(self.waiting), dict[str, list[_Item]]()
        self.waiting.append(here)
        items = set(heads)
        todo = list(items)
        # Rules that may be empty end where they began, perhaps before all that wait for them are known.
        empty: set[str] = set()
        while todo and self.steps <= MOST_STEPS:
            state, began = todo.pop()
            found = [(behind, began) for behind in automaton.skips[state]]
            for name, behind in automaton.calls[state]:
                here.setdefault(name, []).append((behind, began))
                found.append((self.check.first[name], place))
                if name in empty:
                    found.append((behind, began))
            if state in self.check.ends:
                name = self.check.ends[state]
                if began == place:
                    empty.add(name)
                found += self.waiting[began].get(name, ())
            self.steps += 1 + len(found)
            todo += set(found) - items
            items.update(found)
        return items
