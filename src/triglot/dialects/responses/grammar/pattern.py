r"""A tree as the `pattern` of a string schema, as llama-server reads it.

Recorded from b11549: the pattern becomes the rule for what stands between the quotes, and JSON's escapes are not thought of. So the pattern
describes the JSON text of the input: a line feed is the two characters `\n`. Each character has one spelling, the shortest; a set written
so can never let a raw control character, a bare quote or a lone backslash through.

What llama-server's converter reads, and is used here: `^` and `$` around the whole, groups, `|`, classes, `* + ? {m,n}`, `\` before a
special character. A quantifier binds to the whole run of plain characters before it when one of them is escaped, so it stands behind
classes and groups only. A repetition of what may be empty is refused as left recursion.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from triglot.dialects.responses.grammar import chars
from triglot.dialects.responses.grammar.tree import (
    EMPTY,
    NEVER,
    Chars,
    Choice,
    Node,
    Reference,
    Repeat,
    Sequence,
    TooLargeError,
    choice,
    may_be_empty,
    optional,
    repeat,
    sequence,
    text_of,
)

# llama-server refuses 2,000 of either, and many models see the pattern in their prompt.
_MOST_REPEATS: Final = 1_000
_MOST_RULES: Final = 1_000
_MOST_CHARACTERS: Final = 4_000
_MOST_SETS: Final = 2_500
# A class such as `\w` has 700 ranges. Latin letters and the wide ranges cover nearly every text.
_MOST_RANGES: Final = 60
_LATIN_END: Final = 0x100
_ASTRAL: Final = 0x10000
_MOST_PARTS_OF_A_LOOP: Final = 50

_CONTROLS: Final = ((0x00, 0x1F),)
_SHORT: Final = {'"': '"', "\\": "\\", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_RAW: Final = chars.complement(chars.union((*_CONTROLS, *chars.just('"\\'))))
_LONG: Final = chars.intersection(_CONTROLS, chars.complement(chars.just("".join(_SHORT))))
_HEX: Final = "0123456789abcdef"


def pattern_of(node: Node) -> str:
    """The pattern for the JSON text of what the tree describes.

    Raises:
        TooLargeError: it is beyond what llama-server takes, or nothing fits the tree.
    """
    if _count(node) > _MOST_SETS:
        raise TooLargeError
    text = _print(_without_empty_loops(_spelled(node)))
    if len(text) > _MOST_CHARACTERS or sum(map(text.count, "(*+?{")) > _MOST_RULES:
        raise TooLargeError
    return f"^{text}$"


def _spelled(node: Node) -> Node:
    """The tree over the characters of JSON text."""
    match node:
        case Chars(ranges=ranges):
            return _spelled_set(ranges)
        case Sequence(parts=parts):
            return sequence([_spelled(part) for part in parts])
        case Choice(options=options):
            return choice([_spelled(option) for option in options])
        case Repeat(item=item, least=least, most=most):
            return repeat(_spelled(item), least, most)
        case Reference():
            raise TooLargeError


def _count(node: Node) -> int:
    match node:
        case Sequence(parts=inner) | Choice(options=inner):
            return sum(map(_count, inner))
        case Repeat(item=item):
            return _count(item)
        case _:
            return 1


@lru_cache(256)
def _spelled_set(ranges: chars.Ranges) -> Node:
    raw = _narrowed(chars.intersection(ranges, _RAW))
    short = "".join(letter for char, letter in _SHORT.items() if chars.contains(ranges, ord(char)))
    long = [code for low, high in chars.intersection(ranges, _LONG) for code in range(low, high + 1)]
    escapes: list[Node] = [Chars(chars.just(short))] if short else []
    if long:
        tails = [
            sequence([text_of(first), Chars(chars.just("".join(_HEX[code % 16] for code in long if _HEX[code // 16] == first)))])
            for first in sorted({_HEX[code // 16] for code in long})
        ]
        escapes.append(sequence([text_of("u00"), choice(tails)]))
    options: list[Node] = [Chars(raw)] if raw else []
    if escapes:
        options.append(sequence([text_of("\\"), choice(escapes)]))
    return choice(options)


def _narrowed(ranges: chars.Ranges) -> chars.Ranges:
    if len(ranges) <= _MOST_RANGES:
        return ranges
    return tuple(span for span in ranges if span[0] < _LATIN_END or span[1] - span[0] >= (64 if span[0] < _ASTRAL else 1000)) or ranges


def _without_empty_loops(node: Node) -> Node:
    """The same texts, with nothing repeated that may be empty."""
    match node:
        case Sequence(parts=parts):
            return sequence([_without_empty_loops(part) for part in parts])
        case Choice(options=options):
            return choice([_without_empty_loops(option) for option in options])
        case Repeat(item=item, least=least, most=most):
            item = _without_empty_loops(item)
            return repeat(_not_empty(item), 0, most) if may_be_empty(item) else repeat(item, least, most)
        case _:
            return node


def _not_empty(node: Node) -> Node:
    """The texts of the node but for the empty one; its own loops must be without it already."""
    match node:
        case Sequence(parts=parts) if may_be_empty(node):
            if len(parts) > _MOST_PARTS_OF_A_LOOP:
                raise TooLargeError
            return choice([sequence([_not_empty(part), *parts[at + 1 :]]) for at, part in enumerate(parts)])
        case Choice(options=options):
            return choice([_not_empty(option) for option in options])
        case Repeat(item=item, least=0, most=most):
            return repeat(item, 1, most)
        case _:
            return node


def _print(node: Node) -> str:
    match node:
        case Chars(ranges=ranges):
            return _literal(ranges) if chars.size(ranges) == 1 else _bracket(ranges)
        case Sequence(parts=parts):
            return "".join(f"({_print(part)})" if isinstance(part, Choice) else _print(part) for part in parts)
        case Choice(options=()):
            raise TooLargeError
        case Choice(options=options) if EMPTY in options:
            return _print(optional(choice([option for option in options if option not in (EMPTY, NEVER)])))
        case Choice(options=options):
            return "|".join(map(_print, options))
        case Repeat(item=item, least=least, most=most):
            repeated = _bracket(item.ranges) if isinstance(item, Chars) else f"({_print(item)})"
            return repeated + _quantifier(least, most)
        case Reference():
            raise TooLargeError


def _quantifier(least: int, most: int | None) -> str:
    if max(least, most or 0) > _MOST_REPEATS:
        raise TooLargeError
    match least, most:
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case 0, 1:
            return "?"
        case _, None:
            return f"{{{least},}}"
        case _:
            return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _literal(ranges: chars.Ranges) -> str:
    char = chr(ranges[0][0])
    return f"\\{char}" if char in "\\^$.[]()|{}*+?" else _visible(char)


def _bracket(ranges: chars.Ranges) -> str:
    # Never by what is not in it: llama-server then lets bytes through that are no UTF-8, and cannot read the call.
    return f"[{''.join(map(_span, ranges))}]"


def _span(span: tuple[int, int]) -> str:
    first, last = (_member(chr(code)) for code in span)
    if span[0] == span[1]:
        return first
    return first + last if span[0] + 1 == span[1] else f"{first}-{last}"


def _member(char: str) -> str:
    if char == "^":
        return "\\x5E"
    return f"\\{char}" if char in "\\[]-" else _visible(char)


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - digits of each form
