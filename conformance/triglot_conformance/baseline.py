"""What has changed since an earlier run, and whether a run passes its gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triglot_conformance.verdicts import Verdict

if TYPE_CHECKING:
    from triglot_conformance.results import CaseResult, RunResult

LEVELS = ("MUST", "SHOULD", "MAY")

BAD = {Verdict.FAIL, Verdict.UNREACHABLE}

# What is a loss where a case passed before; `inconclusive` is not, for it hangs on the model's mood.
_LOST = {Verdict.UNSUPPORTED, Verdict.UNREACHABLE}


@dataclass(frozen=True)
class Change:
    """One case that is not as it was.

    Attributes:
        why: in words, such as `passed before, now fails: event 13 may not come here`.
    """

    case: CaseResult
    why: str


@dataclass
class Comparison:
    """How a run differs from an earlier one.

    Attributes:
        regressions: a case that fails and did not before, whatever it was then; one that failed before and breaks another rule now; one
            that passed and is unsupported or unreachable now.
        fixed: passes now and failed before.
        changed: any other verdict than before, none of it worse for sure.
        new: was not in the earlier run. That it fails is no regression, but nothing that the earlier run excuses either.
        gone: ids of the cases that only the earlier run has.
    """

    regressions: list[Change] = field(default_factory=list)
    fixed: list[Change] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    new: list[CaseResult] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def compare(now: RunResult, then: RunResult) -> Comparison:
    """Hold a run against an earlier one, case by case."""
    earlier = {case.id: case for case in then.cases}
    found = Comparison()
    for case in now.cases:
        before = earlier.pop(case.id, None)
        if before is None:
            found.new.append(case)
        elif why := _regressed(case, before):
            found.regressions.append(Change(case, why))
        elif case.verdict != before.verdict:
            kind = found.fixed if (before.verdict, case.verdict) == (Verdict.FAIL, Verdict.PASS) else found.changed
            kind.append(Change(case, f"was {before.verdict}, now {case.verdict}"))
    found.gone = list(earlier)
    return found


def gate(run: RunResult, level: str = "SHOULD", then: RunResult | None = None) -> list[Change]:
    """What turns a run red: an empty list lets it through.

    That is: failures and unreachable cases of the levels from MUST down to `level`, unless they are known to fail, or `then`, an earlier
    run, has them as well; and at any level a known failure that passes.
    """
    gated = LEVELS[: LEVELS.index(level) + 1]
    beyond = _beyond(run, then) if then else {case.id: _word(case) for case in run.cases if case.verdict in BAD}
    red = []
    for case in run.cases:
        if is_unexpected_pass(case):
            red.append(Change(case, f"unexpected pass: it is known to fail because: {case.known}"))
        elif case.id in beyond and case.level in gated and case.known is None:
            red.append(Change(case, beyond[case.id]))
    return red


def is_unexpected_pass(case: CaseResult) -> bool:
    """Whether a case passes that stands in the list of known failures."""
    return case.verdict is Verdict.PASS and case.known is not None


def own_findings(case: CaseResult) -> list[str]:
    """The rules that a case itself breaks, its ground case's left out; a finding without a rule counts by its message."""
    return [finding.rule or finding.message for finding in case.findings if not finding.inherited]


def _beyond(run: RunResult, then: RunResult) -> dict[str, str]:
    found = compare(run, then)
    bad = [case for case in found.new if case.verdict in BAD]
    return {change.case.id: change.why for change in found.regressions} | {case.id: f"new case, {_word(case)}" for case in bad}


def _regressed(case: CaseResult, before: CaseResult) -> str | None:
    """Why a case is worse than before; None if it is not."""
    if case.verdict is Verdict.FAIL and before.verdict is not Verdict.FAIL:
        return f"was {before.verdict}, now {_word(case)}"
    if case.verdict is Verdict.FAIL:
        known = set(own_findings(before))
        fresh = [rule for rule in own_findings(case) if rule not in known]
        return f"failed before, now also: {fresh[0]}" if fresh else None
    if before.verdict is Verdict.PASS and case.verdict in _LOST:
        return f"was pass, now {_word(case)}"
    return None


def _word(case: CaseResult) -> str:
    first = next((finding.message for finding in case.findings if not finding.inherited), case.reason)
    return f"{case.verdict}: {first}" if first else str(case.verdict)
