from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.backend.profiles import LLAMA_SERVER
from triglot.dialects.responses.builtin_tools import BuiltinKind, call_fields
from triglot.dialects.responses.callee import Callee
from triglot.dialects.responses.names import CallNames
from triglot.dialects.responses.outlet import BrokenAnswerError
from triglot.dialects.responses.request import takes_long
from triglot.dialects.responses.tools import ToolPlan, plan_tools
from triglot.errors import ApiError
from triglot.generated.responses.models import CreateResponse

SCHEMA = {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "string"}}}
FUNCTION: dict[str, Any] = {"type": "function", "name": "f", "description": "does f", "parameters": SCHEMA, "strict": True}
CUSTOM: dict[str, Any] = {"type": "custom", "name": "run", "description": "Runs JavaScript."}
GROUP: dict[str, Any] = {
    "type": "namespace",
    "name": "mail",
    "description": "All about mail.",
    "tools": [{"type": "function", "name": "send", "description": "Sends."}, {"type": "custom", "name": "filter"}, {"type": "new"}],
}
SEARCH: dict[str, Any] = {"type": "tool_search", "execution": "client", "description": "Looks.", "parameters": SCHEMA}
BUILTINS: list[dict[str, Any]] = [{"type": "shell"}, {"type": "local_shell"}, {"type": "apply_patch"}]
HOSTED: list[dict[str, Any]] = [{"type": "web_search"}, {"type": "mcp", "server_label": "x"}, {"type": "brand_new"}]
GRAMMATICAL: dict[str, Any] = {**CUSTOM, "format": {"type": "grammar", "syntax": "regex", "definition": "a+"}}
ALL = [FUNCTION, CUSTOM, GROUP, SEARCH, *BUILTINS, *HOSTED]


def plan(*tools: dict[str, Any], choice: Any = None, parallel: bool | None = None, more: Any = ()) -> ToolPlan:
    request = CreateResponse.model_validate({"input": "x", "tools": list(tools), "tool_choice": choice})
    joined = CreateResponse.model_validate({"input": "x", "tools": list(more)})
    return plan_tools(request.tools or (), request.tool_choice, parallel=parallel, profile=LLAMA_SERVER, more=joined.tools or ())


def offered(planned: ToolPlan) -> dict[str, Any]:
    return {tool["function"]["name"]: tool["function"] for tool in planned.fields.get("tools", ())}


def test_a_function_goes_as_it_is() -> None:
    planned = plan(FUNCTION)
    assert offered(planned) == {"f": {"name": "f", "description": "does f", "parameters": SCHEMA, "strict": True}}
    assert list(offered(planned)["f"]["parameters"]["properties"]) == ["z", "a"]
    assert planned.callees == {"f": Callee("function", "f")}


def test_a_custom_tool_takes_one_text() -> None:
    planned = plan(CUSTOM)
    function = offered(planned)["run"]
    assert function["description"] == "Runs JavaScript."
    assert function["parameters"]["required"] == list(function["parameters"]["properties"]) == ["input"]
    assert function["parameters"]["properties"]["input"]["type"] == "string"
    assert planned.callees == {"run": Callee("custom", "run")}


def test_the_model_reads_the_grammar_of_a_custom_tool() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": 'start: "a"+'}
    description = offered(plan(CUSTOM | {"format": grammar}))["run"]["description"]
    assert description.startswith("Runs JavaScript.\n\n")
    assert 'start: "a"+' in description


def test_a_grammar_that_nothing_holds_is_named() -> None:
    huge = CUSTOM | {"format": {"type": "grammar", "syntax": "regex", "definition": "(a{1500}){1500}"}}
    assert [str(loss) for loss in plan(FUNCTION, huge).losses] == ["tools[1].format (run)"]
    group = GROUP | {"tools": [FUNCTION, huge]}
    assert [str(loss) for loss in plan(group).losses] == ["tools[0].tools[1].format (run)"]


def test_members_of_a_namespace_have_a_name_for_both_and_the_first_tells_of_the_group() -> None:
    planned = plan(GROUP)
    assert [(name, function.get("description")) for name, function in offered(planned).items()] == [
        ("mail__send", "Sends.\n\nAll about mail."),
        ("mail__filter", None),
    ]
    assert planned.callees == {"mail__send": Callee("function", "send", "mail"), "mail__filter": Callee("custom", "filter", "mail")}


def test_tools_of_the_api_are_functions_with_the_shapes_of_their_items() -> None:
    functions = offered(plan(*BUILTINS, SEARCH))
    assert {name: function["parameters"]["required"] for name, function in functions.items() if name != "tool_search"} == {
        "shell": ["commands"],
        "local_shell": ["command"],
        "apply_patch": ["type", "path", "diff"],
    }
    assert functions["tool_search"] == {"name": "tool_search", "description": "Looks.", "parameters": SCHEMA}


