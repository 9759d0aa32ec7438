"""Whatever a backend does, each of its clients gets an answer or an error of its dialect, and nothing is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from triglot.settings import Settings

from .backend import BODY, HALF_BODY
from .stage import Stage, table_of
from .table import FAULTS, Fault
from .ways import AS_IT_IS, WAYS, Way, judge, note_phase

if TYPE_CHECKING:
    from tests.gateway.harness import Reply

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- outcomes -->", "<!-- end of outcomes -->"
TRIES = 5
NAMES_A_LIMIT = re.compile(rb"--([a-z-]+)-timeout-s")


async def outcome(stage: Stage, fault: Fault, way: Way) -> str:
    """What a client of this way gets. A stream that a busy machine let begin too early or too late is tried again."""
    end = fault.end_of(way)
    assert end is not None
    for _ in range(TRIES):
        reply = await stage.ask(way, fault.name, fault.limits_of(way))
        if not way.stream or (reply.status == 200) != end.told(way)[:3].isdigit():
            break
    if end.kind == AS_IT_IS:
        return relayed(fault, way, reply)
    limit = NAMES_A_LIMIT.search(reply.body)
    return judge(way, reply, fault.text) + note_phase(limit[1].decode() if limit else "")


def relayed(fault: Fault, way: Way, reply: Reply) -> str:
    """See that the client got what the backend sent."""
    assert reply.status == 200
    assert (reply.body == fault.stream) if way.stream else (reply.body in (HALF_BODY, gzip.compress(BODY, mtime=0)))
    return AS_IT_IS


def test_every_limit_that_ends_a_request_here_holds_by_default() -> None:
    names = {limit.partition("=")[0].strip() for fault in FAULTS for way in WAYS for limit in fault.limits_of(way).split(",")}
    assert {name: getattr(Settings(), f"{name}_timeout_s") is not None for name in names} == dict.fromkeys(names, True)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_client_gets_an_honest_end(stage: Stage, runner: asyncio.Runner, fault: Fault) -> None:
    async def run() -> None:
        if not stage.backend.open:
            await stage.serve_next()  # leaves idle connections, which the fault meets
        ways = [way for way in WAYS if fault.end_of(way) is not None]
        backend = stage.backend
        absence = {None: contextlib.nullcontext, "refuses": backend.refusing, "hangs": backend.hanging}[fault.absent]
        async with absence():
            found = await asyncio.gather(*(outcome(stage, fault, way) for way in ways), return_exceptions=True)
        ends = dict(zip(ways, found, strict=True))
        due = {way: end.told(way) for way in ways if (end := fault.end_of(way)) is not None}
        assert ends == due
        stage.outcomes[fault.name] = {way: str(end) for way, end in ends.items()}
        await stage.rest()
        await stage.serve_next()

    runner.run(run())


def test_the_table_of_outcomes_is_true(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    if len(stage.outcomes) < len(FAULTS):
        pytest.skip("not all of the faults were tried")
    rows = table_of(stage.outcomes)
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *rows, ""]))
    head, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    old, _, tail = rest.partition(END)
    if os.environ.get("TRIGLOT_FAULTS") == "write":
        DOCUMENT.write_text("\n".join([head + BEGIN, "", *rows, "", END + tail]), encoding="utf-8")
        return
    assert old.strip().split("\n") == rows, "write it anew: TRIGLOT_FAULTS=write pytest tests/faults"
