"""What the generated Falcon resources stand on: reading a request, writing an answer, and noticing that the client has gone.

Nothing here knows a dialect. Falcon itself never tells that a client went away while a response streams; uvicorn says so on `receive()`,
which `app.py` keeps in the ASGI scope, and a `ClientConnection` listens there from the moment the request has been read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeVar

import msgspec
from falcon import WebSocketDisconnected
from pydantic import BaseModel, ValidationError

from triglot.content_encoding import SERVED, decompress, parse_codings
from triglot.errors import ApiError, ClientGone, ErrorKind
from triglot.logs import RequestLog
from triglot.validation import describe_errors
from triglot.web_socket import ABORT, STOPPING
from triglot.web_socket import Socket as Socket  # noqa: PLC0414 - the generated services name it as a part of this module

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from falcon.asgi import Request, Response, WebSocket

Model = TypeVar("Model", bound=BaseModel)

SCOPE_KEY: Final = "triglot.client"
LOG_KEY: Final = "triglot.log"
_UPGRADE_REQUIRED: Final = 426
_SWITCHING: Final = 101
_JSON: Final = "application/json"
_EVENT_STREAM: Final = "text/event-stream; charset=utf-8"


class ByteStream(Protocol):
    """The body of a streamed answer: each item is one write, and holds whole events."""

    def __aiter__(self) -> ByteStream: ...

    async def __anext__(self) -> bytes: ...

    async def close(self) -> None:
        """Release the backend; called once, on every path."""


class ClientConnection:
    """The client's side of one request: says when the client has gone, and ends what still runs for it.

    Args:
        receive: the ASGI server's; `None` for a request that nobody waits for.
    """

    __slots__ = ("_callbacks", "_first", "_receive", "_watcher", "gone")

    def __init__(self, receive: Callable[[], Any] | None) -> None:
        self._receive = receive
        self._first: dict[str, Any] | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._watcher: asyncio.Task[None] | None = None
        self.gone = False

    async def receive(self) -> dict[str, Any]:
        """The ASGI server's next message, for Falcon."""
        assert self._receive is not None  # noqa: S101 - for the type checker: a request of Falcon's comes from a server
        message: dict[str, Any] = await self._receive()
        if self._first is None:
            self._first = message
        return message

    def drop_body(self) -> None:
        """Let go of the body, which has been read: Falcon holds the first message for as long as the answer lasts."""
        if self._first is not None:
            self._first["body"] = b""

    def watch(self) -> None:
        """Start to listen. The request's body must have been read: what is received from now on is thrown away."""
        if self._watcher is None and self._receive is not None:
            self._watcher = asyncio.create_task(self._watch(self._receive))

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the client goes away, or at the end of the request at the latest.

        Raises:
            ClientGone: the client has gone already.
        """
        if self.gone:
            raise ClientGone
        self._callbacks.append(callback)

    def leave(self) -> None:
        """Act as if the client had gone: what runs for it ends, and nothing more is begun."""
        self.gone = True
        self._run_callbacks()

    def close(self) -> None:
        """End the request: nothing that was started for it outlives this call."""
        if self._watcher is not None:
            self._watcher.cancel()
        self._run_callbacks()

    async def _watch(self, receive: Callable[[], Any]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.leave()

    def _run_callbacks(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


class RequestContext:
    """One request, beside its validated body.

    Attributes:
        dialect, operation: as named in the specs.
        owner: whose state the request may see: a name made from its API key, empty when no keys are set.
        request_id: sent back to the client, and written to the log.
        headers: the request's headers, names in lower case.
        query: the query string's parameters; a repeated one is a list.
        body: the body as it came; `document` is the same, decoded, with its key order.
        client: the client's connection.
        answer_headers, answer_status: of the answer; a handler may change them until it returns.
        log: what is noted of the request.
    """

    __slots__ = (
        "answer_headers",
        "answer_status",
        "body",
        "client",
        "dialect",
        "document",
        "headers",
        "log",
        "operation",
        "owner",
        "query",
        "request_id",
    )

    def __init__(  # noqa: PLR0913 - what every request has
        self,
        dialect: str,
        operation: str,
        request_id: str,
        headers: Mapping[str, str],
        client: ClientConnection,
        *,
        log: RequestLog | None = None,
    ) -> None:
        self.log = log = RequestLog() if log is None else log
        log.request_id = request_id
        log.dialect = dialect
        log.operation = operation
        self.dialect = dialect
        self.operation = operation
        self.request_id = request_id
        self.headers = headers
        self.client = client
        self.owner = ""
        self.query: Mapping[str, Any] = {}
        self.body = b""
        self.document: Any = None
        self.answer_headers: dict[str, str] = {}
        self.answer_status = 200

    def without_client(self) -> RequestContext:
        """The request as one that goes on when its client has gone; it ends with `client.leave()`."""
        log = self.log.branch()
        log.background = True
        context = RequestContext(self.dialect, self.operation, self.request_id, self.headers, ClientConnection(None), log=log)
        context.owner = self.owner
        context.document = self.document
        return context


async def read_request(
    req: Request,
    resp: Response,
    dialect: str,
    operation: str,
    *,
    body: bool = True,
) -> RequestContext:
    """Read the whole request and start to watch the client.

    Where the specs require no body, `body` is false: a POST may have none then.

    Raises:
        ApiError: the body is too large, is damaged, is not JSON, or has no content type, or one or an encoding that is not served.
    """
    state = req.context
    headers = {name.lower(): value for name, value in req.headers.items()}
    context = RequestContext(dialect, operation, state.request_id, headers, req.scope[SCOPE_KEY], log=req.scope[LOG_KEY])
    context.owner = state.owner
    context.query = req.params
    context.answer_headers = state.answer_headers  # an error answer has them too
    if req.method in ("POST", "PUT", "PATCH"):
        codings = _check_media(req, resp)
        context.body = await _read_body(req, state.max_body_bytes)
        if context.body and not req.content_type:
            raise ApiError(ErrorKind.UNSUPPORTED_MEDIA, f"The header Content-Type is missing: send Content-Type: {_JSON}.")
        if codings and context.body:
            context.body = await decompress(context.body, codings, state.max_body_bytes)
        context.document = _decode_json(context.body) if body or context.body else {}
        context.log.note_model(context.document)
        context.client.drop_body()
    context.client.watch()
    return context


def decode_body(model: type[Model], context: RequestContext) -> Model:
    """Validate the request's body.

    Raises:
        ApiError: it does not fit; `param` names the field.
    """
    return _validate(model, context.document, strict=True)


def decode_query(model: type[Model], context: RequestContext, lists: Sequence[str] = ()) -> Model:
    """Validate the request's query parameters.

    Args:
        model: their model.
        context: of the request.
        lists: parameters that may stand several times, plain (`include=a&include=b`) or, as the SDKs write them, as `include[]=a`.

    Raises:
        ApiError: they do not fit; `param` names the parameter.
    """
    query = dict(context.query)
    for name in lists:
        found = [query.pop(key) for key in (name, f"{name}[]") if key in query]
        if found:
            query[name] = [item for value in found for item in (value if isinstance(value, list) else [value])]
    return _validate(model, query, strict=False)


def send_json(resp: Response, context: RequestContext, document: Any) -> None:
    """Answer with a JSON document, its keys in the order given."""
    send_bytes(resp, context, msgspec.json.encode(document))


def send_bytes(resp: Response, context: RequestContext, body: bytes) -> None:
    """Answer with a JSON body that is already encoded."""
    resp.status = context.answer_status
    resp.content_type = _JSON
    resp.data = body
    resp.set_headers(context.answer_headers)


def send_stream(resp: Response, context: RequestContext, stream: ByteStream) -> None:
    """Answer with an event stream that no proxy may hold back."""
    resp.content_type = _EVENT_STREAM
    resp.stream = stream
    resp.set_headers({"cache-control": "no-cache", "x-accel-buffering": "no", **context.answer_headers})


def demand_upgrade(req: Request, resp: Response) -> NoReturn:
    """Refuse a GET that asks for no WebSocket where there is nothing else to get. Codex takes 426 as the word to use POST.

    Raises:
        ApiError: always.
    """
    resp.set_header("upgrade", "websocket")
    message = f"{req.path} is for POST and for WebSockets: send the request with POST."
    raise ApiError(ErrorKind.METHOD_NOT_ALLOWED, message, status=_UPGRADE_REQUIRED)


async def serve_socket(
    req: Request, ws: WebSocket, dialect: str, operation: str, handler: Callable[[Socket, RequestContext], Awaitable[None]]
) -> None:
    """Accept a WebSocket and hand it to the handler, which holds it to its end."""
    state = req.context
    headers = {name.lower(): value for name, value in req.headers.items()}
    log: RequestLog = req.scope[LOG_KEY]
    context = RequestContext(dialect, operation, state.request_id, headers, ClientConnection(None), log=log)
    context.owner = state.owner
    context.query = req.params
    try:
        await ws.accept(headers={"x-request-id": state.request_id})
    except WebSocketDisconnected:
        raise ClientGone from None
    log.status = _SWITCHING
    state = req.scope.get("state", {})
    await handler(Socket(ws, state.get(STOPPING) or asyncio.Event(), state.get(ABORT)), context)


def _validate(model: type[Model], document: Any, *, strict: bool) -> Model:
    """Strict is what JSON means: true is not 1, and "1" is no number. A query string has only strings."""
    try:
        return model.model_validate(document, strict=strict)
    except ValidationError as error:
        message, param = describe_errors(error, document)
        raise ApiError(ErrorKind.INVALID_REQUEST, message, param=param) from None


def _check_media(req: Request, resp: Response) -> tuple[str, ...]:
    """The codings of a body that is served.

    A web page from anywhere may send a body that is called text, a form, or nothing at all: only for others do browsers ask first.
    """
    content_type = (req.content_type or _JSON).partition(";")[0].strip().lower()
    if content_type != _JSON and not content_type.endswith("+json"):
        raise ApiError(ErrorKind.UNSUPPORTED_MEDIA, f"The content type {content_type} is not served here: send {_JSON}.")
    try:
        return parse_codings(req.get_header("content-encoding"))
    except ApiError:
        resp.set_header("accept-encoding", ", ".join(SERVED))  # RFC 9110, section 12.5.3: what the next request may come in
        raise


async def _read_body(req: Request, limit: int) -> bytes:
    length = req.content_length
    if length is not None and length > limit:
        raise _too_large(limit)
    body: bytes = await req.stream.read(limit + 1)
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> ApiError:
    return ApiError(ErrorKind.TOO_LARGE, f"The request body is larger than the limit of {limit} bytes (TRIGLOT_MAX_BODY_BYTES).")


def _decode_json(body: bytes) -> Any:
    if not body:
        raise ApiError(ErrorKind.INVALID_REQUEST, "The request has no body: send a JSON object.")
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(ErrorKind.INVALID_REQUEST, f"The request body is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise ApiError(ErrorKind.INVALID_REQUEST, "The request body must be a JSON object.")
    return document
