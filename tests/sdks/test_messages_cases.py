"""The official SDKs read every Messages case: what they put together from the stream is the message that comes in one piece."""

from __future__ import annotations

import copy
import inspect
import json
from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from anthropic.types import Message
from anthropic.types.beta import BetaMessage

from tests.sdks.stage import MESSAGE_CASES, call_of, expected_of, in_order
from triglot_conformance.placeholders import Bindings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sdks.node_sdk import NodeSdk
    from tests.sdks.stage import Stage
    from triglot_conformance.case import Case

    Ask = Callable[[str, dict[str, Any], dict[str, str]], dict[str, Any]]

every_case = pytest.mark.parametrize("case", MESSAGE_CASES, ids=lambda case: case.id)


@pytest.fixture(params=["stable", "beta"])
def beta(request: pytest.FixtureRequest) -> bool:
    return request.param == "beta"


@pytest.fixture
def stage(case: Case, stage_of: Callable[[str], Stage]) -> Stage:
    return stage_of(case.setup)


def test_there_are_cases() -> None:
    assert len(MESSAGE_CASES) > 30


@every_case
def test_python(case: Case, stage: Stage, beta: bool) -> None:
    def ask(job: str, request: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        method = getattr(client.beta.messages if beta else client.messages, job)
        known = inspect.signature(method).parameters
        fields = {name: value for name, value in request.items() if name in known}
        others = {name: value for name, value in request.items() if name not in known}
        try:
            answer = method(**fields, extra_body=others, extra_headers=headers)
            if job == "create":
                message = answer
            else:
                with answer as stream:
                    message = stream.get_final_message()
            text: str = message.to_json()
            kind.model_validate_json(text)  # reading an answer, the SDK itself checks nothing
            return json.loads(text)
        except anthropic.APIStatusError as error:
            return error.body if isinstance(error.body, dict) else {"not JSON": error.body}

    kind = BetaMessage if beta else Message
    with anthropic.Anthropic(base_url=stage.url, api_key="none", max_retries=0, timeout=30) as client:
        compare(case, stage, ask)


@pytest.mark.node
@every_case
def test_node(case: Case, stage: Stage, node: NodeSdk, beta: bool) -> None:
    def ask(job: str, request: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        answer = node.ask(job, stage.url, beta=beta, request=request, headers=headers)
        return answer["result"] if "result" in answer else answer["error"]

    compare(case, stage, ask)


def compare(case: Case, stage: Stage, ask: Ask) -> None:
    """Ask for each step both ways. Either way it must be what the case expects, with each id bound to one value, and both the same."""
    bindings = Bindings()
    for step in case.steps:
        stage.play(step)
        request, headers = call_of(step, bindings)
        others = copy.deepcopy(bindings)
        streamed = ask("stream", request, headers)
        whole = ask("create", request, headers)
        expected = in_order(expected_of(step))
        assert bindings.match(expected, in_order(streamed)) is None
        assert others.match(expected, in_order(whole)) is None
        assert without_ids(streamed) == without_ids(whole)


def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without the ids that are made anew each time."""
    plain: dict[str, Any] = json.loads(in_order(answer))
    for made in [plain, *plain.get("content", [])]:
        made.pop("id", None)
    return plain
