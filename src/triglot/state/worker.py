"""A thread with a database connection of its own: jobs go in, their results come back as awaitables."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from triglot.state.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

log = logging.getLogger("triglot")

_BATCH: Final = 128
_IDLE_S: Final = 30.0


class _Job(NamedTuple):
    work: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class _Done(NamedTuple):
    """What became of a job: a value, or an error."""

    value: Any
    error: Exception | None


class Worker:
    """Runs jobs one after the other, each in a transaction.

    Jobs that wait at the same time share a transaction: what costs is the commit. A job that fails takes no other with it. A result is
    given back when it is committed, not before.

    Args:
        connect: opens the connection; called in the thread, when the first job comes.
        begin: the statement that begins a transaction.
        explain: what a database error means to the reader of the log.
        tidy: called after jobs and now and then, outside any transaction; says whether there is more to do soon.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], sqlite3.Connection],
        *,
        begin: str,
        explain: Callable[[sqlite3.Error], str],
        tidy: Callable[[sqlite3.Connection], bool] | None = None,
    ) -> None:
        self._connect = connect
        self._begin = begin
        self._explain = explain
        self._tidy = tidy
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._started = False
        # A process may end without closing: a transaction that is cut off has not happened.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, once it is committed. Nothing but the database may be changed by it: it may run more than once.

        A job that was handed over is done, also if nobody waits for it any longer.

        Raises:
            StoreError: the database cannot do it, or is closed.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed")
            if not self._started:
                self._started = True
                self._thread.start()
            self._jobs.put(_Job(work, future, loop))
        result: T = await future
        return result

    async def aclose(self) -> None:
        """Do what was handed over, and end the thread."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        if self._started:
            await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        jobs: list[_Job] = []
        more, running = False, True
        while running:
            jobs.clear()  # they hold whole responses: too much to keep while waiting for the next
            jobs, running = self._take(0.0 if more else _IDLE_S)
            if connection is None:
                try:
                    connection = self._connect()
                except sqlite3.Error as error:
                    _settle(jobs, [_Done(None, StoreError(self._explain(error)))] * len(jobs))
                    continue
            if jobs:
                _settle(jobs, self._run(connection, jobs))
            more = running and self._tidy is not None and self._clean(connection, self._tidy)
        if connection is not None:
            connection.close()

    def _take(self, timeout_s: float) -> tuple[list[_Job], bool]:
        """The jobs that wait, at least one unless the time is over; and whether more can come."""
        jobs: list[_Job] = []
        try:
            job = self._jobs.get(timeout=timeout_s) if timeout_s else self._jobs.get_nowait()
            while job is not None:
                jobs.append(job)
                if len(jobs) == _BATCH:
                    break
                job = self._jobs.get_nowait()
        except queue.Empty:
            return jobs, True
        return jobs, job is not None

    def _run(self, connection: sqlite3.Connection, jobs: list[_Job]) -> list[_Done]:
        try:
            connection.execute(self._begin)
        except sqlite3.Error as error:
            return [_Done(None, StoreError(self._explain(error)))] * len(jobs)
        try:
            done = [_Done(job.work(connection), None) for job in jobs]
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whoever waits for the job has to know, whatever it is
            if connection.in_transaction:  # SQLite ends it by itself when the disk is full
                connection.execute("ROLLBACK")
            if len(jobs) > 1:
                return [outcome for job in jobs for outcome in self._run(connection, [job])]
            return [_Done(None, self._translate(error))]
        return done

    def _translate(self, error: Exception) -> Exception:
        match error:
            case sqlite3.Error():
                return StoreError(self._explain(error))
            case UnicodeEncodeError():
                return StoreError("a name or an owner with half a character in it cannot be kept")
            case _:
                return error

    def _clean(self, connection: sqlite3.Connection, tidy: Callable[[sqlite3.Connection], bool]) -> bool:
        try:
            return tidy(connection)
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            log.warning("tidying the state failed: %s", self._explain(error))
            return False


def _settle(jobs: list[_Job], outcomes: list[_Done]) -> None:
    """Tell those who wait, each loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], _Done]]] = {}
    for job, outcome in zip(jobs, outcomes, strict=True):
        by_loop.setdefault(job.loop, []).append((job.future, outcome))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, settled)
        except RuntimeError:  # the loop has been closed: nobody waits
            continue


def _resolve(settled: list[tuple[asyncio.Future[Any], _Done]]) -> None:
    for future, outcome in settled:
        if future.done():  # whoever waited has been cancelled
            continue
        if outcome.error is None:
            future.set_result(outcome.value)
        else:
            future.set_exception(outcome.error)
