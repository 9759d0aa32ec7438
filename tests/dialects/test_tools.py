from __future__ import annotations

from typing import Any

import pytest

from triglot.backend.profiles import LLAMA_SERVER, OPENAI
from triglot.dialects.tools import ToolChoice, make_room_for_calls, offer_tools
from triglot.errors import ApiError


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


TOOLS = [tool("a"), tool("b")]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice(), {"tools": TOOLS}),
        (ToolChoice("required"), {"tools": TOOLS, "tool_choice": "required"}),
        (ToolChoice("none"), {}),
        (ToolChoice("required", ["b"]), {"tools": [tool("b")], "tool_choice": "required"}),
        (ToolChoice("auto", ["b", "a"]), {"tools": TOOLS}),
        (ToolChoice("auto", []), {}),
        (ToolChoice("none", ["zzz"]), {}),
    ],
)
def test_a_choice_is_made_by_what_is_offered(choice: ToolChoice, expected: dict[str, Any]) -> None:
    assert offer_tools(TOOLS, choice) == expected


def test_no_tools() -> None:
    assert offer_tools([], ToolChoice()) == {}


@pytest.mark.parametrize(("tools", "choice"), [(TOOLS, ToolChoice("required", ["zzz"])), ([], ToolChoice("required"))])
def test_a_choice_that_cannot_be_met_is_refused(tools: list[Any], choice: ToolChoice) -> None:
    with pytest.raises(ApiError) as refusal:
        offer_tools(tools, choice)
    assert refusal.value.param == "tool_choice"


FORMAT = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("choice", "profile", "stays"), [("required", LLAMA_SERVER, False), (None, LLAMA_SERVER, True), ("required", OPENAI, True)]
)
def test_a_schema_for_the_text_gives_way_to_a_call_that_is_demanded(choice, profile, stays):
    request = {"tools": [{}], **({"tool_choice": choice} if choice else {}), "response_format": FORMAT}
    make_room_for_calls(request, profile)
    assert ("response_format" in request) == stays
