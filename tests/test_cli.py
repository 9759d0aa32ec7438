from __future__ import annotations

import contextlib
import http.server
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec
import pytest

from triglot import __version__, banner, cli
from triglot.settings import SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("TRIGLOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@contextlib.contextmanager
def running(*command: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """A gateway in a process of its own, killed at the end if it runs still."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environ}
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def root_url(process: subprocess.Popen[str]) -> str:
    """The root URL in the banner."""
    said = ""
    for line in iter(process.stdout.readline, ""):
        said += line
        if found := re.search(r"Messages +(http://\S+)", line):
            return found[1]
    raise AssertionError(f"no banner: {said}{process.stderr.read()}")


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read()


def ends(pid: int, timeout_s: float = 60.0) -> bool:
    """Whether the process ends in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], timeout_s)[0])
    finally:
        os.close(handle)


def descendants(pid: int) -> list[int]:
    """The processes below `pid`."""
    lists = [path.read_text(encoding="ascii") for path in Path(f"/proc/{pid}/task").glob("*/children")]
    children = [int(child) for text in lists for child in text.split()]
    return children + [below for child in children for below in descendants(child)]


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"triglot {__version__}\n"


def test_without_a_command_it_helps(capsys):
    cli.main([])
    assert "serve" in capsys.readouterr().out


def test_the_help_names_every_flag(capsys):
    with pytest.raises(SystemExit):
        cli.main(["serve", "--help"])
    said = capsys.readouterr().out
    assert all(f"{setting.flag} {setting.metavar}" in said for setting in SETTINGS)
    assert "TRIGLOT_PORT" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "x"], "triglot: --port: 'x' is not a whole number from 0 to 65535\n"),
        (["--model", "gone.gguf"], "triglot: --model: cannot read 'gone.gguf': No such file or directory\n"),
        (["--backend", "gpu"], "triglot: --backend: 'gpu' is not a base URL such as http://127.0.0.1:8080\n"),
    ],
)
def test_a_bad_value_ends_with_one_line(capsys, arguments, said):
    with pytest.raises(SystemExit) as caught:
        cli.main(["serve", *arguments])
    assert caught.value.code == 2
    assert capsys.readouterr().err == said


def test_a_port_in_use_ends_with_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run([sys.executable, "-m", "triglot", "serve", "--port", str(port)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        ended.stderr == f"triglot: cannot listen on 127.0.0.1 port {port}: Address already in use; choose another with --host or --port\n"
    )


def test_an_address_that_is_not_ours_ends_with_one_line():
    with pytest.raises(cli.PortError, match=r"cannot listen on 192\.0\.2\.1 port 80: Cannot assign requested address"):
        cli.bind("192.0.2.1", 80)
    with pytest.raises(cli.PortError, match=r"cannot listen on no\.such\.host\.invalid port 80: \w+"):
        cli.bind("no.such.host.invalid", 80)


def test_a_missing_engine_ends_with_one_line(capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SystemExit) as caught:
        cli.main(["serve", "--port", "0"])
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith("triglot: no engine for the demo model: install the embedded engine with: pip install")


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1", "http://127.0.0.1:8420"),
        ("0.0.0.0", "http://127.0.0.1:8420"),
        ("::", "http://[::1]:8420"),
        ("::1", "http://[::1]:8420"),
        ("gateway.lan", "http://gateway.lan:8420"),
    ],
)
def test_the_banner_shows_urls_that_work_here(host, origin):
    said = banner.render(Settings(host=host), 8420, "http://gpu:8080", is_demo=False)
    assert said.count(f"{origin}/v1 ") == 2
    assert f"Messages           {origin} " in said
    assert f"curl {origin}/v1/chat/completions" in said
    assert "in front of http://gpu:8080" in said
    assert "demo" not in said


def test_the_banner_asks_for_a_key_without_showing_one():
    said = banner.render(Settings(api_keys=("hunter2",)), 8420, "http://gpu:8080", is_demo=False)
    assert "YOUR_KEY" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("host", "keys", "warned"), [("0.0.0.0", (), True), ("0.0.0.0", ("k",), False), ("localhost", (), False), ("::1", (), False)]
)
def test_an_open_address_without_keys_is_warned_of(caplog, host, keys, warned):
    cli._warn(Settings(host=host, api_keys=keys))
    assert [record.getMessage() for record in caplog.records] == (
        [f"listening on {host} without API keys: everyone who reaches it can use the model; set TRIGLOT_API_KEYS"] if warned else []
    )


def test_a_mistyped_variable_is_warned_of(caplog, monkeypatch):
    monkeypatch.setenv("TRIGLOT_BACKEDN", "http://gpu:8080")
    cli._warn(Settings())
    assert [record.getMessage() for record in caplog.records] == ["TRIGLOT_BACKEDN is not a setting and is ignored"]


def test_the_application_starts_from_the_environment_alone():
    environ = {"TRIGLOT_BACKEND": "http://127.0.0.1:9", "TRIGLOT_API_KEYS": "k"}
    with running("uvicorn", "--factory", "triglot.app:create_app", "--port", "0", **environ) as process:
        started = next(found for line in process.stderr if (found := re.search(r"running on (http://\S+)", line)))
        with pytest.raises(urllib.error.HTTPError, match="401") as without_key:
            get(started[1] + "/v1/models")
        without_key.value.close()
        with pytest.raises(urllib.error.HTTPError, match="503") as health:
            get(started[1] + "/health")
        assert msgspec.json.decode(health.value.read())["backend"]["reachable"] is False
        health.value.close()


