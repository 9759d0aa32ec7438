"""The official SDKs read every Messages case: what they put together from the stream is the message that comes in one piece."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sdks.message_cases import MESSAGE_CASES, expected_of, in_order
from tests.sdks.stage import fields_of, headers_of, only
from triglot_conformance.replay.placeholders import Bindings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sdks.sdk import Sdk
    from tests.sdks.stage import Stage
    from triglot_conformance.case import Case


def test_there_are_cases() -> None:
    assert len(MESSAGE_CASES) > 30


@pytest.mark.parametrize("beta", [False, True], ids=["stable", "beta"])
@pytest.mark.parametrize("case", MESSAGE_CASES, ids=lambda case: case.id)
def test_the_stream_adds_up_to_the_whole(case: Case, sdk: Sdk, beta: bool, stage_of: Callable[[str], Stage]) -> None:
    """Either way it must be what the case expects, with each id bound to one value, and both the same."""
    stage = stage_of(case.setup)
    bindings = Bindings()
    for step in case.steps:
        stage.play(step)
        call: Any = {"beta": beta, "request": fields_of(step, bindings), "headers": headers_of(step)}
        others = copy.deepcopy(bindings)
        streamed, whole = (only(sdk.ask(job, stage.url, **call)) for job in ("messages.stream", "messages.create"))
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
