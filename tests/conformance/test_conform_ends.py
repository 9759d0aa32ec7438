"""How a run ends that does not go as it should: it is stopped, the suite itself fails, or nothing could be judged."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from triglot_conformance import outputs
from triglot_conformance.cli import main
from triglot_conformance.live.conversation import Conversation
from triglot_conformance.results import from_json

from .conftest import CASES

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

ANSWERED = 3  # requests, before the server falls silent
# What a shell starts in the background ignores Ctrl-C; these must not, however the tests were started.
HEEDS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
CONFORM = HEEDS + "import sys; from triglot_conformance.cli import main; sys.exit(main())"
STUBBORN = (
    HEEDS
    + """
import asyncio, sys
from triglot_conformance.stopping import Stop

async def hang():
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.Event().wait()

async def run():
    task = asyncio.create_task(hang())
    stop = Stop(lambda words: print(words, flush=True))
    with stop.heeded(), stop.ends(task):
        print("ready", flush=True)
        await task

asyncio.run(run())
"""
)


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A folder with few cases, which are read faster."""
    shutil.copytree(CASES / "chat" / "answer", tmp_path / "cases" / "chat" / "answer")
    return tmp_path / "cases"


class Refusing(socketserver.StreamRequestHandler):
    """Has nothing to say to whatever is asked; from some request on it does not even say that."""

    server: Server

    def handle(self) -> None:
        head, length = self.rfile.readline(), 0
        while line := self.rfile.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = self.rfile.read(length)
        status = b"400 Bad Request"
        if head.startswith(b"POST") and body != b"{}":
            status = b"200 OK"  # a server that refuses the plainest request is not asked for more
            self.server.asked += 1
            if self.server.asked > self.server.most:
                self.server.silent.set()
                self.rfile.read(1)  # until the client goes
                return
        self.wfile.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, most: int) -> None:
        super().__init__(("127.0.0.1", 0), Refusing)
        self.most, self.asked, self.silent = most, 0, threading.Event()


