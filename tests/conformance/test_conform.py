"""The command line of the live level, against the reference server over real sockets."""

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from faulty.server import FaultyServer
from triglot_conformance.cli import main
from triglot_conformance.live import probe
from triglot_conformance.results import from_json

from .conftest import ROOT

FEW = ("--filter", "messages/answer/*", "--filter", "messages/events/*", "--no-progress", "--timeout", "10")


@contextlib.contextmanager
def reference(*defects, **options):
    """The URL of a reference server with these defects, in a thread of its own."""
    ready, end, urls = threading.Event(), asyncio.Event(), []
    loop = asyncio.new_event_loop()

    async def serve():
        async with FaultyServer(defects, **{"gap_s": 0, **options}) as server:
            urls.append(server.url)
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(20)
        loop.close()


def conform(capsys, *arguments):
    """Exit status, and what was printed."""
    status = main(["conform", *arguments])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_an_honest_server_passes_and_every_report_is_written(capsys, tmp_path):
    outputs = {name: tmp_path / "reports" / f"conformance.{name}" for name in ("json", "junit", "markdown", "html", "badge")}
    with reference() as url:
        status, out = conform(capsys, url, *FEW, *(word for name, path in outputs.items() for word in (f"--{name}", str(path))))
    assert status == 0, out
    assert "100%" in out
    results = from_json(outputs["json"].read_text("utf-8"))
    assert {case.verdict for case in results.cases} <= {"pass", "unsupported"}
    assert all(path.stat().st_size > 100 for path in outputs.values())
    assert main(["report", str(outputs["json"]), str(outputs["json"]), "--markdown", str(tmp_path / "two.md")]) == 0


def test_a_defect_is_named_with_its_case_its_requirement_and_its_event(capsys):
    with reference("messages/start-twice") as url:
        status, out = conform(capsys, url, *FEW)
    assert status == 1
    assert "FAIL messages/events/start-once" in out
    assert "There is one message_start." in out
    assert "event " in out


def test_a_known_failure_is_no_failure_and_its_pass_is_one(capsys, tmp_path):
    known = tmp_path / "known.txt"
    known.write_text("# the server says it twice, see its issue 7\nmessages/*\n", encoding="utf-8")
    with reference("messages/start-twice") as url:
        status, out = conform(capsys, url, "--filter", "messages/events/start-once", "--no-progress", "--known-failing", str(known))
    assert status == 0, out
    with reference() as url:
        status, out = conform(capsys, url, "--filter", "messages/events/start-once", "--no-progress", "--known-failing", str(known))
    assert status == 1
    assert "unexpected pass" in out
    assert "issue 7" in out


def test_a_baseline_lets_through_what_was_wrong_before_and_nothing_else(capsys, tmp_path):
    before = tmp_path / "before.json"
    with reference("messages/start-twice") as url:
        assert conform(capsys, url, *FEW, "--json", str(before))[0] == 1
        assert conform(capsys, url, *FEW, "--baseline", str(before))[0] == 0
    with reference("messages/start-twice", "messages/index-from-one") as url:
        status, out = conform(capsys, url, *FEW, "--baseline", str(before))
    assert status == 1
    assert "messages/events/delta-index" in out


def test_only_the_gated_levels_count(capsys):
    with reference("messages/thinking-unasked") as url:
        arguments = (url, "--filter", "messages/thinking/not-asked", "--no-progress")
        assert conform(capsys, *arguments)[0] == 1
        status, out = conform(capsys, *arguments, "--level", "MUST")
    assert status == 0
    assert "FAIL messages/thinking/not-asked" in out


def test_a_server_that_is_not_there_is_no_result(capsys):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    status, out = conform(capsys, f"http://127.0.0.1:{port}", *FEW)
    assert status == 2
    assert "cannot be reached" in out


