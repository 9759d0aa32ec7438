"""Plays one case through one gateway: its steps in their order, with every cut of the backend's bytes that makes a difference."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from triglot_conformance.contract.paths import look_up, show
from triglot_conformance.replay import oracle
from triglot_conformance.replay.backend import Script
from triglot_conformance.replay.cuts import FRAMINGS, READERS, with_line_ends
from triglot_conformance.replay.placeholders import Bindings
from triglot_conformance.replay.plan import choose_cuts, cut_steps
from triglot_conformance.replay.readers import exchange_slowly
from triglot_conformance.replay.setups import Setup
from triglot_conformance.verdicts import Finding
from triglot_conformance.wire.encodings import compress
from triglot_conformance.wire.http1 import Head, HttpError, Message, Request, exchange
from triglot_conformance.wire.sse import parse_stream
from triglot_conformance.wire.websocket import open_socket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from triglot_conformance.case import Case, Step
    from triglot_conformance.contract.contract import Contract
    from triglot_conformance.replay.backend import Received, ScriptedBackend
    from triglot_conformance.wire.sse import Frame
    from triglot_conformance.wire.websocket import WebSocket

_LEFT_AT = 2  # places of a stream at which the client hangs up
_TAIL = 5  # events that a gateway may send only when the backend's answer has ended; it may be more
_PATIENCE_S = 0.5


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
        self._port = port
        self._way = way
        self._timeout_s = settings.timeout_s
        self._dialect = settings.contract.dialect(result.case.dialect)
        self._result = result
        self._bindings = Bindings()
        self._sockets: dict[str, WebSocket] = {}

    async def play(self, pieces: Sequence[list[bytes]]) -> list[Finding]:
        """Run the steps until one does not bring what the next may need."""
        if self._way.cut == "leaves" and (findings := await self._leave(pieces[0])):
            return findings
        try:
            return await self._play(pieces) or await self._check_silence()
        finally:
            for socket in self._sockets.values():
                socket.close()

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
        frames = len(parse_stream((step.stream or "").encode()))
        places = range(1, max(frames - _TAIL, 2))
        chance = random.Random(self._way.seed)  # noqa: S311 - it must come again with the same seed
        for enough in chance.sample(places, min(_LEFT_AT, len(places))):
            work = self._begin(replace(step, ending="left"), Script(step.answer, pieces[:-1], "left", (), step.standing))
            client = _Client(self._backend.received, enough)
            self._result.exchanges += 1
            with suppress(HttpError):  # who waits in vain leaves as well
                await exchange("127.0.0.1", self._port, self._request(step, work.sent), min(_PATIENCE_S, self._timeout_s), client.take)
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
            return judge(await (self._converse(step.socket, step, request) if step.socket else self._ask(step, request)))
        except HttpError as error:
            return [Finding("http", str(error))]

    def _request(self, step: Step, body: bytes | None) -> Request:
        headers = {name: self._bindings.fill(value) for name, value in step.headers.items()}
        if step.encoding is not None:
            headers, body = headers | {"Content-Encoding": step.encoding}, compress(body or b"", step.encoding)
        return Request(step.method, self._bindings.fill(step.path), headers, body or b"")

    async def _ask(self, step: Step, request: Request) -> Message:
        """The answer; of a poll, the first that is not as those before."""
        if self._way.cut == "slow":
            self._result.exchanges += 1
            return await exchange_slowly("127.0.0.1", self._port, request, self._timeout_s, self._way.seed)
        client = _Client(self._backend.received, len(parse_stream((step.stream or "").encode())) if step.leaves else None)
        for _ in range(step.poll.tries if step.poll else 1):
            answer = await exchange("127.0.0.1", self._port, request, self._timeout_s, client.take)
            self._result.exchanges += 1
            if step.poll is None or (value := _field(answer, step.poll.field)) not in step.poll.values:
                return replace(answer, body=client.cut(answer.body))
        raise HttpError(f"{step.poll and step.poll.field} is still {show(value)} after {step.poll and step.poll.tries} tries")

    async def _converse(self, name: str, step: Step, request: Request) -> Message:
        """Send the body as a message, and gather as many messages as are expected, each told as an event of a stream."""
        if name not in self._sockets:
            self._sockets[name] = await open_socket("127.0.0.1", self._port, request, self._timeout_s)
        socket = self._sockets.pop(name) if step.leaves else self._sockets[name]
        socket.send(request.body)
        self._result.exchanges += 1
        messages: list[bytes] = []
        wanted = len(parse_stream((step.stream or "").encode()))
        try:
            async with asyncio.timeout(self._timeout_s):
                while len(messages) < wanted:
                    messages.append(_as_frame(await socket.receive()))
                    self._backend.received.take(messages[-1])
        except TimeoutError:
            last = messages[-1].decode() if messages else ""
            raise HttpError(f"{len(messages)} of {wanted} messages within {self._timeout_s:g} s; the last is {last[:160]!r}") from None
        if step.leaves:
            socket.close()
        return Message(Head("HTTP/1.1 200 OK", (("Content-Type", "text/event-stream"),)), b"".join(messages))

    async def _check_silence(self) -> list[Finding]:
        """On a WebSocket nothing more may come than what was waited for."""
        try:
            async with asyncio.timeout(self._timeout_s):
                for socket in self._sockets.values():
                    await socket.check_silence()
        except (HttpError, TimeoutError) as error:
            return [Finding("websocket", str(error) or "no pong")]
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


class _Client:
    """Tells the backend what has come, and the reader when to hang up: with `enough` frames, or never."""

    def __init__(self, received: Received, enough: int | None) -> None:
        self._received = received
        self._enough = enough
        self._data = b""

    def take(self, data: bytes) -> bool:
        """Take in bytes; True when there are enough."""
        self._received.take(data)
        self._data += data
        return self._enough is not None and len(self._frames()) >= self._enough

    def cut(self, body: bytes) -> bytes:
        """The body without what came behind the last frame that was waited for."""
        return body if self._enough is None else b"".join(frame.raw for frame in self._frames()[: self._enough])

    def _frames(self) -> list[Frame]:
        return [frame for frame in parse_stream(self._data) if frame.complete]


def _as_frame(text: str) -> bytes:
    try:
        kind = json.loads(text)["type"]
    except (ValueError, TypeError, KeyError):
        raise HttpError(f"a message is no event: {text[:160]!r}") from None
    return f"event: {kind}\ndata: {text}\n\n".encode()


def _field(answer: Message, path: str) -> object:
    try:
        return look_up(json.loads(answer.body), path)
    except ValueError:
        return None
