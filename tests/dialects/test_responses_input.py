"""Items of every kind, alone and in any order, as messages that a backend takes."""

from __future__ import annotations

import json
import logging
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triglot.dialects.history import NO_RESULT
from triglot.dialects.responses.input import SUMMARY_REQUEST, ChatInput, convert_input, tools_in
from triglot.dialects.responses.names import CallNames
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses.models import CreateResponse
from triglot.generated.responses.support import CREATE_RESPONSE
from triglot.support import find_losses

HELLO = {"role": "user", "content": "hello"}
IMAGE_URL = "data:image/png;base64,aGk="
IMAGE = {"type": "input_image", "image_url": IMAGE_URL}
CHAT_IMAGE = {"type": "image_url", "image_url": {"url": IMAGE_URL}}


def unseal(sealed: str) -> str | None:
    return sealed.removeprefix("sealed ") if sealed.startswith("sealed ") else None


def convert(*items: dict[str, Any]) -> ChatInput:
    request = CreateResponse.model_validate({"input": list(items)})
    assert request.input is not None
    return convert_input(request.input, CallNames().name_call, unseal)


def messages_of(*items: dict[str, Any]) -> list[dict[str, Any]]:
    return convert(*items).messages


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "text": content}


def call(call_id: str = "c1", name: str = "f", arguments: str = "{}", **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments, **more}


def output(call_id: str = "c1", result: Any = "ok", **more: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": result, **more}


def chat_call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def called(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls)}


def result(call_id: str, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


# Messages.


def test_a_text_is_a_word_of_the_user() -> None:
    assert convert_input("hello", CallNames().name_call, unseal) == ChatInput([], [HELLO])


@pytest.mark.parametrize("tag", [{"type": "message"}, {"type": None}, {}])
def test_messages_with_and_without_their_tag(tag: dict[str, Any]) -> None:
    parts = [{"type": "input_text", "text": "one"}, {"type": "input_text", "text": "two"}]
    bookkeeping = {"id": "msg_1", "status": "completed", "phase": "commentary"}
    assert messages_of({**tag, "role": "user", "content": parts}) == [user("one\ntwo")]
    assert messages_of({**tag, **bookkeeping, "role": "assistant", "content": "hi"}, HELLO) == [said("hi"), HELLO]


def test_system_and_developer_leave_the_conversation() -> None:
    developer = {"role": "developer", "content": [{"type": "input_text", "text": "two"}, {"type": "input_text", "text": "three"}]}
    converted = convert(developer, HELLO, {"type": "message", "role": "system", "content": "four"})
    assert (converted.system, converted.messages) == (["two\nthree", "four"], [HELLO])


def test_what_is_no_text_in_other_messages_is_shown_by_the_user() -> None:
    converted = convert({"role": "developer", "content": [{"type": "input_text", "text": "like this"}, IMAGE]}, HELLO)
    assert converted.system == ["like this"]
    assert converted.messages == [user([text("Image in the instructions:"), CHAT_IMAGE, text("hello")])]
    assert messages_of({"role": "assistant", "content": [IMAGE]}) == [user([text("Image in the assistant's message:"), CHAT_IMAGE])]


def test_what_the_assistant_did_is_one_message_and_results_stay_in_place() -> None:
    items = [
        HELLO,
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Here.", "annotations": []}]},
        call("call_1", "a", '{"z":1, "a":2}'),
        call("call_2", "b", ""),
        output("call_1", "sunny"),
        output("call_2", [{"type": "input_text", "text": "x"}, {"type": "input_text", "text": "y"}]),
        {"role": "user", "content": [{"type": "input_text", "text": "And?"}]},
    ]
    assert messages_of(*items) == [
        HELLO,
        {
            "role": "assistant",
            "content": "Let me see.\n\nHere.",
            "reasoning_content": "hm",
            "tool_calls": [chat_call("call_1", "a", '{"z":1, "a":2}'), chat_call("call_2", "b", "{}")],
        },
        result("call_1", "sunny"),
        result("call_2", "x\ny"),
        user("And?"),
    ]


def test_images_of_tools_follow_behind_all_results() -> None:
    items = [
        HELLO,
        call("c1", "look"),
        call("c2", "look"),
        output("c1", [{"type": "input_text", "text": "seen"}, IMAGE]),
        output("c2", [IMAGE]),
        user("And?"),
    ]
    assert messages_of(*items)[2:] == [
        result("c1", "seen"),
        result("c2", ""),
        user(
            [
                text("Image in the result of tool call c1:"),
                CHAT_IMAGE,
                text("Image in the result of tool call c2:"),
                CHAT_IMAGE,
                text("And?"),
            ]
        ),
    ]


# Calls.


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"z": 1, "a": {"é": [1.0, 1e2]}}', '{"z": 1, "a": {"é": [1.0, 1e2]}}'),
        (" {}\n", " {}\n"),
        ("", "{}"),
        (" ", "{}"),
        ('{"city": "Os', '{"arguments":"{\\"city\\": \\"Os"}'),
        ("[1]", '{"arguments":"[1]"}'),
        ("null", '{"arguments":"null"}'),
        ('{"a": NaN}', '{"arguments":"{\\"a\\": NaN}"}'),
        ('{"a": 1e999}', '{"arguments":"{\\"a\\": 1e999}"}'),
        ("[" * 100_000, '{"arguments":"' + "[" * 100_000 + '"}'),
    ],
)
def test_arguments_are_an_object_and_else_stay_as_they_are(arguments: str, sent: str) -> None:
    [message, _] = messages_of(call("c1", "f", arguments), output())
    assert message["tool_calls"] == [chat_call("c1", "f", sent)]