def test_a_search_without_a_form_of_its_own() -> None:
    function = offered(plan({"type": "tool_search", "execution": "client"}))["tool_search"]
    assert function["description"]
    assert function["parameters"]["required"] == ["query"]


@pytest.mark.parametrize("execution", ["server", None])
def test_where_a_server_would_search_deferred_tools_are_there_from_the_start(execution: str | None) -> None:
    planned = plan(FUNCTION | {"defer_loading": True}, {"type": "tool_search", "execution": execution})
    assert list(offered(planned)) == ["f"]
    assert [str(loss) for loss in planned.losses] == ["tools[1] (tool_search)"]


def test_a_shell_in_a_container_is_not_the_clients() -> None:
    planned = plan(FUNCTION, {"type": "shell", "environment": {"type": "container_auto"}})
    assert list(offered(planned)) == ["f"]
    assert [str(loss) for loss in planned.losses] == ["tools[1].environment (container_auto)"]


def test_the_model_reads_of_skills() -> None:
    skill = {"name": "charts", "path": "/skills/charts", "description": "Draws charts."}
    description = offered(plan({"type": "shell", "environment": {"type": "local", "skills": [skill]}}))["shell"]["description"]
    assert description.endswith("- charts (/skills/charts): Draws charts.")


def test_tools_that_join_later_are_offered_once() -> None:
    planned = plan(FUNCTION, SEARCH, more=[GROUP, FUNCTION | {"description": "again"}, GROUP])
    assert list(offered(planned)) == ["f", "tool_search", "mail__send", "mail__filter"]
    assert offered(planned)["f"]["description"] == "does f"


@pytest.mark.parametrize(
    ("choice", "names", "mode"),
    [
        (None, ["f", "run", "mail__send", "mail__filter", "tool_search", "shell", "local_shell", "apply_patch"], None),
        ("none", [], None),
        ("required", ["f", "run", "mail__send", "mail__filter", "tool_search", "shell", "local_shell", "apply_patch"], "required"),
        ({"type": "function", "name": "f"}, ["f"], "required"),
        ({"type": "function", "name": "send"}, ["mail__send"], "required"),
        ({"type": "function", "name": "run"}, ["run"], "required"),
        ({"type": "custom", "name": "run"}, ["run"], "required"),
        ({"type": "custom", "name": "filter"}, ["mail__filter"], "required"),
        ({"type": "shell"}, ["shell"], "required"),
        ({"type": "apply_patch"}, ["apply_patch"], "required"),
        (
            {"type": "web_search_preview"},
            ["f", "run", "mail__send", "mail__filter", "tool_search", "shell", "local_shell", "apply_patch"],
            None,
        ),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "namespace", "name": "mail"}]}, ["mail__send", "mail__filter"], None),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "send", "namespace": "mail"}, {"type": "shell"}, {"type": "tool_search"}],
            },
            ["mail__send", "tool_search", "shell"],
            "required",
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "run"}, {"type": "local_shell"}]},
            ["run", "local_shell"],
            "required",
        ),
    ],
)
def test_the_choice_decides_what_is_offered(choice: Any, names: list[str], mode: str | None) -> None:
    planned = plan(*ALL, choice=choice)
    assert list(offered(planned)) == names
    assert planned.fields.get("tool_choice") == mode
    assert planned.losses == ()


def test_hosted_tools_among_the_allowed_are_named() -> None:
    allowed = [{"type": "web_search"}, {"type": "function", "name": "f"}, {"type": "mcp", "server_label": "x"}]
    planned = plan(*ALL, choice={"type": "allowed_tools", "mode": "required", "tools": allowed})
    assert (list(offered(planned)), planned.fields["tool_choice"]) == (["f"], "required")
    assert [str(loss) for loss in planned.losses] == ["tool_choice.tools[0] (web_search)", "tool_choice.tools[2] (mcp)"]


def test_a_choice_that_leaves_only_hosted_tools_does_not_stop_an_agent() -> None:
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "web_search"}]}
    planned = plan(*ALL, choice=choice)
    assert planned.fields == {}
    assert [str(loss) for loss in planned.losses] == ["tool_choice.tools[0] (web_search)"]
    planned = plan(*HOSTED, choice="required")
    assert planned.fields == {}
    assert [str(loss) for loss in planned.losses] == ["tool_choice"]


@pytest.mark.parametrize(
    ("tools", "choice"),
    [
        ([FUNCTION], {"type": "function", "name": "g"}),
        ([FUNCTION], {"type": "custom", "name": "g"}),
        ([FUNCTION], {"type": "shell"}),
        ([FUNCTION], {"type": "apply_patch"}),
        ([FUNCTION], {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "namespace", "name": "mail"}]}),
        ([GROUP], {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "send", "namespace": "post"}]}),
        ([], "required"),
    ],
)
def test_a_choice_of_what_is_not_there_is_refused(tools: Any, choice: Any) -> None:
    with pytest.raises(ApiError) as refusal:
        plan(*tools, choice=choice)
    assert refusal.value.param == "tool_choice"


