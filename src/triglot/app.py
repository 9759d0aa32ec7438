"""The ASGI application: generated resources on top, handlers behind them, one backend below."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import hmac
import importlib
import importlib.resources
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

import falcon
import falcon.asgi
import msgspec

from triglot.dialects import openai_errors
from triglot.dialects.messages import errors as messages_errors
from triglot.errors import ApiError, ClientGone, ErrorKind, retry_after_s
from triglot.generated import DIALECTS, Route
from triglot.logs import CLIENT_GONE, RequestLog
from triglot.loopback import is_loopback
from triglot.origins import Origins
from triglot.service.assembly import Handlers, assemble
from triglot.settings import Settings
from triglot.state.store import StoreError
from triglot.web import LOG_KEY, SCOPE_KEY, ClientConnection
from triglot.web_socket import ABORT, set_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from falcon.asgi import App, Request, Response, WebSocket

log = logging.getLogger("triglot")

_PUBLIC_PATHS: Final = frozenset({"/", "/api/hello", "/health", "/v1/health"})
_MESSAGES_HEADER: Final = "anthropic-version"
_GC_THRESHOLD: Final = (20_000, 10, 10)
_SEND_KEY: Final = "triglot.send"
_HTTP_ANSWER: Final = "websocket.http.response"  # the ASGI extension by which a handshake is refused with a status and a body
_LAST_WORDS_S: Final = 2.0
_SERVER_ERROR: Final = 1011
_CLIENT_CLOSED: Final = 499  # nobody reads it: the connection is closed


def create_app(settings: Settings | None = None) -> App[Request, Response]:
    """Build the application.

    Args:
        settings: read from the `TRIGLOT_*` environment variables when not given, so that `uvicorn --factory triglot.app:create_app` works.

    Raises:
        SettingsError: a setting cannot be used, or no backend is named.
    """
    settings = Settings.load() if settings is None else settings
    handlers = assemble(settings)
    running: set[asyncio.Future[None]] = set()
    app = Application(running, middleware=[Gate(settings), Lifetime(handlers, running)])
    app.req_options.strip_url_path_trailing_slash = True
    app.req_options.auto_parse_qs_csv = False
    set_options(app.ws_options)
    for kind in (Exception, falcon.HTTPError):  # Falcon has a handler of its own for the second
        app.add_error_handler(kind, handle_error)
    add_routes(app, handlers)
    return app


class Application(falcon.asgi.App[Any, Any]):
    """Falcon, with the client's connection and the request's log in the scope.

    Falcon keeps `receive` to itself, so a resource could not learn that its client has gone; and whatever a request started is ended here,
    and its line written, on every path.

    Args:
        running: what is being served; each ends when it has been. Kept up to date here.
        options: Falcon's.
    """

    def __init__(self, running: set[asyncio.Future[None]], **options: Any) -> None:
        super().__init__(**options)
        self._running = running

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:  # type: ignore[override]
        """Serve one connection event of the ASGI server."""
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        done = asyncio.get_running_loop().create_future()
        self._running.add(done)
        client = scope[SCOPE_KEY] = ClientConnection(receive)
        request_log = scope[LOG_KEY] = RequestLog(scope.get("method", "WS"), scope["path"])
        scope[_SEND_KEY] = send  # a WebSocket that is refused gets an HTTP answer, which Falcon has no word for
        try:
            await super().__call__(scope, client.receive, send)
        except asyncio.CancelledError:
            if (abort := scope.get("state", {}).get(ABORT)) is None:
                raise
            # The server stops, its grace is over, and the client takes not even the last words: they are in the way of the end.
            request_log.fail(ErrorKind.OVERLOADED)
            abort()
            await asyncio.sleep(0)  # the server hears of it, and does not miss them either
        except Exception:
            request_log.fail(CLIENT_GONE if client.gone else ErrorKind.INTERNAL)
            raise
        finally:
            request_log.write(client_gone=client.gone)
            client.close()
            self._running.discard(done)
            done.set_result(None)


class Gate:
    """What every request passes: it gets an id, comes from where it may and, if keys are set, must show one."""

    def __init__(self, settings: Settings) -> None:
        self._keys = [key.encode() for key in settings.api_keys]
        self._origins = Origins(settings.allowed_origins, guarded=bool(settings.api_keys), local=is_loopback(settings.host))
        self._max_body_bytes = settings.max_body_bytes

    async def process_request(self, req: Request, resp: Response) -> None:
        """Let the request in, or raise."""
        resp.set_header("request-id" if is_messages(req) else "x-request-id", self._name(req))
        self._check_origin(req)
        if permitted := self._origins.answer_preflight(req.method, req.headers):
            resp.set_headers(permitted)
            resp.status = falcon.HTTP_NO_CONTENT
            resp.complete = True
            return
        self._admit(req)

    async def process_request_ws(self, req: Request, ws: WebSocket) -> None:  # noqa: ARG002
        """Let the WebSocket in, or raise."""
        self._name(req)
        self._admit(req)
        self._check_origin(req, is_socket=True)

    async def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:  # noqa: ARG002
        """Say how long the answer took to begin, in the OpenAI dialects, and which page may read it, and note what it is."""
        resp.set_headers(self._origins.permit(req.headers))
        request_log = req.scope[LOG_KEY]
        request_log.status = resp.status_code
        request_log.streamed = resp.stream is not None
        if not is_messages(req):
            resp.set_header("openai-processing-ms", str(int((time.perf_counter() - req.context.started_at) * 1000)))

    def _check_origin(self, req: Request, *, is_socket: bool = False) -> None:
        address, _ = req.scope.get("server") or ("", None)
        self._origins.check(req.headers, address=address, is_socket=is_socket)

    def _name(self, req: Request) -> str:
        state = req.context
        state.started_at = time.perf_counter()
        state.answer_headers = {}
        state.max_body_bytes = self._max_body_bytes
        state.request_id = request_id = f"req_{secrets.token_hex(12)}"
        req.scope[LOG_KEY].request_id = request_id
        return request_id

    def _admit(self, req: Request) -> None:
        shown = _shown_key(req)
        req.context.owner = name_owner(shown) if self._keys else ""
        if self._keys and req.path not in _PUBLIC_PATHS and not self._knows(shown):
            message = "The API key is missing or wrong: send one that triglot was started with (TRIGLOT_API_KEYS)."
            raise ApiError(ErrorKind.AUTHENTICATION, message)
        req.scope[LOG_KEY].owner = req.context.owner

    def _knows(self, shown: bytes) -> bool:
        # every key is compared, each in constant time
        return sum(hmac.compare_digest(key, shown) for key in self._keys) > 0


class Lifetime:
    """Prepares the process when the server starts, and closes what the handlers hold when it stops."""

    def __init__(self, handlers: Handlers, running: set[asyncio.Future[None]]) -> None:
        self._handlers = handlers
        self._running = running

    async def process_startup(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Keep the garbage collector off what lives for ever, and from running several times within one large request.

        Measured: it took a third of the CPU time of 60 kB requests.
        """
        await self._handlers.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLD)

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Close what the handlers hold, once the answers that the server has just cut short have said their last words."""
        if self._running:
            await asyncio.wait(self._running, timeout=_LAST_WORDS_S)
        await self._handlers.aclose()


def add_routes(app: App[Request, Response], handlers: Handlers) -> None:
    """Give each path its generated resource; where dialects share a path, a header decides."""
    by_path: dict[str, list[tuple[Route, Any]]] = {}
    for dialect in DIALECTS:
        package = f"triglot.generated.{dialect}"
        for route in importlib.import_module(f"{package}.resources").ROUTES:
            by_path.setdefault(route.path, []).append((route, route.resource(handlers.for_dialect(dialect))))
        app.add_route(f"/openapi/{dialect}.json", Document(importlib.resources.files(package).joinpath("openapi.json").read_bytes()))
    for path, candidates in by_path.items():
        app.add_route(path, candidates[0][1] if len(candidates) == 1 else SharedPath(candidates))


class SharedPath:
    """A path that several dialects serve: the first whose header is there, else the one that needs none."""

    def __init__(self, candidates: list[tuple[Route, Any]]) -> None:
        self._candidates = sorted(((route.methods["GET"], resource) for route, resource in candidates), key=lambda pair: pair[0] is None)

    async def on_get(self, req: Request, resp: Response, **params: str) -> None:
        """Hand the request to the dialect it belongs to."""
        for header, resource in self._candidates:
            if header is None or req.get_header(header) is not None:
                await resource.on_get(req, resp, **params)
                return

    on_head = on_get


class Document:
    """A bundled OpenAPI document."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    async def on_get(self, req: Request, resp: Response) -> None:  # noqa: ARG002
        """Serve it."""
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._text

    on_head = on_get


