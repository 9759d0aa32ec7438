"""PDFs are read by a process of their own, which ends, whatever the file does to it."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.backend.scripted_server import in_both_loops
from tests.media.sheets import pdf
from triglot.errors import ApiError, ErrorKind
from triglot.media import papers
from triglot.media.papers import read_paper

if TYPE_CHECKING:
    from pathlib import Path

WHERE = "messages[0].content[0]"


async def refusal(data: bytes, max_seconds: float = 20.0) -> str:
    with pytest.raises(ApiError) as caught:
        await read_paper(data, where=WHERE, max_seconds=max_seconds)
    error = caught.value
    assert (error.kind, error.param) == (ErrorKind.INVALID_REQUEST, WHERE)
    assert error.message.startswith(f"{WHERE}: the PDF ")
    return error.message.removeprefix(f"{WHERE}: the PDF ")


@pytest.fixture
def reader_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Replace the reading process by one that runs a line of Python."""

    def replace(line: str) -> Path:
        script = tmp_path / "python"
        script.write_text(f"#!{sys.executable}\nimport os, sys, time\n{line}\n")
        script.chmod(0o755)
        monkeypatch.setattr(papers.sys, "executable", str(script))
        return tmp_path

    return replace


@in_both_loops
async def test_a_pdf_is_read() -> None:
    assert await read_paper(pdf("Alpha", "Beta"), where=WHERE) == "[Page 1]\nAlpha\n\n[Page 2]\nBeta"


@in_both_loops
async def test_what_the_process_complains_of_is_told() -> None:
    assert (await refusal(b"hello")).startswith("cannot be read")


@in_both_loops
async def test_a_large_pdf_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "MAX_BYTES", 2**20)
    monkeypatch.setattr(papers.sys, "executable", "/does/not/exist")
    assert await refusal(bytes(2**20 + 1)) == "has more than 1 MiB; send a smaller one, or its text."


@in_both_loops
async def test_a_process_that_does_not_end_is_killed(reader_does) -> None:
    folder = reader_does("open(os.path.dirname(__file__) + '/pid', 'w').write(str(os.getpid())); time.sleep(60)")
    assert await refusal(pdf("Alpha"), max_seconds=0.5) == "takes more than 0.5 s to read; send its text."
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)


@pytest.mark.parametrize("line", ["os.abort()", "sys.exit(1)", "os.kill(os.getpid(), 9)", "print('{')", "os.close(0); sys.exit(3)"])
@in_both_loops
async def test_a_process_that_breaks_is_told_of(reader_does, line: str) -> None:
    reader_does(line)
    assert await refusal(bytes(2**20)) == "cannot be read: it breaks the reader; send its text."


@in_both_loops
async def test_the_process_does_not_outlive_the_request(reader_does) -> None:
    pipe = reader_does("open(os.path.dirname(__file__) + '/pid', 'w').write(str(os.getpid())); time.sleep(60)") / "pid"
    os.mkfifo(pipe)
    reading = asyncio.create_task(read_paper(pdf("Alpha"), where=WHERE))
    pid = int(await asyncio.to_thread(pipe.read_text))
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
