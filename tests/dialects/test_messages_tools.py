from __future__ import annotations

import itertools
from typing import Any, get_args

import msgspec
import pytest
from anthropic.types.beta import BetaMemoryTool20250818Command
from jsonschema import Draft202012Validator

from triglot.backend.profiles import LLAMA_SERVER, PROFILES
from triglot.dialects.messages.request import convert_request
from triglot.errors import ApiError, ErrorKind
from triglot.generated.messages.models import CreateMessage
from triglot.generated.messages.support import CREATE_MESSAGE
from triglot.support import find_losses

LEAST: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
CUSTOM: Any = {"name": "a", "description": "does a", "input_schema": {"type": "object", "properties": {"z": {}, "a": {}}}}
BASH: Any = {"type": "bash_20250124", "name": "bash"}
MEMORY: Any = {"type": "memory_20250818", "name": "memory"}
SCREEN: Any = {"name": "computer", "display_width_px": 1024, "display_height_px": 768}
EDITORS = {
    "text_editor_20241022": "str_replace_editor",
    "text_editor_20250124": "str_replace_editor",
    "text_editor_20250429": "str_replace_based_edit_tool",
    "text_editor_20250728": "str_replace_based_edit_tool",
}
SERVER_TOOLS: Any = [
    {"type": "web_search_20260318", "name": "web_search"},
    {"type": "web_fetch_20260318", "name": "web_fetch"},
    {"type": "code_execution_20260521", "name": "code_execution"},
    {"type": "tool_search_tool_regex", "name": "tool_search_tool_regex"},
    {"type": "advisor_20260301", "name": "advisor", "model": "x"},
    {"type": "mcp_toolset", "mcp_server_name": "x"},
    {"type": "invented_2030", "name": "x", "input_schema": {"type": "object"}},
]


def convert(*tools: Any, choice: Any = None, profile: Any = LLAMA_SERVER) -> dict[str, Any]:
    """What of the chat request is about tools."""
    request = CreateMessage.model_validate({**LEAST, "tools": list(tools), **({"tool_choice": choice} if choice else {})})
    body = msgspec.json.decode(convert_request(request, profile).encode())
    return {name: body[name] for name in ("tools", "tool_choice", "parallel_tool_calls") if name in body}


def function_of(tool: Any) -> dict[str, Any]:
    [converted] = convert(tool)["tools"]
    assert converted.keys() == {"type", "function"}
    assert converted["type"] == "function"
    return converted["function"]


def editor(version: str, **fields: Any) -> Any:
    return {"type": version, "name": EDITORS[version], **fields}


def computer(version: str, **fields: Any) -> Any:
    return {"type": version, **SCREEN, **fields}


EVERY_CLIENT_TOOL = [
    {"type": "bash_20241022", "name": "bash"},
    BASH,
    *map(editor, EDITORS),
    MEMORY,
    *map(computer, ("computer_20241022", "computer_20250124", "computer_20251124")),
]


def ids(tool: Any) -> str:
    return str(tool["type"])


# Client tools


@pytest.mark.parametrize("tool", EVERY_CLIENT_TOOL, ids=ids)
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_tool_that_the_api_defines_becomes_a_function_of_its_name(tool: Any, profile: Any) -> None:
    [converted] = convert(tool, profile=profile)["tools"]
    function = converted["function"]
    assert list(function) == ["name", "description", "parameters"]
    assert function["name"] == tool["name"]
    assert function["description"]
    Draft202012Validator.check_schema(function["parameters"])
    assert function["parameters"]["type"] == "object"
    assert set(function["parameters"].get("required", ())) <= set(function["parameters"]["properties"])
    assert all(schema["description"] for schema in function["parameters"]["properties"].values())


@pytest.mark.parametrize("tool", EVERY_CLIENT_TOOL, ids=ids)
def test_a_tool_that_the_api_defines_is_no_loss(tool: Any) -> None:
    assert find_losses(CREATE_MESSAGE, {**LEAST, "tools": [{**tool, "strict": True, "input_examples": [{}]}]}) == []


@pytest.mark.parametrize("tool", [*EVERY_CLIENT_TOOL, CUSTOM], ids=lambda tool: tool["name"])
def test_strict_is_passed_on(tool: Any) -> None:
    assert function_of({**tool, "strict": True})["strict"] is True
    assert "strict" not in function_of({**tool, "strict": False})


@pytest.mark.parametrize("tool", [*EVERY_CLIENT_TOOL, CUSTOM], ids=lambda tool: tool["name"])
def test_a_deferred_tool_is_offered_like_all_others(tool: Any) -> None:
    deferred = {**tool, "defer_loading": True}
    assert function_of(deferred) == function_of(tool)
    assert [str(loss) for loss in find_losses(CREATE_MESSAGE, {**LEAST, "tools": [deferred]})] == ["tools[0].defer_loading"]


