"""What a whole server has, a refusal of all plain requests, of a temperature, or an answer that breaks off beside others, is found once."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from faulty.checks import bad_field
from faulty.defects import DEFECTS
from faulty.exchange import Refusal
from faulty.hooks import Defect
from faulty.server import FaultyServer
from triglot_conformance.case import Case, load_cases
from triglot_conformance.live import conversation
from triglot_conformance.live.probe import busy_slots, probe
from triglot_conformance.live.runner import LiveSettings, run_live
from triglot_conformance.live.target import parse_target
from triglot_conformance.verdicts import Verdict

from .conftest import CASES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triglot_conformance.contract.contract import Contract
    from triglot_conformance.results import CaseResult

    Body = dict[str, Any]

NAME = "chat/of-this-test"


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case for case in load_cases(CASES) if case.live and case.dialect == "chat" and not case.needs]


def run(
    monkeypatch: pytest.MonkeyPatch, contract: Contract, cases: Sequence[Case], apply: Callable[[Body, Any], Body], jobs: int = 4
) -> tuple[dict[str, CaseResult], list[str]]:
    """The results by case, and the notes, of a server whose handler gets what `apply` makes of a body."""
    monkeypatch.setitem(DEFECTS, NAME, Defect(NAME, "chat.request", "", "It is of this test.", apply=apply))
    results: dict[str, CaseResult] = {}

    async def go() -> list[str]:
        async with FaultyServer([NAME], gap_s=0) as server:
            target = parse_target(server.url, timeout_s=10)
            found = await probe(target, ["chat"], target)
            await run_live(cases, found, LiveSettings(contract, target, jobs=jobs), lambda result: results.__setitem__(result.id, result))
            return found.notes

    return results, asyncio.run(go())


def is_object(body: Any) -> bool:
    return isinstance(body, dict)  # other bodies come as well, to be refused


def below(cases: Sequence[Case], *areas: str) -> list[Case]:
    return [case for case in cases if case.id.startswith(areas) or (case.live and case.live.ground)]


def test_where_the_plainest_request_is_refused_no_other_of_its_kind_is_sent(
    monkeypatch: pytest.MonkeyPatch, contract: Contract, cases: list[Case]
) -> None:
    def apply(body: Body, _: Any) -> Body:
        if is_object(body) and body.get("stream"):
            raise Refusal(500, "streams are broken")
        return body

    results, _ = run(monkeypatch, contract, below(cases, "chat/answer/", "chat/chunks/"), apply)

    assert results["chat/chunks/text"].verdict is Verdict.FAIL
    others = [results[name] for name in results if name.startswith("chat/chunks/") and name != "chat/chunks/text"]
    assert len(others) > 10
    assert {result.verdict for result in others} == {Verdict.UNSUPPORTED}
    assert all("not asked, because the plainest request is not answered: the status is 500" in result.reason for result in others)
    assert not any(result.exchanges for result in others)
    assert {result.verdict for name, result in results.items() if name.startswith("chat/answer/")} == {Verdict.PASS}


def test_a_ground_that_is_not_reported_shuts_nothing(monkeypatch: pytest.MonkeyPatch, contract: Contract, cases: list[Case]) -> None:
    def apply(body: Body, _: Any) -> Body:
        raise Refusal(500, "all is broken")

    chosen = [case for case in cases if case.id == "chat/answer/id"]
    results, _ = run(monkeypatch, contract, chosen, apply)

    assert [result.verdict for result in results.values()] == [Verdict.FAIL]


def test_a_need_that_the_server_breaks_on_is_told_once(monkeypatch: pytest.MonkeyPatch, contract: Contract) -> None:
    def apply(body: Body, _: Any) -> Body:
        if "image_url" in json.dumps(body):
            raise Refusal(500, "image input is not supported")
        return body

    with_images = [case for case in load_cases(CASES) if case.live and case.dialect == "chat" and list(case.needs) == ["media"]]
    results, _ = run(monkeypatch, contract, with_images, apply)

    assert results["chat/answer/image"].verdict is Verdict.FAIL
    others = [result for name, result in results.items() if name != "chat/answer/image"]
    assert {result.verdict for result in others} == {Verdict.UNSUPPORTED}
    assert all("media: the server breaks on it, the status is 500" in result.reason for result in others)


def test_a_temperature_that_a_server_refuses_is_left_out_but_where_it_is_asked_about(
    monkeypatch: pytest.MonkeyPatch, contract: Contract, cases: list[Case]
) -> None:
    def apply(body: Body, _: Any) -> Body:
        if is_object(body) and body.get("temperature") == 0:
            raise bad_field("temperature", "is not supported with this model")
        return body

    results, notes = run(monkeypatch, contract, below(cases, "chat/answer/", "chat/chunks/", "chat/refusals/"), apply)

    assert {result.id: result.reason for result in results.values() if result.verdict is not Verdict.PASS} == {}
    assert [note for note in notes if "temperature" in note]
    asked = json.loads(results["chat/answer/id"].exchanges[-1].request_body or "")
    assert "temperature" not in asked


def test_a_refusal_that_is_asked_for_tells_nothing_of_temperatures(
    monkeypatch: pytest.MonkeyPatch, contract: Contract, cases: list[Case]
) -> None:
    results, notes = run(monkeypatch, contract, below(cases, "chat/answer/", "chat/refusals/"), lambda body, _: body)

    assert results["chat/refusals/bad-temperature"].verdict is Verdict.PASS
    assert notes == []
    assert json.loads(results["chat/answer/id"].exchanges[0].request_body or "")["temperature"] == 0


@pytest.mark.parametrize(("jobs", "verdict"), [(4, Verdict.PASS), (1, Verdict.FAIL)])
def test_what_breaks_beside_others_is_asked_again_alone(
    monkeypatch: pytest.MonkeyPatch, contract: Contract, cases: list[Case], jobs: int, verdict: Verdict
) -> None:
    seen: set[str] = set()

    def apply(body: Body, _: Any) -> Body:
        """Fails where it sees a body for the first time, as if another request were in its way."""
        text = json.dumps(body)
        if is_object(body) and body.get("max_tokens") == 4 and text not in seen:
            seen.add(text)
            raise Refusal(500, "busy with another")
        return body

    results, notes = run(monkeypatch, contract, below(cases, "chat/answer/max-tokens"), apply, jobs)

    assert results["chat/answer/max-tokens"].verdict is verdict
    assert [note for note in notes if "beside others" in note] == notes
    assert bool(notes) is (jobs > 1)


def test_a_model_list_of_another_shape_is_told_once(contract: Contract) -> None:
    """The list that llama-server gives to clients of Messages lacks the same fields wherever it is asked for."""
    cases = [case for case in load_cases(CASES) if case.live and case.dialect == "messages" and "models" in case.needs]
    results: dict[str, CaseResult] = {}

    async def go() -> None:
        async with FaultyServer(["messages/models-of-chat"], gap_s=0) as server:
            target = parse_target(server.url, timeout_s=10)
            found = await probe(target, ["messages"], target)
            await run_live(cases, found, LiveSettings(contract, target), lambda result: results.__setitem__(result.id, result))

    asyncio.run(go())
    lacking = [finding for result in results.values() for finding in result.findings if finding.rule == "schema ModelList lacks has_more"]
    assert len(lacking) > 2
    assert sum(not finding.inherited for finding in lacking) == 1


def test_what_an_earlier_case_has_left_running_is_waited_for_and_not_blamed_on_this_one(
    monkeypatch: pytest.MonkeyPatch, contract: Contract
) -> None:
    monkeypatch.setattr(conversation, "_OTHERS_S", 0.1)
    busy = [1, 1, 0]  # twice before the case begins; then the server itself tells

    async def tell(target: Any) -> int | None:
        return busy.pop(0) if busy else await busy_slots(target)

    monkeypatch.setattr(conversation, "busy_slots", tell)
    cases = [case for case in load_cases(CASES) if case.id == "chat/cancel/stream"]
    results, _ = run(monkeypatch, contract, cases, lambda body, _: body)
    assert (results["chat/cancel/stream"].verdict, busy) == (Verdict.PASS, [])

    busy += [1] * 100
    results, _ = run(monkeypatch, contract, cases, lambda body, _: body)
    assert results["chat/cancel/stream"].verdict is Verdict.INCONCLUSIVE
    assert "at work for 0.1 s before the case began" in results["chat/cancel/stream"].reason
    assert results["chat/cancel/stream"].exchanges == []
