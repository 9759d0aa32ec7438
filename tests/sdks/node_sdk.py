"""The official Node SDK, played by `node/driver.mjs` in a process of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).with_name("node")


class NodeSdk:
    """A running driver."""

    def __init__(self, jobs: IO[str], results: IO[str]) -> None:
        self._jobs = jobs
        self._results = results

    def ask(self, job: str, url: str, **details: Any) -> dict[str, Any]:
        """Do one of the driver's jobs; return `{"result": ...}`, or `{"error": ...}` with the body of the server's error."""
        self._jobs.write(json.dumps({"job": job, "url": url, **details}) + "\n")
        self._jobs.flush()
        answer: dict[str, Any] = json.loads(self._results.readline())
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
        assert process.stdin is not None
        assert process.stdout is not None
        yield NodeSdk(process.stdin, process.stdout)
    assert process.returncode == 0
