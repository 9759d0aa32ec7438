"""What every report counts: verdicts by area, the share that holds, and faults by the rule they break."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triglot_conformance.verdicts import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triglot_conformance.results import CaseResult

# Colour is never the only sign of a verdict.
SYMBOLS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNSUPPORTED: "\u2013", Verdict.INCONCLUSIVE: "?", Verdict.UNREACHABLE: "!"}

# Controls, separators and the marks that turn the direction of text: a server's words must not steer a terminal or hide in a page.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass
class Fault:
    """One rule that is broken, wherever it shows.

    Attributes:
        finding: the first that breaks it.
        failing: the cases that fail by it.
        inheriting: the cases that show it as well and do not fail by it, since the plainest case of their dialect has it.
    """

    rule: str
    finding: Finding
    failing: list[CaseResult] = field(default_factory=list)
    inheriting: list[CaseResult] = field(default_factory=list)


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


def faults(cases: Sequence[CaseResult]) -> list[Fault]:
    """Every rule that a case fails by, the one with the most cases first; findings without a rule count by their message."""
    found: dict[str, Fault] = {}
    for case in cases:
        for rule, finding in {finding.rule or finding.message: finding for finding in reversed(case.findings)}.items():
            fault = found.setdefault(rule, Fault(rule, finding))
            if finding.inherited:
                fault.inheriting.append(case)
            elif case.verdict is Verdict.FAIL:
                fault.finding = fault.finding if fault.failing else finding
                fault.failing.append(case)
    return sorted((fault for fault in found.values() if fault.failing), key=lambda fault: -len(fault.failing))


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