def test_a_server_that_does_not_speak_http_is_told(capsys):
    class Mute(_Everything):
        def handle(self):
            self.request.sendall(b"\x15\x03\x01\x00\x02\x02\x46")  # an alert of TLS

    with odd(Mute) as url:
        status, out = conform(capsys, url, *FEW)
    assert (status, len(out.splitlines())) == (2, 1), out
    assert f"{url} does not speak HTTP/1.1: " in out
    assert out.endswith("; is it https:// and not http://?\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ftp://host"], "not the URL of a server"),
        (["http://user:secret@host"], "--api-key"),
        (["http://127.0.0.1:9", "--api-key-env", "NO_SUCH_VARIABLE"], "holds no key"),
        (["http://127.0.0.1:9", "--filter", "no/such/*"], "no case matches"),
        (["http://127.0.0.1:9", "--without", "wings"], "no case needs wings"),
        (["http://127.0.0.1:9", "--with", "tools"], "--with takes small-context, not tools"),
        (["http://127.0.0.1:9", "--specs", "/no/such/folder"], "/no/such/folder holds no specs"),
        (["http://127.0.0.1:9", "--junit", "/dev/null/junit.xml"], "/dev/null"),
        (["http://127.0.0.1:9", "--html", "."], "directory"),
        (["http://127.0.0.1:9", "--baseline", "/no/such/file"], "No such file"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_line(capsys, arguments, message):
    status, out = conform(capsys, *arguments, "--no-progress")
    assert status == 2
    assert message in out
    assert "Traceback" not in out
    assert "secret" not in out


@pytest.mark.parametrize("option", ["--known-failing", "--baseline"])
@pytest.mark.parametrize("content", [b"\xff\xfe#\x00", b'{"format": "triglot-conformance/2"}', b"chat/*\r\n"])
def test_a_wrong_file_is_named(capsys, tmp_path, option, content):
    path = tmp_path / "wrong.txt"
    path.write_bytes(content)
    status, out = conform(capsys, "http://127.0.0.1:9", option, str(path), "--no-progress")
    assert (status, len(out.splitlines())) == (2, 1)
    assert str(path) in out


def test_lists_of_windows_are_lists(capsys, tmp_path):
    known = tmp_path / "known.txt"
    known.write_bytes(b"\xef\xbb\xbf# It says it twice.\r\nmessages/events/start-once\r\n")
    with reference("messages/start-twice") as url:
        status, out = conform(capsys, url, "--filter", "messages/events/start-once", "--no-progress", "--known-failing", str(known))
    assert status == 0, out
    assert "known: It says it twice." in out


def test_whoever_reads_may_stop_reading():
    command = [sys.executable, "-m", "triglot_conformance", "conform", "http://127.0.0.1:9", "--list"]
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        command, stdout=writer, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT / "conformance")}
    ) as process:
        os.close(writer)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (141, b"")


def test_the_cases_can_be_listed(capsys):
    status, out = conform(capsys, "http://127.0.0.1:9", "--list", "--dialect", "chat")
    assert status == 0
    assert "chat/answer/text\tMUST\t" in out
    assert "messages/" not in out


