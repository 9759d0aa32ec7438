"""Responses that are made without their client waiting.

A run is a task of this process. Its events are kept in memory while it lasts, for those who listen here, and written to the store once a
second, which renews the lease on the response and tells whether somebody elsewhere has cancelled it.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.errors import ApiError, ClientGone, ErrorKind
from triglot.events import Failed
from triglot.logs import CANCELLED
from triglot.service.answers import get_ready
from triglot.sse import encode_event
from triglot.state.store import RUNNING, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triglot.generated.responses.events import Response
    from triglot.service.responses.turns import Turn, Turns
    from triglot.state.store import Store, StoredResponse
    from triglot.web import RequestContext

log = logging.getLogger("triglot")

_FLUSH_EVERY_S: Final = 1.0
_POLL_S: Final = 0.25
_STOP_S: Final = 5.0
_PAGE: Final = 500
_STOPPED: Final = "triglot was stopped while it worked on this response."
_LOST: Final = "triglot was stopped while it worked on this response, or could not store how it ended."
_LAST: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


class Run:
    """One response in the making.

    Attributes:
        turn: what is made.
        context: of the request that asked for it, without its client.
        events: its events, type and JSON, in order; the sequence number is the index.
        written: how many of them are in the store; `writing` is held while more go there.
        ended: nothing is added any more.
        cancelled: somebody wants it to stop.
        stopped: the server stops.
    """

    def __init__(self, turn: Turn, context: RequestContext) -> None:
        self.turn = turn
        self.context = context
        self.events: list[tuple[str, bytes]] = []
        self.ended = False
        self.cancelled = False
        self.stopped = False
        self.written = 0
        self.writing = asyncio.Lock()
        self._changed = asyncio.Event()

    @property
    def is_stopping(self) -> bool:
        """Whether it has ended, or somebody has told it to."""
        registration = self.turn.flight.registration
        return self.ended or self.cancelled or (registration is not None and registration.cancelled)

    def add(self, events: Sequence[Any]) -> None:
        """Keep events, and wake whoever listens."""
        self.events += [(event["type"], msgspec.json.encode(event)) for event in events]
        self._wake()

    def end(self) -> None:
        """Nothing follows."""
        self.ended = True
        self._wake()

    def cancel(self) -> None:
        """Stop the model; the task then ends the response."""
        self.cancelled = True
        self.context.client.leave()

    def stop(self) -> None:
        """Stop the model because the server stops; the response fails."""
        self.stopped = True
        self.context.client.leave()

    async def wait(self, position: int) -> None:
        """Return when there is an event at `position`, or none will come."""
        while len(self.events) <= position and not self.ended:
            await self._changed.wait()

    async def wait_for_end(self) -> None:
        """Return when nothing follows any more."""
        while not self.ended:
            await self.wait(len(self.events))

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class BackgroundRuns:
    """The runs of this process.

    Args:
        turns: makes responses.
        store: where they are kept.
    """

    def __init__(self, turns: Turns, store: Store) -> None:
        self._turns = turns
        self._store = store
        self._runs: dict[str, tuple[Run, asyncio.Task[None]]] = {}

    def find(self, owner: str, response_id: str) -> Run | None:
        """The run that makes a response, if it is one of this process and of this owner."""
        found = self._runs.get(response_id)
        return found[0] if found is not None and found[0].turn.owner == owner else None

    async def start(self, turn: Turn, context: RequestContext) -> Run:
        """Keep the queued response, and begin with it; a backend that is slow to tell what it takes is waited for later.

        Raises:
            ApiError: the request cannot be met, or the response not be stored.
            ClientGone: the client went away first.
        """
        await get_ready(turn.flight, within_s=self._turns.pace.early_start_s)
        await self._turns.save(turn)
        if not turn.response["store"]:
            raise ApiError(ErrorKind.INTERNAL, "The response cannot be stored, so it cannot be made in the background; stream it instead.")
        run = Run(turn, context.without_client())
        self._turns.detach(turn, run.context)
        self._runs[turn.response["id"]] = (run, asyncio.create_task(self._work(run)))
        return run

    async def aclose(self) -> None:
        """Stop all runs: their responses have failed."""
        runs = list(self._runs.values())
        for run, _ in runs:
            run.stop()
        if runs:
            await asyncio.wait([task for _, task in runs], timeout=_STOP_S)
        for _, task in runs:
            task.cancel()  # nothing may keep the server from stopping
        await asyncio.gather(*(task for _, task in runs), return_exceptions=True)

    async def _work(self, run: Run) -> None:
        flusher = asyncio.create_task(self._flush_regularly(run))
        try:
            await self._make(run)
        except ApiError as error:
            await self._break_off(run, error)
        except Exception:
            log.exception("%s: a background response failed", run.turn.request_id)
            await self._break_off(run, ApiError(ErrorKind.INTERNAL, "triglot failed on this response; its log has the reason."))
        finally:
            flusher.cancel()
            run.context.client.leave()
            run.context.log.write()
            self._runs.pop(run.turn.response["id"], None)
            run.end()

    async def _make(self, run: Run) -> None:
        run.add(run.turn.translator.start(None))
        try:
            stream = await self._turns.stream(run.turn, run.context, settle=partial(self._settle, run))
            try:
                while events := await stream.next_events():
                    run.add(events)
            finally:
                await stream.close()
        except ClientGone:
            pass  # stopped before the backend began
        if run.cancelled and not run.turn.translator.ended:
            run.context.log.fail(CANCELLED)
            await self._finish(run, run.turn.translator.cancel())
        elif run.stopped:
            raise ApiError(ErrorKind.OVERLOADED, _STOPPED)

    async def _break_off(self, run: Run, error: ApiError) -> None:
        run.context.log.fail(error.kind)
        if not run.turn.translator.ended:
            await self._finish(run, run.turn.translator.receive(Failed(error.kind, error.message)))

    async def _finish(self, run: Run, events: Sequence[Any]) -> None:
        await self._settle(run, events)
        run.add(events)

    async def _settle(self, run: Run, events: Sequence[Any]) -> None:
        """Keep the last events, then the response that they end with."""
        await self._write(run, [msgspec.json.encode(event) for event in events])
        await self._turns.save(run.turn)

    async def _flush_regularly(self, run: Run) -> None:
        saved_as = run.turn.response["status"]
        while True:
            await asyncio.sleep(_FLUSH_EVERY_S)
            if not await self._write(run):
                run.cancel()
                return
            status = run.turn.response["status"]
            if status in RUNNING and status != saved_as:  # the end is saved behind the last events, by who made them
                await self._turns.save(run.turn)
                saved_as = status

    async def _write(self, run: Run, last: Sequence[bytes] = ()) -> bool:
        """Write the events that are not in the store yet, and `last`, which come after them; what fails is tried again with the next.

        Returns:
            False if the response shall not go on.
        """
        async with run.writing:
            bodies = [*(body for _, body in run.events[run.written :]), *last]
            try:
                goes_on = await self._store.append_events(run.turn.owner, run.turn.response["id"], list(enumerate(bodies, run.written)))
            except StoreError as error:
                log.warning("%s: events of a background response are not stored: %s", run.turn.request_id, error)
                return True
            run.written += len(bodies)
            return goes_on


class RunStream:
    """The events of a response from some number on, as they come: from its run, or from the store where another process has it."""

    def __init__(self, store: Store, owner: str, response_id: str, *, after: int, run: Run | None) -> None:
        self._store = store
        self._owner = owner
        self._response_id = response_id
        self._next = after + 1
        self._run = run
        self._ended = False
        self._running: StoredResponse | None = None  # as it was last seen to run, elsewhere

    def __aiter__(self) -> RunStream:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        try:
            events = await self._follow(self._run) if self._run is not None else await self._poll()
        except asyncio.CancelledError:  # the server stops, and its grace is over
            events = [] if self._run is None else await self._end(self._run)
        if not events:
            raise StopAsyncIteration
        self._next += len(events)
        self._ended = events[-1][0] in _LAST
        return b"".join([encode_event(kind, body) for kind, body in events])

    async def close(self) -> None:
        """The run goes on without its listeners."""

    async def _follow(self, run: Run) -> list[tuple[str, bytes]]:
        await run.wait(self._next)
        return run.events[self._next :]

    async def _end(self, run: Run) -> list[tuple[str, bytes]]:
        run.stop()
        await run.wait_for_end()
        return run.events[self._next :]

    async def _poll(self) -> list[tuple[str, bytes]]:
        while True:
            response = await self._store.load_response(self._owner, self._response_id)
            found = await self._store.load_events(self._owner, self._response_id, after=self._next - 1, limit=_PAGE)
            events = [(msgspec.json.decode(body, type=_Typed).type, body) for _, body in found]
            if response is None and self._running is not None:  # deleted, which ends it
                return [self._tell_end("response.incomplete", {**read_response(self._running), "status": "cancelled"})]
            if response is None or response.status not in RUNNING:
                return events
            self._running = response
            if events and events[-1][0] in _LAST:  # told only when the response is stored too: it may be continued at once
                events.pop()
            if events:
                return events
            if response.lost:
                return [self._tell_end("response.failed", read_response(response))]
            await asyncio.sleep(_POLL_S)

    def _tell_end(self, kind: str, response: Mapping[str, Any]) -> tuple[str, bytes]:
        return kind, msgspec.json.encode({"type": kind, "sequence_number": self._next, "response": response})


def read_response(stored: StoredResponse) -> Response:
    """The object of a stored response. One whose maker has died has failed."""
    response: Any = msgspec.json.decode(stored.body)
    if stored.lost:
        response.update(status="failed", error={"code": "server_error", "message": _LOST})
    return response  # type: ignore[no-any-return] # JSON of our own


class _Typed(msgspec.Struct):
    type: str
