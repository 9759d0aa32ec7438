"""Errors as the OpenAI dialects tell them. Source: specs/chat/schemas/errors.yaml, specs/responses/schemas/errors.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from triglot.generated.responses.events import ResponseErrorCode

TABLE: Final[dict[ErrorKind, tuple[int, str, str | None]]] = {
    ErrorKind.INVALID_REQUEST: (400, "invalid_request_error", None),
    ErrorKind.UNSUPPORTED: (400, "invalid_request_error", "unsupported_parameter"),
    ErrorKind.CONTEXT_LENGTH: (400, "invalid_request_error", "context_length_exceeded"),
    ErrorKind.AUTHENTICATION: (401, "invalid_request_error", "invalid_api_key"),
    ErrorKind.PERMISSION: (403, "invalid_request_error", "permission_denied"),
    ErrorKind.NOT_FOUND: (404, "invalid_request_error", "not_found"),
    ErrorKind.METHOD_NOT_ALLOWED: (405, "invalid_request_error", "method_not_allowed"),
    ErrorKind.TOO_LARGE: (413, "invalid_request_error", "request_too_large"),
    ErrorKind.UNSUPPORTED_MEDIA: (415, "invalid_request_error", "unsupported_media_type"),
    ErrorKind.RATE_LIMIT: (429, "rate_limit_error", "rate_limit_exceeded"),
    ErrorKind.CANCELLED: (499, "invalid_request_error", "request_cancelled"),
    ErrorKind.OVERLOADED: (503, "server_error", "server_is_overloaded"),
    ErrorKind.BACKEND_LOADING: (503, "server_error", "model_loading"),
    ErrorKind.BACKEND_UNREACHABLE: (502, "server_error", "backend_unreachable"),
    ErrorKind.BACKEND_TIMEOUT: (504, "server_error", "backend_timeout"),
    ErrorKind.BACKEND_FAILED: (502, "server_error", "backend_failed"),
    ErrorKind.INTERNAL: (500, "server_error", "internal_error"),
    ErrorKind.QUEUE_FULL: (429, "rate_limit_error", "rate_limit_exceeded"),  # Codex takes 503's code for the end of its turn
}


# What `response.failed` can say: OpenAI's list of codes has no word for most failures of a server.
_FAILURE_CODES: Final[dict[ErrorKind, ResponseErrorCode]] = {
    ErrorKind.CONTEXT_LENGTH: "context_length_exceeded",
    ErrorKind.RATE_LIMIT: "rate_limit_exceeded",
    ErrorKind.QUEUE_FULL: "rate_limit_exceeded",
    ErrorKind.INVALID_REQUEST: "invalid_prompt",
    ErrorKind.OVERLOADED: "server_is_overloaded",
}


def failure_code(kind: ErrorKind) -> ResponseErrorCode:
    """The code of a response that failed after it had begun."""
    return _FAILURE_CODES.get(kind, "server_error")


def status_of(error: ApiError) -> int:
    """The HTTP status: the backend's own where it chose one."""
    return TABLE[error.kind][0] if error.status is None else error.status


def error_body(error: ApiError, request_id: str) -> dict[str, Any]:  # noqa: ARG001 - the same form in every dialect
    """The body of an error answer, and the `data` of the chunk that ends a broken stream."""
    _, wire_type, code = TABLE[error.kind]
    return {"error": {"message": error.message, "type": wire_type, "param": error.param, "code": code, **error.details}}
