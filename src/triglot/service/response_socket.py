"""A conversation over one WebSocket: responses asked for one after the other, and side by side on lanes with names.

Source: OpenAI's guide to the WebSocket mode; docs/decisions/0014-a-websocket-holds-lanes.md says what is served of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from triglot.dialects import openai_errors
from triglot.errors import ApiError, ClientGone, ErrorKind, retry_after_s
from triglot.generated.responses.models import CreateResponse
from triglot.logs import CLIENT_GONE
from triglot.service.flight import Cancelled
from triglot.service.names import names_of
from triglot.service.response_memory import LaneMemory, Remembered
from triglot.state.store import StoreError
from triglot.web import ClientConnection, RequestContext, decode_body

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triglot.state.cancels import CancelRegistry, Registration
    from triglot.web import Socket

log = logging.getLogger("triglot")

LIFETIME_S: Final = 3600.0
_MOST_RESPONSES: Final = 16  # at a time
_MOST_LANES: Final = 32  # with a name, in the life of a connection
_MOST_WAITING: Final = 100
_LAST_WORDS_S: Final = 1.0
_LANE: Final = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_ENVELOPE: Final = frozenset({"type", "stream_id", "generate", "stream", "background"})
_DONE, _LEAVING, _BROKEN, _RESTARTING = 1000, 1001, 1011, 1012  # close codes: RFC 6455, section 7.4.1, and the registry it founded

_STOPPING: Final = ApiError(ErrorKind.OVERLOADED, "triglot is stopping; try again when it is back.", retry_after_s=1)
_TOO_OLD: Final = ApiError(
    ErrorKind.INVALID_REQUEST,
    "This WebSocket connection has reached its limit of 60 minutes. Open a new one to continue.",
    details={"code": "websocket_connection_limit_reached"},
)


class Turn(Protocol):
    """One response that is being made."""

    async def next_events(self) -> Sequence[Mapping[str, Any]]:
        """The next events, as soon as there are any; none means that it has ended."""

    async def close(self) -> None:
        """Release the backend; called once, on every path."""


class Turns(Protocol):
    """Makes responses."""

    async def begin(self, request: CreateResponse, context: RequestContext, *, memory: LaneMemory, generate: bool) -> Turn:
        """Begin a response.

        Args:
            request: what is asked for; its `previous_response_id` may be one that `memory` recalls.
            context: of this response; `client` leaves when the connection ends.
            memory: is told to keep the response before its last event is given out.
            generate: false for a response without output, which only prepares the next one.

        Raises:
            ApiError: it cannot be begun.
            ClientGone: the client went away first.
        """


class _Waiting:
    """A request that waits for the one before it, and can be cancelled meanwhile.

    Attributes:
        context: of the response that it asks for.
        generate: whether that is to have output.
        size: of the message, in bytes.
        registration: by which it is found; whoever begins with it closes this.
    """

    __slots__ = ("context", "generate", "registration", "size")

    def __init__(self, context: RequestContext, *, generate: bool, size: int, cancels: CancelRegistry) -> None:
        self.context = context
        self.generate = generate
        self.size = size
        names = names_of(context.headers, context.document, context.owner)
        self.registration: Registration = cancels.register(names, _let_it_wait)


def _let_it_wait() -> None:
    """A cancelled request is told so when its turn comes: on a lane, what is told belongs to the response that is being made."""


class _Lane:
    """Requests that are served in their order, one at a time."""

    __slots__ = ("memory", "name", "task", "waiting")

    def __init__(self, name: str | None, memory: LaneMemory) -> None:
        self.name = name
        self.memory = memory
        self.waiting: deque[_Waiting] = deque()
        self.task: asyncio.Task[None] | None = None

    def drop(self) -> None:
        """Forget what waits."""
        for waiting in self.waiting:
            waiting.registration.close(answered=False)
        self.waiting.clear()


class ResponseSocket:
    """Holds one conversation, from the accepted connection to its end.

    Args:
        turns: makes the responses.
        socket: the connection.
        context: of the request that opened it.
        cancels: knows the requests that wait; what is begun is known by whoever makes it.
        max_waiting_bytes: of requests that wait for the one before them.
        lifetime_s: how long new responses are begun on it.
    """

    def __init__(  # noqa: PLR0913 - keywords
        self,
        turns: Turns,
        socket: Socket,
        context: RequestContext,
        *,
        cancels: CancelRegistry,
        max_waiting_bytes: int,
        lifetime_s: float = LIFETIME_S,
    ) -> None:
        self._turns = turns
        self._socket = socket
        self._context = context
        self._cancels = cancels
        self._max_waiting_bytes = max_waiting_bytes
        self._lifetime_s = lifetime_s
        self._lanes: dict[str | None, _Lane] = {}
        self._latest: dict[str | None, Remembered] = {}
        self._clients: set[ClientConnection] = set()
        self._places = asyncio.Semaphore(_MOST_RESPONSES)
        self._begun = 0
        self._refusal: ApiError | None = None
        self._refused = False
        self._is_hurried = False

    async def run(self) -> None:
        """Serve the client until it leaves, the server stops, or the connection is too old."""
        reader = asyncio.create_task(self._read())
        stopping = asyncio.create_task(self._socket.stopping.wait())
        try:
            await asyncio.wait((reader, stopping), timeout=self._lifetime_s, return_when=asyncio.FIRST_COMPLETED)
            if not reader.done():
                self._refusal = _STOPPING if stopping.done() else _TOO_OLD
                await self._finish(reader)
        except asyncio.CancelledError:  # the server stops, and its grace is over: what is open gets its last event, as any stream does
            self._refusal = _STOPPING
            self._is_hurried = True
            for lane in self._lanes.values():
                if lane.task is not None:
                    lane.task.cancel()
        finally:
            await self._end(reader)
            reader.cancel()
            stopping.cancel()
            await asyncio.wait((reader, stopping))

    async def _finish(self, reader: asyncio.Task[int]) -> None:
        """Let what is running end; what waits or comes is refused."""
        while not reader.done() and (running := self._running()):
            await asyncio.wait((reader, *running), return_when=asyncio.FIRST_COMPLETED)
        if self._refusal is _TOO_OLD and not self._refused:
            with contextlib.suppress(ClientGone):
                await self._refuse(_TOO_OLD, None)

    async def _end(self, reader: asyncio.Task[int]) -> None:
        if reader.done():
            code = _BROKEN if reader.exception() else reader.result()
            for client in tuple(self._clients):
                client.leave()
        else:
            code = _RESTARTING if self._refusal is _STOPPING else _LEAVING
        while running := self._running():
            with contextlib.suppress(asyncio.CancelledError):  # a loop that ends cancels twice: those who run are about to end by the first
                done, _ = await asyncio.wait(running, timeout=_LAST_WORDS_S if self._is_hurried else None)
                if not done:  # the client does not take them
                    self._socket.abort()
        for lane in self._lanes.values():
            lane.drop()
        await self._socket.close(code, "" if self._refusal is None else self._refusal.message)

    def _running(self) -> list[asyncio.Task[None]]:
        return [lane.task for lane in self._lanes.values() if lane.task is not None and not lane.task.done()]

    # What the client sends.

    async def _read(self) -> int:
        """Take messages until the client has gone; never wait for anything else for long, or its going is not noticed."""
        while (message := await self._socket.receive()) is not None:
            try:
                await self._take(message)
                await asyncio.sleep(0)  # what has been asked for begins now, if it can: then it does not count as waiting
            except ClientGone:
                break
            except Exception:
                log.exception("%s: a message on the WebSocket could not be handled", self._context.request_id)
                raise
        return _DONE

    async def _take(self, message: str | bytes) -> None:
        lane: str | None = None
        try:
            event = _decode(message)
            match event.get("type"):
                case "response.create":
                    lane = _lane_name(event)
                    self._enqueue(lane, event, len(message))
                case "response.steer":
                    await self._send(_refuse_steering(event), None)
                case "response.processed":
                    pass  # Codex: it has understood a response; nothing follows from it
                case other:
                    served = "response.create is served."
                    raise _invalid(
                        f"A message of type {other!r} is not served here: {served}" if other else f"type is required: {served}", "type"
                    )
        except ApiError as error:
            await self._refuse(error, lane)

    def _enqueue(self, name: str | None, event: dict[str, Any], size: int) -> None:
        lane = self._lanes.get(name)
        if lane is None:
            if name is not None and len(self._lanes.keys() - {None}) >= _MOST_LANES:
                message = f"This connection has {_MOST_LANES} stream_id values already: use one of them again, or open a new connection."
                raise _invalid(message, "stream_id", "websocket_stream_limit_reached")
            lane = self._lanes[name] = _Lane(name, LaneMemory(self._latest, name))
        waiting = [entry for other in self._lanes.values() for entry in other.waiting]
        if len(waiting) >= _MOST_WAITING or (waiting and sum(entry.size for entry in waiting) + size > self._max_waiting_bytes):
            message = "Too many requests wait on this connection already: wait for the response before you ask for the next one."
            raise ApiError(ErrorKind.RATE_LIMIT, message)
        generate = event.get("generate") is not False
        lane.waiting.append(_Waiting(self._new_context(event), generate=generate, size=size, cancels=self._cancels))
        if lane.task is None:
            lane.task = asyncio.create_task(self._serve(lane))

    # What it gets.

    async def _serve(self, lane: _Lane) -> None:
        """Serve what waits on a lane."""
        try:
            while lane.waiting and not self._socket.gone:
                async with self._places:
                    await self._respond(lane, lane.waiting.popleft())
        except ClientGone:
            lane.drop()
        finally:
            lane.task = None

    async def _respond(self, lane: _Lane, waiting: _Waiting) -> None:
        context = waiting.context
        previous_id = context.document.get("previous_response_id")
        waiting.registration.close(answered=False)  # who makes the response registers it before anything else happens
        try:
            self._check_refusal(waiting)
            self._clients.add(context.client)
            if self._socket.gone:
                context.client.leave()
            request = decode_body(CreateResponse, context)
            turn = await self._turns.begin(request, context, memory=lane.memory, generate=waiting.generate)
            failed = await self._tell(turn, lane)
        except ClientGone:
            context.log.fail(CLIENT_GONE)
            raise
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is, the client is told
            told = _convert(error, context.request_id)
            failed = told.kind is not ErrorKind.CANCELLED  # what it would have continued can still be continued
            context.log.fail(told.kind, openai_errors.status_of(told))
            await self._refuse(told, lane.name, context)
        finally:
            self._clients.discard(context.client)
            context.log.write(client_gone=self._socket.gone)
            context.client.close()
        if failed and isinstance(previous_id, str):
            lane.memory.forget(previous_id)

    def _check_refusal(self, waiting: _Waiting) -> None:
        if self._refusal is not None:
            raise self._refusal
        if waiting.registration.cancelled:
            raise Cancelled

    async def _tell(self, turn: Turn, lane: _Lane) -> bool:
        """Send a response's events as they come; return whether it has failed."""
        failed = False
        try:
            while events := await turn.next_events():
                for event in events:
                    failed = event["type"] == "response.failed"
                    await self._send(event, lane.name)
        finally:
            await turn.close()
        return failed

    def _new_context(self, event: dict[str, Any]) -> RequestContext:
        """One response is one request: it has an id of its own, and ends alone."""
        opened = self._context
        self._begun += 1
        client = ClientConnection(None)
        log = opened.log.branch()
        log.status, log.streamed = 200, True
        context = RequestContext(opened.dialect, "create_response", f"{opened.request_id}_{self._begun}", opened.headers, client, log=log)
        context.owner = opened.owner
        context.document = {name: value for name, value in event.items() if name not in _ENVELOPE}
        log.note_model(context.document)
        return context

    async def _refuse(self, error: ApiError, lane: str | None, context: RequestContext | None = None) -> None:
        self._refused = self._refused or error is self._refusal
        await self._send(error_event(error, context or self._context), lane)

    async def _send(self, event: Mapping[str, Any], lane: str | None) -> None:
        if lane is not None:
            event = {**event, "stream_id": lane}
        await self._socket.send(msgspec.json.encode(event).decode())


