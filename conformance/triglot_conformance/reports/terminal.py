"""What the terminal shows: a progress line while the run lasts, then the matrix, the failures by the rule they break, and a summary."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, TextIO

from triglot_conformance.baseline import is_unexpected_pass
from triglot_conformance.reports.counts import Fault, by_area, count, faults, place, score, share, title, visible
from triglot_conformance.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from triglot_conformance.baseline import Comparison
    from triglot_conformance.results import CaseResult, RunResult

_COLOURS = {Verdict.PASS: "32", Verdict.FAIL: "31", Verdict.UNSUPPORTED: "2", Verdict.INCONCLUSIVE: "33", Verdict.UNREACHABLE: "35"}
_BAR = 24
_NUMBERS = 20  # columns for numbers beside the bar, which gives way to them
_SHORT = 3  # cases of one fault that are shown in full, others by name; findings of one case
_RULES = 6  # rules of one fault


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to colour what goes to a stream: on a terminal, unless NO_COLOR is set or the terminal is dumb."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


class Progress:
    """One line that is written anew for each case; none where the stream is no terminal, or it is not to be `shown`."""

    def __init__(self, stream: TextIO, total: int, *, width: int = 80, colour: bool = False, shown: bool = True) -> None:
        self._stream = stream
        self._total = total
        self._width = width
        self._paint = _Paint(on=colour)
        self._shown = shown and stream.isatty()
        self._full, self._empty = "█░" if (getattr(stream, "encoding", "") or "").lower().startswith("utf") else "#-"
        self._counts: Counter[Verdict] = Counter()
        self._draw()

    def add(self, case: CaseResult) -> None:
        """Take in the result of one case."""
        self._counts[case.verdict] += 1
        self._draw()

    def say(self, words: str) -> None:
        """Print something above the line."""
        self.close()
        self._stream.write(f"{words}\n")
        self._draw()
        self._stream.flush()

    def _draw(self) -> None:
        if self._shown:
            self._stream.write(f"\r\x1b[K{self._line()}")
            self._stream.flush()

    def close(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _line(self) -> str:
        done = sum(self._counts.values())
        words = [f"{done}/{self._total}", *(f"{number} {verdict}" for verdict, number in self._ordered())]
        bar = max(0, min(_BAR, self._width - _NUMBERS))
        filled = bar * done // max(self._total, done, 1)
        room = self._width - bar - 2
        while len(words) > 1 and len(", ".join(words)) > room:
            words.pop()
        painted = [words[0], *(self._paint(word, _COLOURS[Verdict(word.split()[1])]) for word in words[1:])]
        return f"{self._full * filled}{self._empty * (bar - filled)} {', '.join(painted)}"

    def _ordered(self) -> list[tuple[Verdict, int]]:
        return [(verdict, self._counts[verdict]) for verdict in Verdict if self._counts[verdict]]


def render(run: RunResult, *, width: int = 100, colour: bool = False, verbose: bool = False, changes: Comparison | None = None) -> str:
    """The whole report of a run as text; `changes` are those since the baseline, where there is one."""
    paint = _Paint(on=colour)
    parts = [_head(run, paint), _matrix(run.cases, paint, width), _faults(run.cases, paint, width, verbose=verbose)]
    if verbose:
        parts.append(_every_case(run.cases, paint, width))
    parts += [_unexpected(run.cases, paint), _set_aside(run.cases, paint, width), _changes(changes, paint, width), summary(run, paint)]
    return "\n\n".join(part for part in parts if part) + "\n"


class _Paint:
    """Puts colour around text, or does not."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._on else text


def summary(run: RunResult, paint: _Paint | None = None) -> str:
    """The last line."""
    paint = paint or _Paint(on=False)
    passed, judged = share(run.cases)
    counts = [paint(f"{number} {verdict}", _COLOURS[verdict]) for verdict, number in count(run.cases).items() if number]
    known = sum(case.known is not None and case.verdict is Verdict.FAIL for case in run.cases)
    known_words = f" ({known} known)" if known else ""
    words = f"{visible(run.target.name)}: {passed} of {judged} hold ({score(run)}); {', '.join(counts) or 'no case'}"
    return f"{words}{known_words}; {run.duration_s:.1f} s"


def _head(run: RunResult, paint: _Paint) -> str:
    facts = [run.target.url, run.target.software, run.target.model and f"model {run.target.model}", f"suite {run.suite_version}"]
    lines = [paint(visible(run.target.name), "1") + "  " + visible(", ".join(fact for fact in facts if fact))]
    return "\n".join([*lines, *(paint(f"note: {visible(note)}", "33") for note in run.notes)])


def _matrix(cases: Sequence[CaseResult], paint: _Paint, width: int) -> str:
    """One line for each area of each dialect; nothing is a dot, so that what is there stands out. A narrow terminal gets short headings."""
    groups = by_area(cases)
    names = [name.split("/", 1) for name in groups]
    left = max((len(name[0]) for name in names), default=0)
    right = max((len(name[-1]) for name in names), default=0)
    columns = {verdict: str(verdict) for verdict in Verdict if verdict in {Verdict.PASS, Verdict.FAIL} or count(cases)[verdict]}
    if left + right + 2 + sum(len(word) + 2 for word in columns.values()) > width:
        columns = {verdict: word[:5] for verdict, word in columns.items()}
    lines = [" " * (left + right + 2) + "".join(f"  {word}" for word in columns.values())]
    before = ""
    for name, inside in zip(names, groups.values(), strict=True):
        dialect = "" if name[0] == before else name[0]
        before = name[0]
        lines.append(f"{dialect:<{left}}  {name[1] if len(name) > 1 else '':<{right}}" + _row(inside, columns, paint))
    return "\n".join([*lines, f"{'all':<{left + right + 2}}" + _row(cases, columns, paint)])