@pytest.fixture
def served(monkeypatch) -> list[Settings]:
    """The settings of each process of a gateway, in place of running it: the application's, or those of the workers."""
    seen: list[Settings] = []
    monkeypatch.setattr(cli, "create_app", seen.append)
    monkeypatch.setattr(cli.uvicorn, "Config", lambda *_, **__: None)
    monkeypatch.setattr(cli.uvicorn, "Server", lambda _: SimpleNamespace(run=lambda _: None))
    monkeypatch.setattr(cli.uvicorn.supervisors, "Multiprocess", lambda *_: SimpleNamespace(run=lambda: seen.extend([Settings.load()] * 2)))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return seen


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("given", [[], ["--signing-key", "0123456789abcdef"]])
def test_starts_and_workers_share_one_signing_key(served, workers, given):
    for _ in range(2):
        cli.main(["serve", "--backend", "http://gpu:8080", "--port", "0", "--workers", workers, *given])
    assert len(served) == 2 * int(workers)
    [key] = {settings.signing_key for settings in served}
    assert key == given[1] if given else len(key) >= 32


def test_a_key_of_a_start_without_state_is_forgotten(served, tmp_path):
    for _ in range(2):
        cli.main(["serve", "--backend", "http://gpu:8080", "--port", "0", "--state", "memory"])
    [one, other] = (settings.signing_key for settings in served)
    assert len(one) >= 32
    assert one != other
    assert list(tmp_path.iterdir()) == []


def test_state_that_cannot_be_kept_ends_with_one_line(capsys, served, tmp_path):
    (tmp_path / "file").write_text("no database")
    for place, told in ((tmp_path / "file", "is damaged or no state"), (tmp_path / "file" / "state", "Not a directory; name another file")):
        with pytest.raises(SystemExit) as caught:
            cli.main(["serve", "--backend", "http://gpu:8080", "--port", "0", "--workers", "2", "--state", str(place)])
        said = capsys.readouterr().err
        assert (caught.value.code, served) == (1, [])
        assert said.startswith("triglot: ")
        assert said.count("\n") == 1
        assert f"{place}" in said
        assert told in said


@pytest.mark.engine
def test_the_demo_announces_itself_and_stops_quietly():
    with running("triglot", "serve", "--port", "0", "--log-level", "warning") as process:
        url = root_url(process)
        engine = descendants(process.pid)
        assert msgspec.json.decode(get(url + "/health"))["backend"]["model"] == "tiny-demo"
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=30)
    assert (process.returncode, log) == (0, "")
    assert engine
    assert all(ends(pid) for pid in engine)


@pytest.mark.engine
@pytest.mark.parametrize("workers", ["1", "2"])
def test_nothing_outlives_a_killed_gateway(workers):
    with running("triglot", "serve", "--port", "0", "--workers", workers) as process:
        url = root_url(process)
        assert get(url + "/health")
        below = descendants(process.pid)
        assert len(below) >= int(workers)
        process.kill()
        assert all(ends(pid) for pid in below)


class Endless(http.server.BaseHTTPRequestHandler):
    """A backend that begins an answer and never goes on."""

    def do_GET(self):
        self.send_error(404)

    def do_POST(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        chunk = {"index": 0, "delta": {"role": "assistant", "content": "Once"}, "finish_reason": None}
        document = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [chunk]}
        self.wfile.write(b"data: %s\n\n" % msgspec.json.encode(document))
        self.connection.recv(1)  # until the gateway closes

    def log_message(self, *_):
        pass


@pytest.fixture
def endless_backend() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_answers_that_outlast_the_grace_end_with_an_error_of_their_dialect(endless_backend, workers):
    said: dict[str, bytes] = {}
    streaming = threading.Barrier(4, timeout=60)

    def read(url: str, path: str, body: dict[str, object]) -> None:
        headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        request = urllib.request.Request(url + path, msgspec.json.encode({"model": "m", "stream": True, **body}), headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            begin = response.read1()
            streaming.wait()
            said[path] = begin + response.read()

    messages = [{"role": "user", "content": "Tell me a story"}]
    calls = [
        ("/v1/chat/completions", {"messages": messages}),
        ("/v1/messages", {"messages": messages, "max_tokens": 100}),
        ("/v1/responses", {"input": "Tell me a story"}),
    ]
    options = ["--backend", endless_backend, "--workers", workers, "--shutdown-grace-s", "0.2"]
    with running("triglot", "serve", "--port", "0", *options) as process:
        url = root_url(process)
        readers = [threading.Thread(target=read, args=(url, *call)) for call in calls]
        for reader in readers:
            reader.start()
        streaming.wait()
        process.terminate()
        _, log = process.communicate(timeout=30)
        for reader in readers:
            reader.join(30)
    assert process.returncode == 0
    assert "Traceback" not in log
    assert log.count("triglot is stopping") == len(calls)
    assert {path: b"triglot is stopping" in data.strip().splitlines()[-1] for path, data in said.items()} == {
        path: True for path, _ in calls
    }
