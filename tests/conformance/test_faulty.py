"""The proof of the suite: without defects the reference server passes every live case; with one, the case that the defect names fails."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from faulty.defects import DEFECTS
from faulty.host import CONTEXT
from faulty.server import FaultyServer
from triglot_conformance.case import Case, load_cases
from triglot_conformance.live.probe import probe
from triglot_conformance.live.runner import LiveSettings, run_live
from triglot_conformance.live.target import parse_target
from triglot_conformance.verdicts import Verdict

from .conftest import CASES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triglot_conformance.contract.contract import Contract
    from triglot_conformance.results import CaseResult

SIDE_BY_SIDE = 12  # servers at once: they mostly wait
TIMEOUT_S = 8.0  # for one answer of a defective server; a stream that never ends takes as long
PATIENCE_S = 30.0  # for one of the honest server, on a busy machine
DIALECTS = ("chat", "messages", "responses")
SMALL, SLOW = 200, 0.0015
"""Tokens of a context that is small, and seconds for a token of a prompt that takes time: about two for a long one."""


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {case.id: case for case in load_cases(CASES) if case.live}


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, cases: dict[str, Case], contract: Contract) -> dict[str, str]:
    """What came of the named case, for each defect that a test of this run asks for."""
    wanted = [item.callspec.params["name"] for item in request.session.items if item.name.startswith("test_defect_is_caught[")]
    return asyncio.run(try_all(wanted, cases, contract))


async def try_all(names: Iterable[str], cases: dict[str, Case], contract: Contract) -> dict[str, str]:
    places = asyncio.Semaphore(SIDE_BY_SIDE)

    async def try_one(name: str) -> tuple[str, str]:
        case = cases.get(DEFECTS[name].caught_by)
        if case is None:
            return name, f"there is no live case {DEFECTS[name].caught_by}"
        async with places:
            results = await run([name], with_its_grounds(case, cases), contract)
        return name, next(describe(result) for result in results if result.id == case.id)

    return dict(await asyncio.gather(*map(try_one, names)))


def describe(result: CaseResult) -> str:
    return f"{result.verdict} of {result.id}: {result.reason}"


def with_its_grounds(case: Case, cases: dict[str, Case]) -> list[Case]:
    """The case, those that tell what is wrong with every answer, and those that show what it needs: all that can excuse a failure."""
    helps = (
        other
        for other in cases.values()
        if other.live and other.dialect == case.dialect and (other.live.ground or other.live.shows in case.needs)
    )
    return list({other.id: other for other in (case, *helps)}.values())


async def run(defects: Sequence[str], cases: Sequence[Case], contract: Contract, timeout_s: float = TIMEOUT_S) -> list[CaseResult]:
    """Run cases against a server as they want it: slow to read, with a small context, or as it is."""
    slow, small = (any(wants(case) for case in cases) for wants in (wants_slow, wants_small))
    server = FaultyServer(defects, gap_s=0.001, reading_s=SLOW if slow else 0.0, context=SMALL if small else CONTEXT)
    results: list[CaseResult] = []
    async with server:
        target = parse_target(server.url, timeout_s=timeout_s)
        found = await probe(target, DIALECTS, target)
        settings = LiveSettings(contract, target, jobs=4, having={"small-context"} if small else ())
        await run_live(cases, found, settings, results.append)
    return results


def wants_slow(case: Case) -> bool:
    return case.id.endswith("/long-prompt")


def wants_small(case: Case) -> bool:
    return "small-context" in case.needs


async def run_honest(cases: Sequence[Case], contract: Contract) -> list[CaseResult]:
    kinds = (
        [case for case in cases if not wants_slow(case) and not wants_small(case)],
        [case for case in cases if wants_slow(case)],
        [case for case in cases if wants_small(case)],
    )
    return [result for results in await asyncio.gather(*(run([], kind, contract, PATIENCE_S) for kind in kinds)) for result in results]


def test_honest_server_passes_everything(cases: dict[str, Case], contract: Contract) -> None:
    results = asyncio.run(run_honest(list(cases.values()), contract))

    assert len(results) == len(cases) >= 300
    assert [describe(result) for result in results if result.verdict is not Verdict.PASS] == []


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_defect_is_caught(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name].startswith("fail of ")


def test_there_are_defects_enough() -> None:
    by_layer = [name.partition("/")[0] for name in DEFECTS]

    assert len(DEFECTS) >= 120
    assert all(by_layer.count(layer) >= 20 for layer in ("http", *DIALECTS))


@pytest.mark.parametrize("entry", DEFECTS.values(), ids=lambda entry: entry.name)
def test_defect_is_described(entry) -> None:
    assert entry.says.endswith(".")
    assert entry.source is None or re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", entry.source)
    assert (entry.apply is None) == (entry.at == "behaviour")
