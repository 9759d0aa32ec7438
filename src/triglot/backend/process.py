"""Runs an engine as a process of its own: starts it, waits until it is ready, starts it again when it dies or hangs, stops it.

Each start takes a new port and a new key, which only the engine and whoever reads `EngineProcess.key` know: what answers at a port that
was ours a moment ago need not be ours. The engine cannot outlive the gateway: see `leash`.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, Self

from triglot.backend import procfs
from triglot.backend.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
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
KEY_VARIABLE = "LLAMA_API_KEY"
"""Where a llama-server finds its key: the command line of a process can be read by everybody."""
_GUARDED = "/props"
_REFUSALS = (http.client.UNAUTHORIZED, http.client.FORBIDDEN)
_STOPPED = "the engine was stopped before it was ready"


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """How to start one engine.

    Attributes:
        title: what runs which model, for the banner and the log.
        alias: the name under which the engine serves the model.
        arguments: the command line, without the port.
        environ: environment variables on top of ours.
        template: Jinja text that the engine reads from a file when it starts: one argument has no room for a long one.
    """

    title: str
    alias: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    template: str | None = None

    def on_port(self, port: int, template: Path | None = None) -> list[str]:
        """The whole command line for an engine on 127.0.0.1:`port`, with the file in which its template is."""
        return [*self.arguments, *(["--chat-template-file", str(template)] if template else []), "--port", str(port)]


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
        directory: for files that the engine reads when it starts; by default, where temporary files are.
        tell: called from a thread with what becomes of the engine once it has been ready: `restarting` when it died, `failed` when it
            did not come back, both with the seconds until it is started again; `ready` when it is back.
    """

    def __init__(
        self,
        command: EngineCommand,
        *,
        start_timeout_s: float,
        hang_s: float | None = None,
        directory: Path | None = None,
        tell: Callable[[Change, float | None], None] = _tell_nobody,
    ) -> None:
        self.command = command
        self._start_timeout_s = start_timeout_s
        self._hang_s = hang_s
        self._directory = directory
        self._tell = tell
        self._port = 0
        self._key = ""
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
        """The base URL of the engine since its last start."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def key(self) -> str:
        """What the engine asks for, as a bearer token, since its last start."""
        return self._key

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
        try:
            with _written(self.command.template, self._directory) as template:
                process, reader = self._spawn(template)
                self._wait_until_ready(process, reader)
        except (OSError, ValueError, RuntimeError) as error:  # too long an argument, a zero byte in it, no more threads
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise EngineError(f"the engine cannot be started: {reason}: {self.command.title}") from error
        self._is_up = True

    def _spawn(self, template: Path | None) -> tuple[subprocess.Popen[str], threading.Thread]:
        with self._spawning:
            if self._stopping.is_set():
                raise EngineError(_STOPPED)
            self._port, self._key = _free_port(), secrets.token_urlsafe(32)
            # A session of its own: Ctrl-C in the terminal is for the gateway, which then stops the engine.
            self._process = subprocess.Popen(  # noqa: S603
                self.command.on_port(self._port, template),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.command.environ, KEY_VARIABLE: self._key},
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._log_end.clear()
            assert self._process.stdout is not None  # noqa: S101 - for the type checker
            reader = threading.Thread(target=self._read_log, args=(self._process.stdout,), name="engine log", daemon=True)
            reader.start()
            return self._process, reader

    def _read_log(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self._log_end.append(line.rstrip())
                log.debug("%s", line.rstrip())

    def _wait_until_ready(self, process: subprocess.Popen[str], reader: threading.Thread) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while (is_ours := _recognise(self._port, self._key)) is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(POLL_INTERVAL_S)
                reader.join(STOP_TIMEOUT_S)
                raise EngineError(self._told(f"the engine ended with {_reason(status)} before it was ready"))
            if time.monotonic() > deadline:
                raise EngineError(self._told(f"the engine was not ready after {self._start_timeout_s:g} s"))
        if not is_ours or process.poll() is not None:
            raise EngineError(self._told(f"what answers at the engine's port is another program, or does not heed {KEY_VARIABLE}"))

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
        delay_s = FIRST_DELAY_S
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
            self._tell("restarting", delay_s)
            while not self._stopping.wait(delay_s):
                delay_s = min(delay_s * 2, LONGEST_DELAY_S)
                try:
                    self._begin()
                except EngineError as error:
                    if self._stopping.is_set():
                        return
                    log.warning("the engine did not come back; trying again in %g s: %s", delay_s, error)
                    self._tell("failed", delay_s)
                else:
                    self._tell("ready", None)
                    break
            else:
                return

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


@contextlib.contextmanager
def _written(text: str | None, directory: Path | None) -> Iterator[Path | None]:
    """A file with the text, private to this user, for as long as the engine takes to start; None for none."""
    if text is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="engine-", dir=directory, ignore_cleanup_errors=True) as name:
        path = Path(name, "template.jinja")
        path.write_text(text, encoding="utf-8", newline="")
        yield path


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
    return _look(port, "/health") == http.client.OK


def _recognise(port: int, key: str) -> bool | None:
    """Whether what is ready there is a program of this user that lets in who shows the key, and nobody else; None if nothing is ready."""
    if not _is_healthy(port):
        return None
    if hasattr(os, "getuid") and not procfs.listeners(port) <= {os.getuid()}:
        return False
    without, with_key = _look(port, _GUARDED), None
    if without in _REFUSALS:  # before that, the key is shown to nobody
        with_key = _look(port, _GUARDED, key)
    elif without is not None:
        return False
    return None if with_key is None else with_key == http.client.OK


def _look(port: int, path: str, key: str | None = None) -> int | None:
    """The status of the answer, if there is one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", path, headers={} if key is None else {"authorization": f"Bearer {key}"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
