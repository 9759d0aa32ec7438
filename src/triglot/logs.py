"""The log: one line for each request, and how every line is written. docs/logs.md is its contract.

A `RequestLog` hangs on each request; the parts that serve it note what they see, at its begin, its first token and its end. It holds no
content and no keys.
"""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.events import Failed, Finished, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

access = logging.getLogger("triglot.access")

CONSOLE_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
ANSWERED: Final = "answered"
CANCELLED: Final = "cancelled"
CLIENT_GONE: Final = "client_gone"
_LONGEST: Final = 200  # characters of what a client may choose
_MOST_LOSSES: Final = 50
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_REQUEST_ID: Final = re.compile(r"(req_[0-9a-f]{24}(?:_\d+)?): ")


class RequestLog:
    """What is known of one request. Moments are seconds of `time.perf_counter`.

    Args:
        method: of HTTP; `WS` for what was asked for on a WebSocket.
        path: without its query.

    Attributes:
        request_id, dialect, operation: of the request, once they are known.
        owner: the name made from its key, once that has been accepted.
        model: that was asked for, or taken where none was.
        status: of HTTP.
        streamed: whether the answer is a stream.
        background: whether this is the making of a response whose request has been answered.
        reason: why it ended: a `FinishReason`, an `ErrorKind`, or what `write` finds.
        position: in the queue, if it had to wait.
        queued_at: when it had been understood, and wanted a place at the backend.
        sent_at: when it had got one.
        begun_at: when the backend's answer began, with its headers.
        token_at: when the model's first words came.
        usage: the counts of tokens.
        losses: the fields that have had no effect.
    """

    __slots__ = (
        *("_method", "_path", "_started_at", "background", "begun_at", "dialect", "losses", "model", "operation", "owner", "position"),
        *("queued_at", "reason", "request_id", "sent_at", "status", "streamed", "token_at", "usage"),
    )

    def __init__(self, method: str = "", path: str = "") -> None:
        self._started_at = time.perf_counter()
        self._method = method
        self._path = path
        self.request_id = ""
        self.dialect = ""
        self.operation = ""
        self.owner = ""
        self.model = ""
        self.status: int | None = None
        self.streamed = False
        self.background = False
        self.reason: str | None = None
        self.position = 0
        self.queued_at: float | None = None
        self.sent_at: float | None = None
        self.begun_at: float | None = None
        self.token_at: float | None = None
        self.usage: Usage | None = None
        self.losses: Sequence[str] = ()

    @property
    def is_wanted(self) -> bool:
        """Whether anybody will read it."""
        return access.isEnabledFor(logging.INFO)

    def branch(self, method: str | None = None) -> RequestLog:
        """The log of what this request asks for and does not wait for itself."""
        branch = RequestLog(self._method if method is None else method, self._path)
        branch.request_id = self.request_id
        branch.dialect = self.dialect
        branch.operation = self.operation
        branch.owner = self.owner
        branch.model = self.model
        return branch

    def queued(self, position: int) -> None:
        """The request is ready, and wants a place at the backend; `position` in the queue, 0 if it has one at once."""
        self.position = position
        self.queued_at = time.perf_counter()

    def note_model(self, document: Any) -> None:
        """Take the model's name from the request, if it has one."""
        model = document.get("model") if isinstance(document, dict) else None
        if isinstance(model, str):
            self.model = model

    def note_losses(self, losses: Sequence[object]) -> None:
        """Take the names of what has had no effect."""
        self.losses = [str(loss)[:_LONGEST] for loss in losses[:_MOST_LOSSES]]

    def fail(self, reason: str, status: int | None = None) -> None:
        """Take the reason of an end that is none of the model's, and the status it gets."""
        self.reason = self.reason or reason
        self.status = self.status if status is None else status

    def conclude(self, events: Sequence[object]) -> None:
        """Take the counts from the last events of an answer, and the reason, unless there is one."""
        for event in events[-2:]:
            if isinstance(event, Usage):
                self.usage = event
            elif isinstance(event, Finished | Failed) and self.reason is None:
                self.reason = event.reason if isinstance(event, Finished) else event.kind

    def write(self, *, client_gone: bool = False) -> None:
        """Write the line.

        Args:
            client_gone: the client has left; that is the reason of an end that has no other.
        """
        if self.is_wanted:
            access.info(AccessLine(self._fields(CLIENT_GONE if client_gone else ANSWERED)))

    def _fields(self, otherwise: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "request_id": self.request_id,
            "method": self._method,
            "path": self._path[:_LONGEST],
            "dialect": self.dialect,
            "operation": self.operation,
            "model": self.model[:_LONGEST],
            "owner": self.owner,
            "status": self.status,
            "streamed": self.streamed,
            "background": self.background or None,
            "reason": str(self.reason or otherwise),
            "queue_position": self.position or None,
            "queue_ms": self._queue_ms(),
            "first_byte_ms": self._ms_until(self.begun_at),
            "first_token_ms": self._ms_until(self.token_at),
            "total_ms": self._ms_until(time.perf_counter()),
        }
        if (usage := self.usage) is not None:
            fields["prompt_tokens"] = usage.prompt
            fields["cached_tokens"] = usage.cached
            fields["completion_tokens"] = usage.completion
            fields["reasoning_tokens"] = usage.reasoning
        if self.losses:
            fields["losses"] = self.losses
        return {name: value for name, value in fields.items() if value is not None and value != ""}

    def _queue_ms(self) -> float | None:
        """How long it has waited for a place; for one that never got it, until now."""
        if self.queued_at is None:
            return None
        return _ms((time.perf_counter() if self.sent_at is None else self.sent_at) - self.queued_at)

    def _ms_until(self, moment: float | None) -> float | None:
        return None if moment is None else _ms(moment - self._started_at)


