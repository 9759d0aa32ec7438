"""JSONPaths (RFC 9535), compiled once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import jsonpath_rfc9535
from jsonpath_rfc9535.exceptions import JSONPathError

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathNodeList


class PathError(ValueError):
    """A text is no JSONPath, or cannot be followed in a value; the message says why."""


def find_nodes(path: str, value: Any) -> JSONPathNodeList:
    """What a path finds, with places.

    Raises:
        PathError: the value is too deep for the path.
    """
    try:
        return _query(path).find(value)
    except (JSONPathError, RecursionError) as error:
        raise PathError(f"{path} cannot be followed: {_first_line(error)}") from None


def find(path: str, value: Any) -> list[Any]:
    """The values at a JSONPath; none where the path cannot be followed, as in too deep a document."""
    try:
        return list(find_nodes(path, value).values())
    except PathError:
        return []


def check_path(path: str) -> None:
    """Find out whether a text is a JSONPath.

    Raises:
        PathError: it is none.
    """
    try:
        _query(path)
    except JSONPathError as error:
        raise PathError(f"{path!r} is no JSONPath (RFC 9535): {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


@cache
def _query(path: str) -> jsonpath_rfc9535.JSONPathQuery:
    return jsonpath_rfc9535.compile(path)
