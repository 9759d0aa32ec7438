"""Runs cases against a live server: first those that others build on, then the rest side by side, then those that need it to themselves."""

from __future__ import annotations

import asyncio
import time
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from triglot_conformance.live.conversation import Conversation
from triglot_conformance.live.habits import is_about_temperature
from triglot_conformance.live.knowledge import Knowledge
from triglot_conformance.live.probe import refused
from triglot_conformance.results import CaseResult
from triglot_conformance.verdicts import SUITE, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from triglot_conformance.case import Case
    from triglot_conformance.contract.contract import Contract
    from triglot_conformance.live.conversation import Outcome
    from triglot_conformance.live.probe import Probe
    from triglot_conformance.live.target import Target

_REFUSALS: Final = {400, 404, 405, 422, 501}
"""With these a server says that it does not do something."""
_INHERITED: Final = {"framing", "schema", "order", "invariant", "usage", "ids", "shape", "headers", "event-line", "state", "fold"}
"""Checks whose findings say something of every answer, not of one case; any other finding counts wherever it is."""
_STANDS: Final = _INHERITED | {"assert"}
"""What may be wrong with a ground case that others stand on, where it is about an error. An answer has to be one, or a server that says the
same to everything would pass what is not asserted."""
_SLOTS: Final = "slots"
DECLARED: Final = frozenset({"small-context"})
"""Needs that nobody looks for: what finds them out would ask too much of a server that has not been set up for it."""
_EXCLUSIVE: Final = frozenset({_SLOTS}) | DECLARED
"""Cases with one of these needs want the server to themselves."""
_WAVES: Final = 5
_WANTS_KEY: Final = {401, 403}
_SILENT_CASES: Final = 10
"""So many cases in a row without an answer are enough: a server that hangs would take an hour to judge."""
_WAITED_MS: Final = 500.0
_LONGEST: Final = 300  # characters of a reason
_BROKEN, _NOT_THERE = 500, 501


@dataclass(frozen=True)
class LiveSettings:
    """How a run goes.

    Attributes:
        slots: where `/slots` is asked for.
        without: needs that the server does not meet, as its user says.
        jobs: cases side by side.
        having: those of `DECLARED` that it meets, as its user says.
        trace: called with where it happened when the suite itself fails.
    """

    contract: Contract
    slots: Target
    without: Collection[str] = ()
    jobs: int = 4
    having: Collection[str] = ()
    trace: Callable[[str], None] = lambda _: None


async def run_live(  # noqa: PLR0913 - a run
    cases: Sequence[Case],
    probe: Probe,
    settings: LiveSettings,
    report: Callable[[CaseResult], None],
    suite: Sequence[Case] = (),
    *,
    knowledge: Knowledge | None = None,
) -> Knowledge:
    """Run cases.

    Args:
        cases: those with a block `live`; others are left out.
        probe: what is known of the server.
        settings: how the run goes.
        report: called with each result as it is there.
        suite: all cases that there are. Of those that the chosen ones build on, the results are not reported.
        knowledge: filled, for callers that may cancel; it is also what is returned.

    Raises:
        UnreachableError: the plainest requests get 401 or 403.
    """
    chosen = {case.id for case in cases}
    live = [case for case in (*cases, *_find_base(cases, suite)) if case.live]
    waves = [[case for case in live if _wave(case) == wave] for wave in range(_WAVES)]
    knowledge = knowledge or Knowledge()
    given = {*settings.having, *([_SLOTS] if probe.has_slots else [])}
    knowledge.shown |= {(dialect, need) for dialect in probe.dialects for need in given}

    async def run(case: Case, *, is_alone: bool = False) -> None:
        result = CaseResult(case.id, case.dialect, case.level, case.requirement, case.spec, case.source, case.needs, Verdict.PASS)
        try:
            await _run_case(case, result, probe, settings, knowledge)
        except Exception as error:  # noqa: BLE001 - a bug of the suite costs one verdict, not the run
            _blame_suite(result, error, settings)
        if not is_alone and settings.jobs > 1 and _broke_off(case, result):
            disturbed.append(case)
            return
        knowledge.alone += is_alone and not _broke_off(case, result)
        if case.id in chosen:
            knowledge.learn_refusal(case, result)
        knowledge.silent = knowledge.silent + 1 if _is_silent(result) else 0 if result.exchanges else knowledge.silent
        firsts.extend(exchange.status for exchange in result.exchanges[:1])
        if case.id in chosen:
            report(result)

    firsts: list[int | None] = []
    for number, wave in enumerate(waves):
        disturbed: list[Case] = []
        await _run_all(wave, 1 if number == _WAVES - 1 else settings.jobs, run)
        for case in disturbed:
            await run(case, is_alone=True)
        if number == 0 and firsts and all(status in _WANTS_KEY for status in firsts):
            raise refused(probe.target, {status for status in firsts if status})
    probe.notes.extend(knowledge.notes())
    return knowledge


