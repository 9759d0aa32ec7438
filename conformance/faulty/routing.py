"""Which route a request takes, and what is wrong with requests that take none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from faulty.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faulty.exchange import Dialect, Request, Route


def dialect_of(request: Request, dialects: Sequence[Dialect]) -> Dialect:
    """The dialect that a request speaks, whether or not it has a route: its errors have this dialect's shape."""
    if "anthropic-version" in request.headers or request.path.startswith("/v1/messages"):
        name = "messages"
    elif re.match(r"/v1/(responses|conversations)\b", request.path):
        name = "responses"
    else:
        name = "chat"
    return next((dialect for dialect in dialects if dialect.name == name), dialects[0])


def find(request: Request, dialects: Sequence[Dialect]) -> tuple[Dialect, Route, dict[str, str]]:
    """The route of a request, its dialect, and the values of its placeholders.

    Raises:
        Refusal: 404 or 405.
    """
    allowed: set[str] = set()
    method = "GET" if request.method == "HEAD" else request.method
    own = dialect_of(request, dialects)
    for dialect in [own, *(dialect for dialect in dialects if dialect is not own)]:
        for route in dialect.routes:
            if route.when_header and route.when_header not in request.headers:
                continue
            found = re.fullmatch(_pattern(route.template), request.path)
            if not found:
                continue
            if route.method == method:
                return dialect, route, {name: unquote(value) for name, value in found.groupdict().items()}
            allowed.add(route.method)
    if allowed:
        allow = ", ".join(sorted(allowed))
        raise Refusal(405, f"{request.path} takes {allow}, not {request.method}", headers={"allow": allow}, code="method_not_allowed")
    raise Refusal(404, f"There is nothing at {request.path}", code="not_found")


def _pattern(template: str) -> str:
    """A route's path as a regular expression; `{name}` is one segment, `{name*}` the rest."""
    whole = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", template)
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", whole)
