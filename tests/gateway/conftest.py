"""A gateway as a real process in front of a backend that each test plays itself, in its own event loop."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from .harness import Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        backend = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, "-X", "dev", "-m", "triglot", "serve", "--port", "0", "--backend", backend, "--heartbeat-s", "0.3"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stderr is not None
        banner = ""
        while not (found := re.search(r"Messages\s+http://127.0.0.1:(\d+)", banner)):
            line = process.stdout.readline()
            assert line, f"the gateway ended at its start: {process.stderr.read()}"
            banner += line
        running = Gateway(int(found[1]), listener, process)
        lines = threading.Thread(target=lambda: running.log.extend(process.stderr), daemon=True)
        lines.start()
        try:
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            lines.join(timeout=5)
            process.stdout.close()
            process.stderr.close()
        # One line for each broken answer, and nothing else: no traceback, no warning of the interpreter.
        assert [line for line in running.log if "broke off" not in line] == []
        assert process.returncode == 0
