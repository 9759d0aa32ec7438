"""What pydantic found wrong with a request, in one sentence for the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_OPEN_BRANCH: Final = "string_pattern_mismatch"


def describe_errors(error: ValidationError, document: Any) -> tuple[str, str | None]:
    """The message, and the dotted path of the field that is most worth naming.

    A union reports what was wrong with each of its branches; the one that the client meant is the one that got furthest into the document.
    The open branch of a union turns known tags down by a pattern: the branch of that tag knows better.
    """
    details = error.errors(include_url=False, include_context=False, include_input=False)
    found = [(_path(detail, document), detail) for detail in details]
    path, worst = max(found, key=lambda pair: (len(pair[0]), pair[1]["type"] != _OPEN_BRANCH))
    where = ".".join(path)
    if worst["type"] == "missing":
        return f"{where} is required.", where
    if worst["type"] in ("union_tag_not_found", "union_tag_invalid"):
        return f"{where} has no type, or one that is not served here.", where
    what = worst["msg"][:1].lower() + worst["msg"][1:]
    return (f"{where}: {what}.", where) if where else (f"The request body: {what}.", None)


def _path(detail: ErrorDetails, document: Any) -> list[str]:
    """The error's location without the names of union branches, which pydantic puts between the fields: the document tells them apart."""
    path: list[str] = []
    here: Any = document
    last = len(detail["loc"]) - 1
    for position, step in enumerate(detail["loc"]):
        if step in (range(len(here)) if isinstance(here, list) else here if isinstance(here, dict) else ()):
            here = here[step]
        elif not (detail["type"] == "missing" and position == last):
            continue
        path.append(str(step))
    return path