def error_event(error: ApiError, context: RequestContext) -> dict[str, Any]:
    """An error as an event of a connection. The SDK looks for headers in the error, Codex beside it."""
    status = openai_errors.status_of(error)
    body = openai_errors.error_body(error, context.request_id)["error"]
    event: dict[str, Any] = {"type": "error", "status": status, "error": body}
    headers = dict(context.answer_headers)
    if (seconds := retry_after_s(error, status)) is not None:
        headers["retry-after"] = str(seconds)
    if headers:
        event["headers"] = body["headers"] = headers
    return event


def _decode(message: str | bytes) -> dict[str, Any]:
    try:
        event = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid(f"The message is not valid JSON: {error}") from None
    if not isinstance(event, dict):
        raise _invalid("The message must be a JSON object.")
    return event


def _lane_name(event: Mapping[str, Any]) -> str | None:
    name = event.get("stream_id")
    if name is None or (isinstance(name, str) and _LANE.fullmatch(name)):
        return name
    message = "stream_id must be 1 to 256 letters, digits, underscores, hyphens or periods."
    raise _invalid(message, "stream_id", "invalid_stream_id")


def _refuse_steering(event: Mapping[str, Any]) -> dict[str, Any]:
    """The answer that the API itself has for models that cannot be steered; the client gets its input back."""
    steer = {name: event[name] for name in ("previous_response_id", "input") if name in event}
    if len(steer) < 2 or not isinstance(steer["previous_response_id"], str):  # noqa: PLR2004 - both are needed
        raise _invalid("response.steer needs previous_response_id and input.", "previous_response_id")
    message = "A response cannot be steered here: send the input with the next response.create."
    error = {"type": "invalid_request_error", "code": "steering_not_supported", "message": message}
    return {"type": "response.steer.failed", "sequence_number": 0, "steer": steer, "error": error}


def _invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(ErrorKind.INVALID_REQUEST, message, param=param, details=None if code is None else {"code": code})


def _convert(error: BaseException, request_id: str) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, asyncio.CancelledError):
        return _STOPPING
    if isinstance(error, StoreError):
        log.error("%s: a response failed: %s", request_id, error)
        return ApiError(ErrorKind.INTERNAL, f"The state cannot be read or written; triglot's log has the reason under {request_id}.")
    log.error("%s: a response failed", request_id, exc_info=error)
    return ApiError(ErrorKind.INTERNAL, f"triglot failed on this request; its log has the reason under {request_id}.")