def test_broken_arguments_are_named_in_the_debug_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "triglot"):
        messages_of(call("c1", "f", '{"a": 1}'), output())
        assert caplog.text == ""
        messages_of(call("c1", "f", '{"a": '), output())
    assert '{"a": ' in caplog.text


SHELL = {"commands": ["ls", "pwd"], "timeout_ms": 1000, "max_output_length": None}
LOCAL = {"type": "exec", "command": ["ls", "-l"], "env": {}, "working_directory": "/x", "timeout_ms": None}
PATCH = {"type": "update_file", "path": "a.py", "diff": "@@\n-a\n+b"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (call(namespace="mcp__files", name="read"), ("mcp__files__read", "{}")),
        (call(namespace=None), ("f", "{}")),
        (
            {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "a\n\"b'é"},
            ("apply_patch", '{"input":"a\\n\\"b\'é"}'),
        ),
        (
            {"type": "custom_tool_call", "call_id": "c1", "namespace": "functions", "name": "exec", "input": ""},
            ("functions__exec", '{"input":""}'),
        ),
        ({"type": "shell_call", "call_id": "c1", "action": SHELL}, ("shell", '{"commands":["ls","pwd"],"timeout_ms":1000}')),
        ({"type": "shell_call", "id": "c1", "action": None}, ("shell", "{}")),
        (
            {"type": "local_shell_call", "call_id": "c1", "id": "x", "action": LOCAL},
            ("local_shell", '{"command":["ls","-l"],"working_directory":"/x"}'),
        ),
        ({"type": "local_shell_call", "id": "c1", "action": LOCAL}, ("local_shell", '{"command":["ls","-l"],"working_directory":"/x"}')),
        ({"type": "apply_patch_call", "call_id": "c1", "operation": PATCH}, ("apply_patch", json.dumps(PATCH, separators=(",", ":")))),
        (
            {"type": "tool_search_call", "call_id": "c1", "execution": "client", "arguments": {"query": "x", "limit": 8}},
            ("tool_search", '{"query":"x","limit":8}'),
        ),
        ({"type": "tool_search_call", "call_id": "c1", "arguments": '{"query": "x"}'}, ("tool_search", '{"query": "x"}')),
        ({"type": "tool_search_call", "call_id": "c1", "arguments": "x"}, ("tool_search", '{"query":"x"}')),
        ({"type": "tool_search_call", "call_id": "c1"}, ("tool_search", "{}")),
    ],
)
def test_calls_of_every_kind(item: dict[str, Any], expected: tuple[str, str]) -> None:
    assert messages_of(HELLO, item) == [HELLO, called(chat_call("c1", *expected)), result("c1", NO_RESULT)]


