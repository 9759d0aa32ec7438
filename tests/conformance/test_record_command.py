"""`triglot record`, from its start to Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from triglot_conformance.case import load_cases
from triglot_conformance.record.command import main
from triglot_conformance.wire.http1 import Request, exchange, read_message

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-c", "import sys; from triglot_conformance.record.command import main; sys.exit(main())"]
BODY = {"model": "m", "messages": [{"role": "user", "content": "A very private question"}]}


async def record(out: Path, *arguments: str, requests: int = 1, number: signal.Signals = signal.SIGINT) -> tuple[int | None, str]:
    """Run the command in front of a server, send requests through it, and stop it; its status and output."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader, is_answer=False)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    to = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    pipe = asyncio.subprocess.PIPE
    command = [*COMMAND, "--to", to, "--out", str(out), "--port", "0", *arguments]
    async with server:
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
        assert process.stdout is not None
        told = ""
        while "ANTHROPIC_BASE_URL" not in told:
            line = (await process.stdout.readline()).decode()
            assert line, told
            told += line
        found = re.search(r"http://127\.0\.0\.1:(\d+) +\(ANTHROPIC", told)
        assert found
        for _ in range(requests):
            request = Request("POST", "/v1/messages", {"User-Agent": "tester/1.0"}, json.dumps(BODY).encode())
            await exchange("127.0.0.1", int(found[1]), request, 5)
            told += (await process.stdout.readline()).decode()
        process.send_signal(number)
        told += (await process.stdout.read()).decode()
        return await process.wait(), told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("child_path")
def test_a_session_becomes_cases(tmp_path: Path, number: signal.Signals) -> None:
    status, told = asyncio.run(asyncio.wait_for(record(tmp_path / "cases", requests=2, number=number), 120))
    assert status == 0, told
    assert told.count("POST /v1/messages -> 200") == 2
    assert [case.id for case in load_cases(tmp_path / "cases")] == ["messages/clients/tester/01", "messages/clients/tester/02"]
    assert "private" not in "".join(path.read_text() for path in tmp_path.rglob("*.json"))


@pytest.mark.usefixtures("child_path")
def test_cases_are_replaced_by_force_alone(tmp_path: Path) -> None:
    for arguments, numbers in [((), ["01"]), ((), ["01", "02"]), (("--force",), ["01", "02"])]:
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("live.json")}
        status, told = asyncio.run(asyncio.wait_for(record(tmp_path, *arguments), 120))
        assert status == 0, told
        assert [case.id.rpartition("/")[2] for case in load_cases(tmp_path)] == numbers
        assert all(path.stat().st_mtime_ns == before[path] for path in before) == ("--force" not in arguments)


@pytest.mark.usefixtures("child_path")
def test_nothing_asked_is_nothing_written(tmp_path: Path) -> None:
    status, told = asyncio.run(asyncio.wait_for(record(tmp_path / "cases", requests=0), 120))
    assert (status, (tmp_path / "cases").exists()) == (1, False), told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "nonsense", "--out", "x"], "not the URL"),
        (["--to", "http://127.0.0.1:1", "--out", "x", "--host", "256.0.0.1"], "cannot listen"),
        (["--to", "http://127.0.0.1:1", "--out", "/dev/null/cases"], "/dev/null"),
    ],
)
def test_what_cannot_be_done_is_told(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--to", "http://127.0.0.1:1"],
        ["--to", "http://127.0.0.1:1", "--out", __file__],
        ["--to", "x", "--out", "x", "--longest", "0"],
        ["--to", "x", "--out", "x", "--port", "65536"],
    ],
)
def test_bad_arguments(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
