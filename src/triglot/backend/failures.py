"""A backend's error answers, decoded once.

Sources: the recorded error answers of llama-server b11549, whose body is `{"error": {code, message, type}}`; other servers nest less, nest
more, or answer in HTML. llama-server blames itself (500) for many faults of the client; those are told apart by their messages and become
400.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_KIND_BY_STATUS: Final[dict[int, ErrorKind]] = {
    400: ErrorKind.INVALID_REQUEST,
    401: ErrorKind.AUTHENTICATION,
    403: ErrorKind.PERMISSION,
    404: ErrorKind.NOT_FOUND,
    405: ErrorKind.METHOD_NOT_ALLOWED,
    408: ErrorKind.BACKEND_TIMEOUT,
    413: ErrorKind.TOO_LARGE,
    415: ErrorKind.UNSUPPORTED_MEDIA,
    422: ErrorKind.INVALID_REQUEST,
    429: ErrorKind.RATE_LIMIT,
    501: ErrorKind.UNSUPPORTED,
    503: ErrorKind.OVERLOADED,
    504: ErrorKind.BACKEND_TIMEOUT,
    529: ErrorKind.OVERLOADED,
}
_CONTEXT_TYPE: Final = "exceed_context_size_error"
_CONTEXT_NUMBERS: Final = ("n_prompt_tokens", "n_ctx")
_CLIENT_FAULT: Final = re.compile(
    r"""^(
        \[json\.exception                       # malformed JSON, or JSON of the wrong type
      | '[\w.]+'\ is\ required
      | Failed\ to\ parse\ (tools|messages)
      | (Invalid|Missing|Expected|Unsupported|unsupported)\b
      | (image|audio|video)\ input\ is\ not\ supported
      | Failed\ to\ (download|load|decode|fetch)\ (the\ )?(image|audio|media|file)
      | All\ non-assistant\ messages
      | Cannot\ (have|use|determine)\b
      | .*(raise_exception|Jinja\ Exception|Unable\ to\ generate\ parser|invalid\ tool\ call\ arguments|tool_call.*arguments)
    )""",
    re.VERBOSE | re.DOTALL,
)
_LOADING: Final = re.compile(r"\bloading model\b", re.IGNORECASE)
_FULL: Final = re.compile(r"Context size has been exceeded\b")  # no request's own fault: one that is too long is refused before it begins
_TOOLS_DUMP: Final = re.compile(r"; tools = .*", re.DOTALL)  # llama-server repeats the whole request here
_SECONDS: Final = re.compile(r"\s*[0-9]{1,9}(\.[0-9]+)?\s*", re.ASCII)
_RETRY_LOADING_S: Final = 2
_RETRY_OVERLOADED_S: Final = 1
_MAX_MESSAGE: Final = 2000
_ERROR_WITHIN: Final = 64


def convert_error_answer(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """Turn an error answer of the backend, any status from 300 up, into the error that the client gets."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    if isinstance(document, dict) and (document.get("error") or document.get("message") or document.get("detail")):
        error = document.get("error") or document.get("message") or document.get("detail")
        return _convert(status, error, _retry_after_s(headers))
    kind = _KIND_BY_STATUS.get(status, ErrorKind.BACKEND_FAILED)
    content_type = headers.get("content-type", "no content type")
    message = (
        f"The backend answered {status} ({content_type}) without an error message. Is the backend URL that of an OpenAI-compatible server?"
    )
    return ApiError(kind, message, status=_kept(status), retry_after_s=_retry_after_s(headers) or _default_retry_s(kind))


def find_error(body: bytes) -> ApiError | None:
    """The error that a backend reports in an answer whose status says success, for the client; None if there is none."""
    if b'"error"' not in body[:_ERROR_WITHIN]:
        return None
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    error = document.get("error") if isinstance(document, dict) else None
    return convert_error_object(error) if error else None


def convert_error_object(error: Any) -> ApiError:
    """Turn the `error` of an in-band failure into the error that the client gets."""
    code = error.get("code") if isinstance(error, dict) else None
    return _convert(code if isinstance(code, int) and 400 <= code < 600 else 502, error, None)  # noqa: PLR2004 - HTTP's own bounds


def _convert(status: int, error: Any, retry_after_s: int | None) -> ApiError:
    fields: dict[str, Any] = error if isinstance(error, dict) else {"message": error}
    message = fields.get("message")
    text = message if isinstance(message, str) and message else msgspec.json.encode(error).decode()
    text = _TOOLS_DUMP.sub("", text)[:_MAX_MESSAGE]
    if fields.get("type") == _CONTEXT_TYPE or fields.get("code") == "context_length_exceeded":
        details = {name: fields[name] for name in _CONTEXT_NUMBERS if isinstance(fields.get(name), int)}
        return ApiError(ErrorKind.CONTEXT_LENGTH, text, details=details, status=400)
    if status == 503 and _LOADING.search(text):  # noqa: PLR2004
        message = "The backend is still loading its model. Try again in a moment."
        return ApiError(ErrorKind.BACKEND_LOADING, message, status=status, retry_after_s=retry_after_s or _RETRY_LOADING_S)
    if status == 500 and _FULL.match(text):  # noqa: PLR2004
        message = f"{text} It is shared by all requests: try again when others have ended, or start the backend with a larger --ctx-size."
        return ApiError(ErrorKind.OVERLOADED, message, status=503, retry_after_s=retry_after_s or _RETRY_OVERLOADED_S)
    if status == 500 and _CLIENT_FAULT.match(text):  # noqa: PLR2004
        status = 400
    elif status < 400:  # noqa: PLR2004
        status = 502
    kind = _KIND_BY_STATUS.get(status, ErrorKind.INVALID_REQUEST if status < 500 else ErrorKind.BACKEND_FAILED)  # noqa: PLR2004
    if kind in (ErrorKind.AUTHENTICATION, ErrorKind.PERMISSION):
        text = f"The backend refused triglot's own credentials ({text}). Set TRIGLOT_BACKEND_API_KEY to a key that it accepts."
    param = fields.get("param")
    return ApiError(
        kind,
        text,
        param=param if isinstance(param, str) else None,
        status=_kept(status),
        retry_after_s=retry_after_s or _default_retry_s(kind),
    )


def _kept(status: int) -> int:
    """The status for the client: the backend's own, but a redirect or another oddity is a bad gateway."""
    return status if 400 <= status < 600 else 502  # noqa: PLR2004


def _default_retry_s(kind: ErrorKind) -> int | None:
    return _RETRY_OVERLOADED_S if kind in (ErrorKind.RATE_LIMIT, ErrorKind.OVERLOADED) else None


def _retry_after_s(headers: Mapping[str, str]) -> int | None:
    """Whole seconds, rounded up. Servers also write fractions, milliseconds in another header, and dates, which count from their own."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return math.ceil(milliseconds / 1000)
    text = headers.get("retry-after")
    if (seconds := _number(text)) is not None:
        return math.ceil(seconds)
    if (due := _date(text)) is None:
        return None
    return max(0, math.ceil((due - (_date(headers.get("date")) or datetime.now(UTC))).total_seconds()))


def _number(text: str | None) -> float | None:
    match = _SECONDS.fullmatch(text or "")
    return float(match[0]) if match else None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
