"""Ways to cut the backend's bytes. Whatever the cut, the client must see the same stream."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_EVENT_END = re.compile(rb"\n\n")
_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")

CUTS = ("whole", "events", "blank-lines", "characters", "bytes")


def cut_body(body: bytes, name: str) -> list[bytes]:
    """Cut a body into the pieces that are sent on their own.

    Args:
        body: what the backend sends, transfer coding removed.
        name: `whole`, `events` (after each blank line), `blank-lines` (inside each blank line), `characters` (inside each character of
            several bytes) or `bytes`.

    Returns:
        The pieces; one alone where the body offers no such place.
    """
    match name:
        case "whole":
            return [body] if body else []
        case "events":
            return _cut_at(body, (found.end() for found in _EVENT_END.finditer(body)))
        case "blank-lines":
            return _cut_at(body, (found.start() + 1 for found in _EVENT_END.finditer(body)))
        case "characters":
            return _cut_at(body, (at for found in _CHARACTER.finditer(body) for at in range(found.start() + 1, found.end())))
        case "bytes":
            return _cut_at(body, range(1, len(body)))
        case _:
            raise ValueError(f"no cut is called {name!r}; there are {', '.join(CUTS)}")


def _cut_at(body: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *places, len(body)]
    return [body[start:end] for start, end in pairwise(edges) if end > start]