@pytest.mark.parametrize("parallel", [None, True, False])
def test_parallel_calls(parallel: bool | None) -> None:
    planned = plan(FUNCTION, parallel=parallel)
    assert planned.fields.get("parallel_tool_calls") is parallel
    assert planned.single_call is (parallel is False)
    assert "parallel_tool_calls" not in plan(parallel=parallel).fields


# Names


@given(
    st.lists(
        st.tuples(st.sampled_from(["function", "custom"]), st.text(max_size=80), st.none() | st.text(min_size=1, max_size=40)), max_size=8
    )
)
def test_every_tool_has_a_valid_name_of_its_own(tools: list[Any]) -> None:
    names = CallNames()
    called = {tool: names.name_call(*tool) for tool in tools}
    assert len(set(called.values())) == len(called)
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in called.values())
    assert all(names.name_call(*tool) == name for tool, name in called.items())


@given(st.text(max_size=80), st.none() | st.text(max_size=40), st.lists(st.text(max_size=80)))
def test_a_name_does_not_depend_on_what_came_later(name: str, namespace: str | None, others: list[str]) -> None:
    names = CallNames()
    first = names.name_call("function", name, namespace)
    for other in others:
        names.name_call("function", other)
    assert names.name_call("function", name, namespace) == first == CallNames().name_call("function", name, namespace)


def test_names_that_meet() -> None:
    names = CallNames()
    assert names.name_call("shell", "shell") == "shell"
    assert names.name_call("function", "shell") == names.name_call("function", "shell") != "shell"
    assert names.name_call("function", "b", "a__") == "a__b"
    assert names.name_call("function", "b", "a").startswith("a__b_")
    assert names.name_call("function", "files.read").startswith("files_read_")


# What the model wrote


@pytest.mark.parametrize(
    ("kind", "arguments", "fields"),
    [
        ("tool_search", '{"query":"mail"}', {"execution": "client", "arguments": {"query": "mail"}}),
        ("tool_search", "", {"execution": "client", "arguments": {}}),
        ("shell", '{"commands":["ls"]}', {"action": {"commands": ["ls"], "timeout_ms": None, "max_output_length": None}}),
        (
            "shell",
            '{"commands":["a","b"],"timeout_ms":"5","max_output_length":7}',
            {"action": {"commands": ["a", "b"], "timeout_ms": 5, "max_output_length": 7}},
        ),
        (
            "local_shell",
            '{"command":["ls","-l"],"working_directory":"/"}',
            {
                "action": {
                    "type": "exec",
                    "command": ["ls", "-l"],
                    "env": {},
                    "working_directory": "/",
                    "user": None,
                    "timeout_ms": None,
                }
            },
        ),
        ("apply_patch", '{"type":"create_file","path":"a","diff":"+b"}', {"operation": {"type": "create_file", "path": "a", "diff": "+b"}}),
        ("apply_patch", '{"type":"delete_file","path":"a","diff":""}', {"operation": {"type": "delete_file", "path": "a"}}),
    ],
)
def test_arguments_become_the_fields_of_an_item(kind: BuiltinKind, arguments: str, fields: dict[str, Any]) -> None:
    assert call_fields(kind, arguments) == fields


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("tool_search", "[]"),
        ("shell", ""),
        ("shell", '{"commands":[]}'),
        ("shell", '{"commands":"ls"}'),
        ("shell", '{"commands":["ls"'),
        ("local_shell", '{"command":["ls"],"env":{"A":1e999}}'),
        ("apply_patch", '{"type":"update_file","path":"a"}'),
        ("apply_patch", '{"type":"move_file","path":"a","diff":""}'),
        ("apply_patch", "[" * 100_000),
    ],
)
def test_arguments_that_no_item_can_hold(kind: BuiltinKind, arguments: str) -> None:
    with pytest.raises(BrokenAnswerError, match=kind):
        call_fields(kind, arguments)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"tools": ALL}, False),
        ({"tools": [{**CUSTOM, "format": {"type": "text"}}]}, False),
        ({"tools": [FUNCTION, GRAMMATICAL]}, True),
        ({"tools": [{**GROUP, "tools": [GRAMMATICAL]}]}, True),
        ({"input": [{"type": "additional_tools", "role": "developer", "tools": [GRAMMATICAL]}]}, True),
    ],
)
def test_requests_with_grammars_take_long(fields: Any, expected: bool) -> None:
    assert takes_long(CreateResponse.model_validate({"input": "x", **fields})) is expected
