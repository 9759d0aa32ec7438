"""Sets of characters, as sorted ranges of code points."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""First and last code point of each range; sorted, and neither overlapping nor touching."""

LAST: Final = 0x10FFFF
EVERY: Final[Ranges] = ((0, LAST),)
# White_Space of Unicode, which `\s` means.
SPACES: Final[Ranges] = (
    *((0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
)
_JOINERS: Final = ((0x200C, 0x200D),)
# Where code points differ from their neighbours; each plane left out has one category throughout.
_MIXED: Final = ((0, 0x3FFFF), (0xE0000, 0xE0FFF))
_UNIFORM: Final = ((0x40000, 0xDFFFF, "Cn"), (0xE1000, 0xEFFFF, "Cn"), (0xF0000, LAST, "Co"))
_FOLDED_ONE_BY_ONE: Final = 200
_CAPITALS: Final = ((0x41, 0x5A), (0x61, 0x7A))


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The characters that are in any of the ranges, which may come in any order."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """All other characters."""
    lows = [0, *(high + 1 for _, high in ranges)]
    highs = [*(low - 1 for low, _ in ranges), LAST]
    return tuple((low, high) for low, high in zip(lows, highs, strict=True) if low <= high)


def intersection(one: Ranges, other: Ranges) -> Ranges:
    """The characters that are in both."""
    return complement(union((*complement(one), *complement(other))))


def contains(ranges: Ranges, code: int) -> bool:
    """Whether the code point is in the set."""
    at = bisect_right(ranges, (code, LAST))
    return at > 0 and ranges[at - 1][1] >= code


def size(ranges: Ranges) -> int:
    """How many characters."""
    return sum(high - low + 1 for low, high in ranges)


def just(text: str) -> Ranges:
    """The characters of a text."""
    return union((ord(char), ord(char)) for char in text)


@lru_cache(256)
def folded(ranges: Ranges) -> Ranges:
    """The set with the other case of each of its letters; of a very large set only ASCII letters are folded."""
    cased = ranges if size(ranges) <= _FOLDED_ONE_BY_ONE else intersection(ranges, _CAPITALS)
    letters = (chr(code) for low, high in cased for code in range(low, high + 1))
    cases = {case for letter in letters for case in (letter.lower(), letter.upper()) if len(case) == 1}
    return union((*ranges, *just("".join(cases))))


@cache
def _categories() -> dict[str, Ranges]:
    found: dict[str, list[tuple[int, int]]] = {}
    for low, high in _MIXED:
        at = low
        for name, run in groupby(map(unicodedata.category, map(chr, range(low, high + 1)))):
            start, at = at, at + sum(1 for _ in run)
            found.setdefault(name, []).append((start, at - 1))
    for low, high, name in _UNIFORM:
        found.setdefault(name, []).append((low, high))
    return {name: union(ranges) for name, ranges in found.items()}


@cache
def category(name: str, *, negated: bool = False) -> Ranges:
    """The characters of a general category of Unicode (`Lu`, or `L` for all that begin so), or all others; none for an unknown name."""
    if negated:
        return complement(category(name))
    return union(span for full, ranges in _categories().items() if name in (full, full[0]) for span in ranges)


@cache
def shorthand(letter: str) -> Ranges:
    r"""What `\d`, `\s` and `\w` mean, and in capitals all other characters. `\w` is letters, marks, digits, and what connects them."""
    match letter:
        case "d":
            return category("Nd")
        case "s":
            return SPACES
        case "w":
            return union((*category("L"), *category("M"), *category("Nd"), *category("Nl"), *category("Pc"), *_JOINERS))
        case _:
            return complement(shorthand(letter.lower()))
