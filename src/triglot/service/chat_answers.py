"""The two ways of a Chat Completions answer to the client: relayed as a stream, or folded into one piece."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from triglot.backend.client import Aborted
from triglot.backend.failures import convert_error_object
from triglot.dialects.chat.ending import read_ending
from triglot.errors import ApiError, ClientGone, ErrorKind
from triglot.service.answers import EVENT_STREAM, check_answer, told

if TYPE_CHECKING:
    from triglot.dialects.chat.fold import CompletionFold
    from triglot.dialects.chat.relay import StreamRelay
    from triglot.service.flight import Flight

log = logging.getLogger("triglot")

_SHORTEST_WAIT_S: Final = 0.001


class RelayedStream:
    """The backend's own stream, passed on in whole events, with signs of life where it is silent.

    Args:
        call: opened; with status 0 if the backend has not begun yet.
        relay: a fresh one.
        request_id: for the log.
        heartbeat_s: after this long without an event the client gets a sign of life. The backend's comments are no events: clients do not
            hear them, and some engines send one each second.
    """

    __slots__ = ("_call", "_ended", "_heartbeat_s", "_loop", "_named", "_relay", "_request_id", "_spoke_at", "_wait_s")

    def __init__(self, call: Flight, relay: StreamRelay, request_id: str, heartbeat_s: float) -> None:
        self._call = call
        self._relay = relay
        self._request_id = request_id
        self._heartbeat_s = heartbeat_s
        self._wait_s = heartbeat_s
        self._loop = asyncio.get_running_loop()
        self._spoke_at = self._loop.time()
        self._ended = False
        self._named = False

    def __aiter__(self) -> RelayedStream:
        return self

    async def __anext__(self) -> bytes:
        self._call.resumed()
        while not self._ended:
            try:
                data = await self._read()
                whole = self._relay.feed(data) if data else b""
            except Aborted:
                break
            except (ApiError, asyncio.CancelledError) as error:
                if last := self._end(told(error)):
                    return last
                break
            if data == b"":
                if broken := self._relay.close():
                    return self._end(broken)
                break
            self._ended = self._relay.ended
            if whole and self._relay.spoke:
                self._note_event()
                return whole
            if whole := whole + self._beat():
                return whole
        raise StopAsyncIteration

    async def _read(self) -> bytes | None:
        """What the backend has sent: None if it is silent for so long that a sign of life is due, b"" at its end."""
        call = self._call
        if call.status == 0:
            if not await call.open(self._wait_s):
                return None
            await check_answer(call, EVENT_STREAM)
        return await call.read_within(self._wait_s)

    def _note_event(self) -> None:
        if self._relay.answering:
            self._call.progressed()
        if not self._named:
            self._name()
        self._spoke_at = self._loop.time()
        self._wait_s = self._heartbeat_s

    def _beat(self) -> bytes:
        """A sign of life, if one is due."""
        now = self._loop.time()
        left = self._spoke_at + self._heartbeat_s - now
        if left > _SHORTEST_WAIT_S:
            self._wait_s = left
            return b""
        self._spoke_at = now
        self._wait_s = self._heartbeat_s
        if not self._named:
            self._name()
        return self._relay.idle()

    def _name(self) -> None:
        """Let the answer be cancelled by its id, once the client can know it."""
        if completion_id := self._relay.completion_id:
            self._named = True
            self._call.name("completion_id", completion_id)

    def _end(self, error: ApiError) -> bytes:
        self._ended = True
        is_cancelled = error.kind is ErrorKind.CANCELLED
        last = self._relay.cancel() if is_cancelled else self._relay.fail(error)
        if last:  # it was not complete yet
            self._call.log.fail(error.kind)
            if not is_cancelled:
                log.warning("%s: the answer broke off: %s", self._request_id, error.message)
        return last

    async def close(self) -> None:
        """Release the backend."""
        if self._call.log.is_wanted:
            self._call.log.conclude(read_ending(self._relay.last_chunks()))
        await self._call.aclose()


async def fold_answer(call: Flight, fold: CompletionFold) -> bytes:
    """Read a streamed answer to its end, close the call, and return the body that the backend would have given without a stream.

    Args:
        call: opened.
        fold: a fresh one.

    Raises:
        ApiError: the answer failed: nothing has been sent to the client yet, so it gets a real status.
        ClientGone: the client went away first.
    """
    try:
        while not fold.ended and (data := await call.read()):
            if fold.feed(data):
                call.progressed()
                call.resumed()
        if fold.error is not None:
            raise convert_error_object(fold.error)
        return fold.close()
    except Aborted:
        raise ClientGone from None
    except asyncio.CancelledError as error:
        raise told(error) from None
    finally:
        await call.aclose(whole=fold.ended and not fold.cut)
