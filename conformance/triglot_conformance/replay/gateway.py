"""The gateway under test, as a process of its own. All that is known of it is its command line and its base URL."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import tempfile
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from triglot_conformance.wire.http1 import HttpError, Request, exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_PROBE_TIMEOUT_S = 1.0
_PROBE_INTERVAL_S = 0.05
_LAST_LOOK_S = 0.1  # for the news of a process that has just ended
_STOP_TIMEOUT_S = 5.0
_LOG_TAIL = 2000
_PORTS = range(10_000, 32_768)
_given_away: set[int] = set()


class GatewayError(Exception):
    """The gateway did not start; the message holds the end of its log."""


class Gateway:
    """A running gateway: its port on 127.0.0.1, and what it has written to its log."""

    def __init__(self, port: int, process: asyncio.subprocess.Process, log_path: str) -> None:
        self.port = port
        self._process = process
        self._log_path = log_path
        self.log = ""  # all of it, once the gateway has stopped

    def _read_log(self) -> str:
        with open(self._log_path, encoding="utf-8", errors="replace") as log:  # noqa: PTH123 - a path of tempfile
            return log.read()

    async def wait_until_ready(self, timeout_s: float) -> None:
        """Wait until the server answers HTTP at all.

        Raises:
            GatewayError: the process ended, or the time was over.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while self._process.returncode is None:
                    with suppress(HttpError):
                        await exchange("127.0.0.1", self.port, Request("GET", "/health"), _PROBE_TIMEOUT_S)
                        return
                    await asyncio.sleep(_PROBE_INTERVAL_S)
        except TimeoutError:
            raise GatewayError(f"no HTTP answer within {timeout_s:g} s{self._tail()}") from None
        raise GatewayError(f"the command ended with status {self._process.returncode}{self._tail()}")

    async def check_alive(self) -> None:
        """Raise GatewayError if the process has ended: what answered since was another one, or nothing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _LAST_LOOK_S)
            raise GatewayError(f"the command ended too soon, with status {self._process.returncode}{self._tail()}")

    def _tail(self) -> str:
        log = self._read_log()[-_LOG_TAIL:].strip()
        return f"; its log ends:\n{log}" if log else "; its log is empty"

    async def stop(self) -> None:
        """End the process and what it started: politely, then not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _STOP_TIMEOUT_S)
                return


@asynccontextmanager
async def run_gateway(
    command: list[str], environment: Mapping[str, str], backend_port: int, start_timeout_s: float
) -> AsyncIterator[Gateway]:
    """Start a gateway, wait until it answers, and stop it at the end.

    Args:
        command: program and arguments; `{backend_port}` and `{port}` stand for the two ports.
        environment: variables for it, beside our own.
        backend_port: where the scripted backend listens.
        start_timeout_s: how long the first answer may take.

    Raises:
        GatewayError: it did not start, or has not lasted.
    """
    port = find_free_port()
    words = [word.replace("{backend_port}", str(backend_port)).replace("{port}", str(port)) for word in command]
    with tempfile.NamedTemporaryFile(prefix="conformance-", suffix=".log") as log:
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **environment},
            )
        except OSError as error:
            raise GatewayError(f"{words[0]}: {error}") from error
        gateway = Gateway(port, process, log.name)
        try:
            await gateway.wait_until_ready(start_timeout_s)
            yield gateway
            await gateway.check_alive()
        finally:
            await gateway.stop()
            gateway.log = gateway._read_log()  # noqa: SLF001 - its own maker


def find_free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on right now, and that this run has not given away before.

    It lies below the ports that systems give to outgoing connections: another one could take it before the gateway does.
    """
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - nobody has to be kept from guessing it
        if port in _given_away:
            continue
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            _given_away.add(port)
            return port
