"""What can go wrong, said once.

An `ApiError` carries a kind and a message; each dialect's table turns the kind into its HTTP status and wire type. Kinds are grouped by
whose fault it is: the client's (4xx), the backend's (502 to 504, 529), ours (500).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class ErrorKind(StrEnum):
    """One row of every dialect's error table."""

    # the client's fault
    INVALID_REQUEST = "invalid_request"
    UNSUPPORTED = "unsupported"
    CONTEXT_LENGTH = "context_length"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    RATE_LIMIT = "rate_limit"
    CANCELLED = "cancelled"
    # the backend's fault
    OVERLOADED = "overloaded"
    BACKEND_LOADING = "backend_loading"
    BACKEND_UNREACHABLE = "backend_unreachable"
    BACKEND_TIMEOUT = "backend_timeout"
    BACKEND_FAILED = "backend_failed"
    # ours
    INTERNAL = "internal"
    QUEUE_FULL = "queue_full"


class ApiError(Exception):
    """A failure that a client is told about.

    Attributes:
        kind: the row of the dialect's error table.
        message: what went wrong and what to do about it; shown to the client as it is, so it holds no secret.
        param: dotted path of the request field at fault, such as `messages.0.content`.
        details: numbers a dialect may put into its own wording (`n_prompt_tokens`, `n_ctx`), or the `error_code` of a dialect that has one.
        retry_after_s: when a retry makes sense, in whole seconds.
        status: the HTTP status the backend chose, kept in place of the table's; `None` when the failure is not an answer of the backend.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        kind: ErrorKind,
        message: str,
        *,
        param: str | None = None,
        details: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.param = param
        self.details = details or {}
        self.retry_after_s = retry_after_s
        self.status = status


_TRY_AGAIN: Final = frozenset({429, 503, 529})


def retry_after_s(error: ApiError, status: int) -> int | None:
    """When a client that got `status` may come back, in whole seconds. Codex ends its turn where a 429 does not say so."""
    return 1 if error.retry_after_s is None and status in _TRY_AGAIN else error.retry_after_s


CUT_SHORT: Final = (
    "The backend ended the stream before the answer was complete: it may have been stopped or restarted. Send the request again."
)
"""What a client is told of a stream that stopped without an ending."""


class ClientGone(Exception):  # noqa: N818 - not an error: nobody is left to be told
    """The client closed its connection; the request ends without an answer."""
