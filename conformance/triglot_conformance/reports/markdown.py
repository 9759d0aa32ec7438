"""A table for a pull request's comment, a job summary or a page of documentation: areas below each other, servers side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triglot_conformance.reports.counts import area, by_area, count, faults, lacks, place, score, share, title, visible
from triglot_conformance.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triglot_conformance.reports.counts import Fault
    from triglot_conformance.results import CaseResult, RunResult

# What Markdown or HTML would read as more than a letter, and what makes a mention or a link to an issue.
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&@#$]")
_TEXT_LIMIT = 300
_CASES_SHOWN = (1000, 20, 5, 1)  # of one fault: as many as there is room for, the others by name
COMMENT_LIMIT = 65_000  # characters: a comment on GitHub has room for 65,536


def render(runs: Sequence[RunResult], limit: int | None = COMMENT_LIMIT) -> str:
    """The runs side by side, then the failing cases of each, folded away.

    The more there is, the fewer cases of one fault are told in full, and if nothing else helps none is, so that the text keeps within
    `limit` characters; None for no limit.
    """
    top = ["## Conformance", _table(runs), _legend(runs)]
    for shown in _CASES_SHOWN:
        text = _join([*top, *(_failures(run, shown) for run in runs)])
        if limit is None or len(text) <= limit:
            return text
    return _join([*top, "There are too many failures to tell them here."])


def _join(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(runs: Sequence[RunResult]) -> str:
    groups = [by_area(run.cases) for run in runs]
    areas = list(dict.fromkeys(area(case.id) for run in runs for case in run.cases))
    lines = [_row(["", *(_plain(run.target.name) for run in runs)]), _row(["---", *("---:" for _ in runs)])]
    lines += [_row([_plain(name), *(_cell(group.get(name, [])) for group in groups)]) for name in areas]
    lines.append(_row(["**all**", *(f"**{_cell(run.cases, marked=not lacks(run))}**" for run in runs)]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cases: Sequence[CaseResult], *, marked: bool = True) -> str:
    """`✓ 28/28 (+2)`: how many hold of those that could be judged, and how many could not."""
    if not cases:
        return ""
    passed, judged = share(cases)
    counts = count(cases)
    skipped = counts[Verdict.UNSUPPORTED] + counts[Verdict.INCONCLUSIVE]
    mark = "" if not (judged and marked) else "✓ " if passed == judged else "✗ "
    return f"{mark}{f'{passed}/{judged}' if judged else 'none'}{f' (+{skipped})' if skipped else ''}"


def _legend(runs: Sequence[RunResult]) -> str:
    lines = ["Cases that hold, of those that could be judged; in brackets those that could not: unsupported or inconclusive.", ""]
    for run in runs:
        facts = [run.target.software, run.target.model and f"model {run.target.model}", f"suite {run.suite_version}", run.started_at[:10]]
        lines.append(f"- **{_plain(run.target.name)}**: {score(run)}; {_plain(', '.join(fact for fact in facts if fact))}")
        lines += [f"  - {_plain(note)}" for note in run.notes]
    return "\n".join(lines)


def _failures(run: RunResult, room: int) -> str:
    found = faults(run.cases)
    failing = [case for case in run.cases if case.verdict is Verdict.FAIL]
    silent = [case for case in run.cases if case.verdict is Verdict.UNREACHABLE]
    if not failing + silent:
        return ""
    shown: set[str] = set()
    lines = [line for fault in found for line in _fault(fault, shown, room)]
    for case in [*(case for case in failing if case.id not in shown), *silent]:
        lines += [f"- **{_plain(case.id)}** {case.level}: {case.verdict}: {_plain(case.reason or 'no reason given')}"]
    number = len(failing) + len(silent)
    heading = f"{_plain(run.target.name)}: {number} {'case does' if number == 1 else 'cases do'} not hold"
    return "\n".join([f"<details><summary>{heading}</summary>", "", *lines, "", "</details>"])


def _fault(fault: Fault, shown: set[str], room: int) -> Iterator[str]:
    yield "- " + "<br>".join(f"{_code(rule)} ({title(rule, fault)})" for rule in fault.rules)
    for case in fault.failing[:room]:
        known = f" (known: {_plain(case.known)})" if case.known else ""
        if case.id in shown:
            yield f"  - **{_plain(case.id)}**"
            continue
        shown.add(case.id)
        own = [finding for finding in fault.findings(case) if not finding.inherited]
        yield f"  - **{_plain(case.id)}** {case.level}{known}: {_plain(case.requirement)}"
        yield from (f"    - {_where(place(finding, case))}{_code(finding.message)}" for finding in own[:3])
    if left := [case.id for case in fault.failing[room:]]:
        shown.update(left)
        yield f"  - and {len(left)} more: {', '.join(_plain(each) for each in left)}"


def _where(words: str) -> str:
    return f"{words}: " if words else ""


def _plain(text: str) -> str:
    """A text that means nothing to Markdown, on one line."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", _short(text))


def _code(text: str) -> str:
    """A text as code: within as many backticks as it does not hold itself."""
    short = _short(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", short)), default=0) + 1)
    padding = " " if short.startswith("`") or short.endswith("`") else ""
    return f"{fence}{padding}{short}{padding}{fence}"


def _short(text: str) -> str:
    short = visible(text)
    return short if len(short) <= _TEXT_LIMIT else short[:_TEXT_LIMIT] + " ..."
