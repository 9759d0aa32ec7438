"""What the model answers in words: the skills that the steering prompts of the live cases ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo", "China": "Beijing", "Norway": "Oslo",
    "Sweden": "Stockholm", "Finland": "Helsinki", "Poland": "Warsaw", "Austria": "Vienna", "Greece": "Athens", "Egypt": "Cairo",
    "Canada": "Ottawa", "Portugal": "Lisbon", "Ireland": "Dublin", "England": "London", "Denmark": "Copenhagen", "Hungary": "Budapest",
}  # fmt: skip
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MOST = 5000  # numbers that it counts to; enough to hang up on
STORY = (
    "Once upon a time there was a small server. It knew only a few things, but it told them in the right order. Every day people asked it "
    "for words, and it sent the words one by one. When somebody hung up, it stopped. When somebody asked for too much, it said so. "
    "Everyone knew what to expect, and nobody had to guess. The end."
)
UNKNOWN = "I am a reference server with a few tricks, and that is not one of them."

_REPEAT = re.compile(
    r"^\s*(?:please )?(?:say|repeat|echo|answer|reply)(?: after me)?(?: with)?(?: exactly)?(?: one word)?\s*:?\s+(?P<text>.+)$",
    re.IGNORECASE | re.DOTALL,
)


def word_results(asked: str, results: list[str]) -> str:
    """An answer from the results of tools."""
    place = re.search(r"weather (?:like )?in ([A-Z]\w+)", asked)
    if len(results) > 1:
        return f"The results are: {' and '.join(results)}"
    return f"The weather in {place[1]}: {results[0]}" if place else f"The result is: {results[0]}"


def answer(asked: str, earlier: list[str]) -> tuple[str, str]:
    """A thought and an answer.

    Args:
        asked: the user's last words.
        earlier: what else was said, also by the model itself.
    """
    for thought, skill in _SKILLS:
        text = skill(asked, earlier)
        if text is not None:
            return thought, text
    return "I do not know this.", UNKNOWN


def _repeat(asked: str, _: list[str]) -> str | None:
    found = _REPEAT.match(asked)
    if not found:
        return None
    text = found["text"]
    return text[1:-1] if text[:1] == text[-1:] == '"' and len(text) > 2 else text  # noqa: PLR2004 - two quotes


def _count(asked: str, _: list[str]) -> str | None:
    found = re.search(r"count (?:from (?:1|one) )?(?:up )?to (\w+)", asked, re.IGNORECASE)
    if not found:
        return None
    word = found[1].lower()
    last = int(word) if word.isdecimal() else NUMBERS.index(word) if word in NUMBERS else 10
    return " ".join(map(str, range(1, min(last, MOST) + 1)))


def _capital(asked: str, _: list[str]) -> str | None:
    found = re.search(r"capital of (\w+)", asked, re.IGNORECASE)
    return f"The capital of {found[1]} is {CAPITALS.get(found[1], 'not known to me')}." if found else None


def _add(asked: str, _: list[str]) -> str | None:
    found = re.search(r"(\d+) ?(?:\+|plus) ?(\d+)", asked)
    return f"{found[1]} + {found[2]} = {int(found[1]) + int(found[2])}" if found else None


def _recall_name(asked: str, earlier: list[str]) -> str | None:
    if not re.search(r"my name\?|my name$|who am i", asked, re.IGNORECASE):
        return None
    names = [found[1] for text in earlier if (found := re.search(r"(?:[Nn]ame is|I am|[Cc]all me|meet you,) ([A-Z]\w*)", text))]
    return f"Your name is {names[-1]}." if names else "I do not know your name."


def _meet(asked: str, _: list[str]) -> str | None:
    found = re.search(r"(?:my name is|I am|call me) ([A-Z]\w*)", asked, re.IGNORECASE)
    return f"Nice to meet you, {found[1]}!" if found else None


def _recall_fact(asked: str, earlier: list[str]) -> str | None:
    question = re.search(r"what is the (\w+)", asked, re.IGNORECASE)
    if not question:
        return None
    facts = [found[0] for text in [*earlier, asked] if (found := re.search(rf"[Tt]he {re.escape(question[1])} is [^?\n]+?\.", text))]
    return facts[-1] if facts else None


def _greet(asked: str, _: list[str]) -> str | None:
    return "Hello! How can I help you?" if re.match(r"\s*(?:hello|hi|hey|good morning|good evening|ping)\b", asked, re.IGNORECASE) else None


def _story(asked: str, _: list[str]) -> str | None:
    return STORY if re.search(r"\bstory\b", asked, re.IGNORECASE) else None


def _thank(asked: str, _: list[str]) -> str | None:
    return "You are welcome!" if re.match(r"\s*thank", asked, re.IGNORECASE) else None


def _miss_tool(asked: str, _: list[str]) -> str | None:
    wants = re.search(r"\bweather\b|\buse \w+ with\b|\btime\b", asked, re.IGNORECASE)
    return "I need a tool for that, but this request has no tools." if wants else None


_SKILLS: tuple[tuple[str, Callable[[str, list[str]], str | None]], ...] = (
    ("The user wants me to repeat some words.", _repeat),
    ("I count from one.", _count),
    ("The user asks for a capital.", _capital),
    ("This is an addition.", _add),
    ("The user told me the name before.", _recall_name),
    ("The user tells me a name.", _meet),
    ("The user told me before.", _recall_fact),
    ("The user greets me. I greet back.", _greet),
    ("The user wants a story. I know one story.", _story),
    ("The user thanks me.", _thank),
    ("I would need a tool for that, but I have none.", _miss_tool),
)
