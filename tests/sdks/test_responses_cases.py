"""The official SDKs send every Responses case: what they put together from the stream is the response that comes in one piece."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import pytest

from tests.sdks.response_cases import (
    NOT_FOR_SDKS,
    ONE_WAY,
    RESPONSE_CASES,
    WAYS,
    WITHOUT_HELPER,
    events_of,
    expected_of,
    has_failed,
    in_order,
    method_of,
    result_of,
)
from tests.sdks.stage import ALL_CASES, fields_of, headers_of, only
from triglot_conformance.contract.paths import look_up
from triglot_conformance.replay.placeholders import Bindings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sdks.sdk import Sdk
    from tests.sdks.stage import Stage
    from triglot_conformance.case import Case, Step


def test_there_are_cases() -> None:
    assert len(RESPONSE_CASES) > 200


@pytest.mark.parametrize("pattern", NOT_FOR_SDKS)
def test_what_is_left_out_is_there(pattern: str) -> None:
    assert any(fnmatch(case.id, pattern) for case in ALL_CASES)


@pytest.mark.parametrize(("case", "way"), WAYS, ids=[f"{case.id}-{way}" for case, way in WAYS])
def test_every_way_ends_in_the_same(case: Case, way: str, sdk: Sdk, stage_of: Callable[[str], Stage]) -> None:
    """Each way must end in what the case expects, with each id bound to one value, and the stream must make its last event, bit by bit."""
    stage = stage_of(case.setup)
    bindings = Bindings()
    busy_through = 0
    sockets = {step.socket for step in case.steps if step.socket}
    try:
        for number, step in enumerate(case.steps, 1):
            if number > busy_through:
                stage.play(step)
                busy_through = step.through
            job, request = call_of(case, step, way, bindings)
            beta = way == "beta" and request.get("method", "").startswith("responses.")
            answer = only(ask(sdk, step, job, stage.url, beta=beta, request=request))
            expected = events_of(step) if step.socket else expected_of(step, streamed=job != "responses.call")
            if job in {"responses.stream", "responses.events"}:
                answer = result_of(answer)
            if answer is not None:
                assert bindings.match(*map(in_order, (expected, answer) if step.socket else alike(expected, answer))) is None
    finally:
        for socket in sockets:
            sdk.get("responses.hang_up", stage.url, request={"socket": socket})


def call_of(case: Case, step: Step, way: str, bindings: Bindings) -> tuple[str, dict[str, Any]]:
    """The job of an SDK for a step, and what it needs."""
    fields = fields_of(step, bindings)
    if step.socket:
        return "responses.say", {"socket": step.socket, "events": [fields], "count": len(events_of(step))}
    method, ids, path_fields = method_of(step, bindings.fill(step.path))
    one_way = fields.get("background") or case.id in ONE_WAY
    if method == "responses.create" and (step.stream is not None if one_way else way == "stream"):
        return "responses.events" if case.id in WITHOUT_HELPER else "responses.stream", fields
    return "responses.call", {"method": method, "ids": ids, "fields": {**fields, **path_fields}}


def alike(expected: Any, answer: Any) -> tuple[Any, Any]:
    """Both in one form: in a stream an answer that breaks off is a response that has failed, without one it is an error."""
    if has_failed(expected) == has_failed(answer):
        return expected, answer
    return tuple(document["error"]["message"] if has_failed(document) else document["message"] for document in (expected, answer))


def ask(sdk: Sdk, step: Step, job: str, url: str, **details: Any) -> dict[str, Any]:
    """The answer; of a poll, the first that is not as those before."""
    headers = headers_of(step)
    while True:
        answer = sdk.ask(job, url, headers=headers, **details)
        if step.poll is None or look_up(only(answer), step.poll.field) not in step.poll.values:
            return answer
