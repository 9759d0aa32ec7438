"""Runs an engine as a process of its own: starts it, waits until it is ready, starts it again when it dies or hangs, stops it.

The engine keeps its port for life. It cannot outlive the gateway: see `leash`.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Literal, Self

from triglot.backend.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

log = logging.getLogger("triglot.engine")

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 30.0
# An engine that ran this long before it died starts again without the delays of its earlier deaths.
STEADY_AFTER_S = 60.0
POLL_INTERVAL_S = 0.05
STOP_TIMEOUT_S = 3.0
LOG_LINES = 20
PORT_ATTEMPTS = 3
_STOPPED = "the engine was stopped before it was ready"


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """How to start one engine.

    Attributes:
        title: what runs which model, for the banner and the log.
        alias: the name under which the engine serves the model.
        arguments: the command line, without the port.
        environ: environment variables on top of ours.
    """

    title: str
    alias: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)

    def on_port(self, port: int) -> list[str]:
        """The whole command line for an engine on 127.0.0.1:`port`."""
        return [*self.arguments, "--port", str(port)]


class EngineError(Exception):
    """The engine did not come up; the message holds the end of its log."""


Change = Literal["restarting", "failed", "ready"]


def _tell_nobody(_change: Change, _delay_s: float | None) -> None:
    pass


class EngineProcess:
    """One supervised engine. Use it as a context manager, or call `start` and `stop`.

    Args:
        command: how it is started.
        start_timeout_s: it must be ready after so many seconds, also when it is started again.
        hang_s: patience with an engine that does nothing and gives no sign of life; None for ever.
        tell: called from a thread with what becomes of the engine once it has been ready: `restarting` when it died, `failed` when it
            did not come back, both with the seconds until it is started again; `ready` when it is back.
    """

    def __init__(
        self,
        command: EngineCommand,
        *,
        start_timeout_s: float,
        hang_s: float | None = None,
        tell: Callable[[Change, float | None], None] = _tell_nobody,
    ) -> None:
        self.command = command
        self._start_timeout_s = start_timeout_s
        self._hang_s = hang_s
        self._tell = tell
        self._port = _free_port()
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._is_up = False
        self._failure: EngineError | None = None
        self._spawning = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._log_end: deque[str] = deque(maxlen=LOG_LINES)
        self._supervisor: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL of the engine."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process that runs now, or ran last."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start the engine and return when it is ready to answer.

        Raises:
            EngineError: it died, or was not ready in time.
        """
        # One thread starts the process and outlives it: for the kernel, the parent that an engine dies with is a thread.
        with self._spawning:
            if self._stopping.is_set():
                raise EngineError(_STOPPED)
            self._supervisor = threading.Thread(target=self._supervise, name="engine supervisor", daemon=True)
            self._supervisor.start()
        self._settled.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop the engine; returns when it is gone."""
        self._stopping.set()
        self._end_process()
        with self._spawning:
            supervisor = self._supervisor
        if supervisor is not None:
            supervisor.join()

    def _launch(self) -> None:
        with self._spawning:
            if self._stopping.is_set():
                raise EngineError(_STOPPED)
            # A session of its own: Ctrl-C in the terminal is for the gateway, which then stops the engine.
            self._process = subprocess.Popen(  # noqa: S603
                self.command.on_port(self._port),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.command.environ},
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._log_end.clear()
            assert self._process.stdout is not None  # noqa: S101 - for the type checker
            reader = threading.Thread(target=self._read_log, args=(self._process.stdout,), name="engine log", daemon=True)
            reader.start()
        self._wait_until_ready(self._process, reader)
        self._is_up = True

    def _read_log(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self._log_end.append(line.rstrip())
                log.debug("%s", line.rstrip())

    def _wait_until_ready(self, process: subprocess.Popen[str], reader: threading.Thread) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while not _is_healthy(self._port):
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(POLL_INTERVAL_S)
                reader.join(STOP_TIMEOUT_S)
                raise EngineError(self._told(f"the engine ended with {_reason(status)} before it was ready"))
            if time.monotonic() > deadline:
                raise EngineError(self._told(f"the engine was not ready after {self._start_timeout_s:g} s"))

    def _told(self, what: str) -> str:
        lines = "".join(f"\n  | {line}" for line in self._log_end)
        return f"{what}: {self.command.title}{lines}"

    def _begin(self) -> None:
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                self._launch()
            except EngineError:
                self._end_process()
                # Between our look and the engine's start somebody else may have taken the port.
                if self._stopping.is_set() or _is_free(self._port) or attempt == PORT_ATTEMPTS:
                    raise
                self._port = _free_port()
            else:
                return

    def _supervise(self) -> None:
        try:
            self._begin()
        except EngineError as error:
            self._failure = error
            return
        finally:
            self._settled.set()
        if self._hang_s is not None:
            threading.Thread(target=self._feel_pulse, args=(self._hang_s,), name="engine pulse", daemon=True).start()
        self._keep_alive()

    def _keep_alive(self) -> None:
        """Start the engine again whenever it dies, until it is stopped."""
        delay_s, failed = FIRST_DELAY_S, False
        while True:
            assert self._process is not None  # noqa: S101 - for the type checker
            started = time.monotonic()
            status = self._process.wait()
            self._end_process()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > STEADY_AFTER_S:
                delay_s = FIRST_DELAY_S
            log.warning("the engine ended with %s; starting it again in %g s", _reason(status), delay_s)
            self._tell("failed" if failed else "restarting", delay_s)
            if self._stopping.wait(delay_s):
                return
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)
            try:
                self._launch()
            except EngineError:
                self._end_process()
                failed = True
            else:
                failed = False
                self._tell("ready", None)

    def _feel_pulse(self, patience_s: float) -> None:
        """Kill an engine that hangs; what follows is the same as after a crash."""
        pulse, watched = Pulse(patience_s), None
        while not self._stopping.wait(pulse.interval_s):
            process = self._process
            if process is None or not self._is_up:
                continue  # one that loads may wait for its disk
            if process is not watched:
                pulse, watched = Pulse(patience_s), process
            if pulse.has_stopped(process.pid, beats=_is_healthy(self._port), now=time.monotonic()):
                log.warning("the engine has given no sign of life for %g s and does nothing; ending it", patience_s)
                with contextlib.suppress(ProcessLookupError):
                    _kill(process)

    def _end_process(self) -> None:
        """End the process if it runs still, and let go of its pipe."""
        self._is_up = False
        with self._spawning:
            process = self._process
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.wait()


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill the process and, where sessions exist, whatever it started."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _reason(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
