"""Errors as Messages tells them. Source: specs/messages/schemas/errors.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from triglot.generated.messages.events import ErrorEvent, ErrorType

TABLE: Final[dict[ErrorKind, tuple[int, ErrorType]]] = {
    ErrorKind.INVALID_REQUEST: (400, "invalid_request_error"),
    ErrorKind.UNSUPPORTED: (400, "invalid_request_error"),
    ErrorKind.CONTEXT_LENGTH: (400, "invalid_request_error"),
    ErrorKind.AUTHENTICATION: (401, "authentication_error"),
    ErrorKind.PERMISSION: (403, "permission_error"),
    ErrorKind.NOT_FOUND: (404, "not_found_error"),
    ErrorKind.METHOD_NOT_ALLOWED: (405, "invalid_request_error"),
    ErrorKind.TOO_LARGE: (413, "request_too_large"),
    ErrorKind.UNSUPPORTED_MEDIA: (415, "invalid_request_error"),
    ErrorKind.RATE_LIMIT: (429, "rate_limit_error"),
    ErrorKind.CANCELLED: (499, "invalid_request_error"),
    ErrorKind.OVERLOADED: (529, "overloaded_error"),
    ErrorKind.BACKEND_LOADING: (529, "overloaded_error"),
    ErrorKind.BACKEND_UNREACHABLE: (502, "api_error"),
    ErrorKind.BACKEND_TIMEOUT: (504, "timeout_error"),
    ErrorKind.BACKEND_FAILED: (502, "api_error"),
    ErrorKind.INTERNAL: (500, "api_error"),
    ErrorKind.QUEUE_FULL: (529, "overloaded_error"),  # clients exist that retry 529 and nothing else
}
_MOVED: Final = frozenset({ErrorKind.OVERLOADED, ErrorKind.BACKEND_LOADING})  # 529 is this dialect's word for the backend's 503


def status_of(error: ApiError) -> int:
    """The HTTP status: the backend's own where it chose one."""
    status, _ = TABLE[error.kind]
    return status if error.status is None or error.kind in _MOVED else error.status


def error_document(kind: ErrorKind, message: str, request_id: str) -> ErrorEvent:
    """The error object, the same as a body and as the `error` event of a stream."""
    return {"type": "error", "error": {"type": TABLE[kind][1], "message": message}, "request_id": request_id}


def error_body(error: ApiError, request_id: str) -> ErrorEvent:
    """The body of an error answer. A context overflow is worded as clients parse it: they shorten the conversation and try again."""
    message = error.message
    if error.kind is ErrorKind.CONTEXT_LENGTH and {"n_prompt_tokens", "n_ctx"} <= error.details.keys():
        message = f"prompt is too long: {error.details['n_prompt_tokens']} tokens > {error.details['n_ctx']} maximum"
    document = error_document(error.kind, message, request_id)
    if "error_code" in error.details:
        document["error"]["details"] = {"error_code": error.details["error_code"]}
    return document