def chunk(stdout: str, stderr: str = "", **outcome: Any) -> dict[str, Any]:
    return {"stdout": stdout, "stderr": stderr, "outcome": outcome or {"type": "exit", "exit_code": 0}}


FUNCTION = {"type": "function", "name": "read", "parameters": {}}
FOUND = [
    FUNCTION,
    {"type": "custom", "name": "exec"},
    {"type": "namespace", "name": "mcp", "description": "", "tools": [FUNCTION, {"type": "new"}]},
    {"type": "web_search"},
]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (output(), "ok"),
        ({"type": "custom_tool_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "Done"}]}, "Done"),
        (
            {"type": "shell_call_output", "call_id": "c1", "output": [chunk("a\n"), chunk("b\n", "c\n", type="exit", exit_code=2)]},
            "a\nb\nstderr:\nc\n[exit code 2]",
        ),
        ({"type": "shell_call_output", "call_id": "c1", "output": [chunk("", type="timeout")]}, "[timed out]"),
        ({"type": "shell_call_output", "call_id": "c1", "output": None}, ""),
        ({"type": "shell_call_output", "call_id": "c1", "output": [{"stdout": 5, "outcome": "?"}]}, "5"),
        ({"type": "local_shell_call_output", "id": "c1", "output": '{"output": "x"}'}, '{"output": "x"}'),
        ({"type": "local_shell_call_output", "id": "lsho_1", "call_id": "c1", "output": "x"}, "x"),
        ({"type": "local_shell_call_output", "id": "item", "output": "x"}, "x"),
        ({"type": "apply_patch_call_output", "call_id": "c1", "status": "completed"}, "The change is applied."),
        ({"type": "apply_patch_call_output", "call_id": "c1", "status": "completed", "output": "Updated"}, "Updated"),
        ({"type": "apply_patch_call_output", "call_id": "c1", "status": "failed", "output": "no such file"}, "Error:\nno such file"),
        ({"type": "apply_patch_call_output", "call_id": "c1", "status": "failed"}, "Error: the change could not be applied."),
        ({"type": "tool_search_output", "call_id": "c1", "execution": "client", "tools": FOUND}, "Tools found: read, exec, mcp__read"),
        ({"type": "tool_search_output", "call_id": "c1", "execution": "client", "tools": []}, "No tools found."),
    ],
)
def test_results_of_every_kind(item: dict[str, Any], expected: str) -> None:
    made = {"type": "local_shell_call", "id": "item", "call_id": "c1", "action": LOCAL} if item["type"].startswith("local") else call()
    assert messages_of(HELLO, made, item)[2] == result("c1", expected)


def test_a_result_without_the_id_of_its_call() -> None:
    loose = {"type": "function_call_output", "name": "read", "namespace": "mcp", "output": [{"type": "input_text", "text": "x"}, IMAGE]}
    assert messages_of(HELLO, loose) == [user([text("hello\n\nResult of mcp__read:\nx"), CHAT_IMAGE])]
    with pytest.raises(ApiError, match="call_id") as caught:
        messages_of(HELLO, {"type": "function_call_output", "output": "x"})
    assert caught.value.param == "input[1].call_id"


# Thinking.


def thought(**fields: Any) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", **fields}


SUMMARY = [{"type": "summary_text", "text": "short"}, {"type": "summary_text", "text": "shorter"}]