@pytest.mark.parametrize(("arguments", "fits"), [({"command": "ls"}, True), ({"restart": True}, True), ({"command": ["ls"]}, False)])
def test_bash(arguments: Any, fits: bool) -> None:
    assert Draft202012Validator(function_of(BASH)["parameters"]).is_valid(arguments) is fits


@pytest.mark.parametrize("version", EDITORS)
def test_only_old_editors_can_undo(version: str) -> None:
    function = function_of(editor(version))
    commands = function["parameters"]["properties"]["command"]["enum"]
    is_old = version < "text_editor_20250429"
    assert commands == ["view", "create", "str_replace", "insert"] + ["undo_edit"] * is_old
    assert all(f"{command} " in function["description"] for command in commands)
    assert ("undo_edit" in function["description"]) is is_old


@pytest.mark.parametrize("version", EDITORS)
def test_an_editor_inserts_the_parameter_of_its_version(version: str) -> None:
    properties = function_of(editor(version))["parameters"]["properties"]
    assert ("insert_text" in properties) is (version == "text_editor_20250728")
    assert ("insert" in properties["new_str"]["description"]) is (version != "text_editor_20250728")


def test_the_editor_is_told_how_much_a_view_shows() -> None:
    assert "5000 characters" in function_of(editor("text_editor_20250728", max_characters=5000))["description"]
    assert "characters" not in function_of(editor("text_editor_20250728", max_characters=None))["description"]


@pytest.mark.parametrize("command", get_args(get_args(BetaMemoryTool20250818Command)[0]), ids=lambda command: command.__name__)
def test_memory_takes_every_command_of_the_sdk(command: Any) -> None:
    samples = {str: "x", int: 1, list[int]: [1, 2]}
    fields = {name: field.annotation for name, field in command.model_fields.items()}
    name = get_args(fields.pop("command"))[0]
    arguments = {field: [1, 2] if field == "view_range" else samples[hint] for field, hint in fields.items()}
    parameters = function_of(MEMORY)["parameters"]
    assert name in parameters["properties"]["command"]["enum"]
    assert arguments.keys() <= parameters["properties"].keys()
    assert Draft202012Validator(parameters).is_valid({"command": name, **arguments})


def test_memory_knows_no_other_command() -> None:
    commands = [get_args(command.model_fields["command"].annotation)[0] for command in get_args(get_args(BetaMemoryTool20250818Command)[0])]
    assert sorted(function_of(MEMORY)["parameters"]["properties"]["command"]["enum"]) == sorted(commands)


@pytest.mark.parametrize(
    ("tool", "new_actions", "new_parameters"),
    [
        (computer("computer_20241022"), set(), set()),
        (computer("computer_20241022", enable_zoom=True), set(), set()),
        (
            computer("computer_20250124"),
            {"triple_click", "left_mouse_down", "left_mouse_up", "scroll", "hold_key", "wait"},
            {"start_coordinate", "scroll_direction", "scroll_amount", "duration"},
        ),
        (
            computer("computer_20251124", enable_zoom=True),
            {"triple_click", "left_mouse_down", "left_mouse_up", "scroll", "hold_key", "wait", "zoom"},
            {"start_coordinate", "scroll_direction", "scroll_amount", "duration", "region"},
        ),
    ],
)
def test_a_computer_has_the_actions_of_its_version(tool: Any, new_actions: set[str], new_parameters: set[str]) -> None:
    function = function_of(tool)
    properties = function["parameters"]["properties"]
    assert set(properties["action"]["enum"]) - new_actions == {
        *("key", "type", "cursor_position", "mouse_move", "screenshot"),
        *("left_click", "left_click_drag", "right_click", "middle_click", "double_click"),
    }
    assert new_actions <= set(properties["action"]["enum"])
    assert properties.keys() - new_parameters == {"action", "coordinate", "text"}
    assert new_parameters <= properties.keys()


def test_zoom_is_offered_only_where_it_is_enabled() -> None:
    for fields in ({}, {"enable_zoom": False}):
        function = function_of(computer("computer_20251124", **fields))
        assert "zoom" not in function["parameters"]["properties"]["action"]["enum"]
        assert "region" not in function["parameters"]["properties"]
        assert "zoom" not in function["description"]


def test_the_screen_is_described() -> None:
    description = function_of(computer("computer_20250124", display_number=7))["description"]
    assert "1024 pixels wide and 768 high, X11 display :7." in description
    assert "X11" not in function_of(computer("computer_20250124"))["description"]