def _broke_off(case: Case, result: CaseResult) -> bool:
    """Whether a case failed in a way that other requests may be to blame for; what was waited for in vain is not waited for again."""
    assert case.live is not None  # noqa: S101 - the caller chose it by this
    if result.verdict not in (Verdict.FAIL, Verdict.UNREACHABLE) or _is_silent(result) or _is_exclusive(case):
        return False
    if any(step.parallel > 1 for step in case.live.steps):
        return False  # it is about requests side by side
    broken = any((each.status or 0) >= _BROKEN and each.status != _NOT_THERE for each in result.exchanges)
    return broken or any(finding.check == "connection" and " within " not in finding.message for finding in result.findings)


def _find_base(cases: Sequence[Case], suite: Sequence[Case]) -> list[Case]:
    """The cases of the suite that some of its cases build on, themselves left out."""
    chosen = {case.id for case in cases}
    dialects = {case.dialect for case in cases}
    needs = {need for case in cases for need in case.needs}
    others = (case for case in suite if case.id not in chosen and case.dialect in dialects and needs.issuperset(case.needs))
    return [case for case in others if case.live and (case.live.ground or case.live.shows)]


def _wave(case: Case) -> int:
    """When a case runs: the plainest first, then what shows a need, then the plainest that have needs, then the rest, last those alone."""
    assert case.live is not None  # noqa: S101 - the caller chose it by this
    if case.live.ground and not case.needs:
        return 0
    if case.live.shows:
        return 1
    if case.live.ground:
        return 2
    return _WAVES - 1 if _is_exclusive(case) else 3


def _is_exclusive(case: Case) -> bool:
    return not _EXCLUSIVE.isdisjoint(case.needs) or (case.live is not None and case.live.alone)


async def _run_all(cases: Sequence[Case], jobs: int, run: Callable[[Case], Awaitable[None]]) -> None:
    waiting = list(reversed(cases))

    async def work() -> None:
        while waiting:
            await run(waiting.pop())

    async with asyncio.TaskGroup() as group:
        for _ in range(min(jobs, len(cases))):
            group.create_task(work())


async def _run_case(case: Case, result: CaseResult, probe: Probe, settings: LiveSettings, knowledge: Knowledge) -> None:
    """Fill in the result of a case."""
    if reason := _find_obstacle(case, probe, settings, knowledge):
        result.verdict, result.reason = Verdict.UNSUPPORTED, reason
        return
    if knowledge.silent >= _SILENT_CASES:
        result.verdict, result.reason = Verdict.UNREACHABLE, f"not asked: {_SILENT_CASES} cases before it had no answer"
        return
    started = time.perf_counter()
    known = knowledge.rules(case)
    conversation = Conversation(case, probe.target, settings.contract.dialect(case.dialect), settings.slots, known, habits=knowledge.habits)
    result.exchanges = conversation.outcome.exchanges  # also of a case that does not come to its end
    try:
        outcome = await conversation.hold()
        result.duration_ms = round((time.perf_counter() - started) * 1000, 1)
        _judge(case, outcome, result, knowledge, known)
    finally:
        await conversation.clean_up()