@pytest.mark.parametrize(
    ("item", "thinking", "lost"),
    [
        (thought(summary=None, content=None), None, []),
        (thought(summary=[], content=[], encrypted_content=None), None, []),
        (thought(content=[{"type": "reasoning_text", "text": "h"}, {"type": "text", "text": "m"}], summary=SUMMARY), "hm", []),
        (thought(content=[{"type": "reasoning_text", "text": "hm"}], encrypted_content="foreign"), "hm", []),
        (thought(content=[], encrypted_content="sealed hm", summary=SUMMARY), "hm", []),
        (thought(encrypted_content="foreign"), None, ["input[1].encrypted_content"]),
        (thought(encrypted_content="foreign", summary=SUMMARY), "short\n\nshorter", ["input[1].encrypted_content"]),
        (thought(summary=SUMMARY), "short\n\nshorter", []),
    ],
)
def test_thinking_comes_from_where_it_is(item: dict[str, Any], thinking: str | None, lost: list[str]) -> None:
    converted = convert(HELLO, item, said("Hi."), HELLO)
    expected = {**said("Hi."), "reasoning_content": thinking} if thinking else said("Hi.")
    assert converted.messages == [HELLO, expected, HELLO]
    assert [str(loss) for loss in converted.losses] == lost


def test_thinking_at_the_end_led_to_nothing() -> None:
    item = thought(content=[{"type": "reasoning_text", "text": "hm"}])
    assert messages_of(HELLO, item) == [HELLO]
    assert messages_of(HELLO, item, said("Once")) == [HELLO, said("Once")]
    assert messages_of(HELLO, item, HELLO)[1] == {**said(""), "reasoning_content": "hm"}


def test_places_are_those_of_what_the_client_sent() -> None:
    items: Any = CreateResponse.model_validate(
        {"input": [HELLO, thought(encrypted_content="a"), HELLO, thought(encrypted_content="b")]}
    ).input
    losses = convert_input(items, CallNames().name_call, unseal, prior=2).losses
    assert [str(loss) for loss in losses] == ["previous[1].encrypted_content", "input[1].encrypted_content"]


# Summaries.


def test_a_compacted_conversation_is_told_in_its_place() -> None:
    compaction = {"type": "compaction", "id": "cmp_1", "encrypted_content": "sealed all went well"}
    assert messages_of(HELLO, said("Hi."), compaction, user("And?")) == [
        HELLO,
        said("Hi."),
        user("Summary of the conversation so far:\nall went well\n\nAnd?"),
    ]


def test_a_summary_that_cannot_be_opened_is_refused() -> None:
    with pytest.raises(ApiError, match=r"input\[1\].*cannot be opened") as caught:
        messages_of(HELLO, {"type": "compaction", "encrypted_content": "foreign"})
    assert (caught.value.kind, caught.value.param) == (ErrorKind.INVALID_REQUEST, "input")


def test_a_summary_is_asked_for_at_the_end_only() -> None:
    trigger = {"type": "compaction_trigger"}
    converted = convert(HELLO, call(), output(), trigger)
    assert converted.compacts
    assert converted.messages[-1] == user(SUMMARY_REQUEST)
    early = convert(trigger, HELLO)
    assert (early.compacts, early.messages) == (False, [HELLO])
    assert [str(loss) for loss in early.losses] == ["input[0] (compaction_trigger)"]


