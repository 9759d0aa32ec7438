"""What every report counts: verdicts by area, the share that holds, what a run lacks, and faults by the rule they break."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triglot_conformance.verdicts import SUITE, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triglot_conformance.results import CaseResult, RunResult

# Colour is never the only sign of a verdict.
SYMBOLS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNSUPPORTED: "\u2013", Verdict.INCONCLUSIVE: "?", Verdict.UNREACHABLE: "!"}

_NAMED = 5  # cases that are named one by one

# Controls, separators and the marks that turn the direction of text: a server's words must not steer a terminal or hide in a page.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass
class Fault:
    """The rules that the same cases fail by: one thing that is wrong, wherever it shows.

    Attributes:
        rules: by rule, the cases that show it as well and do not fail by it, since the plainest case of their dialect has it.
        failing: the cases that fail by these rules.
    """

    rules: dict[str, list[CaseResult]]
    failing: list[CaseResult]

    def findings(self, case: CaseResult) -> list[Finding]:
        """What a case breaks, what belongs to this fault first, and what it inherits last."""
        return sorted(case.findings, key=lambda finding: (finding.inherited, _rule(finding) not in self.rules))


def area(case_id: str) -> str:
    """The dialect and what follows it: `messages/stream` of `messages/stream/tool-use/parallel`."""
    return "/".join(case_id.split("/")[:-1][:2])


def by_area(cases: Iterable[CaseResult]) -> dict[str, list[CaseResult]]:
    """Cases by their area, in the order in which they come."""
    found: dict[str, list[CaseResult]] = {}
    for case in cases:
        found.setdefault(area(case.id), []).append(case)
    return found


def count(cases: Iterable[CaseResult]) -> dict[Verdict, int]:
    """How many cases have each verdict."""
    found = Counter(case.verdict for case in cases)
    return {verdict: found[verdict] for verdict in Verdict}


def share(cases: Iterable[CaseResult]) -> tuple[int, int]:
    """How many cases pass, and of how many: what is unsupported or inconclusive says nothing about what is right."""
    counts = count(cases)
    return counts[Verdict.PASS], counts[Verdict.PASS] + counts[Verdict.FAIL] + counts[Verdict.UNREACHABLE]


def percent(passed: int, judged: int) -> str:
    """A share in words. It is rounded down, so that only a whole hundred is called one."""
    return f"{100 * passed // judged}%" if judged else "no result"


def is_stopped(run: RunResult) -> bool:
    """Whether a run ended before all its cases were judged."""
    return run.planned is not None and len(run.cases) < run.planned


def lacks(run: RunResult) -> list[str]:
    """Why a run is no result, whatever its cases say; empty for one that is."""
    found = [f"stopped after {len(run.cases)} of {run.planned} cases"] if is_stopped(run) else []
    if failed := [case.id for case in run.cases if any(finding.check == SUITE for finding in case.findings)]:
        more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        found.append(f"the suite itself failed, a fault of its own, in {', '.join(failed[:_NAMED])}{more}")
    counts = {verdict: number for verdict, number in count(run.cases).items() if number}
    if not counts.keys() & {Verdict.PASS, Verdict.FAIL} and not is_stopped(run):
        words = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
        found.append(f"no case could be judged: {words or 'there is none'}")
    return found


def score(run: RunResult) -> str:
    """A run in a word: the share that holds, or that it is no result."""
    if is_stopped(run):
        return "stopped"
    return "no result" if lacks(run) else percent(*share(run.cases))


def faults(cases: Sequence[CaseResult]) -> list[Fault]:
    """All that cases fail by, what most of them share first. A failing case without findings of its own is in none."""
    failing: dict[str, list[CaseResult]] = {}
    inheriting: dict[str, list[CaseResult]] = {}
    for case in cases:
        own = {_rule(finding): None for finding in case.findings if not finding.inherited}
        for rule in own if case.verdict is Verdict.FAIL else ():
            failing.setdefault(rule, []).append(case)
        for rule in {_rule(finding): None for finding in case.findings if finding.inherited}:
            inheriting.setdefault(rule, []).append(case)
    found: dict[tuple[str, ...], Fault] = {}
    for rule, inside in failing.items():
        fault = found.setdefault(tuple(case.id for case in inside), Fault({}, inside))
        fault.rules[rule] = inheriting.get(rule, [])
    return sorted(found.values(), key=lambda fault: -len(fault.failing))


def title(rule: str, fault: Fault) -> str:
    """How often a rule is broken: `2 cases; 12 more inherit it`."""
    number, inheriting = len(fault.failing), len(fault.rules[rule])
    return f"{number} {'case' if number == 1 else 'cases'}{f'; {inheriting} more inherit it' if inheriting else ''}"


def _rule(finding: Finding) -> str:
    """What tells a finding's fault apart; one without a rule is known by its message."""
    return finding.rule or finding.message


def place(finding: Finding, case: CaseResult) -> str:
    """Where a finding was made, such as `step 2, stream, event 13`; empty where there is nothing to add to its message."""
    parts = []
    if finding.exchange is not None and finding.exchange < len(case.exchanges) and len(case.exchanges) > 1:
        exchange = case.exchanges[finding.exchange]
        parts.append(f"step {exchange.step}, {exchange.part}")
    if finding.event is not None and f"event {finding.event} " not in f"{finding.message} ".replace(":", " "):
        parts.append(f"event {finding.event}")
    return ", ".join(parts)


def visible(text: str) -> str:
    """A text on one line, its control characters as escapes."""
    return _UNSEEN.sub(lambda match: " " if match[0] in "\r\n\t" else f"\\u{ord(match[0]):04x}", text)
