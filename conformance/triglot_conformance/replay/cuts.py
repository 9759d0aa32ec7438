"""Ways to cut the backend's bytes, and ways to read the answer. Whatever the way, the client must see the same stream."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_EVENT_END = re.compile(rb"(?<=\n)\n|(?<=\n)\r\n|(?<=\r)\r(?!\n)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_MEAN_PIECE = 60  # bytes of a random cut: a few to each event
_MOST_PIECES = 200

FRAMINGS = {"crlf": b"\r\n", "cr": b"\r"}
READERS = ("slow", "leaves")


def cut_body(body: bytes, name: str, seed: str = "") -> list[bytes]:
    """Cut a body into the pieces that are sent on their own.

    Args:
        body: what the backend sends, transfer coding removed.
        name: one of `CUTS`. `crlf` and `cr` also change the line ends of an event stream.
        seed: of the random cut.

    Returns:
        The pieces; one alone where the body offers no such place.
    """
    if name not in _PLACES:
        raise ValueError(f"no cut is called {name!r}; there are {', '.join(CUTS)}")
    if name in FRAMINGS:
        body = with_line_ends(body, FRAMINGS[name])
    edges = [0, *_PLACES[name](body, seed), len(body)]
    return [body[start:end] for start, end in pairwise(edges) if end > start]


def with_line_ends(stream: bytes, end: bytes) -> bytes:
    """An event stream with other line ends. Nothing else in it changes: inside JSON they are escaped."""
    return _LINE_END.sub(end, stream)


def _event_ends(body: bytes, _seed: str) -> list[int]:
    return [found.end() for found in _EVENT_END.finditer(body)]


def _random_places(body: bytes, seed: str) -> list[int]:
    chance = random.Random(seed)  # noqa: S311 - it must come again with the same seed
    places = range(1, len(body))
    return sorted(chance.sample(places, min(len(body) // _MEAN_PIECE + 1, _MOST_PIECES, len(places))))


_PLACES: dict[str, Callable[[bytes, str], Iterable[int]]] = {
    "whole": lambda _body, _seed: (),
    "events": _event_ends,
    "pairs": lambda body, seed: _event_ends(body, seed)[::2],  # the first event alone, then two at a time
    "blank-lines": lambda body, _seed: (found.start() for found in _EVENT_END.finditer(body)),
    "characters": lambda body, _seed: (at for found in _CHARACTER.finditer(body) for at in range(found.start() + 1, found.end())),
    "bytes": lambda body, _seed: range(1, len(body)),
    "random": _random_places,
    "crlf": lambda body, _seed: (found.end() for found in re.finditer(rb"\r", body)),  # inside each line end
    "cr": lambda body, _seed: (found.end() for found in re.finditer(rb"\r(?=\r)", body)),  # inside each blank line
}
CUTS = tuple(_PLACES)