# What is told as text, and what is left out.


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
            '[web_search was called with {"type":"search","query":"q"}]',
        ),
        ({"type": "web_search_call"}, "[web_search was called with {}]"),
        (
            {
                "type": "file_search_call",
                "id": "fs_1",
                "queries": ["q"],
                "results": [{"filename": "a.md", "text": "b", "score": 1, "attributes": {}}],
            },
            '[file_search was called with {"queries":["q"]}]\n[result of file_search: a.md\nb]',
        ),
        (
            {
                "type": "code_interpreter_call",
                "code": "1+1",
                "container_id": "c",
                "outputs": [{"type": "logs", "logs": "2"}, {"type": "image", "url": "u"}],
            },
            '[code_interpreter was called with {"code":"1+1"}]\n[result of code_interpreter: 2\nu]',
        ),
        ({"type": "code_interpreter_call", "code": None, "outputs": None}, '[code_interpreter was called with {"code":null}]'),
        (
            {"type": "image_generation_call", "result": "aGk=", "revised_prompt": "a cat"},
            '[image_generation was called with {"prompt":"a cat"}]',
        ),
        ({"type": "image_generation_call", "result": "aGk="}, "[image_generation was called with {}]"),
        ({"type": "computer_call", "call_id": "c", "actions": [{"type": "wait"}]}, '[computer was called with [{"type":"wait"}]]'),
        ({"type": "computer_call", "call_id": "c", "action": {"type": "wait"}}, '[computer was called with {"type":"wait"}]'),
        (
            {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}},
            "[result of computer: a screenshot, which is not shown here]",
        ),
        ({"type": "mcp_list_tools", "server_label": "s", "tools": [{"name": "a"}, {"name": "b"}, 5]}, "[The MCP server s offers: a, b]"),
        ({"type": "mcp_list_tools", "server_label": "s"}, "[The MCP server s offers: no tools]"),
        (
            {"type": "mcp_approval_request", "id": "m1", "server_label": "s", "name": "a", "arguments": "{}"},
            "[s.a may be called with {} once the user approves of call m1]",
        ),
        (
            {"type": "mcp_call", "server_label": "s", "name": "a", "arguments": "{}", "output": "x"},
            "[s.a was called with {}]\n[result of s.a: x]",
        ),
        (
            {"type": "mcp_call", "name": "a", "arguments": "{}", "error": {"type": "http_error", "code": 500, "message": "down"}},
            "[a was called with {}]\n[result of a: Error: down]",
        ),
        ({"type": "program", "code": "f()", "call_id": "c"}, '[program was called with {"code":"f()"}]'),
        ({"type": "program_output", "result": "5", "call_id": "c"}, "[result of program: 5]"),
        (
            {"type": "tool_search_call", "call_id": None, "execution": "server", "arguments": {"paths": ["a"]}},
            '[tool_search was called with {"paths":["a"]}]',
        ),
        (
            {"type": "tool_search_output", "call_id": None, "execution": "server", "tools": [FUNCTION]},
            "[result of tool_search: Tools found: read]",
        ),
        ({"type": "shell_call", "action": {"commands": ["ls"]}}, '[shell was called with {"commands":["ls"]}]'),
        ({"type": "shell_call_output", "output": [chunk("x")]}, "[result of shell: x]"),
        ({"type": "apply_patch_call_output", "status": "completed"}, "[result of apply_patch: The change is applied.]"),
        ({"type": "local_shell_call_output", "output": "x"}, "[result of local_shell: x]"),
    ],
)
def test_what_cannot_be_called_again_is_told(item: dict[str, Any], told: str) -> None:
    assert messages_of(HELLO, item, HELLO) == [HELLO, said(told), HELLO]


def test_the_users_word_on_a_call() -> None:
    word = {"type": "mcp_approval_response", "approval_request_id": "m1"}
    assert messages_of({**word, "approve": True}) == [user("[The call m1 is approved]")]
    assert messages_of({**word, "approve": False, "reason": "no"}) == [user("[The call m1 is refused: no]")]


@pytest.mark.parametrize(
    ("item", "lost"),
    [
        ({"type": "brand_new", "x": 1}, ["input[1] (brand_new)"]),
        ({"type": "configuration_update", "reasoning": {"effort": "low"}}, []),
        ({"type": "additional_tools", "role": "developer", "tools": [FUNCTION]}, []),
    ],
)
def test_items_that_say_nothing_to_the_model(item: dict[str, Any], lost: list[str]) -> None:
    assert messages_of(HELLO, item, HELLO) == [user("hello\n\nhello")]
    assert [str(loss) for loss in find_losses(CREATE_RESPONSE, {"input": [HELLO, item]})] == lost