@pytest.mark.parametrize("tool", [CUSTOM, BASH], ids=["custom", "bash"])
def test_examples_are_told_at_the_end_of_the_description(tool: Any) -> None:
    function = function_of({**tool, "input_examples": [{"z": 1, "a": "é"}, {}]})
    assert list(function) == ["name", "description", "parameters"]
    assert function["description"] == function_of(tool)["description"] + '\n\nExamples of arguments:\n{"z":1,"a":"é"}\n{}'
    assert function_of({**tool, "input_examples": []}) == function_of(tool)


def test_examples_without_a_description_are_told_all_the_same() -> None:
    tool = {"name": "a", "input_schema": {"type": "object"}, "input_examples": [{"x": 1}]}
    assert function_of(tool) == {
        "name": "a",
        "description": 'Examples of arguments:\n{"x":1}',
        "parameters": {"type": "object"},
    }


# Server tools


@pytest.mark.parametrize("tool", SERVER_TOOLS, ids=ids)
def test_what_the_provider_runs_is_never_a_function_and_always_a_loss(tool: Any) -> None:
    assert convert(tool) == {}
    assert [name["function"]["name"] for name in convert(CUSTOM, tool, BASH)["tools"]] == ["a", "bash"]
    assert f"tools[0] ({tool['type']})" in [str(loss) for loss in find_losses(CREATE_MESSAGE, {**LEAST, "tools": [tool]})]


@pytest.mark.parametrize("tool", [tool for tool in SERVER_TOOLS if "name" in tool], ids=ids)
def test_what_the_provider_runs_cannot_be_demanded(tool: Any) -> None:
    with pytest.raises(ApiError, match=r"tool_choice names .*, which cannot be served here") as refusal:
        convert(CUSTOM, tool, choice={"type": "tool", "name": tool["name"]})
    assert (refusal.value.kind, refusal.value.param) == (ErrorKind.UNSUPPORTED, "tool_choice")


def test_a_client_tool_of_the_same_name_is_demanded_instead() -> None:
    search = {**CUSTOM, "name": "web_search"}
    assert [tool["function"]["name"] for tool in convert(search, SERVER_TOOLS[0])["tools"]] == ["web_search"]
    assert convert(search, SERVER_TOOLS[0], choice={"type": "tool", "name": "web_search"})["tool_choice"] == "required"


def test_a_call_cannot_be_demanded_where_only_the_provider_could_answer_it() -> None:
    with pytest.raises(ApiError, match="demands"):
        convert(*SERVER_TOOLS, choice={"type": "any"})
    assert convert(*SERVER_TOOLS, choice={"type": "auto", "disable_parallel_tool_use": True}) == {}


# Choice


@pytest.mark.parametrize("name", ["bash", "computer", "memory", "str_replace_based_edit_tool", "a"])
def test_a_tool_is_demanded_by_its_name(name: str) -> None:
    tools = [BASH, computer("computer_20251124"), MEMORY, editor("text_editor_20250728"), CUSTOM]
    sent = convert(*tools, choice={"type": "tool", "name": name, "disable_parallel_tool_use": True})
    assert [tool["function"]["name"] for tool in sent["tools"]] == [name]
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == ("required", False)


@pytest.mark.parametrize(("disabled", "sent"), [(True, False), (False, True)])
@pytest.mark.parametrize("kind", ["auto", "any"])
def test_parallel_calls_can_be_switched_off(kind: str, disabled: bool, sent: bool) -> None:
    assert convert(CUSTOM, choice={"type": kind, "disable_parallel_tool_use": disabled})["parallel_tool_calls"] is sent
    assert "parallel_tool_calls" not in convert(CUSTOM, choice={"type": kind})


def test_no_tool_may_be_called() -> None:
    assert convert(CUSTOM, BASH, choice={"type": "none"}) == {}


@pytest.mark.parametrize("tools", [(CUSTOM, CUSTOM), (BASH, {**CUSTOM, "name": "bash"}), (BASH, {"type": "bash_20241022", "name": "bash"})])
def test_two_tools_of_one_name_are_refused(tools: Any) -> None:
    with pytest.raises(ApiError, match="Tool names must be unique") as refusal:
        convert(*tools)
    assert (refusal.value.kind, refusal.value.param) == (ErrorKind.INVALID_REQUEST, "tools")


# Order


def test_tools_keep_their_order_and_schemas_the_order_of_their_keys() -> None:
    names = ["z", "b", "a", "y"]
    for order in itertools.permutations(names):
        properties = {name: {"type": "string", "description": "d", "enum": ["x"]} for name in order}
        schema = {"required": list(order), "properties": properties, "type": "object", "$defs": {"k": {}}, "additionalProperties": False}
        tools = [{"input_schema": schema, "name": name} for name in order]
        sent = convert(*tools)["tools"]
        assert [tool["function"]["name"] for tool in sent] == list(order)
        assert [msgspec.json.encode(tool["function"]["parameters"]) for tool in sent] == [msgspec.json.encode(schema)] * len(names)
