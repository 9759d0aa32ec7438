from __future__ import annotations

import contextlib
import errno
import http.server
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from triglot.backend import process, procfs
from triglot.backend.launch import NoEngineError, choose_engine
from triglot.backend.process import EngineCommand, EngineError, EngineProcess
from triglot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAKE_PROGRAM = Path(__file__).with_name("fake_engine.py")
# A program with an engine's outside: serves /health on --port, all else to those who show the key, and ends with its parent.
FAKE_ENGINE = """
import http.server, os, signal, sys, threading
import triglot.backend.leash as leash
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        welcome = self.path == "/health" or self.headers["authorization"] == "Bearer " + os.environ["LLAMA_API_KEY"]
        self.send_response(status if welcome else 401); self.end_headers()
    def log_message(self, *_): pass
status = 503 if "never-ready" in sys.argv else 200
if "deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
port = int(sys.argv[sys.argv.index("--port") + 1])
print("pid", os.getpid(), flush=True)
server = http.server.HTTPServer(("127.0.0.1", port), Health)
threading.Thread(target=server.serve_forever, daemon=True).start()
threading.Event().wait() if "deaf" in sys.argv else leash.wait_for_parent()
"""
BROKEN_ENGINE = "import sys; print('loading', flush=True); print('no such tensor', file=sys.stderr); sys.exit(7)"


def fake(*options: str, code: str = FAKE_ENGINE) -> EngineCommand:
    return EngineCommand("a fake engine", "fake", (sys.executable, "-c", code, *options))


def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait for a state of another process that sends no event."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def wait_for_end(pid: int, timeout_s: float = 60.0) -> bool:
    """Whether the process `pid`, not necessarily a child, ends in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], timeout_s)[0])
    finally:
        os.close(handle)


def is_healthy(engine: EngineProcess) -> bool:
    """Whether it answers, and is known to be the engine."""
    return engine._is_up and answers(engine)


def answers(engine: EngineProcess) -> bool:
    return process._is_healthy(int(engine.url.rpartition(":")[2]))


def test_an_engine_is_ready_after_start_and_gone_after_stop():
    with EngineProcess(fake(), start_timeout_s=60) as engine:
        assert is_healthy(engine)
        pid = engine.pid
    assert wait_for_end(pid, 0)
    assert not answers(engine)


def test_an_engine_that_dies_at_start_is_reported_with_the_end_of_its_log():
    engine = EngineProcess(fake(code=BROKEN_ENGINE), start_timeout_s=60)
    with pytest.raises(EngineError) as caught:
        engine.start()
    assert str(caught.value) == "the engine ended with status 7 before it was ready: a fake engine\n  | loading\n  | no such tensor"


def test_an_engine_that_is_never_ready_is_given_up_and_ended():
    engine = EngineProcess(fake("never-ready"), start_timeout_s=0.3)
    with pytest.raises(EngineError, match=r"not ready after 0\.3 s"):
        engine.start()
    assert wait_for_end(engine.pid, 0)


def test_a_dead_engine_comes_back_with_a_new_key(caplog):
    seen = set()
    with EngineProcess(fake(), start_timeout_s=60) as engine:
        for _ in range(2):
            seen.add(engine.key)
            pid = engine.pid
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: engine.pid != pid and is_healthy(engine))
        seen.add(engine.key)
    assert len(seen) == 3
    assert min(map(len, seen)) >= 32
    told = [record.getMessage() for record in caplog.records if record.name == "triglot.engine"]
    assert told == [
        "the engine ended with SIGKILL; starting it again in 0.1 s",
        "the engine ended with SIGKILL; starting it again in 0.2 s",
    ]


def test_an_engine_that_cannot_come_back_is_tried_with_growing_delays(caplog, tmp_path):
    flag = tmp_path / "broken"
    code = f"import os, sys\nif os.path.exists({str(flag)!r}): print('no disk'); sys.exit(3)\n{FAKE_ENGINE}"
    with EngineProcess(fake(code=code), start_timeout_s=60) as engine:
        flag.touch()
        os.kill(engine.pid, signal.SIGKILL)
        until(lambda: len(caplog.records) >= 3)
        flag.unlink()
        until(lambda: is_healthy(engine))
    told = [record.getMessage() for record in caplog.records]
    assert told[:3] == [
        "the engine ended with SIGKILL; starting it again in 0.1 s",
        *(
            f"the engine did not come back; trying again in {delay} s: the engine ended with status 3 before it was ready: a fake engine\n"
            "  | no disk"
            for delay in ("0.2", "0.4")
        ),
    ]


def test_an_engine_that_does_not_listen_to_signals_is_killed(monkeypatch):
    monkeypatch.setattr(process, "STOP_TIMEOUT_S", 0.2)
    engine = EngineProcess(fake("deaf"), start_timeout_s=60)
    engine.start()
    engine.stop()
    assert wait_for_end(engine.pid, 0)


def test_stop_ends_an_engine_that_is_still_loading():
    engine = EngineProcess(fake("never-ready"), start_timeout_s=60)
    failures = []

    def start() -> None:
        try:
            engine.start()
        except EngineError as error:
            failures.append(error)

    starter = threading.Thread(target=start)
    starter.start()
    until(lambda: engine.pid is not None)
    engine.stop()
    starter.join(60)
    assert not starter.is_alive()
    assert wait_for_end(engine.pid, 0)


class Impostor(http.server.BaseHTTPRequestHandler):
    """Answers yes to everything."""

    def do_GET(self):
        self.server.heard.append(self.headers["authorization"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def impostor() -> Iterator[http.server.ThreadingHTTPServer]:
    """Somebody else's server, with all that it heard."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Impostor) as server:
        server.heard = []
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


