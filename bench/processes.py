"""The processes of a benchmark: what is measured, and what puts it under load."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench import traffic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PATIENCE_S: Final = 20.0
_NGINX_CONF: Final = """
daemon off; master_process off; pid {directory}/pid; error_log {directory}/error.log;
worker_rlimit_nofile 8192;
events {{ worker_connections 8192; }}
http {{
    access_log off; client_body_temp_path {directory}/body; client_body_buffer_size 1m; client_max_body_size 64m;
    proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
    keepalive_requests 100000;
    upstream behind {{ server {host}:{upstream}; keepalive 1024; }}
    server {{
        listen {host}:{port} backlog=2048;
        location / {{
            proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_read_timeout 600s;
        }}
    }}
}}
"""


class Told:
    """A process that takes orders over standard input, a line of JSON each, and answers each with one."""

    def __init__(self, module: str) -> None:
        self._module = module
        command = [sys.executable, "-m", module]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment())
        _pin(self._process.pid, 1)
        self.greeting = self._answer()

    def __call__(self, do: str, **order: Any) -> dict[str, Any]:
        """Give an order and wait for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._module} has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Subject:
    """A process under measurement, between the clients and the upstream."""

    def __init__(  # noqa: PLR0913 - keywords
        self,
        name: str,
        command: Sequence[str],
        port: int,
        *,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
        stderr: int | None = None,
    ) -> None:
        self.name = name
        self.port = port
        self._directory = directory
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env={**_environment(), **(environment or {})},
        )
        _pin(self._process.pid, 0)
        self._await_port()

    @property
    def pid(self) -> int:
        """Of the process, for a profiler."""
        return self._process.pid

    def cpu_s(self) -> float:
        """CPU time so far, user and system, of all threads."""
        tasks = Path(f"/proc/{self._process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def resident_bytes(self) -> int:
        """Resident memory now."""
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def terminate(self) -> int | None:
        """Ask the process to end; gives its status, or None if it does not end within some seconds."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(_PATIENCE_S)
        return None

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        if self._directory is not None:
            shutil.rmtree(self._directory)

    def _await_port(self) -> None:
        for _ in range(200):
            if self._process.poll() is not None:
                raise SystemExit(f"{self.name} has ended with status {self._process.returncode}")
            with contextlib.suppress(OSError):
                socket.create_connection((traffic.HOST, self.port)).close()
                return
            time.sleep(0.05)
        raise SystemExit(f"{self.name} does not listen")


def start_triglot(upstream: int, api_key: str | None = None) -> Subject:
    """The gateway as users start it; `api_key` is what the upstream asks for."""
    port = free_port()
    options = ["--backend", f"http://{traffic.HOST}:{upstream}", "--host", traffic.HOST, "--port", str(port), "--log-level", "warning"]
    options += ["--state", "memory"]
    environment = {} if api_key is None else {"TRIGLOT_BACKEND_API_KEY": api_key}
    return Subject("triglot", [sys.executable, "-m", "triglot", "serve", *options], port, environment=environment)


def start_relay(upstream: int, client: str) -> Subject:
    """The relay of `bench.relay` with one of its clients."""
    port = free_port()
    options = [
        "--host",
        traffic.HOST,
        "--port",
        str(port),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    command = [sys.executable, "-m", "uvicorn", "--factory", "bench.relay:create_app", "--lifespan", "off", *options]
    more = {"BENCH_CLIENT": client, "BENCH_UPSTREAM": f"http://{traffic.HOST}:{upstream}"}
    return Subject(client, command, port, environment=more)


def find_nginx() -> str | None:
    """The path of nginx, if it is installed. Debian puts it where users without rights do not look."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")


def start_nginx(upstream: int) -> Subject:
    """A plain relay to compare with."""
    binary = find_nginx()
    assert binary is not None
    port, directory = free_port(), Path(tempfile.mkdtemp(prefix="bench-nginx-"))
    conf = directory / "nginx.conf"
    conf.write_text(_NGINX_CONF.format(directory=directory, host=traffic.HOST, port=port, upstream=upstream))
    return Subject("nginx", [binary, "-c", str(conf), "-p", str(directory), "-e", str(directory / "error.log")], port, directory=directory)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server((traffic.HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _pin(pid: int, core: int) -> None:
    """What is measured gets a core of its own, as far as there is one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[0]} if core == 0 else set(cores[1:]))
