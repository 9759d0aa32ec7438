r"""Regular expressions as trees: the syntax of Rust's `regex` crate, which the API follows, as far as Python's has the same.

A text must fit from end to end, so anchors at the ends say nothing, and the difference between greedy and lazy quantifiers vanishes. What
needs more than a regular language or looks around is refused, as in the API. Flags: `i`, `s`, `x` and those that change nothing here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from triglot.dialects.responses.grammar import chars
from triglot.dialects.responses.grammar.tree import (
    EMPTY,
    Chars,
    Choice,
    GrammarError,
    Node,
    Reference,
    Repeat,
    Sequence,
    choice,
    repeat,
    sequence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triglot.dialects.responses.grammar.chars import Ranges

# Anchors stand in the tree as names that no rule can have, until `_unanchored` has taken them out.
_LEFT: Final = Reference("^")
_RIGHT: Final = Reference("$")
_SPECIAL: Final = "*+?)|"
_BRACES: Final = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")
_DIGITS: Final = 6
_GROUP: Final = re.compile(r"\?(?:P?<(?![=!])[^>]*>|(?P<flags>[a-zA-Z]*(?:-[a-zA-Z]+)?)(?P<end>[:)])|#[^)]*(?P<comment>\)))")
_NUMBERED: Final = re.compile(r"x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")
_PROPERTY: Final = re.compile(r"[pP](?:([A-Z])|\{(\^?)([A-Z][a-z]?)\})")
_POSIX: Final = re.compile(r"\[:(\^?)([a-z]+):\]")
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}
_POSIX_CLASSES: Final[dict[str, Ranges]] = {
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "digit": ((0x30, 0x39),),
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)),
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}


def parse_regex(text: str, flags: str = "") -> Node:
    """The tree of a regular expression.

    Args:
        text: the expression.
        flags: letters that are on from its first character.

    Raises:
        GrammarError: it is not one, or uses what the API refuses.
    """
    reader = _Reader(text, frozenset(flags))
    node = reader.alternatives()
    if reader.at < len(text):
        raise reader.error("a `)` without its `(`")
    return _unanchored(node, left=True, right=True)


def _unanchored(node: Node, *, left: bool, right: bool) -> Node:
    """The node without its anchors, which only the ends of the text may have."""
    match node:
        case Reference():
            if (node == _LEFT and left) or (node == _RIGHT and right):
                return EMPTY
            raise GrammarError(f"`{node.name}` has a meaning only at the ends of the expression")
        case Sequence(parts=parts):
            edges = (_LEFT, _RIGHT, EMPTY)
            first = next((at for at, part in enumerate(parts) if part not in edges), len(parts))
            last = next((at for at in reversed(range(len(parts))) if parts[at] not in edges), -1)
            return sequence(_unanchored(part, left=left and at <= first, right=right and at >= last) for at, part in enumerate(parts))
        case Choice(options=options):
            return choice([_unanchored(option, left=left, right=right) for option in options])
        case Repeat(item=item, least=least, most=most):
            return repeat(_unanchored(item, left=False, right=False), least, most)
        case Chars():
            return node


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str, flags: frozenset[str]) -> None:
        self.text = text
        self.at = 0
        self.flags = flags

    def error(self, message: str) -> GrammarError:
        return GrammarError(f"{message}, at character {self.at + 1} of the regular expression")

    def peek(self, length: int = 1) -> str:
        return self.text[self.at : self.at + length]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def alternatives(self) -> Node:
        """Up to the end, or to a `)` that the caller takes. Flags that are set on the way end with it."""
        flags = self.flags
        options = [self.pieces()]
        while self.peek() == "|":
            self.at += 1
            options.append(self.pieces())
        self.flags = flags
        return choice(options)

    def pieces(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.peek() not in "|)":
            if "x" in self.flags and self.skip_blank():
                continue
            parts.append(self.quantified(self.atom()))
        return sequence(parts)

    def skip_blank(self) -> bool:
        """Passes over a space or a comment of the verbose form."""
        if self.peek() == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
            return True
        blank = self.peek().isspace()
        self.at += blank
        return blank

    def quantified(self, item: Node) -> Node:
        while True:
            match self.peek():
                case "*":
                    least, most = 0, None
                case "+":
                    least, most = 1, None
                case "?":
                    least, most = 0, 1
                case "{":
                    bounds = _BRACES.match(self.text, self.at)
                    if not bounds or bounds[0] in ("{}", "{,}"):
                        return item
                    least, most = self.bounds(*bounds.groups())
                    self.at = bounds.end() - 1
                case _:
                    return item
            if item in (_LEFT, _RIGHT):
                raise self.error("a quantifier after an anchor")
            self.at += 1
            if self.peek() in ("?", "+"):
                self.at += 1  # lazy or possessive: the same texts fit from end to end, or fewer
            item = repeat(item, least, most)

    def bounds(self, low: str, comma: str, high: str) -> tuple[int, int | None]:
        if max(len(low), len(high)) > _DIGITS:
            raise self.error("a quantifier beyond all measure")
        least = int(low or 0)
        most = least if not comma else int(high) if high else None
        if most is not None and most < least:
            raise self.error("a quantifier with its limits the wrong way round")
        return least, most

    def atom(self) -> Node:
        char = self.peek()
        match char:
            case "(":
                return self.group()
            case "[":
                return Chars(self.bracket())
            case "\\":
                return self.escape()
            case "^" | "$":
                if "m" in self.flags:
                    raise self.error("anchors of lines are not supported: write the line feeds")
                self.at += 1
                return _LEFT if char == "^" else _RIGHT
            case ".":
                self.at += 1
                return Chars(chars.EVERY if "s" in self.flags else chars.complement(chars.just("\n")))
            case _ if char in _SPECIAL:
                raise self.error(f"a `{char}` with nothing before it")
            case _:
                self.at += 1
                return Chars(self.cased(chars.just(char)))

    def cased(self, ranges: Ranges) -> Ranges:
        return chars.folded(ranges) if "i" in self.flags else ranges

    def group(self) -> Node:
        start = self.at
        self.at += 1
        outer = self.flags
        if self.peek() == "?":
            head = self.take(_GROUP)
            if not head:
                raise self.error(f"`({self.peek(3)}`: lookaround, references and other special groups are not supported")
            if head["comment"]:
                return EMPTY
            if head["end"]:
                on, _, off = head["flags"].partition("-")
                self.flags = (outer | set(on)) - set(off)
            if head["end"] == ")":
                return EMPTY  # the flags stay on to the end of the enclosing group
        inner = self.alternatives()
        if self.peek() != ")":
            self.at = start
            raise self.error("a `(` without its `)`")
        self.at += 1
        self.flags = outer
        return inner

    def escape(self) -> Node:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in ("A", "z", "Z"):
            self.at += 2
            return _LEFT if letter == "A" else _RIGHT
        return Chars(self.cased(self.escaped()))

    def escaped(self) -> Ranges:
        r"""The characters that an escape stands for, in or out of brackets."""
        self.at += 1
        if number := self.take(_NUMBERED):
            code = int(next(filter(None, number.groups())), 16)
            if code > chars.LAST:
                raise self.error("a code point that does not exist")
            return ((code, code),)
        if named := self.take(_PROPERTY):
            return chars.category(named[1] or named[3], negated=(named[0][0] == "P") != bool(named[2]))
        letter = self.peek()
        match letter:
            case "d" | "s" | "w" | "D" | "S" | "W":
                ranges = chars.shorthand(letter)
            case "b" | "B":
                raise self.error("edges of words are not supported")
            case _ if letter in _CONTROLS:
                ranges = chars.just(_CONTROLS[letter])
            case _ if not letter or (letter.isascii() and letter.isalnum()):
                raise self.error(f"`\\{letter}` is not supported")
            case _:
                ranges = chars.just(letter)
        self.at += 1
        return ranges

    def bracket(self) -> Ranges:
        """A class in brackets. A `[` within is another class, and `&&` intersects, as in Rust."""
        start = self.at
        self.at += 1
        negated = self.peek() == "^"
        self.at += negated
        # By identity: a class such as `\w` is large, and may stand there a thousand times.
        found: dict[int, Ranges] = {}
        limits: list[Ranges] = []
        first = True
        while first or self.peek() != "]":
            if self.at >= len(self.text):
                self.at = start
                raise self.error("a `[` without its `]` (within brackets, a `[` is written `\\[`)")
            if self.peek(2) == "&&":
                self.at += 2
                limits.append(_united(found))
                found = {}
                continue
            member = self.member()
            found[id(member)] = member
            first = False
        self.at += 1
        ranges = _united(found)
        for limit in limits:
            ranges = chars.intersection(ranges, limit)
        ranges = self.cased(ranges)
        return chars.complement(ranges) if negated else ranges

    def member(self) -> Ranges:
        """One class, character or range within brackets."""
        if posix := self.take(_POSIX):
            if posix[2] not in _POSIX_CLASSES:
                raise self.error(f"there is no class `{posix[2]}`")
            ranges = _POSIX_CLASSES[posix[2]]
            return chars.complement(ranges) if posix[1] else ranges
        if self.peek() == "[":
            return self.bracket()
        if self.peek(2) in ("--", "~~"):
            raise self.error("the set operators `--` and `~~` are not supported")
        low = self.single()
        if self.peek() != "-" or self.peek(2) in ("-]", "--", "-"):
            return low
        self.at += 1
        high = self.single()
        if chars.size(low) != 1 or chars.size(high) != 1 or low > high:
            raise self.error("a range that does not run from a character to a later one")
        return ((low[0][0], high[0][0]),)

    def single(self) -> Ranges:
        if self.peek() == "\\":
            if self.peek(2) == "\\b":
                self.at += 2
                return chars.just("\b")
            return self.escaped()
        char = self.peek()
        self.at += 1
        return chars.just(char)


def _united(members: Mapping[int, Ranges]) -> Ranges:
    if len(members) == 1:
        return next(iter(members.values()))
    return chars.union(span for member in members.values() for span in member)
