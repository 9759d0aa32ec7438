"""Starts the servers of the scorecard: an engine with llama-server's own endpoints, and what is put in front of it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

MODEL: Final = "tiny-demo"
SLOTS: Final = 4
CONTEXT: Final = 16384
_START_S: Final = 180.0
_END_S: Final = 20.0


class ServerError(Exception):
    """A server did not start; the message says which and where its log is."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        name: with its version, as reports call it.
        key: that it asks for, None for none.
    """

    name: str
    url: str
    key: str | None = None


@contextlib.contextmanager
def engine(model: Path, logs: Path) -> Iterator[Server]:
    """The embedded engine as it is: llama-server's own endpoints."""
    port = _free_port()
    command = [sys.executable, "-m", "triglot.backend.engine", "--model", str(model), "--port", str(port), "--alias", MODEL]
    command += ["--slots", str(SLOTS), "--context", str(CONTEXT)]
    build = version("xllamacpp")
    with _running(command, f"http://127.0.0.1:{port}/health", logs / "llama-server.log", held=True):
        yield Server(f"llama-server b{build.rpartition('.')[2]} (xllamacpp {build})", f"http://127.0.0.1:{port}")


@contextlib.contextmanager
def gateway(behind: Server, logs: Path) -> Iterator[Server]:
    """Triglot in front of the engine."""
    port = _free_port()
    command = [sys.executable, "-m", "triglot", "serve", "--backend", behind.url, "--port", str(port), "--state", "memory"]
    with _running(command, f"http://127.0.0.1:{port}/health", logs / "triglot.log"):
        yield Server(f"triglot {version('triglot')}", f"http://127.0.0.1:{port}")


@contextlib.contextmanager
def litellm(behind: Server, executable: Path, logs: Path) -> Iterator[Server]:
    """LiteLLM's proxy in front of the engine, set up as its documentation says for an OpenAI-compatible server."""
    port, key = _free_port(), f"sk-{secrets.token_hex(16)}"
    parameters = {"model": f"openai/{MODEL}", "api_base": f"{behind.url}/v1", "api_key": "none"}
    config = logs / "litellm.json"  # JSON is YAML
    config.write_text(json.dumps({"model_list": [{"model_name": MODEL, "litellm_params": parameters}]}), encoding="utf-8")
    command = [str(executable), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    own = {"LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    told = subprocess.run([executable, "--version"], check=True, capture_output=True, text=True, env=os.environ | own).stdout  # noqa: S603
    release = next((word for word in reversed(told.split()) if word[:1].isdigit()), "")
    with _running(command, f"http://127.0.0.1:{port}/health/liveliness", logs / "litellm.log", environment=own):
        yield Server(f"LiteLLM {release}", f"http://127.0.0.1:{port}", key)


@contextlib.contextmanager
def _running(
    command: Sequence[str], health: str, log: Path, *, environment: Mapping[str, str] | None = None, held: bool = False
) -> Iterator[None]:
    """A server from the moment it is healthy until the end of the block; `held` ones end with their standard input."""
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - put together above
            command,
            stdin=subprocess.PIPE if held else subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=os.environ | (environment or {}),
        )
        try:
            _wait(process, health, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin:
                process.stdin.close()


def _wait(process: subprocess.Popen[bytes], health: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(health, timeout=5) as answer:  # noqa: S310 - http on loopback
            if answer.status == 200:  # noqa: PLR2004
                return
        time.sleep(0.2)
    raise ServerError(f"{log.stem} does not start; its log is {log}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