def test_a_key_is_sent_and_shown_nowhere(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("THE_KEY", "s3cret-key")
    with reference(api_key="s3cret-key") as url:
        status, out = conform(capsys, url, "--filter", "*/answer/text", "--no-progress")
        assert (status, "answers 401: it wants a key: --api-key" in out) == (2, True), out
        status, out = conform(capsys, url, "--filter", "*/answer/text", "--no-progress", "--api-key", "an0ther")
        assert (status, "it wants another key" in out, "an0ther" in out) == (2, True, False), out
        results = tmp_path / "results.json"
        status, out = conform(capsys, url, "--filter", "*/answer/text", "--no-progress", "--api-key-env", "THE_KEY", "--json", str(results))
    assert status == 0, out
    assert "s3cret" not in out + results.read_text("utf-8")


def test_what_a_server_has_not_is_unsupported_and_what_it_leaves_out_is_told(capsys):
    with reference() as url:
        arguments = ("--filter", "responses/stored/*", "--filter", "responses/answer/text", "--without", "state", "--no-progress")
        status, out = conform(capsys, url, *arguments)
    assert status == 0, out
    assert "declared absent" in out


def test_what_nobody_looks_for_is_declared(capsys):
    broken = ("--filter", "*/context/broken-stream", "--no-progress")
    with reference(context=200, gap_s=0.001) as url:
        status, out = conform(capsys, url, *broken)
        assert (status, "3 unsupported" in out, "--with small-context says" in out) == (2, True, True), out
        status, out = conform(capsys, url, *broken, "--with", "small-context")
        assert (status, "3 of 3 hold" in out, "inconclusive" in out) == (0, True, False), out


def test_a_stream_that_does_not_break_proves_nothing(capsys):
    with reference() as url:
        status, out = conform(capsys, url, "--filter", "*/context/broken-stream", "--with", "small-context", "--no-progress")
    assert (status, "3 inconclusive" in out) == (2, True), out


def test_a_server_of_another_kind_is_no_result(capsys):
    with reference() as url:
        status, out = conform(capsys, f"{url}/somewhere/else", "--no-progress")
    assert status == 2
    assert "has none of /v1/chat/completions, /v1/responses, /v1/messages" in out


def test_a_server_for_slots_that_tells_none_is_complained_of(capsys):
    with reference() as url:
        status, out = conform(capsys, url, "--filter", "*/cancel/*", "--no-progress", "--slots-url", f"{url}/somewhere/else")
    assert status == 2
    assert "/somewhere/else does not answer /slots" in out


class _Everything(BaseHTTPRequestHandler):
    """Answers 200 to anything."""

    def do_GET(self):
        length = int(self.headers.get("content-length") or 0)
        self.rfile.read(length)
        body = json.dumps({"ok": True}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - as above

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def odd(handler):
    """The URL of a server with this handler."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refuses(answer):
    """A handler that answers with what `answer` makes of a path and a body: a status, and headers."""

    class Refusing(_Everything):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers = answer(self.path, body)
            self.send_response(status)
            for name, value in {"content-length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - as above

    return Refusing


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda path, _: (401 if "chat" in path else 404, {}), "answers 401: it wants a key"),
        (lambda path, body: (404 if "chat" not in path else 400 if body == b"{}" else 401, {}), "answers 401: it wants a key"),
        (lambda _, __: (307, {"location": "http://elsewhere/"}), "sends on to http://elsewhere/"),
        (lambda _, __: (502, {}), "nobody is behind it"),
        (lambda _, __: (200, {"content-type": "text/html; charset=utf-8"}), "answers with web pages: is that the base URL of its API?"),
    ],
    ids=["no key", "no key behind the check of the body", "sent on", "nobody behind", "web pages"],
)
def test_a_server_that_lets_nobody_in_is_told_in_a_line(capsys, answer, message):
    with odd(refuses(answer)) as url:
        status, out = conform(capsys, url, "--no-progress", "--filter", "*/answer/*")
    assert (status, len(out.splitlines())) == (2, 1), out
    assert message in out


def test_a_server_that_hangs_from_the_start_is_not_waited_for_as_a_model_is(capsys, monkeypatch):
    monkeypatch.setattr(probe, "_LONGEST_S", 0.6)

    class Hanging(_Everything):
        def do_POST(self):
            self.rfile.read(1 << 20)  # until the client goes

    with odd(Hanging) as url:
        status, out = conform(capsys, url, "--no-progress", "--filter", "*/answer/text", "--timeout", "600")
    assert (status, out) == (2, f"triglot conform: {url} cannot be judged: no answer within 0.6 s\n")


def test_a_server_that_hangs_is_not_asked_for_ever(capsys):
    class Hanging(_Everything):
        def do_POST(self):
            if self.rfile.read(int(self.headers.get("content-length") or 0)) == b"{}":
                self.send_response(400)
                self.send_header("content-length", "0")
                self.end_headers()
            else:
                self.rfile.read(1)  # until the client goes

    with odd(Hanging) as url:
        status, out = conform(capsys, url, "--no-progress", "--dialect", "chat", "--timeout", "0.6", "--jobs", "5")
    assert status == 1
    assert "unreachable: not asked: 10 cases before it had no answer" in out
    assert int(next(line for line in out.splitlines() if "no answer within 0.6 s" in line).split()[0]) < 20, out


def test_a_server_that_answers_200_to_anything_is_found_out(capsys):
    with odd(_Everything) as url:
        status, out = conform(capsys, url, "--no-progress")
    assert status == 1
    assert "200 to routes that cannot exist" in out
    assert " pass  " in out
    passed = next(line for line in out.splitlines() if line.startswith("all")).split()[1]
    assert passed == ".", out


@pytest.mark.parametrize("alone", [False, True])
def test_a_case_that_wants_to_be_alone_is(capsys, tmp_path, alone):
    met = threading.Barrier(2)
    meetings = []

    def answer(_, body):
        if b'"together"' in body:
            try:
                meetings.append(met.wait(0.5))
            except threading.BrokenBarrierError:
                met.reset()
        return (400, {})

    for name in ("first", "second"):
        folder = tmp_path / "chat" / "answer" / name
        folder.mkdir(parents=True)
        live = {"alone": alone, "twin": False}
        case = {
            "requirement": "Any answer will do for this case.",
            "level": "MUST",
            "spec": ["chat/openapi.yaml"],
            "origin": {"live": "for this test"},
            "live": live,
        }
        (folder / "case.yaml").write_text(json.dumps(case))
        (folder / "live.json").write_text('{"messages": [{"role": "user", "content": "together"}]}')
    with odd(refuses(answer)) as url:
        status, out = conform(capsys, url, "--no-progress", "--cases", str(tmp_path), "--jobs", "2")
    assert (status, "2 fail" in out) == (1, True)
    assert bool(meetings) is not alone


def test_nothing_that_cases_store_is_left_behind(capsys, tmp_path):
    results = tmp_path / "results.json"
    with reference() as url:
        arguments = ("--no-progress", "--filter", "responses/stored/*", "--filter", "responses/answer/*", "--filter", "responses/events/*")
        status, out = conform(capsys, url, *arguments, "--json", str(results))
        assert status == 0, out
        made = set(re.findall(r'\\"id\\": ?\\"(resp_\w+)', results.read_text("utf-8")))
        assert len(made) > 20
        for each in made:
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"{url}/v1/responses/{each}", timeout=20)
