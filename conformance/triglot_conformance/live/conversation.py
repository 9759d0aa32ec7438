"""One case with one server: its steps in their order, what came of each, and what later steps take over from earlier ones."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from triglot_conformance.contract.strict_json import decode_json
from triglot_conformance.live.assertions import holds
from triglot_conformance.live.client import Manner
from triglot_conformance.live.habits import Habits
from triglot_conformance.live.jsonpath import find
from triglot_conformance.live.judge import judge
from triglot_conformance.live.judgement import path_of
from triglot_conformance.live.leftovers import find_leftovers, remove
from triglot_conformance.live.patience import ask
from triglot_conformance.live.probe import busy_slots
from triglot_conformance.live.sockets import Sockets
from triglot_conformance.live.steps import fill, fill_path
from triglot_conformance.results import Event, Exchange, shorten
from triglot_conformance.verdicts import Finding
from triglot_conformance.wire.encodings import compress
from triglot_conformance.wire.http1 import Request

if TYPE_CHECKING:
    from collections.abc import Collection

    from triglot_conformance.case import Case
    from triglot_conformance.contract.contract import Dialect
    from triglot_conformance.live.client import Answer
    from triglot_conformance.live.judgement import Judgement
    from triglot_conformance.live.steps import LiveStep
    from triglot_conformance.live.target import Target

_POLL_PAUSE_S: Final = 0.05
_OTHERS_S: Final = 30.0
_GOOD: Final = range(200, 300)
_ASKS_FOR_MODEL: Final = {"model", "messages", "input"}


@dataclass
class Outcome:
    """What came of a case.

    Attributes:
        not_exercised: why nothing is proven; None if the model did what the case is about.
        unreachable: why there was no answer; empty if there was one.
        refusal, refusal_text: the status with which the server refused what should have succeeded, and its words.
    """

    findings: list[Finding] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    not_exercised: str | None = None
    unreachable: str = ""
    refusal: int | None = None
    refusal_text: str = ""


class Conversation:
    """A case and a server.

    Args:
        case: with a block `live`.
        target: the server.
        dialect: the case's.
        slots: where `/slots` is asked for.
        known: rules that the server breaks everywhere: a step that breaks only these is no reason to stop.
        habits: what the server refuses wherever it is asked; shared by the conversations of a run.

    Attributes:
        outcome: what has come so far.
    """

    def __init__(  # noqa: PLR0913 - a case and all that it takes to ask it
        self, case: Case, target: Target, dialect: Dialect, slots: Target, known: Collection[str] = (), *, habits: Habits | None = None
    ) -> None:
        self._case = case
        self._known = known
        self._target = target
        self._dialect = dialect
        self._slots = slots
        self._habits = habits or Habits()
        self._bindings: dict[str, Any] = {}
        self._bodies: dict[str, Any] = {}
        self._sockets = Sockets(target)
        self.outcome = Outcome()
        self._leftovers: list[str] = []

    async def hold(self) -> Outcome:
        """Take the steps until one brings nothing that the next could build on."""
        assert self._case.live is not None  # noqa: S101 - the caller chose it by this
        try:
            await self._wait_for_others()
            for step in self._case.live.steps if self.outcome.not_exercised is None else ():
                await self._take(step)
                if self._is_over():
                    break
        finally:
            self._sockets.close()
        return self.outcome

    async def clean_up(self) -> None:
        """Remove what the steps have made the server keep."""
        await remove(self._target, self._target.headers(self._case.dialect, {}), self._leftovers)

    def _is_over(self) -> bool:
        """Whether the verdict is known, or the next step has nothing to build on."""
        outcome = self.outcome
        return bool(outcome.not_exercised or outcome.unreachable or any(each.rule not in self._known for each in outcome.findings))

    async def _take(self, step: LiveStep) -> None:
        if step.slot_free_within_s is not None:
            await self._wait_for_slots(step.slot_free_within_s)
            return
        request = self._request(step)
        if step.parallel > 1:
            answers = await asyncio.gather(*(self._ask(step, request, f"copy {number}") for number in range(1, step.parallel + 1)))
        else:
            answers = [await self._ask(step, request, "stream" if step.stream else "whole")]
        skips = []
        for number, (answer, exchange) in enumerate(answers):
            twin = await self._ask_twin(step) if step.twin and not number else None
            skips.append(self._judge(step, answer, exchange, twin))
        if all(skips):  # of several copies one is enough to prove something
            self.outcome.not_exercised = skips[0]

    def _request(self, step: LiveStep) -> Request:
        body = None if step.body is None else fill(step.body, self._bindings, in_json=True)
        data = self._with_model(step, body or "").encode("utf-8", "replace")  # a server may have given half a character
        own = {name: _one_line(fill(value, self._bindings, in_json=False)) for name, value in step.headers.items()}
        if step.encoding is not None:
            own["Content-Encoding"] = step.encoding
            data = compress(data, step.encoding)
        path = self._target.root + fill_path(step.path, self._bindings)
        return self._habits.lighten(step, Request(step.method, path, self._target.headers(self._case.dialect, own), data))

    def _with_model(self, step: LiveStep, body: str) -> str:
        """The body with the server's model, where the case does not care which one it is."""
        if step.keeps_model or not self._target.model:
            return body
        try:
            document = json.loads(body)
        except ValueError:
            return body
        if not isinstance(document, dict) or document.keys().isdisjoint(_ASKS_FOR_MODEL):
            return body
        return json.dumps(document | {"model": self._target.model}, ensure_ascii=False)

    async def _ask(self, step: LiveStep, request: Request, part: str) -> tuple[Answer, Exchange]:
        manner = Manner(reads_slowly=step.reads_slowly, writes_split=step.writes_split, leaves=step.leaves)
        if step.socket is not None:
            answer = await self._sockets.ask(step.socket, request)
        elif step.poll is not None:
            answer = await self._poll(step, request, manner)
        else:
            answer = await ask(self._target, request, manner)
        exchange = self._note(step, request, part, answer)
        lighter = self._habits.learn(step, request, answer)
        return (answer, exchange) if lighter is None else await self._ask(step, lighter, part)

    async def _ask_twin(self, step: LiveStep) -> tuple[Answer, Exchange]:
        request = self._request(replace(step, body=_without_stream(step.body or "{}")))
        answer = await ask(self._target, request)
        return answer, self._note(step, request, "whole", answer)

    async def _poll(self, step: LiveStep, request: Request, manner: Manner) -> Answer:
        assert step.poll is not None  # noqa: S101 - the caller chose it by this
        until = asyncio.get_running_loop().time() + step.poll.within_s
        while True:
            answer = await ask(self._target, request, manner)
            found = find(step.poll.path, _decode(answer.body))
            if not (found and found[0] in step.poll.values):
                return answer
            if asyncio.get_running_loop().time() >= until:
                return replace(answer, error=f"{step.poll.path} is still {found[0]!r} after {step.poll.within_s:g} s")
            await asyncio.sleep(_POLL_PAUSE_S)

    def _judge(self, step: LiveStep, answer: Answer, exchange: Exchange, twin: tuple[Answer, Exchange] | None) -> str | None:
        """Note what is wrong with an answer; says why it proves nothing, or None."""
        place = self.outcome.exchanges.index(exchange)
        if answer.unreachable:
            self.outcome.unreachable = answer.error or "no answer"
            return None
        if answer.left and not (step.stream and answer.frames):
            return None  # the client has seen nothing that could be judged
        judgement = judge(self._dialect, step, answer, None if twin is None else twin[0], self._bodies)
        skipped = holds(step.exercised, judgement.sources)
        if step.leaves and not answer.left:
            skipped = skipped or "the answer was over before the client left"
        for finding in judgement.findings:
            if skipped and finding.check == "assert":
                continue  # the model did not do what the assertions are about
            is_twins = finding.exchange == 1 and twin is not None
            self.outcome.findings.append(replace(finding, exchange=self.outcome.exchanges.index(twin[1]) if is_twins and twin else place))
        if answer.status not in step.statuses and step.statuses[0] in _GOOD:
            self.outcome.refusal, self.outcome.refusal_text = answer.status, _words(answer)
        self._bodies[f"step:{step.number}"] = judgement.body
        self._bind(step, judgement, place, is_needed=not skipped)
        if step.method == "POST" or step.socket is not None:
            self._leftovers += find_leftovers(path_of(step), judgement)
        return skipped

    def _bind(self, step: LiveStep, judgement: Judgement, place: int, *, is_needed: bool) -> None:
        for name, path in step.bind.items():
            found = find(path, judgement.body)
            if found:
                self._bindings[name] = found[0]
            elif is_needed and not self._is_over():
                message = f"there is no {path} in the answer of step {step.number}, which the next step needs"
                self.outcome.findings.append(Finding("bind", message, f"bind {path}", exchange=place))

    async def _wait_for_others(self) -> None:
        """Where slots are looked at, wait for what earlier cases have left running, which is not this case's fault."""
        assert self._case.live is not None  # noqa: S101 - as above
        looks = any(step.slot_free_within_s is not None for step in self._case.live.steps)
        if looks and (busy := await self._find_busy(_OTHERS_S)):
            self.outcome.not_exercised = f"{busy} slot(s) were at work for {_OTHERS_S:g} s before the case began"

    async def _wait_for_slots(self, within_s: float) -> None:
        if busy := await self._find_busy(within_s):
            message = f"{busy} slot(s) still at work {within_s:g} s after the client has gone"
            self.outcome.findings.append(Finding("slots", message, "slots still at work", exchange=len(self.outcome.exchanges) - 1))

    async def _find_busy(self, within_s: float) -> int:
        """How many slots are at work still after a while; 0 as soon as none is."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        busy = await busy_slots(self._slots)
        while busy and loop.time() < until:
            await asyncio.sleep(_POLL_PAUSE_S)
            busy = await busy_slots(self._slots)
        return busy or 0

    def _note(self, step: LiveStep, request: Request, part: str, answer: Answer) -> Exchange:
        exchange = Exchange(
            step=step.number,
            part=part,
            method=request.method,
            url=self._target.url + request.path.removeprefix(self._target.root),
            request_headers=self._target.redact(request.headers),
            request_body=_text(step.body.encode() if step.encoding and step.body else request.body) if request.body else None,
            status=answer.status or None,
            headers=[[name, self._target.redact({name: value})[name]] for name, value in answer.headers],
            head_ms=answer.head_ms,
            events=[Event(timed.at_ms, timed.frame.raw.decode("utf-8", "replace")) for timed in answer.frames],
            body=None if answer.frames else _text(answer.body),
            end_ms=answer.end_ms,
            error=answer.error,
        )
        exchange = shorten(exchange)  # a run holds hundreds of them
        self.outcome.exchanges.append(exchange)
        return exchange


def _one_line(text: str) -> str:
    """What a header can hold of a text."""
    return "".join(character if character.isprintable() else " " for character in text).encode("ascii", "replace").decode()


def _without_stream(body: str) -> str:
    document = json.loads(body)
    document.pop("stream_options", None)
    return json.dumps(document | {"stream": False}, ensure_ascii=False)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _words(answer: Answer) -> str:
    match _decode(answer.body):
        case {"error": {"message": str(message)}} | {"error": str(message)} | {"message": str(message)} | {"detail": str(message)}:
            return message[:300]
        case _:
            return (answer.error or answer.body[:200].decode("utf-8", "replace")).strip()


def _decode(body: bytes) -> Any:
    try:
        return decode_json(body)
    except ValueError:
        return None
