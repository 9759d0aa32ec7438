"""JUnit XML, as build servers read it: one suite for each server and dialect, one test case for each case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from triglot_conformance.baseline import is_unexpected_pass
from triglot_conformance.reports.counts import is_stopped, lacks, place
from triglot_conformance.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triglot_conformance.results import CaseResult, Exchange, RunResult

# XML 1.0 has no way to write these, not even as references.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_BODY_LIMIT = 4000  # characters of a body or of all events in a trace: a build server shows them beside much else
_AROUND = 5  # events shown before and after the one that is wrong


def render(runs: Sequence[RunResult]) -> str:
    """The runs as one document.

    A failure is `failure`, and a known one is `skipped` as long as it fails; an unexpected pass is a `failure`. What is unsupported or
    inconclusive is `skipped`, what is unreachable an `error`, and so is a run that is no result.
    """
    suites = [(run, dialect, cases) for run in runs for dialect, cases in _by_dialect(run.cases).items()]
    everything = [case for _, _, cases in suites for case in cases]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="triglot conformance"{_counts(everything, sum(bool(lacks(run)) for run in runs))}>',
        *(line for run, dialect, cases in suites for line in _suite(run, dialect, cases)),
        *(line for run in runs for line in _no_result(run)),
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _by_dialect(cases: Sequence[CaseResult]) -> dict[str, list[CaseResult]]:
    found: dict[str, list[CaseResult]] = {}
    for case in cases:
        found.setdefault(case.dialect, []).append(case)
    return found


def _no_result(run: RunResult) -> Iterator[str]:
    """A suite of its own for what is wrong with the run, so that no build server takes it for a good one."""
    if reasons := lacks(run):
        yield _suite_element(run, "run", _counts([], 1))
        yield f'<testcase classname={quoteattr(_possible(run.target.name))} name="run" time={_seconds(0)}>'
        yield _element("error", "; ".join(reasons), "stopped" if is_stopped(run) else "no-result", "")
        yield "</testcase>"
        yield "</testsuite>"


def _suite(run: RunResult, dialect: str, cases: Sequence[CaseResult]) -> Iterator[str]:
    target = run.target
    yield _suite_element(run, dialect, _counts(cases))
    yield "<properties>"
    facts = {"url": target.url, "software": target.software, "model": target.model, "suite_version": run.suite_version}
    facts |= {f"option.{key}": value for key, value in run.options.items()}
    facts |= {f"capability.{key}": value for key, value in run.capabilities.items()}
    facts |= {f"note.{number}": note for number, note in enumerate(run.notes, 1)}
    yield from (_property(key, value) for key, value in facts.items())
    yield "</properties>"
    for case in cases:
        yield from _case(case, target.name)
    yield "</testsuite>"


def _suite_element(run: RunResult, part: str, counts: str) -> str:
    name, began = quoteattr(_possible(f"{run.target.name}/{part}")), quoteattr(_possible(run.started_at[:19]))
    return f"<testsuite name={name} timestamp={began}{counts}>"


def _case(case: CaseResult, server: str) -> Iterator[str]:
    *parents, name = case.id.split("/")
    where = quoteattr(_possible(".".join([server, *parents])))
    yield f"<testcase classname={where} name={quoteattr(_possible(name))} time={_seconds(case.duration_ms)}>"
    yield "<properties>"
    facts = {"id": case.id, "level": case.level, "requirement": case.requirement, "spec": ", ".join(case.spec)}
    facts |= {key: ", ".join(values) for key, values in (("source", case.source), ("needs", case.needs)) if values}
    yield from (_property(key, value) for key, value in facts.items())
    yield "</properties>"
    yield from _outcome(case)
    yield "</testcase>"


def _outcome(case: CaseResult) -> Iterator[str]:
    if is_unexpected_pass(case):
        yield _element("failure", f"unexpected pass: it is known to fail because: {case.known}", "unexpected-pass", "")
    match case.verdict:
        case Verdict.FAIL if case.known is not None:
            yield f"<skipped message={quoteattr(_possible(f'known to fail: {case.known}'))}/>"
        case Verdict.FAIL:
            own = next((finding for finding in case.findings if not finding.inherited), None)
            yield _element("failure", own.message if own else case.reason, own.check if own else "fail", _details(case))
        case Verdict.UNREACHABLE:
            yield _element("error", case.reason, "unreachable", _details(case))
        case Verdict.UNSUPPORTED | Verdict.INCONCLUSIVE:
            yield f"<skipped message={quoteattr(_possible(f'{case.verdict}: {case.reason}'))}/>"


def _element(tag: str, message: str, kind: str, text: str) -> str:
    return f"<{tag} message={quoteattr(_possible(message))} type={quoteattr(_possible(kind))}>{escape(_possible(text))}</{tag}>"


def _property(name: str, value: str) -> str:
    return f"<property name={quoteattr(_possible(name))} value={quoteattr(_possible(value))}/>"


def _counts(cases: Sequence[CaseResult], no_results: int = 0) -> str:
    """Counts as attributes; `no_results` are errors of runs, beside those of cases."""
    failures = sum(is_unexpected_pass(case) or (case.verdict is Verdict.FAIL and case.known is None) for case in cases)
    errors = sum(case.verdict is Verdict.UNREACHABLE for case in cases)
    passed = sum(case.verdict is Verdict.PASS and case.known is None for case in cases)
    skipped = len(cases) - passed - failures - errors
    errors += no_results
    time = _seconds(sum(case.duration_ms for case in cases))
    return f' tests="{len(cases) + no_results}" failures="{failures}" errors="{errors}" skipped="{skipped}" time={time}'


def _seconds(milliseconds: float) -> str:
    return f'"{milliseconds / 1000:.3f}"'


def _details(case: CaseResult) -> str:
    """What went wrong and the traffic around it, to be read by a person."""
    lines = [f"{case.level}: {case.requirement}"]
    for finding in sorted(case.findings, key=lambda finding: finding.inherited):
        where = place(finding, case)
        lines.append(f"[{finding.check}] {f'{where}: ' if where else ''}{finding.message}{' (inherited)' if finding.inherited else ''}")
    for number, exchange in enumerate(case.exchanges):
        marked = {
            finding.event for finding in case.findings if finding.exchange == number and finding.event is not None and not finding.inherited
        }
        lines += ["", *_trace(exchange, marked)]
    return "\n".join(lines)


def _trace(exchange: Exchange, marked: set[int]) -> Iterator[str]:
    yield f"step {exchange.step}, {exchange.part}: {exchange.method} {exchange.url}"
    if exchange.request_body:
        yield f"> {exchange.request_body[:_BODY_LIMIT]}"
    yield f"< {exchange.status or exchange.error} after {exchange.head_ms if exchange.head_ms is not None else exchange.end_ms:.1f} ms"
    yield from (f"< {': '.join(pair)}" for pair in exchange.headers)
    if exchange.body:
        yield exchange.body[:_BODY_LIMIT]
    centre = min(marked, default=0)
    first = max(0, centre - _AROUND)
    for number, event in enumerate(exchange.events[first : centre + _AROUND + 1], first):
        mark = "!" if number in marked else " "
        yield f"{mark} event {number} at {event.at_ms:.1f} ms: {' | '.join(event.raw[:_BODY_LIMIT].split())}"
    if (left := len(exchange.events) - centre - _AROUND - 1) > 0:
        yield f"  {left} more events"
    if exchange.error:
        yield f"broken: {exchange.error}"


def _possible(text: str) -> str:
    return _IMPOSSIBLE.sub("\ufffd", text)
