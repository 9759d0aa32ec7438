"""Owns the engine: loads models one at a time, exchanges engines under the clients' feet, and tells what goes on.

It lives in the process that started everything. All others read its state file (`engine_state`) and ask it through `engine_channel`.
"""

from __future__ import annotations

import http.client
import logging
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from triglot.backend import procfs
from triglot.backend.engine_state import Engine, EngineState, Load, Phase, state_is_there, write_state
from triglot.backend.process import EngineError, EngineProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from triglot.backend.checks import Report
    from triglot.backend.options import EngineOptions
    from triglot.backend.orders import Swap
    from triglot.backend.process import Change, EngineCommand

log = logging.getLogger("triglot.engine")

PROGRESS_INTERVAL_S: Final = 0.25
DRAIN_INTERVAL_S: Final = 0.2
KEEP_INTERVAL_S: Final = 1.0
IDLE_LOOKS: Final = 3
"""So often in a row an old engine must be found idle: a request may be on its way to it."""
_SPARE: Final = 1.1
"""Memory that must be free for a second engine, as a multiple of the estimate: buffers come on top."""


class BusyError(Exception):
    """Another load goes on; the message says which."""


@dataclass(slots=True)
class Running:
    """An engine and what is known of it."""

    process: EngineProcess
    engine: Engine
    state: Literal["ready", "restarting", "failed"] = "ready"
    restarts: int = 0
    retry_s: float | None = None


@dataclass(slots=True, eq=False)
class Loading:
    """A load that goes on, or has ended."""

    id: str
    command: EngineCommand
    engine: Engine
    report: Report
    started: float
    swap: Swap
    state: Literal["loading", "ready", "failed", "cancelled"] = "loading"
    phase: Phase = "starting"
    bytes_loaded: int | None = None
    ended: float | None = None
    error: str | None = None
    process: EngineProcess | None = None
    is_first: bool = False
    is_cancelled: bool = False

    def describe(self) -> Load:
        """What others may know of it."""
        return Load(
            id=self.id,
            alias=self.engine.options.alias,
            state=self.state,
            phase=self.phase,
            bytes_loaded=self.bytes_loaded,
            bytes_total=self.report.size_bytes,
            elapsed_s=round((self.ended or time.monotonic()) - self.started, 3),
            error=self.error,
        )


