"""Proves that the cases can fail: breaks one behaviour of the gateway at a time and looks whether the cases that hold it turn red.

    python -m tests.conformance.mutations              all of `mutations.yaml` and `mutations_responses.yaml`
    python -m tests.conformance.mutations 'early *'    those whose name matches

Each mutation is one small change of one file of a copy of `src/`. It must be possible (the text to replace occurs once), the gateway must
still start and must not stumble over it (a traceback proves nothing), and every case that it names must fail. Without any change they all
must pass.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triglot_conformance.case import load_cases
from triglot_conformance.contract.contract import Contract, read_yaml
from triglot_conformance.replay.cuts import CUTS
from triglot_conformance.replay.gateway import GatewayError
from triglot_conformance.replay.replay import replay
from triglot_conformance.replay.runner import Result, Settings
from triglot_conformance.replay.setups import load_setups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot_conformance.case import Case

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "conformance"
TABLES = sorted(Path(__file__).parent.glob("mutations*.yaml"))
COMMAND = [
    sys.executable,
    "-m",
    "triglot",
    "serve",
    "--backend=http://127.0.0.1:{backend_port}",
    "--port={port}",
    "--state=memory",
    "--log-level=warning",
]
TIMEOUT_S = 2.0  # for an answer; a mutation may make one wait for ever


@dataclass(frozen=True)
class Mutation:
    """One row of a table.

    Attributes:
        name: what is broken, in a few words.
        file: below `src/triglot`.
        old: text that occurs once in it.
        new: what stands there instead.
        cases: ids of the cases that must fail.
    """

    name: str
    file: str
    old: str
    new: str
    cases: list[str]

    def apply(self, source: str) -> str:
        """The file's text, broken.

        Raises:
            ValueError: the text to replace does not occur, or more than once.
        """
        if (count := source.count(self.old)) != 1:
            raise ValueError(f"stale: {self.old!r} occurs {count} times in {self.file}")
        return source.replace(self.old, self.new)


def load_mutations() -> list[Mutation]:
    """Read the tables."""
    return [Mutation(name, **row) for table in TABLES for name, row in read_yaml(table).items()]


class Proof:
    """Runs mutations against the suite's cases."""

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {case.id: case for case in load_cases(SUITE / "cases") if case.steps}
        self._setups = load_setups(SUITE / "setups.yaml", self._cases.values())
        self._contract = Contract(ROOT / "specs")

    async def survivors(self, source: Path, case_ids: Sequence[str]) -> tuple[list[str], list[str]]:
        """Run cases on the gateway in `source`, a folder like `src`.

        Returns:
            The ids of the cases that passed, and the tracebacks in the gateway's log.

        Raises:
            GatewayError: it does not start.
        """
        path = os.pathsep.join([str(source), *filter(None, sys.path)])
        settings = Settings(
            command=COMMAND,
            recordings=SUITE / "recordings" / "llama-server-b11549",
            contract=self._contract,
            cuts=CUTS,
            setups={name: replace(setup, environment={**setup.environment, "PYTHONPATH": path}) for name, setup in self._setups.items()},
            timeout_s=TIMEOUT_S,
            hasty=True,
        )
        results: list[Result] = []
        tracebacks = await replay([self._cases[case_id] for case_id in case_ids], settings, results.append)
        return [result.case.id for result in results if not result.findings], tracebacks

    async def try_one(self, mutation: Mutation) -> str | None:
        """Break one thing. Returns what is wrong with the proof, None for a proof."""
        with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
            source = Path(folder)
            shutil.copytree(ROOT / "src", source, dirs_exist_ok=True)
            broken = source / "triglot" / mutation.file
            try:
                broken.write_text(mutation.apply(broken.read_text(encoding="utf-8")), encoding="utf-8")
                survivors, tracebacks = await self.survivors(source, mutation.cases)
            except (ValueError, GatewayError) as error:
                return str(error)
        if survivors:
            return f"not noticed by {', '.join(survivors)}"
        return f"it makes the gateway stumble: {tracebacks[0].strip().splitlines()[-1].strip()}" if tracebacks else None


async def prove(mutations: Sequence[Mutation], jobs: int) -> int:
    """Try mutations side by side, print a line for each, and return how many prove nothing."""
    proof = Proof()
    named = sorted({case_id for mutation in mutations for case_id in mutation.cases})
    passed, _ = await proof.survivors(ROOT / "src", named)
    if broken := sorted(set(named) - set(passed)):
        say(f"without any mutation these fail: {', '.join(broken)}")
        return len(broken)
    waiting = list(reversed(mutations))
    failures = 0

    async def work() -> None:
        nonlocal failures
        while waiting:
            mutation = waiting.pop()
            problem = await proof.try_one(mutation)
            failures += problem is not None
            say(f"{'ok  ' if problem is None else 'FAIL'} {mutation.name}: {problem or ', '.join(mutation.cases)}")

    await asyncio.gather(*(work() for _ in range(jobs)))
    say(f"{len(mutations) - failures} of {len(mutations)} mutations turn their cases red; {len(named)} cases")
    return failures


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)  # noqa: T201 - the program's output


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(description="Break the gateway, one behaviour at a time, and look whether the cases notice.")
    parser.add_argument("pattern", nargs="*", default=["*"], help="names of mutations")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    options: Any = parser.parse_args(arguments)
    chosen = [mutation for mutation in load_mutations() if any(fnmatchcase(mutation.name, pattern) for pattern in options.pattern)]
    return 1 if not chosen or asyncio.run(prove(chosen, options.jobs)) else 0


if __name__ == "__main__":
    sys.exit(main())
