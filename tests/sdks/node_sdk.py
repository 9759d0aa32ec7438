"""The official Node SDK, played by `node/driver.mjs` in a process of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).with_name("node")
_TIMEOUT_S = 30


class NodeSdk:
    """A running driver."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._jobs = process.stdin
        self._results = process.stdout

    def ask(self, job: str, url: str, **details: Any) -> dict[str, Any]:
        """Do one of the driver's jobs; return `{"result": ...}`, or `{"error": ...}` with the body of the server's error."""
        watch = threading.Timer(_TIMEOUT_S, self._process.kill)
        watch.start()
        self._jobs.write(json.dumps({"job": job, "url": url, **details}) + "\n")
        self._jobs.flush()
        line = self._results.readline()
        watch.cancel()
        assert line, f"the driver has ended, or took longer than {_TIMEOUT_S} s"
        answer: dict[str, Any] = json.loads(line)
        assert "crash" not in answer, answer["crash"]
        return answer

    def get(self, job: str, url: str, **details: Any) -> Any:
        """Do a job that must not fail; return its result."""
        answer = self.ask(job, url, **details)
        assert "result" in answer, answer
        return answer["result"]


@contextlib.contextmanager
def running_node() -> Iterator[NodeSdk]:
    """A driver; its packages are installed by `nox -s sdks`."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").is_dir():
        pytest.skip("the Node SDK is not installed: run `nox -s sdks`")
    with subprocess.Popen([node, "driver.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield NodeSdk(process)
    assert process.returncode == 0