def _row(cases: Sequence[CaseResult], columns: Mapping[Verdict, str], paint: _Paint) -> str:
    found = count(cases)
    cells = ((verdict, f"{found[verdict] or '.':>{len(word) + 2}}") for verdict, word in columns.items())
    return "".join(paint(text, _COLOURS[verdict] if found[verdict] else "2") for verdict, text in cells)


def _faults(cases: Sequence[CaseResult], paint: _Paint, width: int, *, verbose: bool) -> str:
    """Failing cases below the rules they break; a case that breaks several is told in full below the first."""
    shown: set[str] = set()
    blocks = []
    for fault in faults(cases):
        fresh = [case for case in fault.failing if case.id not in shown]
        full = fresh if verbose else fresh[:_SHORT]
        lines = [
            *_titles(fault, paint, verbose=verbose),
            *(line for case in full for line in _case(case, fault, paint, width, verbose=verbose)),
        ]
        if others := [case.id for case in fault.failing if case not in full]:
            lines += _wrap(f"{'and' if full else 'in'} {', '.join(others)}", width, 2)
        shown |= {case.id for case in fault.failing}
        blocks.append("\n".join(lines))
    nothing = Fault({}, [case for case in cases if case.verdict is Verdict.FAIL and case.id not in shown])
    blocks += ["\n".join(_case(case, nothing, paint, width, verbose=verbose)) for case in nothing.failing]
    return "\n\n".join(blocks)


def _titles(fault: Fault, paint: _Paint, *, verbose: bool) -> list[str]:
    rules = list(fault.rules)
    shown = rules if verbose else rules[:_RULES]
    lines = [f"{paint(visible(rule), '1')}  ({title(rule, fault)})" for rule in shown]
    return lines if len(shown) == len(rules) else [*lines, f"and {len(rules) - len(shown)} more rules"]


def _case(case: CaseResult, fault: Fault, paint: _Paint, width: int, *, verbose: bool) -> list[str]:
    known = f"  known: {visible(case.known)}" if case.known else ""
    lines = [f"  {paint('FAIL', _COLOURS[Verdict.FAIL])} {case.id}  {case.level}{known}", *_wrap(case.requirement, width, 7)]
    findings = fault.findings(case)
    shown = findings if verbose else [finding for finding in findings if not finding.inherited][:_SHORT]
    for finding in shown:
        where = place(finding, case)
        inherited = " (inherited)" if finding.inherited else ""
        lines += _wrap(f"[{finding.check}] {f'{where}: ' if where else ''}{finding.message}{inherited}", width, 7)
    if left := sum(not finding.inherited for finding in findings) - len(shown) if not verbose else 0:
        lines += _wrap(f"and {left} more", width, 7)
    return [*lines, *(_wrap("specs/" + ", specs/".join(case.spec), width, 7) if case.spec else [])]


def _wrap(text: str, width: int, indent: int) -> list[str]:
    prefix = " " * indent
    inner = max(width, indent + 20)
    return textwrap.wrap(visible(text), inner, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False) or [prefix]


def _every_case(cases: Sequence[CaseResult], paint: _Paint, width: int) -> str:
    def lines() -> Iterator[str]:
        for case in cases:
            yield f"{paint(f'{case.verdict:<12}', _COLOURS[case.verdict])} {case.level:<6} {case.id}  {case.duration_ms:.0f} ms"
            if case.reason and case.verdict is not Verdict.FAIL:
                yield from _wrap(case.reason, width, 20)

    return "\n".join(lines())


def _unexpected(cases: Sequence[CaseResult], paint: _Paint) -> str:
    found = [case for case in cases if is_unexpected_pass(case)]
    return "\n".join(
        f"{paint('UNEXPECTED PASS', _COLOURS[Verdict.FAIL])} {case.id}  is known to fail: {visible(case.known or '')}" for case in found
    )


def _set_aside(cases: Sequence[CaseResult], paint: _Paint, width: int) -> str:
    """Why cases are neither right nor wrong, the commonest reason first."""
    lines = []
    for verdict in (Verdict.UNREACHABLE, Verdict.UNSUPPORTED, Verdict.INCONCLUSIVE):
        found = [case for case in cases if case.verdict is verdict]
        reasons = Counter(visible(case.reason) or "no reason given" for case in found)
        for reason, number in reasons.most_common():
            room = max(width - 7 - len(verdict), 20)
            lines.append(f"{number:>4} {paint(verdict, _COLOURS[verdict])}: {textwrap.shorten(reason, room, placeholder=' ...')}")
        if verdict is Verdict.UNREACHABLE and found:
            lines += _wrap(", ".join(case.id for case in found), width, 5)
    return "\n".join(lines)


def _changes(changes: Comparison | None, paint: _Paint, width: int) -> str:
    if changes is None:
        return ""
    kinds = [("regression", changes.regressions, "31"), ("fixed", changes.fixed, "32"), ("changed", changes.changed, "33")]
    lines = ["Since the baseline"]
    for word, found, colour in kinds:
        for change in found:
            lines += [f"  {paint(word, colour)} {change.case.id}", *_wrap(change.why, width, 4)]
    if changes.new:
        lines += _wrap(f"new: {', '.join(case.id for case in changes.new)}", width, 2)
    if changes.gone:
        lines += _wrap(f"gone: {', '.join(changes.gone)}", width, 2)
    return "\n".join(lines if len(lines) > 1 else ["Since the baseline: no change"])