def name_owner(key: bytes) -> str:
    """The name under which the state of a key's user is kept; the key cannot be told from it."""
    return hashlib.sha256(b"triglot owner\0" + key).hexdigest()[:32]


def is_messages(req: Request) -> bool:
    """Whether the client speaks the Messages dialect."""
    return req.path.startswith("/v1/messages") or req.get_header(_MESSAGES_HEADER) is not None


async def handle_error(
    req: Request,
    resp: Response | None,
    error: Exception,
    params: dict[str, Any],  # noqa: ARG001 - Falcon's signature
    ws: WebSocket | None = None,
) -> None:
    """Turn whatever was raised into an answer of the client's dialect."""
    request_log: RequestLog = req.scope[LOG_KEY]
    if isinstance(error, ClientGone):
        request_log.fail(CLIENT_GONE)
        if resp is not None:
            resp.status = _CLIENT_CLOSED
        return
    request_id: str = req.context.request_id
    api_error = _convert_error(error, req, request_id)
    table = messages_errors if is_messages(req) else openai_errors
    status = table.status_of(api_error)
    request_log.fail(api_error.kind, status)
    body = msgspec.json.encode(table.error_body(api_error, request_id))
    headers = dict(req.context.answer_headers)
    if isinstance(error, falcon.HTTPError) and error.headers:
        headers.update(error.headers)  # such as Allow
    if (seconds := retry_after_s(api_error, status)) is not None:
        headers["retry-after"] = str(seconds)
    if resp is not None:
        resp.status = status
        resp.content_type = falcon.MEDIA_JSON
        resp.data = body
        resp.set_headers(headers)
    elif ws is not None:
        await _refuse_socket(req, ws, status, body, headers)


