"""Cases of several steps, against a server of a few lines that does what each test says."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from backports import zstd
from websockets.asyncio.server import serve

from triglot_conformance.case import CaseError, load_case
from triglot_conformance.replay.backend import GENERATION_PATH, ScriptedBackend
from triglot_conformance.replay.runner import CaseRunner, Settings
from triglot_conformance.wire.http1 import Message, Request, exchange, read_message

from .conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from websockets.asyncio.server import ServerConnection

    Server = Callable[[Message, int], Awaitable[Any]]

RECORDINGS = ROOT / "conformance" / "recordings" / "llama-server-b11549"
BASE = {
    "requirement": "What the runner is asked to do, it does.",
    "level": "MUST",
    "spec": ["chat/openapi.yaml"],
    "origin": {"authored": "for this test"},
}
ONE, TWO = (b'event: %d\ndata: {"type":"%d"}\n\n' % (number, number) for number in (1, 2))
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + ONE + TWO


class Anything:
    """A contract that every answer keeps: only what the runner does counts here."""

    name = "chat"
    event_line = "type"
    sentinel = None

    def dialect(self, _name: str) -> Any:
        return self

    @property
    def stream(self) -> Any:
        return self

    def check_body(self, *_: Any) -> list[str]:
        return []

    check_message = check_event = check_order = check_invariants = check_body


def write(folder: Path, name: str, content: Any) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode())


def run(folder: Path, server: Server, steps: list[dict[str, Any]], kept: Sequence[asyncio.StreamWriter] = ()) -> list[tuple[str, str]]:
    """What the runner finds; connections that the server has kept open are closed at the end."""
    source = {**BASE, "steps": steps} if len(steps) > 1 else {**BASE, **steps[0]}
    (folder / "case.yaml").write_text(yaml.safe_dump(source))
    case = load_case(folder, "chat/json/runner")

    async def play() -> list[tuple[str, str]]:
        async with ScriptedBackend(RECORDINGS) as backend:

            async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                request = await read_message(reader, is_answer=False)
                assert request is not None
                answer = await server(request, backend.port)
                body = answer if isinstance(answer, bytes) else json.dumps(answer, separators=(",", ":")).encode()
                kind = b"text/event-stream" if isinstance(answer, bytes) else b"application/json"
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % kind)
                writer.writelines(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in body.splitlines(keepends=True))
                writer.write(b"0\r\n\r\n")
                writer.close()

            gateway = await asyncio.start_server(accept, "127.0.0.1", 0)
            try:
                settings = Settings([], RECORDINGS, Anything(), ["whole"], timeout_s=1)
                result = await CaseRunner(backend, gateway.sockets[0].getsockname()[1], settings).run(case)
            finally:
                gateway.close()
                for writer in kept:
                    writer.close()
                    await asyncio.gather(writer.wait_closed(), return_exceptions=True)
            return [(finding.check, finding.message) for _, finding in result.findings]

    return asyncio.run(asyncio.wait_for(play(), 120))


async def ask(port: int) -> Message:
    return await exchange("127.0.0.1", port, Request("POST", GENERATION_PATH, {}, b"{}"), 5)


def test_what_one_step_finds_the_next_sends(tmp_path: Path) -> None:
    seen: list[tuple[str, str, str | None, bytes]] = []

    async def server(request: Message, _port: int) -> Any:
        seen.append((request.method, request.path, request.head.get("x-from"), request.body))
        return {"id": "resp_12345678"} if request.method == "POST" else {"gone": "resp_12345678"}

    write(tmp_path, "1/request.json", {})
    write(tmp_path, "1/expected.json", b'{"id":"{{id:resp_}}"}')
    write(tmp_path, "2/request.json", b'"{{id:resp_}}"')
    write(tmp_path, "2/expected.json", b'{"gone":"{{id:resp_}}"}')
    later = {"request": {"method": "DELETE", "path": "/v1/responses/{{id:resp_}}", "headers": {"x-from": "{{id:resp_}}"}}}
    assert run(tmp_path, server, [{}, later]) == []
    assert seen[1] == ("DELETE", "/v1/responses/resp_12345678", "resp_12345678", b'"resp_12345678"')


@pytest.mark.parametrize(("tries", "problem"), [(3, []), (2, [("http", 'status is still "queued" after 2 tries')])])
def test_a_poll_ends_with_another_value_or_with_its_tries(tmp_path: Path, tries: int, problem: Any) -> None:
    answers = iter(["queued", "queued", "completed"])

    async def server(_request: Message, _port: int) -> Any:
        return {"status": next(answers)}

    write(tmp_path, "expected.json", {"status": "completed"})
    step = {"request": {"method": "GET", "poll": {"field": "status", "while": ["queued"], "tries": tries}}}
    assert run(tmp_path, server, [step]) == problem


@pytest.mark.parametrize(("encoding", "decompress"), [("gzip", gzip.decompress), ("zstd", zstd.decompress)])
def test_a_body_can_be_sent_compressed(tmp_path: Path, encoding: str, decompress: Callable[[bytes], bytes]) -> None:
    async def server(request: Message, _port: int) -> Any:
        return {"encoding": request.head.get("content-encoding"), "body": decompress(request.body).decode()}

    write(tmp_path, "request.json", b'"words"')
    write(tmp_path, "expected.json", {"encoding": encoding, "body": '"words"'})
    assert run(tmp_path, server, [{"request": {"encoding": encoding}}]) == []


@pytest.mark.parametrize(("asks", "problem"), [(True, []), (False, [("backend", "the backend was asked 0 times")])])
def test_work_can_go_on_after_the_answer(tmp_path: Path, asks: bool, problem: Any) -> None:
    """The backend is asked only while the second step runs, and holds its answer until the client of that step has seen something."""
    tasks: list[asyncio.Task[Message]] = []
    ended: list[bytes] = []

    async def server(request: Message, port: int) -> Any:
        if request.method == "GET" and asks and not tasks:
            tasks.append(asyncio.create_task(ask(port)))
            tasks[0].add_done_callback(lambda task: ended.append(task.result().body))
        return {"status": "done" if ended or not asks else "working"} if request.method == "GET" else {}

    write(tmp_path, "1/request.json", {})
    write(tmp_path, "1/expected.json", {})
    write(tmp_path, "1/backend.http", STREAM)
    write(tmp_path, "2/expected.json", {"status": "done"})
    steps = [
        {"backend": {"through": 2, "holds": [{"event": 0, "until": "working", "times": 3}]}},
        {"request": {"method": "GET", "poll": {"field": "status", "while": ["working"]}}},
    ]
    assert run(tmp_path, server, steps) == problem


def test_a_client_that_leaves_reads_no_further_and_the_gateway_has_to_leave_too(tmp_path: Path) -> None:
    hangs_up = True

    async def server(_request: Message, port: int) -> Any:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(Request("POST", GENERATION_PATH, {}, b"{}").encode("backend"))
        await reader.readuntil(TWO)
        kept.append(writer)
        if hangs_up:
            writer.close()
        return ONE + TWO

    kept: list[asyncio.StreamWriter] = []
    write(tmp_path, "request.json", {})
    write(tmp_path, "backend.http", STREAM)
    write(tmp_path, "expected.sse", ONE)
    step = {"request": {"leaves": True}, "backend": {"ending": "left"}}
    assert run(tmp_path, server, [step], kept) == []
    hangs_up = False
    assert run(tmp_path, server, [step], kept) == [("backend", "the gateway still listens to an answer that nobody waits for")]
    write(tmp_path, "expected.sse", TWO)
    assert next(check for check, _ in run(tmp_path, server, [step], kept)) == "bytes"


def test_steps_on_a_socket_share_it(tmp_path: Path) -> None:
    """Each message of the server is an event; one too many, or one too few, is found."""

    async def answer(connection: ServerConnection) -> None:
        mine: list[Any] = []
        seen.append(mine)
        async for message in connection:
            mine.append(json.loads(message))
            for number in range(told):
                await connection.send(json.dumps({"type": "a", "n": number}))

    async def play() -> list[tuple[str, str]]:
        async with ScriptedBackend(RECORDINGS) as backend, serve(answer, "127.0.0.1", 0, ping_interval=None) as server:
            settings = Settings([], RECORDINGS, Anything(), ["whole"], timeout_s=1)
            runner = CaseRunner(backend, next(iter(server.sockets)).getsockname()[1], settings)
            result = await runner.run(load_case(tmp_path, "chat/json/runner"))
            return [(finding.check, finding.message) for _, finding in result.findings]

    for number in (1, 2, 3):
        write(tmp_path, f"{number}/request.json", {"n": number})
        write(tmp_path, f"{number}/expected.sse", b'event: a\ndata: {"type": "a", "n": 0}\n\n')
    steps = [{"request": {"socket": name}} for name in ("one", "other", "one")]
    (tmp_path / "case.yaml").write_text(yaml.safe_dump({**BASE, "steps": steps}))
    seen: list[list[Any]] = []
    told = 1
    assert asyncio.run(play()) == []
    assert seen == [[{"n": 1}, {"n": 3}], [{"n": 2}]]
    told = 2
    assert [check for check, _ in asyncio.run(play())] == ["bytes"]  # in step 3, what was left of step 1
    told = 0
    assert asyncio.run(play()) == [("http", "0 of 1 messages within 1 s; the last is ''")]
    (tmp_path / "case.yaml").write_text(yaml.safe_dump({**BASE, "steps": steps[:2]}))
    told = 2
    assert [check for check, _ in asyncio.run(play())] == ["websocket"]


@pytest.mark.parametrize(
    ("files", "steps", "words"),
    [
        ({}, [{"request": {"socket": "a"}}, {}], r"answered by expected\.sse"),
        ({"2/request.json": '{"id":"{{id:resp_}}"}'}, [{}, {}], "step 2 sends {{id:resp_}}, which no earlier step finds"),
        ({"2/backend.http": STREAM.decode()}, [{"backend": {"through": 2}}, {}], "still busy with an earlier one"),
        ({}, [{}, {"backend": {"through": 3}}], "lasts through a step that is not there"),
        ({}, [{"request": {"leaves": True}}, {}], "a client that leaves has received"),
        ({"2/expected.sse": "data: 1\n\n"}, [{}, {"request": {"poll": {"field": "a", "while": [1]}}}], None),
    ],
)
def test_steps_that_cannot_be_played_are_refused(tmp_path: Path, files: dict[str, str], steps: Any, words: str | None) -> None:
    for number in (1, 2):
        write(tmp_path, f"{number}/request.json", {})
        write(tmp_path, f"{number}/expected.json", {})
    write(tmp_path, "1/backend.http", STREAM)
    for name, content in files.items():
        write(tmp_path, name, content.encode())
    (tmp_path / "case.yaml").write_text(yaml.safe_dump({**BASE, "steps": steps}))
    if words is None:
        load_case(tmp_path, "chat/json/runner")
        return
    with pytest.raises(CaseError, match=words):
        load_case(tmp_path, "chat/json/runner")
