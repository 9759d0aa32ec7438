"""Finds what a request asks for and does not get: the fields that are ignored or rejected here.

The tables come from `x-triglot-support` in `specs/<dialect>/` through the generator. They hold only the places below which something can be
lost, so a walk touches little of a request; free-form objects, such as tool schemas, are not in them and are never entered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

Level: TypeAlias = Literal["ignored", "rejected"]

_NO_DEFAULT: Final = object()


class Loss(msgspec.Struct, frozen=True):
    """One thing in a request that is ignored or rejected.

    Attributes:
        path: where it stands: `service_tier`, `input[3].encrypted_content`, `tools[2]`.
        level: whether the request goes on without it or is refused.
        reason: why, as the spec says it.
        tag: for an object that is lost as a whole, the tag that names its kind.
    """

    path: str
    level: Level
    reason: str
    tag: str | None = None

    def __str__(self) -> str:
        return self.path if self.tag is None else f"{self.path} ({self.tag})"


class Lossy(msgspec.Struct, frozen=True):
    """A field, or a whole object, that is lost when it is present, not null, and other than `default`."""

    level: Level
    reason: str
    default: Any = _NO_DEFAULT


class Node(msgspec.Struct, frozen=True):
    """One place in a request; `str` links are names of other nodes.

    Attributes:
        whole: an object here is lost as a whole.
        losses: field -> what is lost with it; nothing below such a field is looked at.
        children: field -> node of its value.
        items: node of the elements, when the value is a list.
        values: node of the values of all fields that are in neither `losses` nor `children`.
        tag: the field that tells objects here apart.
        branches: tag -> node, or None where a known tag loses nothing.
        unknown: node of an object with a tag that is not in `branches`.
        untagged: node of an object without the tag.
    """

    whole: Lossy | None = None
    losses: Mapping[str, Lossy] = {}
    children: Mapping[str, str] = {}
    items: str | None = None
    values: str | None = None
    tag: str | None = None
    branches: Mapping[str, str | None] = {}
    unknown: str | None = None
    untagged: str | None = None


class SupportTable:
    """The nodes of one request, linked; made once, when the generated module is imported."""

    __slots__ = ("_root",)

    def __init__(self, nodes: Mapping[str, Node], root: str) -> None:
        links: dict[str, _Place] = {}
        self._root = _link(nodes, root, links)

    def find(self, document: Any) -> list[Loss]:
        """See `find_losses`."""
        if self._root is None:
            return []
        return [Loss("".join(reversed(steps)).removeprefix("."), lossy.level, lossy.reason, tag) for steps, lossy, tag in self._root.walk(document)]


def find_losses(table: SupportTable, document: Any) -> list[Loss]:
    """Everything in a decoded request that is ignored or rejected, in the order of the document.

    Args:
        table: the table of the request's schema, from `generated.<dialect>.support`.
        document: the request as it came, decoded and validated.
    """
    return table.find(document)


_Found: TypeAlias = "tuple[list[str], Lossy, str | None]"


class _Place:
    """A linked node. A path is put together on the way back from a loss, so that what loses nothing costs nothing."""

    __slots__ = ("branches", "children", "items", "losses", "tag", "unknown", "untagged", "values", "watched", "whole")

    def __init__(self, node: Node) -> None:
        self.whole = node.whole
        self.losses = dict(node.losses)
        self.watched = frozenset(node.losses)
        self.tag = node.tag
        self.children: tuple[tuple[str, _Place], ...] = ()
        self.branches: dict[str, _Place | None] = {}
        self.items: _Place | None = None
        self.values: _Place | None = None
        self.unknown: _Place | None = None
        self.untagged: _Place | None = None

    def choose(self, document: dict[str, Any]) -> _Place | None:
        """The place of an object: its branch, where objects are told apart here."""
        tag = document.get(self.tag) if self.tag is not None else None
        if not isinstance(tag, str):
            return self.untagged
        return self.branches.get(tag, self.unknown)

    def walk(self, value: Any) -> list[_Found]:
        """The losses in a value; the path steps of each are innermost first."""
        if type(value) is list:
            return self._walk_list(self.items, value) if self.items is not None else []
        if type(value) is not dict:
            return []
        place = self
        while place.branches or place.unknown is not None or place.untagged is not None:
            chosen = place.choose(value)
            if chosen is None:
                return []
            place = chosen
        return place.walk_object(value)

    def walk_object(self, document: dict[str, Any]) -> list[_Found]:
        if self.whole is not None:
            return [([], self.whole, document.get(self.tag) if self.tag is not None else None)]
        found: list[_Found] = []
        if not self.watched.isdisjoint(document):
            found += self._lost_fields(document)
        for name, place in self.children:
            value = document.get(name)
            if value is not None and type(value) is not str and (inner := place.walk(value)):
                found += _stepped(inner, f".{name}")
        if self.values is not None:
            for name, value in document.items():
                if name not in self.watched and (inner := self.values.walk(value)):
                    found += _stepped(inner, f".{name}")
        return found

    def _walk_list(self, place: _Place, values: list[Any]) -> list[_Found]:
        found: list[_Found] = []
        for index, value in enumerate(values):
            if inner := place.walk(value):
                found += _stepped(inner, f"[{index}]")
        return found

    def _lost_fields(self, document: dict[str, Any]) -> list[_Found]:
        return [
            ([f".{name}"], self.losses[name], None)
            for name, value in document.items()
            if name in self.watched and value is not None and not _equals(value, self.losses[name].default)
        ]


def _equals(value: Any, default: Any) -> bool:
    """Equality of JSON values, where true is not 1."""
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)


def _stepped(found: list[_Found], step: str) -> list[_Found]:
    for steps, _, _ in found:
        steps.append(step)
    return found


def _link(nodes: Mapping[str, Node], name: str | None, links: dict[str, _Place]) -> _Place | None:
    if name is None or name not in nodes:
        return None
    if name not in links:
        node = nodes[name]
        place = links[name] = _Place(node)
        place.children = tuple((field, linked) for field, child in node.children.items() if (linked := _link(nodes, child, links)))
        place.branches = {tag: _link(nodes, branch, links) for tag, branch in node.branches.items()}
        place.items = _link(nodes, node.items, links)
        place.values = _link(nodes, node.values, links)
        place.unknown = _link(nodes, node.unknown, links)
        place.untagged = _link(nodes, node.untagged, links)
    return links[name]