@pytest.fixture
def ports(monkeypatch) -> list[int]:
    """The ports that are taken for free, before those that are."""
    free, ports = process._free_port, []
    monkeypatch.setattr(process, "_free_port", lambda: ports.pop(0) if ports else free())
    return ports


def test_a_port_that_somebody_took_meanwhile_is_replaced(ports):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports.append(taken.getsockname()[1])
        with EngineProcess(fake(), start_timeout_s=60) as engine:
            assert not ports
            assert is_healthy(engine)


def test_whoever_answers_at_the_port_in_place_of_the_engine_is_not_believed_and_not_shown_the_key(ports):
    with impostor() as other:
        ports.append(other.server_port)
        with EngineProcess(fake(), start_timeout_s=60) as engine:
            ports.append(other.server_port)
            pid = engine.pid
            os.kill(pid, signal.SIGKILL)
            until(lambda: not ports and engine.pid != pid and is_healthy(engine))
            assert engine.url != f"http://127.0.0.1:{other.server_port}"
        assert len(other.heard) >= 2
        assert set(other.heard) == {None}


def test_another_users_server_is_not_even_asked(ports, monkeypatch):
    with impostor() as other:
        monkeypatch.setattr(procfs, "listeners", lambda port: {os.getuid() + 1} if port == other.server_port else {os.getuid()})
        ports.append(other.server_port)
        with EngineProcess(fake(), start_timeout_s=60):
            pass
        assert len(other.heard) == 1  # for its health


def test_an_engine_that_lets_everybody_in_is_refused():
    engine = EngineProcess(EngineCommand("an old engine", "fake", (sys.executable, str(FAKE_PROGRAM), "open")), start_timeout_s=60)
    with pytest.raises(
        EngineError, match="what answers at the engine's port is another program, or does not heed LLAMA_API_KEY: an old engine"
    ):
        engine.start()
    assert wait_for_end(engine.pid, 0)