async def _refuse_socket(req: Request, ws: WebSocket, status: int, body: bytes, headers: dict[str, str]) -> None:
    """Answer a handshake with an error, as far as the ASGI server can; an accepted WebSocket is closed."""
    if not ws.unaccepted or _HTTP_ANSWER not in req.scope.get("extensions", {}):
        await ws.close(_SERVER_ERROR)  # a handshake gets a 403 by that
        return
    headers = {"content-type": falcon.MEDIA_JSON, "x-request-id": req.context.request_id, **headers}
    raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    send = req.scope[_SEND_KEY]
    await send({"type": f"{_HTTP_ANSWER}.start", "status": status, "headers": raw})
    await send({"type": f"{_HTTP_ANSWER}.body", "body": body})


def _convert_error(error: Exception, req: Request, request_id: str) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, falcon.HTTPMethodNotAllowed):
        return ApiError(ErrorKind.METHOD_NOT_ALLOWED, f"{req.method} is not served at {req.path}.")
    if isinstance(error, falcon.HTTPNotFound):
        return ApiError(
            ErrorKind.NOT_FOUND, f"Nothing is served at {req.method} {req.path}. /openapi/chat.json and its siblings list what is."
        )
    if isinstance(error, falcon.HTTPError) and error.status_code < 500:  # noqa: PLR2004
        return ApiError(
            ErrorKind.INVALID_REQUEST, error.description or error.title or "The request cannot be read.", status=error.status_code
        )
    if isinstance(error, StoreError):
        log.error("%s: %s %s failed: %s", request_id, req.method, req.path, error)
        return ApiError(ErrorKind.INTERNAL, f"The state cannot be read or written; triglot's log has the reason under {request_id}.")
    log.error("%s: %s %s failed", request_id, req.method, req.path, exc_info=error)
    return ApiError(ErrorKind.INTERNAL, f"triglot failed on this request; its log has the reason under {request_id}.")


def _shown_key(req: Request) -> bytes:
    scheme, _, token = (req.get_header("authorization") or "").partition(" ")
    key = token.strip() if scheme.lower() == "bearer" else req.get_header("x-api-key")
    return (key or "").encode()
