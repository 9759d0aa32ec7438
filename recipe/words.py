"""Random words, names and phrases: what the conversations are filled with.

Half of it is made up on the spot, so that the model learns to copy what it reads instead of learning words by heart.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import string
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo", "China": "Beijing", "Norway": "Oslo",
    "Sweden": "Stockholm", "Finland": "Helsinki", "Poland": "Warsaw", "Austria": "Vienna", "Greece": "Athens", "Egypt": "Cairo",
    "Canada": "Ottawa", "Portugal": "Lisbon", "Ireland": "Dublin", "India": "New Delhi", "Russia": "Moscow", "Turkey": "Ankara",
    "Hungary": "Budapest", "Brazil": "Brasilia", "Kenya": "Nairobi", "Peru": "Lima", "Cuba": "Havana", "England": "London",
    "Denmark": "Copenhagen",
}  # fmt: skip
OTHER_CITIES = [
    "New York", "San Francisco", "Boston", "Chicago", "Hamburg", "Munich", "Lyon", "Milan", "Sydney", "Toronto", "Seoul", "Osaka", "Kyoto",
    "Delhi", "Mumbai", "Lagos", "Geneva", "Zurich", "Prague", "Porto",
]  # fmt: skip
CITIES = [*CAPITALS.values(), *OTHER_CITIES]
NAMES = [
    "Alice", "Bob", "Carol", "Dave", "Eve", "Frank", "Grace", "Heidi", "Ivan", "Judy", "Mallory", "Olivia", "Peggy", "Sam", "Trent",
    "Victor", "Wendy", "Anna", "Max", "Tom", "Lucy", "Ben", "Nina", "Paul",
]  # fmt: skip
WORDS = """
red green blue yellow apple banana cherry cat dog bird fish horse tree river mountain house car train boat plane computer keyboard table
chair window door book paper music song dance light dark water fire earth wind snow rain sun moon star sky ocean beach forest city road
bridge garden flower bread cheese milk coffee tea sugar salt happy sad fast slow big small old new good bad hot cold open close start stop
left right up down north south east west one two three four five six seven eight nine ten hello world test data file code python server
model token stream request response error value key name list item user admin hi there this is a the or not with for to from in on at by
it please thanks yes no maybe ok sure never always often today tomorrow yesterday morning evening night week month year the a is of
""".split()  # noqa: SIM905 - a list of 150 quoted words is no better to read

ACCENTED, CYRILLIC, HAN, KANA, EMOJI = (0xE0, 0xFF), (0x430, 0x44F), (0x4E00, 0x9000), (0x3042, 0x3080), (0x1F600, 0x1F632)


@functools.cache
def sentences() -> tuple[str, ...]:
    """Plain English sentences: those in the docstrings of Python's standard library."""
    found = []
    for path in sorted(Path(os.__file__).parent.glob("*.py")):
        for text in _docstrings(path):
            found += [re.sub(r"\s+", " ", sentence).strip() for sentence in re.split(r"(?<=[.!?])\s+", text)]
    return tuple(sentence for sentence in found if 15 < len(sentence) < 160 and sentence.isascii() and "<" not in sentence)


def _docstrings(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8", errors="ignore"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and (text := ast.get_docstring(node)):
            yield text


def made_up_word(rng: Random) -> str:
    """A word that is in no dictionary: syllables, letters, other scripts, digits; sometimes a real one all the same."""
    kind = rng.random()
    if kind < 0.35:
        return "".join(
            rng.choice("bcdfghklmnprstvwz") + rng.choice("aeiou") + rng.choice(["", "", "n", "r", "s"]) for _ in range(rng.randint(1, 4))
        )
    if kind < 0.50:
        return _letters(rng, string.ascii_lowercase)
    if kind < 0.53:
        return "".join(_foreign(rng) if rng.random() < 0.7 else rng.choice(string.ascii_lowercase) for _ in range(rng.randint(1, 5)))
    if kind < 0.60:
        return _letters(rng, string.ascii_letters + string.digits)
    if kind < 0.70:
        return str(rng.randint(0, 99999))
    return rng.choice(WORDS)


def _letters(rng: Random, alphabet: str) -> str:
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(2, 8)))


def _foreign(rng: Random) -> str:
    script = rng.choice([ACCENTED, CYRILLIC, HAN, KANA, rng.choice([EMOJI, (0x20AC, 0x20AC), (0x2013, 0x2013)])])
    return chr(rng.randint(*script))


def word(rng: Random) -> str:
    """A real or a made-up word."""
    return rng.choice(WORDS) if rng.random() < 0.6 else made_up_word(rng)


def phrase(rng: Random, shortest: int = 1, longest: int = 6, *, punctuated: bool = True) -> str:
    """A few words in a row, sometimes with a sign between the first two."""
    words = [word(rng) for _ in range(rng.randint(shortest, longest))]
    if rng.random() < 0.2:
        words[0] = words[0].capitalize()
    text = " ".join(words)
    if punctuated and rng.random() < 0.15:
        text = text.replace(" ", rng.choice([", ", " - ", "-", "_", "/", "."]), 1)
    return text


def city(rng: Random) -> str:
    """A city, of this world or made up."""
    if rng.random() < 0.45:
        return rng.choice(CITIES)
    return " ".join(made_up_word(rng).capitalize() for _ in range(1 if rng.random() < 0.8 else 2))


def person(rng: Random) -> str:
    """A first name."""
    return rng.choice(NAMES) if rng.random() < 0.5 else made_up_word(rng).capitalize()


def identifier(rng: Random, longest: int = 2) -> str:
    """A name in snake case of up to `longest` words."""
    return "_".join(re.sub(r"\W", "", word(rng)).lower() or "x" for _ in range(rng.randint(1, longest)))


def path(rng: Random) -> str:
    """A relative file path."""
    return "/".join(identifier(rng, 1) for _ in range(rng.randint(1, 3))) + rng.choice([".py", ".txt", ".md", ".json", ".c", ""])


def number(rng: Random) -> int:
    """A whole number of up to four digits."""
    return rng.choice([rng.randint(0, 9), rng.randint(0, 99), rng.randint(0, 9999)])