def test_only_the_environment_of_the_engine_has_its_key():
    with EngineProcess(fake(), start_timeout_s=60) as engine:
        assert f"LLAMA_API_KEY={engine.key}".encode() in Path(f"/proc/{engine.pid}/environ").read_bytes().split(b"\0")
        assert engine.key.encode() not in Path(f"/proc/{engine.pid}/cmdline").read_bytes()
        assert engine.key not in repr(engine.command)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (EngineCommand("a far engine", "", ("/no/such/engine",)), "the engine cannot be started: No such file or directory: a far engine"),
        (EngineCommand("a long engine", "", (sys.executable, "x" * 200_000)), "the engine cannot be started: Argument list too long"),
        (EngineCommand("a void engine", "", (sys.executable, "\0")), "the engine cannot be started: embedded null byte"),
    ],
)
def test_a_program_that_cannot_be_started_is_an_error(command, told):
    engine = EngineProcess(command, start_timeout_s=60)
    with pytest.raises(EngineError, match=told):
        engine.start()
    engine.stop()


def test_a_restart_that_cannot_be_made_is_told_and_tried_again(caplog, monkeypatch):
    with EngineProcess(fake(), start_timeout_s=60) as engine:
        pid, popen = engine.pid, subprocess.Popen
        failures = [OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), RuntimeError("can't start new thread")]

        def fail(*arguments, **options):
            if failures:
                raise failures.pop()
            return popen(*arguments, **options)

        monkeypatch.setattr(subprocess, "Popen", fail)
        os.kill(pid, signal.SIGKILL)
        until(lambda: engine.pid != pid and is_healthy(engine))
    told = [record.getMessage() for record in caplog.records]
    assert told[1:] == [
        "the engine did not come back; trying again in 0.2 s: the engine cannot be started: can't start new thread: a fake engine",
        "the engine did not come back; trying again in 0.4 s: the engine cannot be started: Cannot allocate memory: a fake engine",
    ]


def test_a_long_template_reaches_the_engine_at_each_start_and_leaves_nothing(tmp_path):
    template = "\ufeffone\r\ntwo" + "\u4e2d" * 100_000
    command = EngineCommand("", "fake", (sys.executable, str(FAKE_PROGRAM)), template=template)
    with EngineProcess(command, start_timeout_s=60, directory=tmp_path) as engine:
        for _ in range(2):
            answer = exchange(
                int(engine.url.rpartition(":")[2]), f"GET /props HTTP/1.0\r\nauthorization: Bearer {engine.key}\r\n\r\n".encode()
            )
            assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"template": template}
            assert list(tmp_path.iterdir()) == []
            pid = engine.pid
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: engine.pid != pid and is_healthy(engine))