class AccessLine:
    """The message of an access record: fields for a program, text for people.

    Args:
        fields: in the order in which they are told; what is not known has none.
    """

    __slots__ = ("fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields

    def __str__(self) -> str:
        get: Callable[..., Any] = self.fields.get
        words = [get("request_id"), get("method"), get("path"), get("status"), get("reason"), f"{get('total_ms'):.0f} ms"]
        parts = [" ".join(_printable(str(word)) for word in words if word is not None)]
        parts += [_printable(get(name)) for name in ("model", "operation") if get(name)]
        parts += [name for name in ("streamed", "background") if get(name)]
        if get("queue_position"):
            parts.append(f"queued {get('queue_ms'):.0f} ms at {get('queue_position')}")
        parts += [f"{name} {get(key):.0f} ms" for name, key in _MOMENTS if get(key) is not None]
        if get("prompt_tokens") is not None:
            parts.append(f"read {_count(get('prompt_tokens'), get('cached_tokens'), 'cached')}")
            parts.append(f"wrote {_count(get('completion_tokens'), get('reasoning_tokens'), 'reasoning')}")
        if get("owner"):
            parts.append(f"owner {get('owner')}")
        if get("losses"):
            parts.append(f"without effect: {_printable('; '.join(get('losses')))}")
        return ", ".join(parts)


_MOMENTS: Final = (("first byte", "first_byte_ms"), ("first token", "first_token_ms"))


class ConsoleFormatter(logging.Formatter):
    """Writes each record as one line for people.

    What others have put into it stays on its line: no message of a backend can look like a line of ours. A traceback follows on lines of
    its own, each set in.
    """

    def __init__(self) -> None:
        super().__init__(CONSOLE_FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line, without the traceback."""
        return _escape(super().formatMessage(record).rstrip())

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The traceback."""
        return "\n".join(f"  {_escape(line)}" for line in super().formatException(ei).split("\n"))


class JsonFormatter(logging.Formatter):
    """Writes each record as one JSON object on one line.

    All have `time` (UTC), `level` and `logger`. An access record adds its fields; any other its `message`, the `request_id` that it begins
    with, and the traceback as `exception`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One record, without the line's end."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields: dict[str, Any] = {"time": moment, "level": record.levelname.lower(), "logger": record.name}
        if isinstance(record.msg, AccessLine):
            fields |= record.msg.fields
        else:
            message = _encodable(record.getMessage())
            if found := _REQUEST_ID.match(message):
                fields["request_id"] = found[1]
            fields["message"] = message
        if record.exc_info:
            fields["exception"] = _encodable(self.formatException(record.exc_info))
        return msgspec.json.encode(fields).decode()


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _count(tokens: int, some: int, what: str) -> str:
    return f"{tokens} tokens ({some} {what})" if some else f"{tokens} tokens"


def _printable(text: str) -> str:
    """The text on one line, whatever a client has put into it."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def _escape(text: str) -> str:
    """The text with its control characters, and those that end or turn a line, written as in a Python string."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _encodable(text: str) -> str:
    """The text without what UTF-8 cannot say, such as halves of file names that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()
