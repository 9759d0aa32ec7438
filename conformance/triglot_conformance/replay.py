"""The replay level: recorded backend bytes through a whole gateway, over real sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from triglot_conformance import oracle
from triglot_conformance.backend import Script, ScriptedBackend
from triglot_conformance.cuts import cut_body
from triglot_conformance.gateway import run_gateway
from triglot_conformance.http1 import HttpError, Request, exchange
from triglot_conformance.placeholders import Bindings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from triglot_conformance.case import Case, Step
    from triglot_conformance.contract import Contract
    from triglot_conformance.http1 import Message
    from triglot_conformance.oracle import Finding


@dataclass(frozen=True)
class Settings:
    """How a run goes. `command` starts the gateway; see `gateway.run_gateway`."""

    command: list[str]
    recordings: Path
    contract: Contract
    cuts: Sequence[str]
    jobs: int = 1
    timeout_s: float = 10.0
    start_timeout_s: float = 30.0


@dataclass
class Result:
    """What came of one case: its findings by cut. It passed when there are none."""

    case: Case
    findings: list[tuple[str, Finding]] = field(default_factory=list)
    exchanges: int = 0


async def replay(cases: Sequence[Case], settings: Settings, report: Callable[[Result], None]) -> list[str]:
    """Run every case; each job has a gateway and a backend of its own and takes one case after the other.

    Args:
        cases: what to run.
        settings: how.
        report: called once for each case as it ends.

    Returns:
        Tracebacks found in the gateways' logs.

    Raises:
        GatewayError: a gateway did not start.
    """
    waiting = list(reversed(cases))
    logs = await asyncio.gather(*(_work(waiting, settings, report) for _ in range(min(settings.jobs, len(cases)))))
    return [log[log.index("Traceback") :] for log in logs if "Traceback" in log]


async def _work(waiting: list[Case], settings: Settings, report: Callable[[Result], None]) -> str:
    async with (
        ScriptedBackend(settings.recordings) as backend,
        run_gateway(settings.command, backend.port, settings.start_timeout_s) as gateway,
    ):
        runner = CaseRunner(backend, gateway.port, settings)
        while waiting:
            report(await runner.run(waiting.pop()))
    return gateway.log


class CaseRunner:
    """Plays cases through one gateway."""

    def __init__(self, backend: ScriptedBackend, port: int, settings: Settings) -> None:
        self._backend = backend
        self._port = port
        self._settings = settings

    async def run(self, case: Case) -> Result:
        """Run one case with every cut that makes a difference to it."""
        result = Result(case)
        done: set[tuple[bytes, ...]] = set()
        for cut in self._settings.cuts:
            pieces = [cut_body(step.answer.body, cut) if step.answer else [] for step in case.steps]
            key = tuple(piece for step in pieces for piece in (*step, b""))
            if key not in done:
                result.findings += [(cut, finding) for finding in await self._run_cut(result, pieces, again=bool(done))]
                done.add(key)
        return result

    async def _run_cut(self, result: Result, pieces: list[list[bytes]], *, again: bool) -> list[Finding]:
        dialect = self._settings.contract.dialect(result.case.dialect)
        bindings = Bindings()
        findings: list[Finding] = []
        for step, cut_pieces in zip(result.case.steps, pieces, strict=True):
            script = Script(step.answer, cut_pieces, step.ending)
            body = None if step.request is None else bindings.fill(step.request.decode()).encode()
            if step.stream is None:
                judge = partial(oracle.judge_body, dialect, step, bindings=bindings)
            else:
                judge = partial(oracle.judge_stream, dialect, step, bindings=bindings, again=again)
            findings += await self._exchange(step, script, body, bindings, judge)
            result.exchanges += 1
            if step.stream is not None and step.body is not None:
                judge = partial(oracle.judge_body, dialect, step, bindings=Bindings())
                findings += await self._exchange(step, script, _without_stream(body), bindings, judge)
                result.exchanges += 1
        return findings

    async def _exchange(
        self, step: Step, script: Script, body: bytes | None, bindings: Bindings, judge: Callable[[Message], list[Finding]]
    ) -> list[Finding]:
        self._backend.play(script)
        request = Request(step.method, step.path, step.headers, body or b"")
        try:
            answer = await exchange("127.0.0.1", self._port, request, self._settings.timeout_s)
        except HttpError as error:
            return [oracle.Finding("http", str(error))]
        return [*judge(answer), *oracle.judge_backend_request(step, self._backend.requests, body, bindings)]


def _without_stream(request: bytes | None) -> bytes:
    return json.dumps(json.loads(request or b"{}") | {"stream": False}, ensure_ascii=False).encode()
