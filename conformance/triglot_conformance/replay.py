"""The replay level: recorded backend bytes through a whole gateway, over real sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from triglot_conformance import oracle
from triglot_conformance.backend import Script, ScriptedBackend
from triglot_conformance.cuts import cut_body
from triglot_conformance.gateway import run_gateway
from triglot_conformance.http1 import HttpError, Request, exchange
from triglot_conformance.placeholders import Bindings
from triglot_conformance.setups import Setup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from triglot_conformance.case import Case, Step
    from triglot_conformance.contract import Contract
    from triglot_conformance.http1 import Message
    from triglot_conformance.oracle import Finding


_LEAST_SHARE = 20  # cases for which a gateway more is worth its start


@dataclass(frozen=True)
class Settings:
    """How a run goes. `command` starts the gateway; see `gateway.run_gateway`."""

    command: list[str]
    recordings: Path
    contract: Contract
    cuts: Sequence[str]
    setups: Mapping[str, Setup] = field(default_factory=lambda: {"default": Setup()})
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

    Cases that need the server in another set-up run together, one gateway for each set-up.

    Args:
        cases: what to run.
        settings: how.
        report: called once for each case as it ends.

    Returns:
        Tracebacks found in the gateways' logs.

    Raises:
        GatewayError: a gateway did not start.
    """
    shares = _share(cases, settings.jobs)
    logs: list[str] = []

    async def work() -> None:
        while shares:
            logs.append(await _run_share(shares.pop(), settings, report))

    await asyncio.gather(*(work() for _ in range(settings.jobs)))
    return [log[log.index("Traceback") :] for log in logs if "Traceback" in log]


def _share(cases: Sequence[Case], jobs: int) -> list[list[Case]]:
    """Divide the cases into lists of one set-up each, none much longer than a job's part of the whole."""
    by_setup: dict[str, list[Case]] = {}
    for case in cases:
        by_setup.setdefault(case.setup, []).append(case)
    size = max(-(-len(cases) // jobs), _LEAST_SHARE)
    return [group[start : start + size] for group in by_setup.values() for start in range(0, len(group), size)]


async def _run_share(cases: Sequence[Case], settings: Settings, report: Callable[[Result], None]) -> str:
    setup = settings.setups[cases[0].setup]
    folders = [settings.recordings, *([setup.recordings] if setup.recordings else [])]
    async with (
        ScriptedBackend(*folders) as backend,
        run_gateway(settings.command, setup.environment, backend.port, settings.start_timeout_s) as gateway,
    ):
        runner = CaseRunner(backend, gateway.port, settings)
        for case in cases:
            report(await runner.run(case))
    return gateway.log


class CaseRunner:
    """Plays cases through one gateway."""

    def __init__(self, backend: ScriptedBackend, port: int, settings: Settings) -> None:
        self._backend = backend
        self._port = port
        self._settings = settings

    async def run(self, case: Case) -> Result:
        """Run one case with every cut that makes a difference to it; a backend that falls silent between events allows but one."""
        result = Result(case)
        done: set[tuple[bytes, ...]] = set()
        for cut in ["events"] if any(step.holds for step in case.steps) else self._settings.cuts:
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
            script = Script(step.answer, cut_pieces, step.ending, step.holds, step.standing)
            body = None if step.request is None else bindings.fill(step.request.decode()).encode()
            if step.stream is not None:
                judge = partial(oracle.judge_stream, dialect, step, bindings=bindings, again=again)
            elif step.body is not None:
                judge = partial(oracle.judge_body, dialect, step, bindings=bindings)
            else:
                judge = partial(oracle.judge_head, step, bindings=bindings)
            findings += await self._exchange(step, script, body, bindings, judge)
            result.exchanges += 1
            if step.stream is not None and step.body is not None:
                judge = partial(oracle.judge_body, dialect, step, bindings=Bindings())
                findings += await self._exchange(step, replace(script, holds=()), _without_stream(body), bindings, judge)
                result.exchanges += 1
            if findings:  # the next step may need what this one did not bring
                break
        return findings

    async def _exchange(
        self, step: Step, script: Script, body: bytes | None, bindings: Bindings, judge: Callable[[Message], list[Finding]]
    ) -> list[Finding]:
        self._backend.play(script)
        received = self._backend.received
        request = Request(step.method, step.path, step.headers, body or b"")
        try:
            answer = await exchange("127.0.0.1", self._port, request, self._settings.timeout_s, received.take)
        except HttpError as error:
            return [oracle.Finding("http", str(error))]
        finally:
            received.end()
        return [
            *judge(answer),
            *oracle.judge_backend_request(step, self._backend.requests, body, bindings),
            *oracle.judge_count_request(step, self._backend.counts, bindings),
        ]


def _without_stream(request: bytes | None) -> bytes:
    return json.dumps(json.loads(request or b"{}") | {"stream": False}, ensure_ascii=False).encode()
