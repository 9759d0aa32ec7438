"""Says what came of a run, one line for each case that is not as expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot_conformance.case import Case
    from triglot_conformance.known import KnownFailure
    from triglot_conformance.verdicts import Finding


class Report:
    """Collects results and prints as they come."""

    def __init__(self, cases: Sequence[Case], known: Sequence[KnownFailure], *, verbose: bool = False) -> None:
        self._known = known
        self._verbose = verbose
        self._unused = [failure for failure in known if not any(failure.matches(case.id) for case in cases)]
        self._passed = self._failed = self._expected = self._exchanges = self._tracebacks = 0

    def add(self, case: Case, findings: Sequence[tuple[str, Finding]], exchanges: int = 0) -> None:
        """Take in the result of one case."""
        self._exchanges += exchanges
        known = next((failure for failure in self._known if failure.matches(case.id)), None)
        if findings and known:
            self._expected += 1
        elif findings:
            self._failed += 1
            self._print_findings(case, findings)
        elif known:
            self._failed += 1
            _print(f"FAIL {case.id} [unexpected pass] known to fail because: {known.reason}")
        else:
            self._passed += 1

    def add_tracebacks(self, tracebacks: Sequence[str]) -> None:
        """Take in what the gateways' logs must not hold."""
        self._tracebacks = len(tracebacks)
        for traceback in tracebacks:
            _print(f"FAIL the gateway's log holds a traceback:\n{traceback[:3000]}")

    def finish(self, done: str) -> int:
        """Print the summary and return the exit status."""
        for failure in self._unused:
            _print(f"FAIL known-failing pattern {failure.pattern} matches no case")
        counts = f"{self._passed} passed, {self._failed} failed, {self._expected} known to fail"
        exchanges = f", {self._exchanges} exchanges" if self._exchanges else ""
        _print(f"{self._passed + self._failed + self._expected} cases {done}: {counts}{exchanges}")
        return 1 if self._failed or self._tracebacks or self._unused else 0

    def _print_findings(self, case: Case, findings: Sequence[tuple[str, Finding]]) -> None:
        for cut, finding in findings if self._verbose else findings[:1]:
            _print(f"FAIL {case.id} [{finding.check}, {cut}] {case.level}: {case.requirement} -- {finding.message}")


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the report is the program's output