def test_what_one_agent_tells_another() -> None:
    """Codex hands on what the model gave for a parameter that is marked as encrypted; nothing was, so it is the text."""
    header = {"type": "input_text", "text": "Message Type: NEW_TASK\nPayload:\n"}
    task = {"type": "encrypted_content", "encrypted_content": "Count the files."}
    message = {"type": "agent_message", "author": "/root", "recipient": "/root/one", "content": [header, task]}
    told = "Message from /root to /root/one:\nMessage Type: NEW_TASK\nPayload:\n\nCount the files."
    assert messages_of(message) == [user(told)]
    assert messages_of({"type": "agent_message", "content": [task]}) == [user("Message from another agent to this one:\nCount the files.")]
    assert find_losses(CREATE_RESPONSE, {"input": [message]}) == []
    assert messages_of({**message, "content": [IMAGE]})[0]["content"][1]["type"] == "image_url"


@pytest.mark.parametrize("reference", [{"type": "item_reference", "id": "msg_1"}, {"id": "msg_1"}])
def test_a_reference_that_leads_nowhere(reference: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="msg_1") as caught:
        messages_of(HELLO, reference)
    assert (caught.value.kind, caught.value.param) == (ErrorKind.NOT_FOUND, "input")
    assert find_losses(CREATE_RESPONSE, {"input": [reference]}) == []


def test_the_tools_in_the_input() -> None:
    items: Any = [
        {"type": "additional_tools", "tools": [{"type": "function", "name": "a"}]},
        HELLO,
        {"type": "tool_search_output", "call_id": "1", "execution": "client", "tools": [{"type": "custom", "name": "b"}]},
        {"type": "tool_search_output", "call_id": "2", "tools": [{"type": "function", "name": "c"}]},
        {"type": "tool_search_output", "execution": "server", "tools": [{"type": "function", "name": "d"}]},
    ]
    assert [tool.name for tool in tools_in(CreateResponse.model_validate({"input": items}).input)] == ["a", "b", "c"]
    assert tools_in("hello") == tools_in(None) == []


# What Codex 0.169 sends in its second turn, cut down to one of each.

CODEX: list[dict[str, Any]] = [
    {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "You are a coding agent."}]},
    {
        "type": "message",
        "role": "developer",
        "content": [{"type": "input_text", "text": "<permissions>"}, {"type": "input_text", "text": "<skills>"}],
    },
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "<environment>"}]},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List the files."}]},
    {"type": "reasoning", "id": "rs_1", "summary": [], "content": None, "encrypted_content": "sealed I need ls."},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Looking."}], "phase": "commentary"},
    {"type": "function_call", "name": "exec_command", "arguments": '{"cmd":"ls"}', "call_id": "call_1"},
    {"type": "function_call", "name": "echo", "namespace": "mcp__probe__", "arguments": "{}", "call_id": "call_2"},
    {"type": "custom_tool_call", "status": "completed", "call_id": "call_3", "name": "apply_patch", "input": "*** Begin Patch"},
    {"type": "function_call_output", "call_id": "call_1", "output": "a.py"},
    {"type": "function_call_output", "call_id": "call_2", "output": [IMAGE]},
    {"type": "custom_tool_call_output", "call_id": "call_3", "output": "Success."},
]


def test_the_second_turn_of_codex() -> None:
    converted = convert(*CODEX)
    assert converted.system == ["You are a coding agent.", "<permissions>\n<skills>"]
    assert converted.losses == ()
    assert converted.messages == [
        user("<environment>\n\nList the files."),
        {
            "role": "assistant",
            "content": "Looking.",
            "reasoning_content": "I need ls.",
            "tool_calls": [
                chat_call("call_1", "exec_command", '{"cmd":"ls"}'),
                chat_call("call_2", "mcp__probe__echo", "{}"),
                chat_call("call_3", "apply_patch", '{"input":"*** Begin Patch"}'),
            ],
        },
        result("call_1", "a.py"),
        result("call_2", ""),
        result("call_3", "Success."),
        user([text("Image in the result of tool call call_2:"), CHAT_IMAGE]),
    ]


# Any items at all, in any order. Ids are few, so that they meet, repeat and miss each other.

