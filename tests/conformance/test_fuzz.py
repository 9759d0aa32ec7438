"""The fuzz: servers of a few lines, each wrong in one way, and what is said of them."""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from triglot_conformance.cli import main
from triglot_conformance.contract.contract import Contract, read_yaml
from triglot_conformance.fuzz import FuzzError
from triglot_conformance.fuzz.documents import operations, read_document
from triglot_conformance.fuzz.run import Plan, Run, as_command
from triglot_conformance.fuzz.senders import AppSender, UrlSender, load_app
from triglot_conformance.live import patience
from triglot_conformance.live.client import Answer
from triglot_conformance.live.target import Target
from triglot_conformance.wire.http1 import Request, read_message

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
WHOLE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi!"}, "finish_reason": "stop"}],
    "usage": USAGE,
}
STREAM = [
    {**CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
    {**CHUNK, "choices": [{"index": 0, "delta": {"content": "Hi!"}, "finish_reason": None}]},
    {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
]
ERROR = {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}}


class Server:
    """Answers chat requests as a sender; what is wrong with it is one of the words in `answer`."""

    def __init__(self, defect: str = "none") -> None:
        self._defect = defect
        self.seen: list[Request] = []

    def send(self, request: Request) -> Answer:  # noqa: PLR0911 - a table
        self.seen.append(request)
        if request.path.startswith("/v1/models"):
            return self._json(404, ERROR) if request.path != "/v1/models" else self._json(200, {"object": "list", "data": []})
        try:
            body = json.loads(request.body)
            is_request = isinstance(body["messages"], list)
        except (ValueError, LookupError, TypeError):
            is_request = False
        match self._defect:
            case "fails on broken requests" if not is_request:
                return self._json(500, ERROR)
            case "has errors of its own shape" if not is_request:
                return self._json(400, {"detail": "No."})
            case "tells errors in words" if not is_request:
                return Answer(400, [("content-type", "text/plain")], b"No.")
            case "answers with another status":
                return self._json(202, WHOLE)
            case "hangs up":
                return Answer(error="the connection was closed")
        if not is_request:
            return self._json(400, ERROR)
        if body.get("stream") is not True or self._defect == "does not stream":
            return self._json(200, {**WHOLE, "usage": {**USAGE, "total_tokens": 7}} if self._defect == "cannot add" else WHOLE)
        frames = [f"data: {json.dumps(event)}\n\n" for event in self._events()]
        return Answer(200, [("content-type", "text/event-stream")], "".join([*frames, "data: [DONE]\n\n"]).encode())

    def _events(self) -> list[dict[str, Any]]:
        return {"never finishes": STREAM[:-1], "goes on": [*STREAM, STREAM[1]]}.get(self._defect, STREAM)

    def _json(self, status: int, body: Any) -> Answer:
        return Answer(status, [("content-type", "application/json")], json.dumps(body).encode())

    def close(self) -> None:
        pass


REQUEST = {
    "type": "object",
    "required": ["model", "messages"],
    "properties": {
        "model": {"type": "string"},
        "messages": {"type": "array", "items": {"type": "object"}},
        "stream": {"type": "boolean"},
        "max_tokens": {"type": "integer", "minimum": 1},
    },
}


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contract with a small request, which is made up faster."""
    folder = tmp_path_factory.mktemp("specs")
    shutil.copytree(ROOT / "specs" / "chat", folder / "chat")
    document = read_yaml(folder / "chat" / "openapi.yaml")
    document["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"] = REQUEST
    (folder / "chat" / "openapi.yaml").write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def contract(specs: Path) -> Contract:
    return Contract(specs)


def fuzz(server: Server, contract: Contract, filters: tuple[str, ...] = ("chat/create*",), seed: int = 1, examples: int = 9) -> Run:
    plan = Plan("http://server", "m", examples, seed, ["chat"], lambda _: {"authorization": "Bearer secret"}, filters)
    run = Run(plan, contract, server)
    run.run(lambda _: None)
    return run


def test_a_right_server_has_no_faults(contract: Contract) -> None:
    run = fuzz(Server(), contract, ("chat/*",), examples=30)
    assert list(run.faults) == []
    assert run.requests["chat/create_chat_completion"] == 30
    assert run.requests["chat/list_models"] >= 1


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        ("fails on broken requests", "status of a failing server"),
        ("has errors of its own shape", "schema"),
        ("tells errors in words", "content-type not application/json for an error"),
        ("answers with another status", "status not documented"),
        ("does not stream", "content-type not text/event-stream"),
        ("cannot add", "usage"),
        ("never finishes", "order"),
        ("goes on", "invariant closed choices"),
    ],
)
def test_a_wrong_server_has_its_fault_told(contract: Contract, defect: str, rule: str) -> None:
    faults = fuzz(Server(defect), contract).faults
    assert any(found.startswith(rule) for _, found in faults), list(faults)
    assert all(fault.operation == "chat/create_chat_completion" for fault in faults.values())


def test_a_fault_is_told_once_with_its_smallest_request(contract: Contract) -> None:
    server = Server("fails on broken requests")
    [fault] = [fault for (_, rule), fault in fuzz(server, contract, examples=40).faults.items() if rule.startswith("status")]
    broken = [request for request in list(server.seen) if server.send(request).status == 500]
    assert 1 < fault.counts.total() <= len(broken)
    assert len(fault.request.body) == min(len(request.body) for request in broken)


def test_what_is_wrong_everywhere_is_one_fault(contract: Contract) -> None:
    server = Server()
    server.send = lambda request: server._json(400, {}) if "models" in request.path else Server.send(server, request)  # type: ignore[method-assign]
    faults = fuzz(server, contract, ("chat/*",)).faults.values()
    assert faults
    assert all({*fault.counts} == {"chat/list_models", "chat/get_model"} for fault in faults)
    assert all(fault.request.path == "/v1/models" for fault in faults)


def test_the_same_seed_makes_up_the_same_requests(contract: Contract) -> None:
    def asked(seed: int) -> list[Request]:
        server = Server()
        fuzz(server, contract, seed=seed)
        return server.seen

    assert asked(5) == asked(5)
    assert asked(5) != asked(6)


def test_valid_requests_name_the_model_of_the_server_and_ask_for_little(contract: Contract) -> None:
    server = Server()
    fuzz(server, contract)
    bodies = [json.loads(request.body) for request in server.seen[1:7]]
    assert {body["model"] for body in bodies} == {"m"}
    assert {body["max_tokens"] for body in bodies} == {16}
    assert {body.get("stream") is True for body in bodies} == {True, False}
    assert all(request.headers["authorization"] == "Bearer secret" for request in server.seen)


@pytest.mark.parametrize(
    ("defect", "filters", "words"), [("hangs up", ("chat/*",), "was closed"), ("none", ("no/such",), "no operation matches")]
)
def test_what_cannot_be_run_is_no_verdict(contract: Contract, defect: str, filters: tuple[str, ...], words: str) -> None:
    with pytest.raises(FuzzError, match=words):
        fuzz(Server(defect), contract, filters)


def test_a_server_that_lets_nobody_ask_so_often_is_left_alone(contract: Contract) -> None:
    server = Server()
    honest = server.send

    def send(request: Request) -> Answer:
        answer = honest(request)
        return answer if len(server.seen) < 4 else Answer(429, error="the server answers 429 for 31 s on end", unreachable=True)

    server.send = send  # type: ignore[method-assign]
    with pytest.raises(FuzzError, match="http://server: the server answers 429 for 31 s on end"):
        fuzz(server, contract)
    assert len(server.seen) == 4


def test_a_server_that_limits_the_rate_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)

    monkeypatch.setattr(patience, "sleep", sleep)
    with listening(b"429 Too Many Requests\r\nRetry-After: 3", b"200 OK") as (port, received):
        sender = UrlSender(Target("http", "127.0.0.1", port))
        answer = sender.send(Request("GET", "/"))
        sender.close()
    assert (answer.status, pauses, len(received)) == (200, [3.0], 2)


@pytest.mark.parametrize(("broken", "status"), [(KeyboardInterrupt(), 130), (FuzzError("enough"), 2)])
@pytest.mark.usefixtures("apps")
def test_faults_are_told_also_of_a_run_that_breaks_off(
    broken: BaseException, status: int, specs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = Run._fuzz

    def fuzz_one(self: Run, name: str, operation: Any) -> None:
        honest(self, name, operation)
        raise broken

    monkeypatch.setattr(Run, "_fuzz", fuzz_one)
    options = ["--dialect", "chat", "--filter", "chat/create*", "--max-examples", "9", "--specs", str(specs)]
    assert main(["fuzz", "--app", "fuzzed_app:broken", *options]) == status
    assert "FAIL chat/create_chat_completion [invariant]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(401), "http://server answers 401: it wants a key: --api-key-env gives it"),
        (
            Answer(301, [("Location", "https://elsewhere")]),
            "http://server sends on to https://elsewhere; give the URL of the server",
        ),
    ],
)
def test_a_server_that_lets_nobody_in_has_no_faults(contract: Contract, answer: Answer, words: str) -> None:
    server = Server()
    server.send = lambda _: answer  # type: ignore[method-assign]
    with pytest.raises(FuzzError, match=words):
        fuzz(server, contract)


def test_a_dialect_that_the_server_does_not_have_is_left_out(contract: Contract) -> None:
    server = Server()
    server.send = lambda _: server._json(404, ERROR)  # type: ignore[method-assign]
    with pytest.raises(FuzzError, match="chat is left out: the server answers 404"):
        fuzz(server, contract)


@pytest.mark.parametrize("body", [b"", b'{"a": "it\'s $HOME `x`"}', b"\x00\xff", '"\u2028"'.encode()])
def test_the_command_sends_the_same_request_and_no_secret(body: bytes) -> None:
    request = Request("POST", "/v1/x?a=%27b", {"x-a": "it's", "Authorization": "Bearer secret"}, body)
    command = as_command("http://127.0.0.1:{port}", request)
    assert "secret" not in command
    with listening() as (port, received):
        done = subprocess.run(
            ["bash", "-c", command.replace("{port}", str(port))], capture_output=True, env={"API_KEY": "key"}, check=False
        )
    assert done.stdout == b"ok", done.stderr
    [(start, headers, got)] = received
    assert start == "POST /v1/x?a=%27b HTTP/1.1"
    assert headers["x-a"] == "it's"
    assert headers["authorization"] == "Bearer key"
    assert got == body


class listening:  # noqa: N801 - used as a function
    """A server in a thread that answers each request with ok, and keeps it; the heads of its answers can be given."""

    def __init__(self, *heads: bytes) -> None:
        self._heads = [*heads]

    def __enter__(self) -> tuple[int, list[tuple[str, dict[str, str], bytes]]]:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self._port: list[int] = []
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self._ready.wait(60)
        return self._port[0], self.received

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)

    async def _serve(self) -> None:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            message = await read_message(reader, is_answer=False)
            assert message is not None
            headers = {name.lower(): value for name, value in message.head.lines}
            self.received.append((message.head.start_line, headers, message.body))
            head = self._heads.pop(0) if self._heads else b"200 OK"
            writer.write(b"HTTP/1.1 " + head + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            self._port.append(server.sockets[0].getsockname()[1])
            self._ready.set()
            await asyncio.get_running_loop().run_in_executor(None, self._over.wait, 10)


APP = """
from tests.conformance.test_fuzz import Server

LIVES = []

def make(defect="none"):
    server = Server(defect)

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                LIVES.append(kind)
                await send({"type": kind + ".complete"})
                if kind.endswith("shutdown"):
                    return
        from triglot_conformance.wire.http1 import Request
        body = (await receive())["body"]
        answer = server.send(Request(scope["method"], scope["path"], {}, body))
        headers = [(name.encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for place in range(0, len(answer.body), 10):
            await send({"type": "http.response.body", "body": answer.body[place:place + 10], "more_body": True})
        await send({"type": "http.response.body"})
    return app

def broken():
    return make("goes on")

def raising():
    async def app(scope, receive, send):
        raise ValueError(scope["type"])
    return app
"""


@pytest.fixture
def apps(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    (tmp_path / "fuzzed_app.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield lambda factory: f"fuzzed_app:{factory}"
    sys.modules.pop("fuzzed_app", None)


def test_an_application_is_fuzzed_in_this_process(apps: Callable[[str], str], specs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--dialect", "chat", "--max-examples", "9", "--specs", str(specs)]
    assert main(["fuzz", "--app", apps("make"), *options]) == 0, capsys.readouterr().out
    assert "0 faults" in capsys.readouterr().out
    assert sys.modules["fuzzed_app"].LIVES == ["lifespan.startup", "lifespan.shutdown"]
    assert main(["fuzz", "--app", apps("broken"), *options]) == 1
    said = capsys.readouterr().out
    assert "FAIL chat/create_chat_completion [invariant]" in said
    [command] = [line for line in said.splitlines() if line.startswith("  curl ")][:1]
    assert "http://127.0.0.1:8000/v1/chat/completions" in shlex.split(command)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--app", "nothing"], "say module:factory"),
        (["--app", "no_such_module:make"], "No module named"),
        (["--app", "fuzzed_app:raising"], "raises ValueError('http')"),
        (["http://127.0.0.1:1"], "cannot connect"),
        (["http://user:secret@server"], "not into the URL"),
        (["http://server", "--api-key-env", "NO_SUCH_VARIABLE"], "has no NO_SUCH_VARIABLE"),
    ],
)
@pytest.mark.usefixtures("apps")
def test_a_run_that_cannot_be_done_is_status_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_without_schemathesis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in [name for name in sys.modules if name.startswith(("schemathesis", "triglot_conformance.fuzz."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "schemathesis", None)
    assert main(["fuzz", "http://127.0.0.1:1"]) == 2
    assert 'fuzz needs schemathesis: pip install "triglot[fuzz]"' in capsys.readouterr().err


@pytest.mark.parametrize("dialect", ["chat", "responses", "messages", "control"])
def test_documents_refer_to_nothing_outside(dialect: str) -> None:
    document = read_document(ROOT / "specs" / dialect)
    schemas = document["components"]["schemas"]
    references = {*references_of(document)}
    assert references
    for reference in references:
        value: Any = document
        for step in reference.removeprefix("#/").split("/"):
            value = value[step.replace("~1", "/").replace("~0", "~")]
        assert isinstance(value, dict)
    assert {} not in schemas.values()
    assert len(list(operations(document))) >= 3


def references_of(value: Any) -> Iterator[str]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if key == "$ref" and isinstance(inner, str):
            yield inner
        yield from references_of(inner)


def test_an_application_that_does_not_start_is_told() -> None:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no model"})

    with pytest.raises(FuzzError, match="fails at startup: no model"):
        AppSender(app, 5)


def test_a_factory_is_named_in_full() -> None:
    with pytest.raises(FuzzError, match="module:factory"):
        load_app("tests.conformance.test_fuzz")
