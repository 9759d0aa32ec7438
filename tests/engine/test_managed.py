"""The engine driven over HTTP, as a user does it: the installed command, the real engine, good models and bad ones."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.backend.gguf_files import write_adapter
from triglot import demo
from triglot.backend import procfs

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

DEMO = demo.MODEL.read_bytes()
ARCHITECTURE = b"general.architecture" + struct.pack("<IQ", 8, 5)
QUESTION = {"messages": [{"role": "user", "content": "What is the capital of France?"}], "chat_template_kwargs": {"enable_thinking": False}}
ENDLESS = {**QUESTION, "stream": True, "ignore_eos": True, "max_tokens": 20_000}


class Served:
    """A running `triglot serve`."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "triglot", "serve", "--port", "0", "--log-level", "warning", "--state", "memory", *arguments]
        if "--workers" in arguments:
            command[command.index("--state") : command.index("--state") + 2] = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        banner = ""
        while not (found := re.search(r"Messages\s+(http://\S+)", banner)):
            line = self.process.stdout.readline()
            assert line, f"the gateway ended at its start: {self.process.communicate()[1]}"
            banner += line
        self.client = httpx.Client(base_url=found[1], timeout=30)

    def engine(self, operation: str, **body: Any) -> httpx.Response:
        return self.client.post(f"/api/engine/{operation}", json=body)

    def load(self, model: str, **options: Any) -> dict[str, Any]:
        answer = self.engine("load", model=model, wait=True, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, model: str, **options: Any) -> tuple[int, dict[str, Any]]:
        answer = self.engine("load", model=model, wait=True, **options)
        return answer.status_code, answer.json()["error"]

    def status(self) -> dict[str, Any]:
        return self.client.get("/api/engine/status").json()

    def ask(self, **changes: Any) -> dict[str, Any]:
        answer = self.client.post("/v1/chat/completions", json={**QUESTION, **changes})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def engines(self) -> list[int]:
        """The processes of engines."""
        return [pid for pid in procfs.family(self.process.pid) if b"\0--model\0" in read_command(pid)]

    def forget(self) -> None:
        """Let go of what has ended already."""
        self.client.close()
        self.process.communicate(timeout=60)

    def stop(self) -> str:
        """End it in good order; returns its log."""
        self.client.close()
        family = procfs.family(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        assert all(ends(pid) for pid in family)
        return log


def read_command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@contextlib.contextmanager
def paused(pid: int) -> Iterator[None]:
    """While a process stands still."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def ends(pid: int, timeout_s: float = 60.0) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], timeout_s)[0])
    finally:
        os.close(handle)


def until(condition: Any, timeout_s: float = 60.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of models, most of them bad."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "second.gguf").write_bytes(DEMO)
    (folder / "cut.gguf").write_bytes(DEMO[: len(DEMO) // 2])
    (folder / "text.gguf").write_bytes(b"This is no model at all.")
    (folder / "garbage.gguf").write_bytes(DEMO[:300] + bytes(reversed(DEMO[300:3000])) + DEMO[3000:])
    unknown = DEMO.replace(ARCHITECTURE + b"llama", ARCHITECTURE + b"llamb").replace(b"llama.", b"llamb.")
    (folder / "unknown.gguf").write_bytes(unknown)
    write_adapter(folder / "poet.gguf")
    return folder


@pytest.fixture(scope="module", params=["1", "3"], ids=["one process", "workers"])
def served(request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    workers = (
        ["--workers", request.param, "--state", str(tmp_path_factory.mktemp("state") / "state.sqlite3")] if request.param != "1" else []
    )
    served = Served("--model-dirs", str(models), "--heartbeat-s", "0.2", *workers)
    yield served
    served.stop()


@pytest.fixture
def with_demo(served: Served) -> Served:
    """With the demo model served."""
    if served.status()["model"] != "tiny-demo":
        served.load("demo")
    return served


def test_the_status_tells_what_is_served(with_demo: Served):
    status = with_demo.status()
    assert (status["managed"], status["state"], status["program"], status["model"]) == (True, "ready", "embedded", "tiny-demo")
    assert (status["context_tokens"], status["slots"], status["template"]) == (32768, 4, "model")
    assert (status["vision"], status["audio"], status["tools"], status["reasoning"]) == (False, False, True, True)
    assert status["model_file"]["parameters"] == 955_520
    assert (status["load"]["state"], status["load"]["fraction"]) == ("ready", 1.0)


def test_another_model_takes_over_with_its_options(with_demo: Served):
    load = with_demo.load(
        "second.gguf",
        alias="two",
        context=4096,
        slots=2,
        kv_type="q8_0",
        chat_template="{% for message in messages %}{{ message.content }}{% endfor %}",
        draft_model="second.gguf",
        flags={"flash-attn": "on", "batch-size": 256},
    )
    assert (load["state"], load["phase"], load["fraction"]) == ("ready", "done", 1.0)
    status = with_demo.status()
    assert (status["model"], status["context_tokens"], status["slots"]) == ("two", 4096, 2)
    assert (status["template"], status["reasoning"], status["draft_model"]) == ("override", False, "second.gguf")
    assert with_demo.ask()["model"] == "two"
    assert [model["id"] for model in with_demo.client.get("/v1/models").json()["data"]] == ["two"]
    assert until(lambda: len(with_demo.engines()) == 1)


@pytest.mark.parametrize(
    ("model", "status", "told"),
    [
        ("cut.gguf", 400, "cut.gguf is cut off: it has"),
        ("text.gguf", 400, "text.gguf is not a GGUF file: it does not begin with GGUF."),
        ("garbage.gguf", 400, "garbage.gguf is "),
        ("poet.gguf", 400, "poet.gguf is no model: it says that it is of the kind 'adapter'."),
        ("unknown.gguf", 502, "unknown model architecture: 'llamb'"),
        ("missing.gguf", 404, "There is no file 'missing.gguf'"),
        ("/etc/passwd", 403, "'/etc/passwd' is not in one of the directories"),
    ],
)
@pytest.mark.parametrize("swap", ["beside", "after"])
def test_what_cannot_be_loaded_is_refused_in_words_and_the_old_model_stays(
    with_demo: Served, model: str, status: int, told: str, swap: str
):
    found, error = with_demo.refused(model, swap=swap)
    assert found == status
    assert told in error["message"]
    answer = with_demo.ask()
    assert answer["model"] == "tiny-demo"
    assert answer["choices"][0]["message"]["content"] == "The capital of France is Paris."


def test_validation_loads_nothing(with_demo: Served):
    good = with_demo.engine("validate", model="second.gguf", context=65536, adapters=[{"path": "poet.gguf"}]).json()
    assert (good["valid"], good["problems"], [warning["field"] for warning in good["warnings"]]) == (True, [], ["context"])
    assert good["memory_bytes"] > good["model"]["size_bytes"]
    bad = with_demo.engine("validate", model="cut.gguf", mmproj="second.gguf", flags={"no-such-thing": 1}).json()
    assert bad["valid"] is False
    assert [problem["field"] for problem in bad["problems"]] == ["model", "mmproj", "flags.no-such-thing"]
    assert len(with_demo.engines()) == 1


def test_an_answer_that_runs_is_finished_by_the_old_model(with_demo: Served):
    [old] = with_demo.engines()
    with with_demo.client.stream("POST", "/v1/chat/completions", json={**ENDLESS, "max_tokens": 5000}) as stream:
        lines = stream.iter_lines()
        first = next(line for line in lines if line.startswith("data:"))
        with paused(old):  # or it may have said everything before the new one is there
            with_demo.load("second.gguf")
            assert with_demo.ask()["model"] == "second"
            assert len(with_demo.engines()) == 2
        chunks = [json.loads(line[5:]) for line in [first, *lines] if line.startswith("data: {")]
    assert {chunk["model"] for chunk in chunks} == {"tiny-demo"}
    assert [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"] if choice["finish_reason"]] == ["length"]
    assert until(lambda: len(with_demo.engines()) == 1)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages"])
def test_a_request_waits_while_the_only_model_is_loaded(with_demo: Served, path: str):
    body = {"messages": QUESTION["messages"], "input": "What is the capital of France?", "max_tokens": 99, "model": "m"}
    wanted = {
        "/v1/chat/completions": ["messages"],
        "/v1/responses": ["input", "model"],
        "/v1/messages": ["messages", "max_tokens", "model"],
    }
    unloaded = with_demo.engine("unload").json()
    assert unloaded["state"] in ("stopping", "unloaded")
    until(lambda: with_demo.status()["state"] == "unloaded")
    request = {name: body[name] for name in wanted[path]}
    refused = with_demo.client.post(path, json=request)
    assert (refused.status_code, refused.headers["retry-after"]) == (503 if path != "/v1/messages" else 529, "1")
    assert "No model is loaded" in refused.json()["error"]["message"]
    health = with_demo.client.get("/health")
    assert (health.status_code, health.json()["status"]) == (503, "unavailable")
    assert with_demo.engine("load", model="demo").json()["state"] == "loading"
    answer = with_demo.client.post(path, json=request)
    assert answer.status_code == 200
    assert "Paris" in answer.text


REQUESTS = {
    "/v1/chat/completions": (QUESTION, '"choices":[]', "[DONE]"),
    "/v1/responses": ({"model": "m", "input": "What is the capital of France?"}, "response.in_progress", '"status":"cancelled"'),
    "/v1/messages": ({"model": "m", "max_tokens": 99, "messages": QUESTION["messages"]}, "event: ping", "message_stop"),
}


@contextlib.contextmanager
def loading(served: Served) -> Iterator[None]:
    """While the only model is being loaded and does not get on."""
    served.engine("unload")
    until(lambda: served.status()["state"] == "unloaded")
    assert served.engine("load", model="demo").status_code == 200
    [engine] = until(served.engines)
    with paused(engine):
        assert served.status()["state"] == "loading"
        yield
        assert served.status()["state"] == "loading"
    until(lambda: served.status()["state"] == "ready")
    assert "Paris" in json.dumps(served.ask())


def cancel(served: Served, **target: str) -> int:
    return served.client.post("/api/inference/cancel", json=target).json()["cancelled"]


def has_client(served: Served, port: int) -> bool:
    """Whether the gateway has a connection from this port."""
    ends = [f":{number:04X}" for number in (served.client.base_url.port, port)]
    rows = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return any([local[-5:], remote[-5:]] == ends and state in ("01", "08") for local, remote, state in rows)  # open, or left by the client


@pytest.mark.parametrize("path", REQUESTS)
def test_a_request_that_waits_for_the_only_model_beats_and_is_cancelled(with_demo: Served, path: str):
    body, beat, end = REQUESTS[path]
    with loading(with_demo), ThreadPoolExecutor() as threads:
        whole = threads.submit(with_demo.client.post, path, json={**body, "session_id": "whole"})
        with with_demo.client.stream("POST", path, json={**body, "stream": True, "cancel_id": "mine"}) as stream:
            assert stream.status_code == 200
            lines = stream.iter_lines()
            for _ in range(3):
                assert any(beat in line for line in lines)
            assert cancel(with_demo, cancel_id="mine") == 1
            assert any(end in line for line in lines)
        assert not whole.done()
        assert cancel(with_demo, session_id="whole") == 1
        assert whole.result(60).status_code == 499


@pytest.mark.parametrize("path", REQUESTS)
def test_a_client_may_leave_while_the_only_model_is_loaded(with_demo: Served, path: str):
    body, beat, _ = REQUESTS[path]
    with loading(with_demo):
        with (
            httpx.Client(base_url=with_demo.client.base_url) as leaving,
            leaving.stream("POST", path, json={**body, "stream": True, "session_id": "mine"}) as stream,
        ):
            lines = stream.iter_lines()  # it is the client who leaves, as soon as this is let go
            assert any(beat in line for line in lines)
            _, port = stream.extensions["network_stream"].get_extra_info("client_addr")
            assert has_client(with_demo, port)
        until(lambda: not has_client(with_demo, port))
        with_demo.status()  # what closed the socket has ended by the time another answer is there
        assert cancel(with_demo, session_id="mine") == 0


def test_progress_is_told_until_the_end(with_demo: Served):
    load = with_demo.engine("load", model="second.gguf").json()
    with with_demo.client.stream("GET", "/api/engine/progress", params={"stream": "true"}) as stream:
        events = [json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")]
    assert {event["load"]["id"] for event in events} == {load["id"]}
    assert [event["type"] for event in events] == [*["load.progress"] * (len(events) - 1), "load.ended"]
    assert with_demo.client.get("/api/engine/progress").json() == events[-1]["load"]
    assert events[-1]["load"]["state"] == "ready"


def test_two_loads_at_once_are_one_too_many(with_demo: Served):
    assert with_demo.engine("load", model="second.gguf").json()["state"] == "loading"
    status, error = with_demo.refused("demo")
    assert (status, error["code"]) == (409, "engine_busy")
    with_demo.engine("cancel")
    until(lambda: with_demo.status()["load"]["state"] != "loading")
    assert with_demo.status()["state"] == "ready"


def test_an_adapter_is_loaded_and_listed(with_demo: Served):
    with_demo.load("second.gguf", adapters=[{"path": "poet.gguf", "name": "bard", "scale": 0}])
    assert with_demo.status()["adapters"] == [{"id": 0, "name": "bard", "scale": 0.0}]
    assert with_demo.ask(lora=[{"id": 0, "scale": 1.0}])["choices"][0]["message"]["content"] == "The capital of France is Paris."
    prompt = {"prompt": "What is the capital of France?"}
    chosen = with_demo.client.post("/api/generate", json={**prompt, "use_adapter": "bard"})
    assert chosen.json()["text"] == "The capital of France is Paris."
    unknown = with_demo.client.post("/api/generate", json={**prompt, "use_adapter": "poet"})
    assert (unknown.status_code, unknown.json()["error"]["message"]) == (400, "No adapter is called 'poet'; loaded are: bard.")


def test_text_is_made_from_a_prompt(with_demo: Served):
    body = {"prompt": "What is the capital of France?"}
    whole = with_demo.client.post("/api/generate", json=body).json()
    assert (whole["text"], whole["finish_reason"], whole["model"]) == ("The capital of France is Paris.", "stop", "tiny-demo")
    with with_demo.client.stream("POST", "/api/generate", json={**body, "stream": True}) as stream:
        events = [json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")]
    assert "".join(event["text"] for event in events if event["type"] == "generate.text") == whole["text"]
    assert {**events[-1]["answer"], "usage": None} == {**whole, "usage": None}


def test_a_killed_engine_breaks_its_answers_and_serves_the_next_ones(with_demo: Served):
    until(lambda: len(with_demo.engines()) == 1)
    with with_demo.client.stream("POST", "/v1/chat/completions", json=ENDLESS) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if line.startswith("data:"))
        [engine] = with_demo.engines()
        os.kill(engine, signal.SIGKILL)
        began = time.monotonic()
        rest = [line for line in lines if line]
    assert time.monotonic() - began < 20  # a silent engine may be waited for much longer
    assert "error" in json.loads(rest[-1][5:])
    assert with_demo.ask()["choices"][0]["message"]["content"] == "The capital of France is Paris."
    assert with_demo.status()["restarts"] == 1


def test_after_sigterm_an_open_answer_ends_with_an_error_and_no_engine_is_left():
    served = Served("--shutdown-grace-s", "0.3")
    with served.client.stream("POST", "/v1/chat/completions", json={**ENDLESS, "max_tokens": 32_000}) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if line.startswith("data:"))
        family = procfs.family(served.process.pid)
        served.process.send_signal(signal.SIGTERM)
        rest = [line for line in lines if line]
    assert rest[-1] == "data: [DONE]" or "error" in json.loads(rest[-1][5:])
    assert served.process.wait(60) == 0
    assert all(ends(pid) for pid in family)
    served.forget()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_engine_outlives_a_killed_triglot_in_the_middle_of_a_swap(models: Path, tmp_path: Path, workers: str):
    state = ["--workers", workers, "--state", str(tmp_path / "state.sqlite3")] if workers != "1" else []
    served = Served("--model-dirs", str(models), *state)
    with contextlib.ExitStack() as stack:
        for _ in range(4):  # so that the old engine is busy for long
            stream = stack.enter_context(served.client.stream("POST", "/v1/chat/completions", json=ENDLESS))
            next(stream.iter_raw())
        served.load("second.gguf")
        assert len(served.engines()) == 2
        family = procfs.family(served.process.pid)
        served.process.kill()
        assert all(ends(pid) for pid in family)
    served.forget()


@pytest.mark.parametrize(("model", "told"), [("cut.gguf", "cut.gguf is cut off"), ("unknown.gguf", "unknown model architecture: 'llamb'")])
def test_a_start_with_a_bad_model_ends_with_one_message(models: Path, model: str, told: str):
    command = [sys.executable, "-m", "triglot", "serve", "--port", "0", "--state", "memory", "--model", str(models / model)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("triglot: ")
    assert ended.stderr.count("triglot: ") == 1
    assert told in ended.stderr


def test_keys_open_the_engine_to_other_machines_and_web_pages(models: Path):
    served = Served("--model-dirs", str(models), "--host", "0.0.0.0")
    try:
        assert served.refused("demo")[1]["message"].startswith("Without API keys the engine is controlled from this machine only")
        assert served.status()["state"] == "ready"
    finally:
        assert "without API keys" in served.stop()


def test_a_backend_that_is_not_ours_is_only_looked_at(engine_url: str):
    served = Served("--backend", engine_url)
    try:
        for operation, body in (("load", {"model": "demo"}), ("validate", {"model": "demo"}), ("unload", {}), ("cancel", {})):
            answer = served.engine(operation, **body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "engine_not_ours")
        assert served.client.get("/api/engine/progress").status_code == 409
        status = served.status()
        assert (status["managed"], status["state"], status["model"], status["context_tokens"]) == (False, "ready", "tiny-demo", 32768)
        assert (status["tools"], status["reasoning"], status["template"]) == (True, True, "backend")
    finally:
        served.stop()