IDS = st.sampled_from(["1", "2", "3"])
MAYBE = st.one_of(st.none(), IDS)
TEXTS = st.sampled_from(["", "x", '{"a": 1}', '{"a'])
PARTS = st.lists(
    st.sampled_from(
        [
            {"type": "input_text", "text": "x"},
            {"type": "input_text", "text": ""},
            {"type": "output_text", "text": "y"},
            {"type": "refusal", "refusal": "z"},
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
            IMAGE,
            {"type": "input_file", "filename": "a"},
            {"type": "brand_new"},
        ]
    ),
    max_size=4,
)
RESULTS = st.one_of(TEXTS, st.lists(st.sampled_from([{"type": "input_text", "text": "x"}, IMAGE, {"type": "brand_new"}]), max_size=3))
ROLES = st.sampled_from(["user", "assistant", "system", "developer"])
ACTIONS = st.one_of(st.none(), st.just({"commands": ["ls"], "type": "exec"}))


def item(kind: str, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


ITEMS = st.lists(
    st.one_of(
        item("message", role=ROLES, content=st.one_of(TEXTS, PARTS)),
        st.fixed_dictionaries({"role": ROLES, "content": st.one_of(TEXTS, PARTS)}),
        item("function_call", call_id=IDS, name=st.just("f"), arguments=TEXTS, namespace=st.one_of(st.none(), st.just("n"))),
        item("function_call_output", call_id=MAYBE, output=RESULTS, name=st.just("f")),
        item("custom_tool_call", call_id=IDS, name=st.just("g"), input=TEXTS),
        item("custom_tool_call_output", call_id=IDS, output=RESULTS),
        item(
            "reasoning",
            content=st.one_of(st.none(), st.lists(st.just({"type": "reasoning_text", "text": "hm"}), max_size=2)),
            encrypted_content=st.sampled_from([None, "", "sealed so", "foreign"]),
        ),
        item("shell_call", call_id=MAYBE, id=MAYBE, action=ACTIONS),
        item("shell_call_output", call_id=MAYBE, output=st.one_of(st.none(), st.just([chunk("x")]))),
        item("local_shell_call", call_id=MAYBE, id=MAYBE, action=ACTIONS),
        item("local_shell_call_output", id=MAYBE, output=TEXTS),
        item("apply_patch_call", call_id=MAYBE, operation=ACTIONS),
        item("apply_patch_call_output", call_id=MAYBE, status=st.sampled_from(["completed", "failed"])),
        item("tool_search_call", call_id=MAYBE, arguments=st.one_of(st.none(), TEXTS, st.just({"query": "q"}), st.just([1]))),
        item("tool_search_output", call_id=MAYBE, tools=st.just([FUNCTION])),
        item("compaction", encrypted_content=st.just("sealed x")),
        item("compaction_trigger"),
        item("mcp_approval_response", approve=st.booleans()),
        *(item(kind) for kind in ("web_search_call", "mcp_list_tools", "mcp_call", "computer_call", "program_output", "brand_new")),
    ),
    max_size=10,
)


@settings(deadline=None)
@given(ITEMS)
def test_any_input_becomes_messages_that_a_backend_takes(items: list[dict[str, Any]]) -> None:
    converted = convert(*items)
    messages = converted.messages

    due: list[str] = []
    for message in messages:
        assert message["role"] in ("user", "assistant", "tool")  # what is said above the conversation is apart
        if message["role"] == "tool":
            assert due.pop(0) == message["tool_call_id"]  # directly behind the turn, in the order of its calls
            assert isinstance(message["content"], str)
        else:
            assert due == []  # and none is missing
            due = [made["id"] for made in message.get("tool_calls", ())]
        for made in message.get("tool_calls", ()):
            assert isinstance(json.loads(made["function"]["arguments"]), dict)
        if message["role"] == "assistant":
            assert message["content"] or "tool_calls" in message or "reasoning_content" in message
            assert not isinstance(message["content"], list)
    assert due == []

    roles = [message["role"] for message in messages]
    assert all(role != following or role == "tool" for role, following in pairwise(roles))
    assert not messages or "reasoning_content" not in messages[-1]
    assert converted.compacts == (items[-1:] == [{"type": "compaction_trigger"}])
    assert converted == convert(*items)
