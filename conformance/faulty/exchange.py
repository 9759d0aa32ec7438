"""What goes between the HTTP server and the dialects: requests, replies, streams, refusals and routes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from faulty.websocket import Socket

Event = dict[str, Any]
FULL: Final = "The context is full."
"""Why a stream cannot go on."""


@dataclass(frozen=True)
class Request:
    """A request as a handler sees it.

    Attributes:
        method: GET, POST ...; a HEAD request is handled as GET.
        path: without the query.
        query: each parameter with all its values.
        headers: names in lower case; of several of one name the last.
        id: id of the request, told in a header and in the errors of Messages.
        json: the decoded body, or None where there was none.
        dialect: name of the dialect whose route it takes.
        operation: name of that route.
        params: values of the route's placeholders.
    """

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    id: str = ""
    json: Any = None
    dialect: str = ""
    operation: str = ""
    params: dict[str, str] = field(default_factory=dict)


@dataclass
class Reply:
    """A whole answer.

    Attributes:
        body: a JSON value, or None for no body.
        status: HTTP status.
        headers: beside those that the server sets.
        tokens: how long the model works on it: the server keeps a slot busy and waits, and gives up when the client hangs up.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    tokens: int = 0


@dataclass
class Stream:
    """An answer in events.

    Attributes:
        events: a list, for which the server keeps a slot busy and pauses between frames; or an iterator, which does so itself.
        headers: beside those that the server sets.
        reads: tokens of the prompt that have to be read behind the first event.
    """

    events: list[Event] | AsyncIterator[Event]
    headers: dict[str, str] = field(default_factory=dict)
    reads: int = 0


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of the program
    """A request is answered with an error.

    Attributes:
        status: HTTP status.
        message: what went wrong.
        param: path of the field at fault.
        code: fixed name of the fault.
        headers: headers of the answer.
        details: what a dialect adds to the error object.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.headers = headers or {}
        self.details = details


if TYPE_CHECKING:
    Handler = Callable[[Request], Awaitable[Reply | Stream]]
    Talk = Callable[[Request, Socket], Awaitable[None]]


@dataclass(frozen=True)
class Route:
    """A method and a path.

    Attributes:
        method: GET, POST, DELETE.
        template: the path; `{name}` stands for one segment, `{name*}` for the rest, slashes included.
        operation: name, by which defects choose.
        handle: makes the answer.
        when_header: the route takes only requests with this header.
    """

    method: str
    template: str
    operation: str
    handle: Handler
    when_header: str | None = None


@dataclass(frozen=True)
class Dialect:
    """One dialect of one running server.

    Attributes:
        name: chat, messages or responses.
        routes: its operations.
        error: the reply to a refused request.
        breaks: the event that ends a stream which cannot go on, behind so many others.
        event_line: whether each frame has an `event:` line with the event's type.
        sentinel: data of the frame that closes a complete stream, or None.
        id_header: header that tells the request's id.
        id_prefix: what such an id begins with.
        sockets: who talks on the WebSocket of a path.
    """

    name: str
    routes: tuple[Route, ...]
    error: Callable[[Refusal, Request], Reply]
    breaks: Callable[[int], Event]
    event_line: bool
    sentinel: str | None = None
    id_header: str = "x-request-id"
    id_prefix: str = "req_"
    sockets: dict[str, Talk] = field(default_factory=dict)