def _blame_suite(result: CaseResult, error: Exception, settings: LiveSettings) -> None:
    """The verdict where the suite has failed: nothing is known of the server."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    result.verdict, result.reason = Verdict.INCONCLUSIVE, f"the suite failed: {type(error).__name__}: {error}"[:_LONGEST]
    result.findings = [Finding(SUITE, result.reason, f"suite {type(error).__name__} in {place.name}")]
    settings.trace(f"{result.id}: {''.join(traceback.format_exception(error))}")


def _is_silent(result: CaseResult) -> bool:
    """Whether a case waited in vain; a connection that is refused costs no time, and a server may come back."""
    return result.verdict is Verdict.UNREACHABLE and result.duration_ms > _WAITED_MS


def _find_obstacle(case: Case, probe: Probe, settings: LiveSettings, knowledge: Knowledge) -> str:
    """Why a case need not run at all; empty if it must."""
    if case.dialect not in probe.dialects:
        return f"the server has no {case.dialect}"
    for need in case.needs:
        key = (case.dialect, need)
        if need in settings.without:
            return f"{need}: declared absent"
        if need in DECLARED and need not in settings.having:
            return f"{need}: not looked for; --with {need} says that the server is set up for it"
        if need == _SLOTS and not probe.has_slots:
            return "slots: the server does not tell how busy it is; --slots-url names a llama-server that does"
        if key in knowledge.absent and not (case.live and case.live.shows == need):
            return f"{need}: {knowledge.reasons[key]}"
    return knowledge.find_shut(case)


def _judge(case: Case, outcome: Outcome, result: CaseResult, knowledge: Knowledge, known: Collection[str]) -> None:
    """Come to a verdict, and keep what it tells about others."""
    assert case.live is not None  # noqa: S101 - as above
    result.findings = [_inherit(finding, known) for finding in outcome.findings]
    counted = [finding for finding in result.findings if not finding.inherited]
    if outcome.unreachable:
        result.verdict, result.reason = Verdict.UNREACHABLE, outcome.unreachable
    elif outcome.refusal is not None and _may_refuse(case, outcome, knowledge):
        result.verdict, result.reason = Verdict.UNSUPPORTED, f"the server says {outcome.refusal}: {outcome.refusal_text}"
    elif counted:
        result.verdict, result.reason = Verdict.FAIL, counted[0].message
    elif outcome.not_exercised:
        result.verdict, result.reason = Verdict.INCONCLUSIVE, outcome.not_exercised
    allowed = _STANDS if case.live.mode == "errors" else _INHERITED
    if case.live.ground and not outcome.not_exercised and all(finding.check in allowed for finding in outcome.findings):
        broken = frozenset(finding.rule for finding in outcome.findings if finding.rule and finding.check in _INHERITED)
        knowledge.grounds.append((case.dialect, frozenset(case.needs), broken))
    if case.live.shows:
        _learn(case, case.live.shows, result, knowledge)


def _inherit(finding: Finding, known: Collection[str]) -> Finding:
    return replace(finding, inherited=True) if finding.rule and finding.rule in known else finding


def _may_refuse(case: Case, outcome: Outcome, knowledge: Knowledge) -> bool:
    """Whether a refusal is an honest answer: the case needs something that the server has not shown, or looks at a temperature."""
    if knowledge.habits.takes_no_temperature and is_about_temperature(outcome.refusal_text):
        return outcome.refusal in _REFUSALS
    needs: Mapping[str, bool] = {need: (case.dialect, need) in knowledge.shown for need in case.needs}
    return outcome.refusal in _REFUSALS and bool(needs) and (bool(case.live and case.live.shows) or not all(needs.values()))


def _learn(case: Case, need: str, result: CaseResult, knowledge: Knowledge) -> None:
    key = (case.dialect, need)
    if result.verdict is Verdict.UNSUPPORTED:
        knowledge.absent.add(key)
        knowledge.reasons[key] = f"{result.reason} ({case.id})"
    elif result.verdict is not Verdict.UNREACHABLE:
        knowledge.shown.add(key)