@contextlib.contextmanager
def refusing(most: int = 1 << 30) -> Iterator[tuple[str, Server]]:
    """The URL of a server that refuses so many requests, and the server."""
    with Server(most) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.usefixtures("child_path")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_was_judged_is_kept_when_a_run_is_stopped(tmp_path: Path, few: Path, number: int, status: int) -> None:
    files = {name: tmp_path / f"report.{name}" for name in ("json", "junit", "markdown", "html", "badge")}
    with refusing(ANSWERED) as (url, server):
        command = [sys.executable, "-c", CONFORM, "conform", url, "--cases", str(few), "--jobs", "1", "--model", "m", "--no-progress"]
        command += [f"--{name}={path}" for name, path in files.items()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert server.silent.wait(60)
            process.send_signal(number)
            out, errors = process.communicate(timeout=60)
    assert process.returncode == status, errors
    assert "Once more ends at once" in errors
    run = from_json(files["json"].read_text("utf-8"))
    assert run.planned == len(list(few.rglob("case.yaml")))
    assert 0 < len(run.cases) < run.planned
    note = f"stopped after {len(run.cases)} of {run.planned} cases"
    assert note in run.notes
    assert f"gate of SHOULD and above: no result\n  {note}" in out
    assert "hold (stopped)" in out
    assert "stopped" in files["badge"].read_text("utf-8")
    assert ET.parse(files["junit"]).getroot().find(".//error[@type='stopped']") is not None
    assert all(note in files[name].read_text("utf-8") for name in ("markdown", "html"))


@pytest.mark.usefixtures("child_path")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_before_its_first_case_says_so(tmp_path: Path, few: Path, number: int, status: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-c", CONFORM, "conform", url, "--cases", str(few), "--badge", str(tmp_path / "badge.svg")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            connection, _ = silent.accept()
            with connection:
                process.send_signal(number)
                out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors.splitlines()[1:]) == (status, "", ["No case was judged."])
    assert not (tmp_path / "badge.svg").exists()


@pytest.mark.usefixtures("child_path")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_reports_are_written_cuts_none(tmp_path: Path, few: Path, number: int) -> None:
    late = CONFORM.replace(
        "sys.exit(",
        f"from triglot_conformance import conform; show = conform._show; conform._show = lambda *a, **b: "
        f"(signal.raise_signal({int(number)}), show(*a, **b))[1]; sys.exit(",
    )
    with refusing() as (url, _):
        command = [sys.executable, "-c", late, "conform", url, "--cases", str(few), "--junit", str(tmp_path / "junit.xml")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    assert "gate of SHOULD and above: red" in done.stdout
    assert ET.parse(tmp_path / "junit.xml").getroot().find(".//failure") is not None


@pytest.mark.usefixtures("child_path")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_asks_twice_waits_for_nothing(number: int) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for expected in ("ready", "Stopping"):
            assert process.stdout.readline().startswith(expected)
            process.send_signal(number)
        assert process.wait(30) == -number


def conform(capsys: pytest.CaptureFixture[str], *arguments: str | os.PathLike[str]) -> tuple[int, str]:
    """Exit status, and what was printed."""
    status = main(["conform", "--no-progress", "--model", "m", *map(str, arguments)])
    told = capsys.readouterr()
    return status, told.out + told.err


@pytest.mark.parametrize("verbose", [[], ["-v"]])
def test_a_fault_of_the_suite_costs_one_verdict_and_not_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, few: Path, verbose: list[str]
) -> None:
    honest = Conversation.hold

    async def hold(self: Any) -> Any:
        outcome = await honest(self)
        if self._case.id == "chat/answer/text":
            raise KeyError("odd \x1b")
        return outcome

    monkeypatch.setattr(Conversation, "hold", hold)
    with refusing() as (url, _):
        status, out = conform(capsys, url, "--cases", few, "--json", tmp_path / "run.json", *verbose)
    run = from_json((tmp_path / "run.json").read_text("utf-8"))
    found = {case.id: case for case in run.cases}
    assert status == 2
    assert len(run.cases) == run.planned
    assert found["chat/answer/text"].verdict == "inconclusive"
    assert found["chat/answer/text"].reason.startswith("the suite failed: KeyError: ")
    assert len(found["chat/answer/text"].exchanges) == 1
    assert found["chat/answer/usage"].verdict == "fail"
    assert "gate of SHOULD and above: no result\n  the suite itself failed, a fault of its own, in chat/answer/text\n" in out
    assert ("Traceback" in out) is bool(verbose)


def test_a_fault_outside_of_the_cases_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, few: Path
) -> None:
    monkeypatch.setattr("triglot_conformance.conform.probe", lambda *_: 1 // 0)
    status, out = conform(capsys, "http://127.0.0.1:9", "--cases", few)
    assert (status, len(out.splitlines())) == (2, 1), out
    assert "the suite itself failed, which is a fault of its own: ZeroDivisionError" in out
    assert "-v shows where" in out
    assert "Traceback" in conform(capsys, "http://127.0.0.1:9", "--cases", few, "-v")[1]


def test_a_report_that_cannot_be_made_costs_no_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, few: Path
) -> None:
    def fail(_: object) -> str:
        raise ValueError("no page")

    monkeypatch.setitem(outputs._REPORTS, "junit", fail)
    with refusing() as (url, _):
        files = {name: tmp_path / f"report.{name}" for name in ("json", "junit", "badge")}
        status, out = conform(capsys, url, "--cases", few, *(f"--{name}={path}" for name, path in files.items()))
    assert status == 2
    assert "no page" in out
    assert {name for name, path in files.items() if path.exists()} == {"json", "badge"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--filter", "chat/answer/json-schema*", "--without", "structured-output"], "2 unsupported"),
        (["--filter", "chat/answer/text", "--timeout", "1"], "1 unreachable"),
    ],
)
def test_a_run_that_judges_nothing_is_no_result(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, few: Path, arguments: list[str], words: str
) -> None:
    with refusing(0 if "--timeout" in arguments else 1 << 30) as (url, _):
        status, out = conform(capsys, url, "--cases", few, "--badge", tmp_path / "badge.svg", *arguments)
    assert status == 2
    assert f"gate of SHOULD and above: no result\n  no case could be judged: {words}\n" in out
    assert "hold (no result)" in out
    assert "no result" in (tmp_path / "badge.svg").read_text("utf-8")


def test_a_baseline_that_says_little_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path, few: Path) -> None:
    arguments = ("--cases", few, "--filter", "chat/answer/text", "--json", tmp_path / "run.json")
    with refusing() as (url, _):
        assert conform(capsys, url, *arguments)[0] == 1
        then = json.loads((tmp_path / "run.json").read_text("utf-8"))
        (tmp_path / "then.json").write_text(json.dumps(then | {"planned": 7, "suite_version": "0.0.1"}), "utf-8")
        status, out = conform(capsys, url, *arguments, "--baseline", tmp_path / "then.json")
    assert status == 0
    assert "note: the baseline is no result: stopped after 1 of 7 cases" in out
    assert "note: the baseline was made by suite 0.0.1: its cases can differ from these" in out
