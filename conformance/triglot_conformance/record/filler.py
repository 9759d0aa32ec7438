"""Filler for words: of the same length in UTF-8 and in JSON, the same for the same word, and left alone where it is filler already."""

from __future__ import annotations

import re
import zlib
from typing import Final

_LATIN: Final = (
    "a e",
    "et ut in do ad ex",
    "sit sed qui est non nec",
    "amet elit enim quis nisi esse",
    "lorem ipsum dolor magna velit irure",
    "labore aliqua veniam fugiat cillum mollit",
    "eiusmod commodo nostrud laboris laborum egestas",
    "deserunt occaecat pariatur proident",
    "voluptate excepteur consequat cupidatat",
    "incididunt adipiscing vestibulum",
    "consectetur ullamcorper",
    "exercitation pellentesque",
    "reprehenderit",
)
_WORDS: Final = {len(line.split()[0]): tuple(line.split()) for line in _LATIN}
_LONGEST: Final = max(_WORDS)
_SHORT: Final = 4
_LETTERS: Final = {2: "ä", 3: "文", 4: "𠀀"}  # by their length in UTF-8
_DIGITS: Final = re.compile("[0-9]")


def word(text: str) -> str:
    """Filler for a run of ASCII letters; it has their case."""
    low = text.lower()
    made = _latin(low)
    return "".join(new.upper() if old.isupper() else new for old, new in zip(text, made, strict=True))


def is_filler(text: str) -> bool:
    """Whether a run of letters is filler already."""
    return text.lower() == _latin(text.lower())


def letter(character: str) -> str:
    """Filler for a letter beyond ASCII."""
    return _LETTERS[len(character.encode("utf-8", "surrogatepass"))]


def digits(text: str) -> str:
    """The text with each digit a zero."""
    return _DIGITS.sub("0", text)


def token(text: str, nonce: int = 0) -> str:
    """Filler for the part of an id that tells it from others: zeros, and a number from its content. What is no letter or digit stays.

    Args:
        text: the part behind the prefix.
        nonce: gives another filler, where the first is taken.
    """
    places = [place for place, character in enumerate(text) if character.isascii() and character.isalnum()]
    if is_token(text) and not nonce:
        return text
    tail = _tail(len(places))
    number = str((zlib.crc32(text.encode("utf-8", "surrogatepass")) + nonce) % 10**tail).zfill(tail)
    made = ["0" if place in set(places) else character for place, character in enumerate(text)]
    for place, digit in zip(places[-tail:], number, strict=False):
        made[place] = digit
    return "".join(made)


def is_token(text: str) -> bool:
    """Whether an id's part is filler already."""
    plain = [character for character in text if character.isascii() and character.isalnum()]
    tail = _tail(len(plain))
    return all(character.isdigit() for character in plain) and set(plain[: len(plain) - tail]) <= {"0"}


def _tail(size: int) -> int:
    """How many of the digits are a number; the zeros before it show that it is filler."""
    return size if size <= _SHORT else min(8, size * 2 // 3)


def _latin(low: str) -> str:
    """Filler for a run of small letters."""
    parts: list[str] = []
    rest = low
    while rest:
        size = min(len(rest), _LONGEST)
        part, rest = rest[:size], rest[size:]
        words = _WORDS[size]
        parts.append(part if part in words else words[zlib.crc32(part.encode()) % len(words)])
    return "".join(parts)
