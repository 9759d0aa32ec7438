from __future__ import annotations

from typing import Any, get_args

import anthropic.types
import pytest
from anthropic.lib.tools._toolsets._registry import BROWSER_DEFAULT_DISABLED_MEMBERS
from anthropic.types import BrowserToolUseBlock, ComputerToolUseBlock
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from tests.dialects.answers import message_stream, translate
from triglot.backend.profiles import LLAMA_SERVER
from triglot.dialects.messages.answer import fold_events
from triglot.dialects.messages.request import convert_request
from triglot.dialects.messages.tools import called_members
from triglot.dialects.messages.toolsets import Member, function_name
from triglot.errors import ApiError
from triglot.events import Finished, ToolCallDelta, ToolCallStart
from triglot.generated.messages.models import CreateMessage
from triglot.generated.messages.support import CREATE_MESSAGE
from triglot.support import find_losses

LEAST: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
COMPUTER: Any = {"type": "computer_toolset_20260801"}
BROWSER: Any = {"type": "browser_toolset_20260801"}
BOTH = [COMPUTER, BROWSER]
EVERY_BROWSER: Any = {**BROWSER, "configs": {name: {"enabled": True} for name in BROWSER_DEFAULT_DISABLED_MEMBERS}}
SDK_BLOCKS: dict[Member, Any] = {
    Member(get_args(block.model_fields["name"].annotation)[0], get_args(block.model_fields["toolset_name"].annotation)[0]): block
    for union in (ComputerToolUseBlock, BrowserToolUseBlock)
    for block in get_args(get_args(union)[0])
}


def request_with(*tools: Any, **fields: Any) -> CreateMessage:
    return CreateMessage.model_validate({**LEAST, "tools": list(tools), **fields})


def functions_of(*tools: Any, **fields: Any) -> dict[str, Any]:
    sent = convert_request(request_with(*tools, **fields), LLAMA_SERVER).body
    return {tool["function"]["name"]: tool["function"] for tool in sent.get("tools", ())}


FUNCTIONS = functions_of(COMPUTER, EVERY_BROWSER)


def test_every_member_of_the_sdk_is_a_function() -> None:
    assert len(SDK_BLOCKS) == 17 + 31
    assert set(FUNCTIONS) == {function_name(*member) for member in SDK_BLOCKS}


@pytest.mark.parametrize("member", SDK_BLOCKS, ids=lambda member: function_name(*member))
def test_a_member_takes_what_its_type_in_the_sdk_takes(member: Member) -> None:
    function = FUNCTIONS[function_name(*member)]
    Draft202012Validator.check_schema(function["parameters"])
    input_model = SDK_BLOCKS[member].model_fields["input"].annotation
    fields = {field.alias or name: field for name, field in input_model.model_fields.items()}
    parameters = function["parameters"]
    assert parameters["properties"].keys() == fields.keys()
    assert set(parameters.get("required", ())) == {name for name, field in fields.items() if field.is_required()}
    whole = {name: sample(name, field.annotation) for name, field in fields.items()}
    least = {name: value for name, value in whole.items() if fields[name].is_required()}
    validator = Draft202012Validator({**parameters, "additionalProperties": False})
    for arguments in (whole, least):
        assert validator.is_valid(arguments), list(validator.iter_errors(arguments))
    for name in least:
        assert not validator.is_valid({key: value for key, value in least.items() if key != name})


LENGTHS = {"coordinate": 2, "start_coordinate": 2, "region": 4}


def sample(name: str, annotation: Any) -> Any:
    """A value that the SDK's field takes."""
    if name in LENGTHS:
        return [1] * LENGTHS[name]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {field: sample(field, inner.annotation) for field, inner in annotation.model_fields.items()}
    if annotation in (str, int, float, bool):
        return {str: "x", int: 1, float: 0.5, bool: True}[annotation]
    first, *_ = get_args(annotation)
    if isinstance(first, str):
        return first
    return [sample("", first)] if getattr(annotation, "__origin__", None) is list else sample("", first)