class EngineHost:
    """The engine of one gateway. Its methods may be called from any thread.

    Args:
        directory: where the state file is written.
        start_timeout_s: an engine must be ready after so many seconds.
        drain_s: how long answers of an engine that is replaced or unloaded may go on.
        hang_s: patience with an engine that does nothing and gives no sign of life.
    """

    def __init__(self, directory: Path, *, start_timeout_s: float, drain_s: float, hang_s: float | None) -> None:
        self._directory = directory
        self._start_timeout_s = start_timeout_s
        self._drain_s = drain_s
        self._hang_s = hang_s
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._closed = False
        self._current: Running | None = None
        self._loading: Loading | None = None
        self._stopping = False
        self._serial = 0
        self._old: list[EngineProcess] = []
        self._threads: list[threading.Thread] = []
        self._is_told = True
        self._publish()
        self._keeper = threading.Thread(target=self._keep_state, name="engine state", daemon=True)
        self._keeper.start()

    def state(self) -> EngineState:
        """What goes on now."""
        with self._lock:
            if self._closed:
                return EngineState(state="stopping", serial=self._serial)
            current, loading = self._current, self._loading
            load = None if loading is None else loading.describe()
            if current is not None:
                state = "stopping" if self._stopping else current.state
                is_ready = state == "ready"
                return EngineState(
                    state=state,
                    serial=self._serial,
                    url=current.process.url if is_ready else None,
                    key=current.process.key if is_ready else None,
                    engine=current.engine,
                    load=load,
                    restarts=current.restarts,
                    retry_s=current.retry_s,
                )
            is_loading = loading is not None and loading.state == "loading"
            return EngineState(state="loading" if is_loading else "unloaded", serial=self._serial, load=load)

    def load(self, command: EngineCommand, program: str, options: EngineOptions, *, swap: Swap = "auto", report: Report) -> Load:
        """Begin to load a model; what is served now goes on until it is ready, or until it must make room.

        Args:
            command: how the engine is started.
            program: see `Engine`.
            options: what the command stands for.
            swap: whether the new engine starts beside the old one.
            report: of a check without problems.

        Raises:
            BusyError: a load goes on already.
        """
        with self._lock:
            self._refuse_while_busy()
            loading = Loading(
                id=f"load_{secrets.token_hex(8)}",
                command=command,
                engine=Engine(program=program, options=options, model=report.model),
                report=report,
                started=time.monotonic(),
                swap=swap,
                is_first=self._loading is None,
            )
            self._run(self._load, loading)
            self._loading = loading
            self._publish()
            return loading.describe()

    def wait(self, load_id: str) -> Load | None:
        """The load when it has ended; None if another has begun since, or triglot stops meanwhile."""
        with self._changed:
            loading = self._loading
            if loading is None or loading.id != load_id:
                return None
            self._changed.wait_for(lambda: loading.state != "loading" or self._closing.is_set())
            return None if self._closing.is_set() else loading.describe()

    def cancel(self, load_id: str | None = None) -> bool:
        """End the load that goes on, or only the one with this id; False if there is none."""
        with self._lock:
            loading = self._loading
            if loading is None or loading.state != "loading" or load_id not in (None, loading.id):
                return False
            loading.is_cancelled = True
            process = loading.process
            self._changed.notify_all()
        if process is not None:
            process.stop()
        return True

    def unload(self) -> EngineState:
        """Let the answers of the engine end, and stop it; returns at once.

        Raises:
            BusyError: a load goes on.
        """
        with self._lock:
            self._refuse_while_busy()
            if self._current is not None and not self._stopping:
                self._run(self._unload, self._current)
                self._stopping = True
                self._publish()
            return self.state()

    def close(self) -> None:
        """Stop every engine; returns when all are gone."""
        self._closing.set()
        with self._lock:
            self._changed.notify_all()
            processes = [*self._old]
            if self._current is not None:
                processes.append(self._current.process)
            if self._loading is not None and self._loading.process is not None:
                self._loading.is_cancelled = True
                processes.append(self._loading.process)
        for process in processes:
            process.stop()
        for thread in self._threads:
            thread.join()
        self._keeper.join()
        self._closed = True
        self._publish()

    def _refuse_while_busy(self) -> None:
        if self._closing.is_set():
            raise BusyError("triglot is stopping")
        if self._loading is not None and self._loading.state == "loading":
            raise BusyError(f"{self._loading.engine.options.alias} is being loaded: wait for its end, or cancel it")
        if self._stopping:
            raise BusyError("the engine is being stopped: wait for its end")

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=work, args=arguments, name=f"engine {work.__name__.strip('_')}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _publish(self) -> None:
        """Tell all others; what cannot be told now is told later, and stops nothing here."""
        with self._lock:
            self._changed.notify_all()
            try:
                write_state(self._directory, self.state())
            except OSError as error:
                if self._is_told:
                    log.warning("the state of the engine cannot be written, and is tried again: %s", error)
                self._is_told = False
            else:
                self._is_told = True

    def _keep_state(self) -> None:
        """Write again what could not be written, and what somebody who tidies up has removed."""
        while not self._closing.wait(KEEP_INTERVAL_S):
            if not (self._is_told and state_is_there(self._directory)):
                self._publish()

    def _load(self, loading: Loading) -> None:
        before = self._current
        try:
            if not self._fits_beside(loading):
                self._make_room(loading)
            replaced = self._start(loading)
        except Exception as error:
            told = str(error)
            if not isinstance(error, EngineError):
                log.exception("the load of %s failed", loading.engine.options.alias)
                told = "triglot failed on this load; its log has the reason"
            if before is not None and self._current is None and not self._bring_back(before):
                told += "\nThe model that was there before did not come back; the log has the reason."
            self._end_load(loading, told)
            return
        if replaced is not None:
            self._retire(replaced.process)

    def _start(self, loading: Loading) -> Running | None:
        """Start the engine, watch it load, and put it in the place of the one that serves, which is returned.

        Raises:
            EngineError: it did not come up, or was stopped.
        """
        process = self._new_process(loading.command)
        with self._lock:
            if loading.is_cancelled or self._closing.is_set():
                raise EngineError("the load was cancelled")
            loading.process, loading.phase = process, "starting"
            self._publish()
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(loading, process, done), name="engine progress", daemon=True)
        watcher.start()
        try:
            process.start()
        finally:
            done.set()
            watcher.join()
        with self._lock:
            if not loading.is_cancelled:
                replaced, self._current = self._current, Running(process, loading.engine)
                self._serial += 1
                loading.state, loading.phase, loading.ended, loading.process = "ready", "done", time.monotonic(), None
                loading.bytes_loaded = loading.report.size_bytes
                self._publish()
                return replaced
        process.stop()
        raise EngineError("the load was cancelled")

    def _watch(self, loading: Loading, process: EngineProcess, done: threading.Event) -> None:
        """Tell how far a load is, by the memory that the engine has mapped and the files that it has read."""
        paths, total = loading.report.files, loading.report.size_bytes
        while not done.wait(PROGRESS_INTERVAL_S):
            pid = process.pid
            used = None if pid is None else procfs.bytes_in_use(pid, paths)
            with self._lock:
                if used is not None:
                    loading.bytes_loaded = loaded = min(max(used, loading.bytes_loaded or 0), total)
                    loading.phase = "starting" if not loaded else "loading" if loaded < total else "warming_up"
                self._publish()

    def _end_load(self, loading: Loading, error: str) -> None:
        if not (loading.is_first or loading.is_cancelled):  # when the first load fails, whoever began it says so and ends
            log.warning("%s was not loaded: %s", loading.engine.options.alias, error)
        with self._lock:
            loading.state = "cancelled" if loading.is_cancelled else "failed"
            loading.error = None if loading.is_cancelled else error
            loading.ended = time.monotonic()
            loading.process = None
            self._publish()

    def _fits_beside(self, loading: Loading) -> bool:
        if self._current is None or loading.swap == "beside":
            return True
        available, wanted = procfs.available_bytes(), loading.report.memory_bytes
        return loading.swap == "auto" and (available is None or wanted is None or wanted * _SPARE < available)

    def _make_room(self, loading: Loading) -> None:
        """Stop the engine that serves, once its answers have ended."""
        with self._lock:
            old, self._current = self._current, None
            loading.phase = "waiting"
            self._publish()
        assert old is not None  # noqa: S101 - nothing but a load or an unload takes it away
        self._drain(old.process, lambda: loading.is_cancelled)
        if loading.is_cancelled:
            with self._lock:
                self._current = old
                self._publish()
            return
        old.process.stop()

    def _bring_back(self, old: Running) -> bool:
        """Start an engine again that has made room for one that failed; False if that fails, too."""
        old.process.stop()
        process = self._new_process(old.process.command)
        with self._lock:
            if self._closing.is_set():
                return False
            self._old.append(process)
        try:
            process.start()
        except Exception as error:  # noqa: BLE001 - whatever it is, the load has to end
            log.warning("the engine that was there before did not come back: %s", error)
            return False
        finally:
            with self._lock:
                self._old.remove(process)
        with self._lock:
            self._current = Running(process, old.engine)
            self._serial += 1
            self._publish()
        return True

    def _unload(self, running: Running) -> None:
        try:
            self._drain(running.process, self._closing.is_set)
        finally:
            running.process.stop()
            with self._lock:
                self._current, self._stopping = None, False
                self._publish()

    def _retire(self, process: EngineProcess) -> None:
        with self._lock:
            self._old.append(process)
        try:
            self._drain(process, self._closing.is_set)
        finally:
            process.stop()
            with self._lock:
                self._old.remove(process)

    def _drain(self, process: EngineProcess, is_hurried: Callable[[], bool]) -> None:
        """Return when the engine has no answers under way any more, or must not be waited for."""
        deadline = time.monotonic() + self._drain_s
        idle = 0
        while idle < IDLE_LOOKS and time.monotonic() < deadline and not is_hurried() and not self._closing.is_set():
            idle = 0 if _is_busy(process.url, process.key) else idle + 1
            self._closing.wait(DRAIN_INTERVAL_S)

    def _new_process(self, command: EngineCommand) -> EngineProcess:
        def tell(change: Change, retry_s: float | None) -> None:
            with self._lock:
                running = self._current
                if running is None or running.process is not process:
                    return
                running.state, running.retry_s = change, retry_s
                if change == "ready":
                    running.restarts += 1
                    self._serial += 1
                self._publish()

        process = EngineProcess(command, start_timeout_s=self._start_timeout_s, hang_s=self._hang_s, directory=self._directory, tell=tell)
        return process


def _is_busy(url: str, key: str) -> bool:
    """Whether the engine generates, as far as it tells; one that is gone does not."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5.0)
    try:
        connection.request("GET", "/slots", headers={"authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        slots = msgspec.json.decode(answer.read())
    except ConnectionRefusedError:
        return False
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return True
    finally:
        connection.close()
    if not isinstance(slots, list):
        return True
    return any(isinstance(slot, dict) and slot.get("is_processing") is not False for slot in slots)
