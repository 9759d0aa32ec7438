"""While a gateway loads its first model it listens already: requests wait, progress is told, and the load can be cancelled."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.engine.test_managed import QUESTION, ends, read_command, until
from triglot.backend import procfs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

STREAMS: dict[str, tuple[dict[str, Any], str]] = {
    "/v1/chat/completions": (QUESTION, '"choices":[]'),
    "/v1/messages": ({"model": "m", "max_tokens": 9, "messages": QUESTION["messages"]}, '"ping"'),
    "/v1/responses": ({"model": "m", "input": "Hello"}, '"response.in_progress"'),
}


class Starting:
    """A `triglot serve` whose first engine stands still in its load."""

    def __init__(self, directory: Path, workers: str, *arguments: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "triglot", "serve", "--port", str(port), "--workers", workers, "--log-level", "warning"]
        command += ["--state", str(directory / "state.sqlite3"), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        self.engine = until(self._find_engine)
        os.kill(self.engine, signal.SIGSTOP)
        until(self._listens)

    def _find_engine(self) -> int | None:
        return next((pid for pid in procfs.family(self.process.pid) if b"\0triglot.backend.engine\0" in read_command(pid)), None)

    def _listens(self) -> bool:
        try:
            self.client.get("/")
        except httpx.ConnectError:
            return False
        return True

    def go_on(self) -> None:
        """Let the engine load."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.engine, signal.SIGCONT)

    def end(self) -> tuple[str, str]:
        """All that it said, when it has ended."""
        self.client.close()
        return self.process.communicate(timeout=60)

    def stop(self) -> tuple[str, str]:
        """End it; returns all that it said."""
        family = procfs.family(self.process.pid)
        self.process.terminate()
        said = self.end()
        assert self.process.returncode == 0
        assert all(ends(pid) for pid in family)
        return said


@pytest.fixture(params=["1", "2"], ids=["one process", "two workers"])
def workers(request: pytest.FixtureRequest) -> str:
    return request.param


@contextlib.contextmanager
def starting(directory: Path, workers: str, *arguments: str) -> Iterator[Starting]:
    started = Starting(directory, workers, *arguments)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate()


def test_requests_wait_for_the_first_model_and_are_served(tmp_path: Path, workers: str):
    with starting(tmp_path, workers, "--heartbeat-s", "0.2") as gateway, ThreadPoolExecutor(1) as pool:
        health = gateway.client.get("/health")
        assert (health.status_code, health.json()["status"], health.json()["backend"]["status"]) == (503, "starting", "loading")
        assert gateway.client.get("/api/engine/status").json()["state"] == "loading"
        progress = gateway.client.get("/api/engine/progress").json()
        assert (progress["state"], progress["model"]) == ("loading", "tiny-demo")
        for path, (body, beat) in STREAMS.items():
            with gateway.client.stream("POST", path, json={**body, "stream": True}) as stream:
                beats = (line for line in stream.iter_lines() if line.startswith("data:") and beat in line)
                assert [next(beats) for _ in range(2)]
        asking = pool.submit(gateway.client.post, "/v1/chat/completions", json=QUESTION)
        gateway.go_on()
        assert asking.result().json()["choices"][0]["message"]["content"] == "The capital of France is Paris."
        assert gateway.client.get("/health").status_code == 200
        said, log = gateway.stop()
    assert "in front of embedded llama.cpp with tiny-demo" in said
    assert log == ""


def test_who_has_waited_for_long_is_told_to_come_back(tmp_path: Path, workers: str):
    with starting(tmp_path, workers, "--engine-wait-s", "0.3") as gateway:
        for path, (body, _) in STREAMS.items():
            answer = gateway.client.post(path, json=body)
            assert (answer.status_code, answer.headers["retry-after"]) == (529 if path == "/v1/messages" else 503, "1")
            assert "still being loaded" in answer.json()["error"]["message"]
        assert gateway.client.get("/v1/models").status_code == 503
        gateway.stop()


def test_the_first_load_can_be_cancelled_and_another_one_begun(tmp_path: Path, workers: str):
    with starting(tmp_path, workers) as gateway, ThreadPoolExecutor(2) as pool:
        asking = pool.submit(gateway.client.post, "/v1/chat/completions", json=QUESTION)
        with gateway.client.stream("GET", "/api/engine/progress", params={"stream": "true"}) as stream:
            events = (json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:"))
            assert next(events)["type"] == "load.progress"
            cancelling = pool.submit(gateway.client.post, "/api/engine/cancel", json={})
            gateway.go_on()  # a process that stands still does not hear that it is to end
            assert cancelling.result().json() == {"cancelled": True}
            assert [event["load"]["state"] for event in events][-1] == "cancelled"
        refused = asking.result()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "No model is loaded" in refused.json()["error"]["message"]
        assert gateway.client.get("/health").json()["status"] == "unavailable"
        assert gateway.client.post("/api/engine/load", json={"model": "demo", "wait": True}).status_code == 200
        assert gateway.client.post("/v1/chat/completions", json=QUESTION).status_code == 200
        said, log = gateway.stop()
    assert "in front of embedded llama.cpp" in said
    assert "no model is loaded: the load was cancelled" in log


def test_a_first_load_that_fails_ends_the_gateway_and_who_waits_is_told(tmp_path: Path, workers: str):
    with starting(tmp_path, workers) as gateway, ThreadPoolExecutor(1) as pool:
        family = procfs.family(gateway.process.pid)
        asking = pool.submit(gateway.client.post, "/v1/chat/completions", json=QUESTION)
        os.kill(gateway.engine, signal.SIGKILL)
        assert asking.result().status_code == 503
        said, log = gateway.end()
        assert gateway.process.returncode == 1
        assert all(ends(pid) for pid in family)
    assert said == ""
    assert log.startswith("triglot: the engine ended with SIGKILL before it was ready: embedded llama.cpp with tiny-demo")
    assert "Traceback" not in log


def test_a_signal_in_the_first_load_ends_everything_quietly(tmp_path: Path, workers: str):
    with starting(tmp_path, workers) as gateway:
        assert gateway.stop() == ("", "")
