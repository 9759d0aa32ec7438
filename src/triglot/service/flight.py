"""One request on its way through the backend: registered, admitted, sent, timed, and ended on every path.

A flight has the interface of a backend call and takes its place. It waits for one of the places that the backend has for requests, keeps to
a deadline for each phase, and can be cancelled by its ids from elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar

import msgspec

from triglot.backend.adapters import choose_adapter
from triglot.backend.client import Aborted, Timeouts
from triglot.errors import ApiError, ErrorKind
from triglot.service import phases as limits
from triglot.service.affinity import affinity_of
from triglot.service.names import names_of
from triglot.service.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from triglot.backend.client import Backend, Call
    from triglot.backend.discovery import Discovery
    from triglot.service.admission import Admission, Ticket
    from triglot.service.phases import Phases
    from triglot.state.cancels import CancelRegistry, Kind, Registration
    from triglot.web import RequestContext

    Prepare: TypeAlias = Callable[[], Coroutine[Any, Any, bytes]]

T = TypeVar("T")

CHAT_PATH: Final = "/v1/chat/completions"
POSITION_HEADER: Final = "x-triglot-queue-position"


class Cancelled(ApiError):  # noqa: N818 - not a failure: somebody asked for it
    """Somebody has asked for the request to be stopped."""

    def __init__(self) -> None:
        super().__init__(ErrorKind.CANCELLED, "The request was cancelled.")


class Prepared(NamedTuple):
    """What is known of a request once it can be sent.

    Attributes:
        body: the chat request.
        slots: how many requests the backend takes at once.
        names_slot: whether it takes the number of a slot.
    """

    body: bytes
    slots: int | None
    names_slot: bool


class Flights:
    """Begins flights.

    Args:
        backend, discovery: where they go, and what is known of it.
        admission: who may go when.
        registry: knows them by their ids.
        phases: how long each phase may take.
    """

    def __init__(
        self,
        backend: Backend,
        discovery: Discovery,
        *,
        admission: Admission,
        registry: CancelRegistry,
        phases: Phases,
    ) -> None:
        self.backend = backend
        self.discovery = discovery
        self.admission = admission
        self._registry = registry
        self._phases = phases

    def begin(self, context: RequestContext) -> Flight:
        """Register a request, before it waits for anything. It is forgotten when the request ends, on every path.

        Raises:
            ApiError: its header of limits cannot be read.
            ClientGone: the client has gone already.
        """
        flight = Flight(self, context, self._phases.lowered(context.headers.get(limits.HEADER)))
        context.client.on_end(flight.end)
        names = names_of(context.headers, context.document, context.owner)
        flight.session_id = names.session_id
        flight.registration = self._registry.register(names, flight.cancel)
        return flight


class Flight:
    """One request.

    Attributes:
        status, headers: of the backend's answer, once it has begun; the status is 0 before.
        in_one_piece: the answer comes when it is complete: there is no first token to wait for. Settled by what prepares the request.
        is_prepared: whether the request can be sent.
        registration: its entry in the registry.
        session_id: what its client calls the session.
        log: what is noted of the request.
    """

    __slots__ = (
        *("_answer_headers", "_body", "_call", "_document", "_ended", "_flights", "_is_late", "_job", "_knows", "_loop", "_owner"),
        *("_phases", "_pins", "_prepare", "_prepared", "_queue_s", "_request_id", "_root", "_ticket", "_timers", "_verdict", "_width"),
        *("headers", "in_one_piece", "is_prepared", "log", "registration", "session_id", "status"),
    )

    def __init__(self, flights: Flights, context: RequestContext, phases: Phases) -> None:
        self._flights = flights
        self._owner = context.owner  # not the context: its body and document are larger than all else that an open stream holds
        self._request_id = context.request_id
        self._answer_headers = context.answer_headers
        self._document = context.document
        self.log = context.log
        self._phases = phases
        self._loop = asyncio.get_running_loop()
        self._prepare: Prepare | None = None
        self._root: str | None = None
        self._width = 1
        self._job: asyncio.Task[Any] | None = None
        self._prepared: Prepared | None = None
        self._knows: asyncio.Future[None] | None = None
        self._is_late = False
        self._body = b""
        self._pins = False
        self._call: Call | None = None
        self._ticket: Ticket | None = None
        self._verdict: ApiError | None = None
        self._ended = False
        self._queue_s = phases.queue  # what is left of it
        self._timers = Timers(phases, self._expire)
        self.in_one_piece = False
        self.is_prepared = False
        self.registration: Registration | None = None
        self.session_id: str | None = None
        self.status = 0
        self.headers: Mapping[str, str] = {}

    def name(self, kind: Kind, name: str) -> None:
        """Let the request be cancelled by a further id."""
        if self.registration is not None:
            self.registration.add(kind, name)

    def load(self, prepare: Prepare, *, root: str | None = None, width: int = 1) -> None:
        """Take what makes the request that is to be sent. It is not begun with before somebody waits for the request.

        Args:
            prepare: gives the chat request. It is called when the backend has told what it is and can do, and ends with the flight.
            root: names the conversation, where the client's request holds only its end.
            width: how many answers are asked for.
        """
        self._prepare = prepare
        self._root = root
        self._width = width

    async def attend(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something for the request that is no chat request; it is given up with the request.

        Raises:
            Aborted: the client has gone.
            Cancelled: by one of its ids.
            ApiError: the request took too long, or what the work raises.
        """
        job = self._begin(work)
        if self._ended or self._verdict is not None:
            job.cancel()
        await asyncio.wait((job,))
        self._check()
        return job.result()

    async def get_ready(self, within_s: float | None = None) -> bool:
        """Wait until the request can be sent: the backend has told of itself, and the request is converted.

        Args:
            within_s: return False if the backend has told nothing after so many seconds; call again to go on waiting.

        Raises:
            Aborted: the client has gone.
            Cancelled: by one of its ids.
            ApiError: the backend cannot be asked, or told nothing in time; or the request cannot be met.
        """
        if self.is_prepared:
            return True
        if (job := self._job) is None:
            self._check()
            self._knows = self._loop.create_future()
            job = self._begin(self._make_request(self._knows))
            await asyncio.sleep(0)  # mostly the backend is known, and nothing else has to be waited for
        until = self._end_of(within_s)
        if not await self._learn(job, until):
            self._is_late = True
            return False
        if not job.done():
            # the stream may have begun when it is late: its client is to hear signs of life
            limit = max(until - self._loop.time(), 0) if self._is_late and until is not None else None
            await asyncio.wait((job,), timeout=limit)
        self._check()
        if not job.done():
            return False
        self._prepared = job.result()
        self._job = None
        self.is_prepared = True
        return True

    def take_over(self, before: Flight) -> None:
        """Go on with what another flight of the same request has been given, and may have prepared."""
        self._prepare, self._root, self._width = before._prepare, before._root, before._width
        self._prepared, self.is_prepared = before._prepared, before.is_prepared

    # The interface of a call.

    async def open(self, within_s: float | None = None) -> bool:
        """Wait for a place, send the request, and return once the response headers are there.

        Args:
            within_s: return False if they are not there after so many seconds; call `open` again to go on waiting.

        Raises:
            Aborted: the client has gone.
            Cancelled: by one of its ids.
            ApiError: a phase took too long, as `get_ready`, the queue is full, or as `Call.open`.
        """
        until = self._end_of(within_s)
        if not await self.get_ready(within_s):
            return False
        if not self._is_late:  # the backend has all of the time, however long the conversion took
            until = self._end_of(within_s)
        if self._call is None:
            ticket = self._ticket or self._enter()
            if not await self._queue(lambda: ticket.position == 0, ticket.wait, until, "queue"):
                return False
            self._send(ticket)
        call = self._sent()
        if not await self._has_begun(call, until):
            return False
        self.log.begun_at = time.perf_counter()
        self.status = call.status
        self.headers = call.headers
        if self.in_one_piece:
            self._timers.begun()
        return True

    async def read(self) -> bytes:
        """See `Call.read`.

        Raises:
            Aborted: the client has gone.
            Cancelled: by one of its ids.
            ApiError: a phase took too long, or as `Call.read`.
        """
        try:
            return await self._sent().read()
        except Aborted:
            if self._verdict is not None:
                raise self._verdict from None
            raise

    async def read_within(self, seconds: float) -> bytes | None:
        """See `Call.read_within`; raises as `read`."""
        try:
            return await self._sent().read_within(seconds)
        except Aborted:
            if self._verdict is not None:
                raise self._verdict from None
            raise

    async def read_all(self, limit: int) -> bytes:
        """See `Call.read_all`; raises as `read`."""
        try:
            return await self._sent().read_all(limit, self._timers.heard)
        except Aborted:
            if self._verdict is not None:
                raise self._verdict from None
            raise

    def abort(self) -> None:
        """See `Call.abort`."""
        if self._job is not None:
            self._job.cancel()
        if self._call is not None:
            self._call.abort()
        elif self._ticket is not None:
            self._ticket.release()  # wakes who waits for it

    async def aclose(self, *, whole: bool = False) -> None:
        """See `Call.aclose`; the place is free for the next request."""
        if self._call is not None:
            await self._call.aclose(whole=whole)
        self._release()

    # What a call has not.

    def progressed(self) -> None:
        """The model has written something, which now goes to the client."""
        if self._timers.progressed():
            self.log.token_at = time.perf_counter()

    def resumed(self) -> None:
        """The client has taken what there was: from now on it is the backend that is waited for."""
        self._timers.resumed()

    def cancel(self) -> None:
        """Stop the request: what waits for it raises `Cancelled`, and its place is free. Any time, any number of times."""
        self._stop(Cancelled())

    def end(self) -> None:
        """The request is over, or nobody waits for its answer any more."""
        self._ended = True
        if self.registration is not None:
            self.registration.close(answered=self.status == 200)  # noqa: PLR2004
        self.abort()
        self._release()

    def _end_of(self, within_s: float | None) -> float | None:
        return None if within_s is None else self._loop.time() + within_s

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        self._job = job = self._loop.create_task(work)
        job.add_done_callback(_note_failure)
        return job

    async def _make_request(self, knows: asyncio.Future[None]) -> Prepared:
        discovery = self._flights.discovery
        facts = await discovery.facts()
        profile = await discovery.profile()
        lora = await self._choose_adapter()
        knows.set_result(None)
        assert self._prepare is not None  # noqa: S101 - for the type checker: `load` comes first
        body = await self._prepare()
        names_slot = profile.extensions and b'"id_slot"' not in body
        return Prepared(body if lora is None else _with_field(body, b"lora", msgspec.json.encode(lora)), facts.slots, names_slot)

    async def _learn(self, job: asyncio.Task[Any], until: float | None) -> bool:
        """Whether the backend has told of itself until then. Only this, and not the conversion, counts as time in the queue."""
        knows = self._knows
        if knows is None:
            return True

        async def wait(within_s: float | None) -> None:
            await asyncio.wait((job, knows), timeout=within_s, return_when=asyncio.FIRST_COMPLETED)

        if not await self._queue(lambda: knows.done() or job.done(), wait, until, "facts"):
            return False
        self._knows = None
        return True

    def _enter(self) -> Ticket:
        """Enter the queue.

        Raises:
            ApiError: it is full.
        """
        prepared, self._prepared, self._prepare = self._prepared, None, None  # not held for as long as the answer lasts
        assert prepared is not None  # noqa: S101 - for the type checker
        admission = self._flights.admission
        admission.resize(prepared.slots)
        affinity = affinity_of(self._document, self.session_id, self._root) if admission.has_choice else None
        self._document = None
        self._ticket = ticket = admission.enter(self._owner, affinity, self._width)
        self.log.queued(ticket.position)
        if ticket.position:
            self._answer_headers[POSITION_HEADER] = str(ticket.position)
        self._body = prepared.body
        self._pins = prepared.names_slot
        return ticket

    async def _queue(
        self, is_over: Callable[[], bool], wait: Callable[[float | None], Awaitable[object]], until: float | None, waited_for: str
    ) -> bool:
        """Wait for what comes before the request is sent; whether it came until then.

        Raises:
            ApiError: all that the request waited for so took too long.
        """
        limit = None if self._queue_s is None else self._loop.time() + self._queue_s
        while True:
            self._check()
            now = self._loop.time()
            if limit is not None:
                self._queue_s = limit - now
            if is_over():
                return True
            if limit is not None and now >= limit:
                self._release()
                raise self._phases.too_late("queue", waited_for)
            if until is not None and now >= until:
                return False
            latest = min((time for time in (until, limit) if time is not None), default=None)
            await wait(None if latest is None else latest - now)

    async def _choose_adapter(self) -> list[dict[str, Any]] | None:
        """The adapters that the request works with, where it chooses."""
        choice = self._document.get("use_adapter") if isinstance(self._document, dict) else None
        return None if choice is None else choose_adapter(await self._flights.discovery.adapters(), choice)

    def _send(self, ticket: Ticket) -> None:
        self.log.sent_at = time.perf_counter()
        body, self._body = self._body, b""  # not held for as long as the answer lasts
        if self._pins and ticket.slot is not None:
            body = _with_field(body, b"id_slot", b"%d" % ticket.slot)
        timeouts = Timeouts(connect_s=self._phases.connect, first_byte_s=None, stall_s=None)
        headers = {"content-type": "application/json", "x-request-id": self._request_id}
        self._call = self._flights.backend.call("POST", CHAT_PATH, body=body, headers=headers, timeouts=timeouts)
        self._timers.sent(in_one_piece=self.in_one_piece)

    async def _has_begun(self, call: Call, until: float | None) -> bool:
        """Wait for the response headers; whether they came until then."""
        try:
            return await call.open(None if until is None else max(until - self._loop.time(), 0))
        except Aborted:
            if self._verdict is not None:
                raise self._verdict from None
            raise
        except ApiError as error:
            if error.details.get("phase") == "connect":
                raise self._phases.too_late("connect") from None
            raise

    def _sent(self) -> Call:
        assert self._call is not None  # noqa: S101 - for the type checker: it is open
        return self._call

    def _check(self) -> None:
        """Raise what has become of the request."""
        if self._verdict is not None:
            raise self._verdict
        if self._ended:
            raise Aborted
        if self._ticket is not None and self._ticket.refusal is not None:
            raise self._ticket.refusal

    def _expire(self, phase: str) -> None:
        self._stop(self._phases.too_late(phase))

    def _stop(self, verdict: ApiError) -> None:
        if self._verdict is None and not self._ended:
            self._verdict = verdict
            self.abort()
            self._release()  # not only when the client hears of it: one that does not read never does

    def _release(self) -> None:
        if self._ticket is not None:
            self._ticket.release()
        if self._job is not None:
            self._job.cancel()
        self._timers.close()


def _note_failure(job: asyncio.Task[Any]) -> None:
    """See what a job has raised, which nobody may wait for any more."""
    if not job.cancelled():
        job.exception()


def _with_field(body: bytes, name: bytes, value: bytes) -> bytes:
    """A JSON object with one more field behind its own, which stay as they are."""
    return b'%b,"%b":%b}' % (body.rstrip()[:-1], name, value)