def test_members_are_offered_as_the_client_and_the_api_have_it() -> None:
    assert functions_of(BROWSER).keys() == {
        function_name(*member)
        for member in SDK_BLOCKS
        if member.toolset_name == "browser" and member.name not in BROWSER_DEFAULT_DISABLED_MEMBERS
    }
    configs: Any = {"zoom": {"enabled": False}, "javascript_exec": {"enabled": True}, "wait": None, "key": {"enabled": None}, "no_such": {}}
    changed = functions_of({**BROWSER, "configs": configs}).keys()
    assert functions_of(BROWSER).keys() ^ changed == {"browser_zoom", "browser_javascript_exec"}
    nothing = {**COMPUTER, "configs": {member.name: {"enabled": False} for member in SDK_BLOCKS if member.toolset_name == "computer"}}
    assert functions_of(nothing) == {}


def test_a_set_is_no_loss() -> None:
    assert find_losses(CREATE_MESSAGE, {**LEAST, "tools": [COMPUTER, EVERY_BROWSER]}) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("screenshot", {"computer_screenshot", "browser_screenshot"}),
        ("navigate", {"browser_navigate"}),
        ("computer", {name for name in FUNCTIONS if name.startswith("computer_")}),
        ("a", {"a"}),
    ],
)
def test_a_choice_may_name_a_set_or_a_member(name: str, meant: set[str]) -> None:
    tools = [*BOTH, {"name": "a", "input_schema": {"type": "object"}}]
    assert functions_of(*tools, tool_choice={"type": "tool", "name": name}).keys() == meant


def test_a_member_that_is_switched_off_cannot_be_chosen() -> None:
    with pytest.raises(ApiError, match="javascript_exec"):
        functions_of(BROWSER, tool_choice={"type": "tool", "name": "javascript_exec"})


def test_a_tool_of_its_own_name_is_chosen_before_a_set() -> None:
    tool = {"name": "computer", "input_schema": {"type": "object"}}
    assert functions_of(COMPUTER, tool, tool_choice={"type": "tool", "name": "computer"}).keys() == {"computer"}


def test_names_that_meet_are_refused() -> None:
    with pytest.raises(ApiError, match="unique"):
        functions_of(COMPUTER, {"name": "computer_zoom", "input_schema": {"type": "object"}})


def test_a_call_is_told_by_the_names_of_member_and_set() -> None:
    tool = {"name": "navigate", "input_schema": {"type": "object"}}
    members = called_members(request_with(*BOTH, tool))
    assert members["browser_navigate"] == ("navigate", "browser")
    assert "navigate" not in members
    events = [
        ToolCallStart(0, "x", "browser_navigate"),
        ToolCallDelta(0, '{"url":"back"}'),
        ToolCallStart(1, "y", "navigate"),
        ToolCallDelta(1, "{}"),
        Finished("tool_calls"),
    ]
    message = fold_events(translate(message_stream(members=members), events))
    [member, custom] = message["content"]
    assert member == {
        "type": "tool_use",
        "id": member["id"],
        "name": "navigate",
        "input": {"url": "back"},
        "caller": {"type": "direct"},
        "toolset_name": "browser",
    }
    assert custom == {"type": "tool_use", "id": custom["id"], "name": "navigate", "input": {}}
    assert isinstance(anthropic.types.Message.model_validate(message).content[0], anthropic.types.ToolUseBlock)


def test_a_call_comes_back_by_the_name_of_its_function() -> None:
    state = {
        "type": "browser_state",
        "tabs": [{"tab_id": "t1", "title": "", "url": ""}, {"tab_id": "t2", "title": "News", "url": "https://news/", "active": True}],
        "state_changes": [{"type": "download_failed", "download_id": "d", "url": "https://x/", "error": None}],
    }
    history = [
        *LEAST["messages"],
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "1", "name": "new_tab", "input": {}, "toolset_name": "browser"},
                {"type": "tool_use", "id": "2", "name": "new_tab", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": [state], "toolset_name": "browser"},
                {"type": "tool_result", "tool_use_id": "2", "content": [{"type": "browser_state", "tabs": []}]},
            ],
        },
    ]
    assert find_losses(CREATE_MESSAGE, {**LEAST, "messages": history}) == []
    sent = convert_request(request_with(BROWSER, messages=history), LLAMA_SERVER).body["messages"]
    assert [call["function"]["name"] for call in sent[1]["tool_calls"]] == ["browser_new_tab", "new_tab"]
    assert [message["content"] for message in sent[2:]] == [
        "Tabs of the browser:\n- t1: no title, no address\n- t2 (active): News, https://news/\ndownload_failed: download_id d, url https://x/",
        "The browser has no tabs.",
    ]
