"""What the earlier cases of a run have told of the server, for those that come after them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from triglot_conformance.live.habits import Habits
from triglot_conformance.live.judgement import asks_for_answer
from triglot_conformance.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from triglot_conformance.case import Case
    from triglot_conformance.live.runner import LiveSettings
    from triglot_conformance.results import CaseResult

_ERROR: Final = 400
_BREAKS: Final = 500
_LONGEST: Final = 300  # characters of a reason


@dataclass
class Knowledge:
    """What earlier cases have told of the server.

    Attributes:
        shown, absent: needs that a case has shown, or found absent, by dialect.
        reasons: why a need is absent.
        silent: cases in a row that waited for an answer in vain.
        grounds: what is wrong with the plainest answers: the dialect, what such an answer needs, and the rules it breaks.
        shut: why the plainest requests were refused, by dialect and mode.
        habits: what the server refuses wherever it is asked.
        alone: how many cases broke off beside others, and not when they were asked again alone.
    """

    shown: set[tuple[str, str]] = field(default_factory=set)
    absent: set[tuple[str, str]] = field(default_factory=set)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    silent: int = 0
    grounds: list[tuple[str, frozenset[str], frozenset[str]]] = field(default_factory=list)
    shut: dict[tuple[str, str], str] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)
    alone: int = 0

    def rules(self, case: Case) -> set[str]:
        """The rules that the server breaks in plainer answers than this case is about."""
        needs = frozenset(case.needs)
        is_ground = case.live is not None and case.live.ground
        plainer = [
            rules
            for dialect, below, rules in self.grounds
            if dialect == case.dialect and below <= needs and not (is_ground and below == needs)
        ]
        return set().union(*plainer)

    def capabilities(self, settings: LiveSettings, needs: Collection[str]) -> dict[str, str]:
        """By need: `shown`, `absent`, `unknown` or `declared absent`."""
        told = {}
        for need in sorted(needs):
            shown = any(name == need for _, name in self.shown)
            absent = any(name == need for _, name in self.absent)
            told[need] = "declared absent" if need in settings.without else "shown" if shown else "absent" if absent else "unknown"
        return told

    def learn_refusal(self, case: Case, result: CaseResult) -> None:
        """Note that not even the plainest request of its kind is answered: others of this kind would only tell the same again."""
        self._learn_break(case, result)
        if not (case.live and case.live.ground and not case.needs and case.live.mode != "errors" and result.exchanges):
            return
        is_refused = any(finding.check == "status" and not finding.exchange for finding in result.findings)
        if result.verdict is Verdict.FAIL and is_refused and (result.exchanges[0].status or 0) >= _ERROR:
            self.shut[(case.dialect, case.live.mode)] = f"{result.reason} ({case.id})"[:_LONGEST]

    def _learn_break(self, case: Case, result: CaseResult) -> None:
        """Note that a server breaks on the plainest request that has a need, as one does on images that its model cannot see."""
        if not case.live or not case.live.shows or result.verdict is not Verdict.FAIL or not result.exchanges:
            return
        checks = {finding.check for finding in result.findings}
        if "connection" in checks or ("status" in checks and (result.exchanges[-1].status or 0) >= _BREAKS):
            key = (case.dialect, case.live.shows)
            self.shown.discard(key)
            self.absent.add(key)
            self.reasons[key] = f"the server breaks on it, {result.reason} ({case.id})"[:_LONGEST]

    def find_shut(self, case: Case) -> str:
        """Why a case could only fail like the plainest of its kind; empty if it can do otherwise."""
        if not case.live or (case.live.ground and not case.needs):
            return ""
        for step in case.live.steps:
            if step.slot_free_within_s is None and asks_for_answer(case.dialect, step):
                kinds = ["json", "stream"] if min(step.statuses) >= _ERROR else ["stream"] if step.stream else ["json"]
                reasons = [self.shut.get((case.dialect, kind)) for kind in kinds]
                if all(reasons):
                    return f"not asked, because the plainest request is not answered: {reasons[0]}"
        return ""

    def notes(self) -> list[str]:
        """What a reader has to know of how the cases were asked."""
        notes = []
        if self.habits.takes_no_temperature:
            notes.append(
                "The server refuses a temperature of 0: the cases go on without it, and a model may say other words than they steer to."
            )
        if self.alone:
            notes.append(
                f"{self.alone} cases broke off or got a 5xx beside others, but not alone, which is what counts: --jobs 1 asks one by one."
            )
        return notes