def start_and_be_killed(command: EngineCommand) -> int:
    """The pid of an engine whose gateway was killed with SIGKILL after it had started the engine."""
    code = (
        "from triglot.backend.process import EngineCommand, EngineProcess\n"
        f"engine = EngineProcess({command!r}, start_timeout_s=60)\n"
        "engine.start(); print(engine.pid, flush=True); input()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as gateway:
        pid = int(gateway.stdout.readline())
        gateway.kill()
    return pid


def test_an_engine_does_not_outlive_a_killed_gateway():
    assert wait_for_end(start_and_be_killed(fake()))


def test_a_foreign_program_does_not_outlive_a_killed_gateway(tmp_path):
    pid_file = tmp_path / "pid"
    deaf = f"import os; open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n{FAKE_ENGINE}"
    command = EngineCommand("", "", (sys.executable, "-m", "triglot.backend.leash", sys.executable, "-c", deaf, "deaf"))
    assert wait_for_end(start_and_be_killed(command))
    assert wait_for_end(int(pid_file.read_text()))


def test_a_foreign_program_ends_with_stop(tmp_path):
    pid_file = tmp_path / "pid"
    deaf = f"import os; open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n{FAKE_ENGINE}"
    with EngineProcess(
        EngineCommand("", "", (sys.executable, "-m", "triglot.backend.leash", sys.executable, "-c", deaf, "deaf")), start_timeout_s=60
    ):
        pass
    assert wait_for_end(int(pid_file.read_text()))


def test_a_missing_foreign_program_is_named():
    engine = EngineProcess(EngineCommand("", "", (sys.executable, "-m", "triglot.backend.leash", "/no/llama-server")), start_timeout_s=60)
    with pytest.raises(EngineError, match="cannot start /no/llama-server: No such file or directory"):
        engine.start()


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine on which `llama-server` and the embedded engine are there or not."""

    def equip(*, llama_server: bool, embedded: bool) -> None:
        program = tmp_path / "llama-server"
        if llama_server:
            program.write_text("#!/bin/sh\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: object() if embedded else None)

    return equip


def gguf(folder: Path) -> Path:
    path = folder / "qwen-9.gguf"
    path.write_bytes(b"GGUF")
    return path


@pytest.mark.parametrize(
    ("llama_server", "embedded", "demo_runs_on", "model_runs_on"),
    [
        (True, True, "triglot.backend.engine", "triglot.backend.leash"),
        (True, False, "triglot.backend.leash", "triglot.backend.leash"),
        (False, True, "triglot.backend.engine", "triglot.backend.engine"),
    ],
)
def test_which_engine_runs_a_model(machine, tmp_path, llama_server, embedded, demo_runs_on, model_runs_on):
    machine(llama_server=llama_server, embedded=embedded)
    assert demo_runs_on in choose_engine(Settings()).arguments
    own = choose_engine(Settings(model=gguf(tmp_path)))
    assert model_runs_on in own.arguments
    assert own.alias == "qwen-9"


def test_without_any_engine_the_error_says_what_to_install(machine, tmp_path):
    machine(llama_server=False, embedded=False)
    with pytest.raises(NoEngineError, match=r"pip install 'triglot\[embedded\]', or name a running server with --backend URL"):
        choose_engine(Settings())
    with pytest.raises(
        NoEngineError, match=r"put llama-server on PATH, or install the embedded engine with: pip install 'triglot\[embedded\]'"
    ):
        choose_engine(Settings(model=gguf(tmp_path)))


def test_the_users_own_engine_variables_win(machine, monkeypatch, tmp_path):
    machine(llama_server=True, embedded=False)
    monkeypatch.setenv("LLAMA_ARG_N_PARALLEL", "1")
    environ = choose_engine(Settings(model=gguf(tmp_path), slots=3, context=5000)).environ
    assert "LLAMA_ARG_N_PARALLEL" not in environ
    assert environ["LLAMA_ARG_CTX_SIZE"] == "5000"


@pytest.mark.engine
def test_the_embedded_engine_serves_the_demo_model_and_survives_its_death():
    command = choose_engine(Settings(slots=3))
    with EngineProcess(command, start_timeout_s=60) as engine:
        body = b'{"messages":[{"role":"user","content":"What is the capital of France?"}],"chat_template_kwargs":{"enable_thinking":false}}'

        def ask(head: str, key: str, body: bytes = b"") -> bytes:
            told = f"{head} HTTP/1.0\r\nOrigin: http://evil.example\r\nAuthorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
            return exchange(int(engine.url.rpartition(":")[2]), told.encode() + body)

        post = "POST /v1/chat/completions"
        assert b"The capital of France is Paris." in ask(post, engine.key, body)
        assert b'"total_slots":3' in ask("GET /props", engine.key)
        for head in (post, "GET /props", "GET /slots", "GET /v1/models"):
            refusal = ask(head, "guessed", body)
            assert refusal.startswith(b"HTTP/1.1 401 ")
            assert b"evil.example" not in refusal
        assert b"evil.example" not in ask("OPTIONS /v1/chat/completions", "")
        pid = engine.pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: engine.pid != pid and is_healthy(engine))
        assert b"The capital of France is Paris." in ask(post, engine.key, body)


@pytest.mark.engine
def test_a_file_that_is_no_model_is_reported_with_the_words_of_the_engine(tmp_path):
    engine = EngineProcess(choose_engine(Settings(model=gguf(tmp_path))), start_timeout_s=60)
    # the second is its last line: the others come from a thread, which the end of the process may outrun
    with pytest.raises(EngineError, match=r"failed to load model|Failed to init server"):
        engine.start()


def exchange(port: int, request: bytes) -> bytes:
    """The bytes that the server answers to `request` on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))
