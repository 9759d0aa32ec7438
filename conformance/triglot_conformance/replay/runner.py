"""Plays one case through one gateway: its steps in their order, with every cut of the backend's bytes that makes a difference."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from triglot_conformance.replay import oracle
from triglot_conformance.replay.backend import Script
from triglot_conformance.replay.client import Client, count_frames
from triglot_conformance.replay.cuts import FRAMINGS, READERS, with_line_ends
from triglot_conformance.replay.placeholders import Bindings
from triglot_conformance.replay.plan import choose_cuts, cut_steps
from triglot_conformance.replay.setups import Setup
from triglot_conformance.verdicts import Finding
from triglot_conformance.wire.encodings import compress
from triglot_conformance.wire.http1 import HttpError, Message, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from triglot_conformance.case import Case, Step
    from triglot_conformance.contract.contract import Contract
    from triglot_conformance.replay.backend import ScriptedBackend

_LEFT_AT = 2  # places of a stream at which the client hangs up
_TAIL = 5  # events that a gateway may send only when the backend's answer has ended; it may be more


@dataclass(frozen=True)
class Settings:
    """How a run goes.

    Attributes:
        command: starts the gateway; see `gateway.run_gateway`.
        cuts: of `CUTS` and `READERS`: how the backend's bytes are cut, and how the client reads.
        hasty: a case ends with the first cut that fails.
        seed: for whatever is left to chance.
    """

    command: list[str]
    recordings: Path
    contract: Contract
    cuts: Sequence[str]
    setups: Mapping[str, Setup] = field(default_factory=lambda: {"default": Setup()})
    jobs: int = 1
    timeout_s: float = 10.0
    hasty: bool = False
    seed: int = 1
    start_timeout_s: float = 30.0


@dataclass
class Result:
    """What came of one case: its findings by cut. It passed when there are none."""

    case: Case
    findings: list[tuple[str, Finding]] = field(default_factory=list)
    exchanges: int = 0


class CaseRunner:
    """Plays cases through one gateway."""

    def __init__(self, backend: ScriptedBackend, port: int, settings: Settings) -> None:
        self._backend = backend
        self._port = port
        self._settings = settings

    async def run(self, case: Case) -> Result:
        """Run one case with every cut that makes a difference to it."""
        result = Result(case)
        seed = f"{self._settings.seed} {case.id}"
        done: set[tuple[bytes, ...]] = set()
        for cut in choose_cuts(case, self._settings.cuts):
            pieces = cut_steps(case, cut, seed)
            key = (*([cut.encode()] if cut in READERS else []), *(piece for step in pieces for piece in (*step, b"")))
            if key not in done and not (self._settings.hasty and result.findings):
                one = _Run(self._backend, self._port, self._settings, result, _Way(cut, seed, again=bool(done)))
                result.findings += [(cut, finding) for finding in await one.play(pieces)]
                done.add(key)
        return result


@dataclass
class _Work:
    """What the backend is to answer, the step that it is for, and the body that the client has sent there."""

    step: Step
    script: Script
    sent: bytes | None = None


@dataclass(frozen=True)
class _Way:
    """How a case is played: a cut, or a way to read; `again` says that it has been judged in full in another way before."""

    cut: str
    seed: str
    again: bool


class _Run:
    """A case, played in one way."""

    def __init__(self, backend: ScriptedBackend, port: int, settings: Settings, result: Result, way: _Way) -> None:
        self._backend = backend
        self._client = Client(backend, port, settings.timeout_s)
        self._way = way
        self._timeout_s = settings.timeout_s
        self._dialect = settings.contract.dialect(result.case.dialect)
        self._result = result
        self._bindings = Bindings()

    async def play(self, pieces: Sequence[list[bytes]]) -> list[Finding]:
        """Run the steps until one does not bring what the next may need."""
        try:
            if self._way.cut == "leaves" and (findings := await self._leave(pieces[0])):
                return findings
            return await self._play(pieces) or await self._check_silence()
        finally:
            self._client.close()
            self._result.exchanges += self._client.exchanges

    async def _play(self, pieces: Sequence[list[bytes]]) -> list[Finding]:
        work: _Work | None = None
        for number, (step, cut_pieces) in enumerate(zip(self._result.case.steps, pieces, strict=True), 1):
            if work is None or number > work.step.through:
                work = self._begin(step, Script(step.answer, cut_pieces, step.ending, step.holds, step.standing))
            findings = await self._run_step(step, work)
            if number == work.step.through:
                findings += await self._end(work)
            if step.stream is not None and step.body is not None and self._way.cut not in READERS:
                findings += await self._run_without_stream(step, work)
            if findings:
                return findings
        return []

    def _begin(self, step: Step, script: Script) -> _Work:
        self._backend.play(script)
        body = None if step.request is None else self._bindings.fill(step.request.decode()).encode()
        return _Work(step, script, body)

    async def _run_step(self, step: Step, work: _Work) -> list[Finding]:
        body = work.sent if step is work.step else None if step.request is None else self._bindings.fill(step.request.decode()).encode()
        if step.stream is not None:
            judge = partial(self._judge_stream, step)
        elif step.body is not None:
            judge = partial(oracle.judge_body, self._dialect, step, bindings=self._bindings)
        else:
            judge = partial(oracle.judge_head, step, bindings=self._bindings)
        return await self._exchange(step, body, judge)

    def _judge_stream(self, step: Step, answer: Message) -> list[Finding]:
        if self._way.cut in FRAMINGS and self._dialect.name == "chat":  # it may be relayed with the backend's line ends, or with others
            answer = replace(answer, body=with_line_ends(answer.body, b"\n"))
            step = replace(step, stream=with_line_ends((step.stream or "").encode(), b"\n").decode())
        return oracle.judge_stream(self._dialect, step, answer, self._bindings, again=self._way.again)

    async def _leave(self, pieces: list[bytes]) -> list[Finding]:
        """Hang up at places left to chance: the backend, which has not sent its [DONE], must be left as well."""
        step = self._result.case.steps[0]
        frames = count_frames(step)
        places = range(1, max(frames - _TAIL, 2))
        chance = random.Random(self._way.seed)  # noqa: S311 - it must come again with the same seed
        for enough in chance.sample(places, min(_LEFT_AT, len(places))):
            work = self._begin(replace(step, ending="left"), Script(step.answer, pieces[:-1], "left", (), step.standing))
            await self._client.leave(self._request(step, work.sent), enough)
            if findings := await self._end(work):
                return [replace(finding, message=f"left after {enough} of {frames} events: {finding.message}") for finding in findings]
        return []

    async def _run_without_stream(self, step: Step, work: _Work) -> list[Finding]:
        """The same request once more, answered in one piece; its ids are its own."""
        whole = json.dumps(json.loads(work.sent or b"{}") | {"stream": False}, ensure_ascii=False).encode()
        again = replace(self._begin(step, replace(work.script, holds=())), sent=whole)
        findings = await self._exchange(step, whole, partial(oracle.judge_body, self._dialect, step, bindings=Bindings()))
        return findings + await self._end(again)

    async def _exchange(self, step: Step, body: bytes | None, judge: Callable[[Message], list[Finding]]) -> list[Finding]:
        request = self._request(step, body)
        try:
            return judge(await self._send(step, request))
        except HttpError as error:
            return [Finding("http", str(error))]

    async def _send(self, step: Step, request: Request) -> Message:
        if step.socket is not None:
            return await self._client.converse(step, request)
        return await (self._client.ask_slowly(request, self._way.seed) if self._way.cut == "slow" else self._client.ask(step, request))

    def _request(self, step: Step, body: bytes | None) -> Request:
        headers = {name: self._bindings.fill(value) for name, value in step.headers.items()}
        if step.encoding is not None:
            headers, body = headers | {"Content-Encoding": step.encoding}, compress(body or b"", step.encoding)
        return Request(step.method, self._bindings.fill(step.path), headers, body or b"")

    async def _check_silence(self) -> list[Finding]:
        try:
            await self._client.check_silence()
        except HttpError as error:
            return [Finding("websocket", str(error))]
        return []

    async def _end(self, work: _Work) -> list[Finding]:
        """The work is over; say what was wrong with what the backend was asked."""
        self._backend.received.end()
        findings = [
            *oracle.judge_backend_request(work.step, self._backend.requests, work.sent, self._bindings),
            *oracle.judge_count_request(work.step, self._backend.counts, self._bindings),
        ]
        if work.step.ending == "left" and not findings:
            try:
                await asyncio.wait_for(self._backend.left.wait(), self._timeout_s)
            except TimeoutError:
                findings.append(Finding("backend", "the gateway still listens to an answer that nobody waits for"))
        return findings
