"""One backend answer, from open to close.

The request's own task opens, reads and closes it. The client's connection holds `call.abort`: when the client goes, the backend's socket is
closed at once, and what waits for it here ends quietly.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar

from triglot.backend.client import Aborted
from triglot.backend.failures import convert_error_answer, find_error
from triglot.dialects.translator import encode_events
from triglot.errors import ApiError, ClientGone, ErrorKind
from triglot.events import Failed, Progress
from triglot.service.limits import pass_on_limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

    from triglot.backend.client import Call
    from triglot.backend.decode import AnswerDecoder
    from triglot.dialects.translator import Event, Translator
    from triglot.events import BackendEvent
    from triglot.service.flight import Flight
    from triglot.web import RequestContext

T = TypeVar("T")

log = logging.getLogger("triglot")

EVENT_STREAM: Final = "text/event-stream"
_LEAST_WAIT_S: Final = 0.001  # a timer may ring a little early
_ERROR_BODY_LIMIT: Final = 1 << 20
_BODY_LIMIT: Final = 1 << 28


async def get_ready(flight: Flight, *, within_s: float | None = None) -> bool:
    """See `Flight.get_ready`.

    Raises:
        ApiError: the request cannot be met, took too long, or was cancelled.
        ClientGone: the client went away first.
    """
    try:
        return await flight.get_ready(within_s)
    except Aborted:
        raise ClientGone from None
    except asyncio.CancelledError as error:
        raise told(error) from None


async def attend(flight: Flight, work: Coroutine[Any, Any, T]) -> T:
    """See `Flight.attend`; raises as `get_ready`."""
    try:
        return await flight.attend(work)
    except Aborted:
        raise ClientGone from None
    except asyncio.CancelledError as error:
        raise told(error) from None


async def open_answer(call: Call | Flight, context: RequestContext, *, stream: bool, within_s: float | None = None) -> None:
    """Send a request and return once its answer has begun, or after `within_s`: then the status is 0. It is closed if it fails.

    Raises:
        ApiError: the backend cannot be reached, refused the request, or answered with something else than was asked for.
        ClientGone: the client went away first.
    """
    try:
        if await call.open(within_s):
            pass_on_limits(call.headers, context)
            await check_answer(call, EVENT_STREAM if stream else "application/json")
    except Aborted:
        raise ClientGone from None
    except BaseException as error:
        await call.aclose()
        if isinstance(error, asyncio.CancelledError):
            raise told(error) from None
        raise


async def check_answer(call: Call | Flight, expected: str) -> None:
    """Make sure that the answer which has begun is one, and of the expected content type.

    Raises:
        ApiError: it is not; the backend's own error, if it gave one.
    """
    content_type = call.headers.get("content-type", "")
    if call.status == 200 and content_type.startswith(expected):  # noqa: PLR2004
        return
    body = await call.read_all(_ERROR_BODY_LIMIT)
    if call.status >= 300:  # noqa: PLR2004
        raise convert_error_answer(call.status, call.headers, body)
    if (error := find_error(body)) is not None:
        raise error
    message = f"The backend answered {call.status} with content type {content_type or 'unknown'} where {expected} was due."
    raise ApiError(ErrorKind.BACKEND_FAILED, message)


async def read_body(call: Call | Flight) -> bytes:
    """Read a whole answer and close the call.

    Raises:
        ApiError: the backend broke off, or its answer is an error.
        ClientGone: the client went away first.
    """
    try:
        body = await call.read_all(_BODY_LIMIT)
    except Aborted:
        raise ClientGone from None
    except asyncio.CancelledError as error:
        raise told(error) from None
    finally:
        await call.aclose()
    if (reported := find_error(body)) is not None:
        raise reported
    return body


async def collect_events(call: Flight, decoder: AnswerDecoder, translator: Translator[Event]) -> list[Event]:
    """Read a streamed answer to its end, close the call, and return all its dialect events.

    Raises:
        ApiError: the answer failed: nothing has been sent to the client yet, so it gets a real status.
        ClientGone: the client went away first.
    """
    out: list[Event] = []
    events: Sequence[BackendEvent] = ()
    try:
        while not translator.ended:
            data = await call.read()
            events = decoder.feed(data) if data else decoder.close()
            if events and type(events[-1]) is not Progress:
                call.progressed()
                call.resumed()
            for event in events:
                if type(event) is Failed:
                    raise ApiError(event.kind, event.message, details=event.details)
                out.extend(translator.receive(event))
        call.log.conclude(events)
    except Aborted:
        raise ClientGone from None
    except asyncio.CancelledError as error:
        raise told(error) from None
    finally:
        await call.aclose(whole=decoder.whole)
    return out


def told(error: ApiError | asyncio.CancelledError) -> ApiError:
    """What the client is told. Only a server that stops cancels a request, and only after its grace is over."""
    return error if isinstance(error, ApiError) else ApiError(ErrorKind.OVERLOADED, "triglot is stopping; try again when it is back.")


class TranslatedStream:
    """A dialect's stream, made from the backend's: all events found in one read leave in one write.

    It is read as bytes by iteration, or as events by `next_events`.

    Args:
        call: opened; with status 0 if the backend has not begun yet.
        decoder, translator: fresh ones, or the translator already started.
        request_id: for the log.
        heartbeat_s: after this long without a write the client gets a sign of life.
        opening: events to be sent first.
        opening_events: so many of the first events leave in a write of their own. The server holds a write until the next one comes.
        settle: is given the last events before they leave, and may change them.
    """

    __slots__ = (
        *("_aborted", "_call", "_decoder", "_heartbeat_s", "_loop", "_opening", "_opening_events", "_request_id", "_settle", "_translator"),
        "_written_at",
    )

    def __init__(  # noqa: PLR0913 - keywords
        self,
        call: Flight,
        decoder: AnswerDecoder,
        translator: Translator[Mapping[str, Any]],
        *,
        request_id: str,
        heartbeat_s: float,
        opening: Sequence[Mapping[str, Any]] = (),
        opening_events: int = 0,
        settle: Callable[[Sequence[Any]], Awaitable[None]] | None = None,
    ) -> None:
        self._call = call
        self._settle = settle
        self._decoder = decoder
        self._translator = translator
        self._request_id = request_id
        self._heartbeat_s = heartbeat_s
        self._opening = opening
        self._opening_events = opening_events
        self._aborted = False
        self._loop = asyncio.get_running_loop()
        self._written_at = self._loop.time()

    def __aiter__(self) -> TranslatedStream:
        return self

    async def __anext__(self) -> bytes:
        if events := await self.next_events():
            return encode_events(events)
        raise StopAsyncIteration

    async def next_events(self) -> Sequence[Mapping[str, Any]]:
        """The next events, as soon as there are any; none means that the stream has ended."""
        if self._opening:
            opening, self._opening = self._opening, ()
            return opening
        translator = self._translator
        self._call.resumed()
        while not translator.ended:
            out: list[Mapping[str, Any]] = []
            events = await self._next_events()
            for event in events:
                if type(event) is Failed:
                    log.warning("%s: the answer broke off: %s", self._request_id, event.message)
                out += translator.receive(event)
            if not out and not self._aborted and self._patience_s() <= 0:
                self._written_at = self._loop.time()
                out += translator.idle()
            if events and type(events[-1]) is not Progress:
                self._call.progressed()
            if out:
                self._written_at = self._loop.time()
                if translator.ended:
                    await self._conclude(events, out)
                return self._split(out)
            if self._aborted:
                break
        return ()

    def _split(self, out: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """What leaves now; the rest of the first events follows at once."""
        if first := self._opening_events:
            self._opening_events = 0
            self._opening = out[first:]
            return out[:first]
        return out

    async def _conclude(self, events: Sequence[BackendEvent], out: Sequence[Mapping[str, Any]]) -> None:
        self._call.log.conclude(events)
        if self._settle is not None:
            await self._settle(out)

    async def _next_events(self) -> Sequence[BackendEvent]:
        """What the backend has sent: nothing if a heartbeat is due, or the client has gone."""
        call = self._call
        within_s = max(self._patience_s(), _LEAST_WAIT_S)
        try:
            if call.status == 0:
                if not await call.open(within_s):
                    return ()
                await check_answer(call, EVENT_STREAM)
            data = await call.read_within(within_s)
        except Aborted:
            self._aborted = True
            return ()
        except (ApiError, asyncio.CancelledError) as error:
            ending = told(error)
            return self._decoder.cancel() if ending.kind is ErrorKind.CANCELLED else self._decoder.fail(ending)
        if data is None:
            return ()
        return self._decoder.feed(data) if data else self._decoder.close()

    def _patience_s(self) -> float:
        """How long the client may still hear nothing. What the backend sends counts only if it makes an event."""
        return self._written_at + self._heartbeat_s - self._loop.time()

    async def close(self) -> None:
        """Release the backend."""
        await self._call.aclose(whole=self._decoder.whole)
