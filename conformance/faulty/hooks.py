"""Defects, and the places where they take hold.

A defect is a small pure function at one hook point. It gets the honest value and the request, and returns the wrong value. It must not
change what it is given.

Hook points, in the order in which a request passes them (`D` is chat, messages or responses):
    incoming    Request                            method, path, query and headers, before anything is done
    D.request   the decoded body                   before the handler reads it
    D.plan      Plan                               what the model says
    D.object    JSON of an answer with status 200
    D.error     Reply                              of a refused request
    D.events    list of events                     of a stream
    frames      list of frames in bytes            of a stream, closing frame included
    D.break     event or None                      that ends a stream for which there is no more room
    opening     Head                               of a stream
    whole       Whole                              head and body of any other answer
    behaviour   no function: the server or a dialect asks `Hooks.has(name)`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from faulty.exchange import Request

Value = TypeVar("Value")


@dataclass(frozen=True)
class Defect:
    """One way to be wrong.

    Attributes:
        name: `<dialect or http>/<what>`.
        at: hook point.
        caught_by: id of the live case that must fail.
        says: what the defective server does.
        source: public issue where it was seen, `owner/repo#n`.
        only: operations that it touches; empty for all.
        apply: the function, or None for a behaviour.
    """

    name: str
    at: str
    caught_by: str
    says: str
    source: str | None = None
    only: tuple[str, ...] = ()
    apply: Callable[[Any, Request], Any] | None = None


DEFECTS: dict[str, Defect] = {}


def defect(
    name: str, *, at: str, caught_by: str, source: str | None = None, only: tuple[str, ...] = ()
) -> Callable[[Callable[[Any, Request], Any]], Callable[[Any, Request], Any]]:
    """Register the decorated function as a defect. Its docstring says what it does."""

    def register(function: Callable[[Any, Request], Any]) -> Callable[[Any, Request], Any]:
        add(Defect(name, at, caught_by, (function.__doc__ or "").strip(), source, only, function))
        return function

    return register


def behaviour(name: str, says: str, *, caught_by: str, source: str | None = None) -> None:
    """Register a defect that is a switch in the server or in a dialect."""
    add(Defect(name, "behaviour", caught_by, says, source))


def add(entry: Defect) -> None:
    """Register a defect.

    Raises:
        ValueError: the name is taken.
    """
    if entry.name in DEFECTS:
        raise ValueError(f"two defects are called {entry.name}")
    DEFECTS[entry.name] = entry


class Hooks:
    """The defects that are switched on."""

    def __init__(self, names: Iterable[str]) -> None:
        self._defects = [DEFECTS[name] for name in names]

    def has(self, name: str) -> bool:
        """Whether the defect of this name is on."""
        return any(entry.name == name for entry in self._defects)

    def apply(self, point: str, value: Value, request: Request) -> Value:
        """Let every defect at the hook point change the value."""
        for entry in self._defects:
            if entry.at == point and entry.apply and (not entry.only or request.operation in entry.only):
                value = entry.apply(value, request)
        return value
