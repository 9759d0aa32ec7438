"""What a backend says of its rate limits, for the clients whose dialect has words for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triglot.web import RequestContext

_DIALECTS: Final = frozenset({"chat", "responses"})
_PREFIX: Final = "x-ratelimit-"
_RETRY_AFTER_MS: Final = "retry-after-ms"


def pass_on_limits(headers: Mapping[str, str], context: RequestContext) -> None:
    """Put the `x-ratelimit-*` headers and `retry-after-ms` of a backend's answer into ours, whatever its status is.

    A local server sends none. One in the cloud does, and agents pace themselves by them. The Messages API has other names and other units.
    """
    if context.dialect in _DIALECTS:
        context.answer_headers.update(
            (name, value) for name, value in headers.items() if name.startswith(_PREFIX) or name == _RETRY_AFTER_MS
        )
