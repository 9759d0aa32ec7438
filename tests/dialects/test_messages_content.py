from __future__ import annotations

from typing import Any

import msgspec
import pytest

from triglot.dialects.messages.content import convert_assistant, convert_user, system_texts
from triglot.generated.messages.models import AssistantMessage, InputServerToolResultBlock, SystemMessage, UserMessage
from triglot.generated.messages.support import CREATE_MESSAGE
from triglot.support import find_losses

PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
PNG_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
REDACTED = {"type": "redacted_thinking", "data": "sealed"}


def keep(text: str, _signature: str) -> str:
    return text


def user(*blocks: dict[str, Any]) -> list[dict[str, Any]]:
    return convert_user(UserMessage.model_validate({"role": "user", "content": list(blocks)}).content)


def assistant(*blocks: dict[str, Any]) -> list[dict[str, Any]]:
    return convert_assistant(AssistantMessage.model_validate({"role": "assistant", "content": list(blocks)}).content, keep)


def user_content(*blocks: dict[str, Any]) -> Any:
    [message] = user(*blocks)
    assert message["role"] == "user"
    return message["content"]


def assistant_text(*blocks: dict[str, Any]) -> Any:
    [message] = assistant(*blocks)
    assert message.keys() == {"role", "content"}
    return message["content"]


def result_of(content: Any, **fields: Any) -> Any:
    [message] = user({"type": "tool_result", "tool_use_id": "t1", "content": content, **fields})
    assert message["role"] == "tool"
    assert message["tool_call_id"] == "t1"
    return message["content"]


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def losses_of(role: str, *blocks: dict[str, Any]) -> list[str]:
    document = {"model": "m", "max_tokens": 1, "messages": [{"role": role, "content": list(blocks)}]}
    return [str(loss).removeprefix("messages[0].") for loss in find_losses(CREATE_MESSAGE, document)]


# system


def test_the_billing_header_is_left_out_wherever_it_opens_a_text() -> None:
    header = "x-anthropic-billing-header: cc_version=2.1.328.abc; cc_entrypoint=cli; cch=1a2b3;"
    assert system_texts(f"{header}\nYou are an agent.") == ["You are an agent."]
    assert system_texts(f"{header}\n\nYou are an agent.\nBe brief.") == ["You are an agent.\nBe brief."]
    assert system_texts(header) == [""]
    assert system_texts(f"Explain this: {header}") == [f"Explain this: {header}"]


def test_the_nonce_reaches_no_backend() -> None:
    header = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=1a2b3;"}
    system = SystemMessage.model_validate({"role": "system", "content": [header, {"type": "text", "text": "You are an agent."}]})
    assert "".join(system_texts(system.content)) == "You are an agent."


# what the user says


def test_texts_of_one_message_are_lines() -> None:
    assert user_content(text("one"), text(""), text("two")) == "one\ntwo"


@pytest.mark.parametrize(
    "content", [None, "", [], [text("")], [REDACTED], [{"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}]]
)
def test_without_content_there_is_no_message(content: Any) -> None:
    assert convert_user(UserMessage.model_validate({"role": "user", "content": content}).content) == []
    assert convert_assistant(AssistantMessage.model_validate({"role": "assistant", "content": content}).content, keep) == []


def test_an_image_stands_between_its_texts() -> None:
    assert user_content(text("a"), PNG, text("b"), text("c")) == [text("a"), PNG_PART, text("b\nc")]


def test_an_image_that_nobody_fetched_leaves_a_line() -> None:
    image = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}
    line = "[The image https://example.org/a.png could not be read here.]"
    assert user_content(image) == line
    assert assistant_text(text("See."), image) == f"See.\n{line}"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "the text"),
        ({"title": "Report"}, "Document: Report\nthe text"),
        ({"title": "Report", "context": "of 2026"}, "Document: Report\nContext: of 2026\nthe text"),
        ({"context": "of 2026", "title": None}, "Context: of 2026\nthe text"),
    ],
)
@pytest.mark.parametrize(
    "source",
    [
        {"type": "text", "media_type": "text/plain", "data": "the text"},
        {"type": "content", "content": "the text"},
        {"type": "content", "content": [text("the text")]},
    ],
)
def test_a_document_is_text_under_its_title(source: dict[str, Any], fields: dict[str, Any], expected: str) -> None:
    block = {"type": "document", "source": source, **fields}
    assert user_content(block) == expected
    assert losses_of("user", block) == []


def test_a_document_keeps_its_images() -> None:
    document = {"type": "document", "title": "Plan", "source": {"type": "content", "content": [text("before"), PNG, text("after")]}}
    assert user_content(document) == [text("Document: Plan\nbefore"), PNG_PART, text("after")]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}, "PDF support is not installed"),
        ({"type": "url", "url": "https://example.org/a.pdf"}, "https://example.org/a.pdf is not fetched"),
        ({"type": "file", "file_id": "file_1"}, "file file_1 is not stored here"),
        ({"type": "brand_new"}, "its source is not known"),
    ],
)
def test_a_document_that_cannot_be_read_leaves_a_line(source: dict[str, Any], reason: str) -> None:
    assert user_content({"type": "document", "source": source}) == f"[The document could not be read here: {reason}.]"
    named = {"type": "document", "source": source, "title": "Report"}
    assert user_content(named) == f"[The document Report could not be read here: {reason}.]"


@pytest.mark.parametrize("source", [{"type": "file", "file_id": "f"}, {"type": "new"}])
def test_a_document_from_elsewhere_is_reported(source: dict[str, Any]) -> None:
    assert losses_of("user", {"type": "document", "source": source}) == [f"content[0].source ({source['type']})"]


def test_a_search_result_is_text_under_its_title_and_source() -> None:
    block = {"type": "search_result", "source": "https://example.org", "title": "Found", "content": [text("one"), text("two")]}
    assert user_content(block) == "Search result: Found (https://example.org)\none\ntwo"
    assert losses_of("user", block) == []


def test_an_uploaded_file_leaves_a_line_and_is_reported() -> None:
    block = {"type": "container_upload", "file_id": "file_7"}
    assert user_content(block, text("Sum it up.")) == "[file file_7 was uploaded; its content is not available here]\nSum it up."
    assert losses_of("user", block) == ["content[0] (container_upload)"]


def test_what_is_not_known_is_left_out_and_reported() -> None:
    block = {"type": "brand_new", "text": "?"}
    assert user_content(block, text("hi")) == "hi"
    assert losses_of("user", block) == ["content[0] (brand_new)"]


def test_blocks_of_the_assistant_lose_nothing_in_a_user_message() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "read", "input": {"path": "a"}}
    thinking = {"type": "thinking", "thinking": "hm", "signature": ""}
    assert user_content(text("so"), call, thinking) == 'so\n[read was called with {"path":"a"}]\nhm'


# results of tools


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, ""),
        ("", ""),
        ("sunny", "sunny"),
        ([], ""),
        ([text("one"), text("two")], "one\ntwo"),
        ([{"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "d"}}], "Document: T\nd"),
        ([{"type": "search_result", "source": "s", "title": "t", "content": [text("c")]}], "Search result: t (s)\nc"),
        (
            [{"type": "tool_reference", "tool_name": "read"}, {"type": "tool_reference", "tool_name": "grep"}],
            "Tool found: read\nTool found: grep",
        ),
        ([{"type": "brand_new"}, text("rest")], "rest"),
        ([{"type": "browser_state", "tabs": []}, text("rest")], "The browser has no tabs.\nrest"),
    ],
)
def test_a_result_is_text(content: Any, expected: str) -> None:
    assert result_of(content) == expected


def test_a_result_may_have_no_content_at_all() -> None:
    assert user({"type": "tool_result", "tool_use_id": "t1"}) == [{"role": "tool", "tool_call_id": "t1", "content": ""}]


@pytest.mark.parametrize(
    ("content", "expected"), [("no such file", "Error:\nno such file"), (None, "Error:"), ([text("a"), text("b")], "Error:\na\nb")]
)
def test_a_failed_result_says_so_first(content: Any, expected: str) -> None:
    assert result_of(content, is_error=True) == expected
    assert losses_of("user", {"type": "tool_result", "tool_use_id": "t1", "content": content, "is_error": True}) == []


def test_images_of_results_follow_behind_all_results() -> None:
    first = {"type": "tool_result", "tool_use_id": "t1", "content": [text("a cat"), PNG]}
    second = {"type": "tool_result", "tool_use_id": "t2", "content": [PNG, PNG]}
    assert user(first, second, text("Which?")) == [
        {"role": "tool", "tool_call_id": "t1", "content": "a cat"},
        {"role": "tool", "tool_call_id": "t2", "content": ""},
        {
            "role": "user",
            "content": [
                text("Image in the result of tool call t1:"),
                PNG_PART,
                text("Image in the result of tool call t2:"),
                PNG_PART,
                text("Image in the result of tool call t2:"),
                PNG_PART,
                text("Which?"),
            ],
        },
    ]
    assert losses_of("user", first, second) == []


# what the assistant said


def test_texts_of_an_answer_are_one_text() -> None:
    # cited passages are blocks of their own inside a sentence
    assert assistant_text(text("It is "), text("21 degrees"), text(".")) == "It is 21 degrees."


def test_thinking_is_restored_from_text_and_signature() -> None:
    asked: list[tuple[str, str]] = []

    def restore(thinking: str, signature: str) -> str | None:
        asked.append((thinking, signature))
        return {"shown": "shown", "": "from the signature"}.get(thinking)

    blocks = [
        {"type": "thinking", "thinking": "shown", "signature": "s1"},
        {"type": "thinking", "thinking": "", "signature": "s2"},
        {"type": "thinking", "thinking": "altered", "signature": "s3"},
        {"type": "thinking", "thinking": "shown"},
        {"type": "thinking", "thinking": "shown", "signature": None},
        REDACTED,
        text("Yes."),
    ]
    content = AssistantMessage.model_validate({"role": "assistant", "content": blocks}).content
    [message] = convert_assistant(content, restore)
    assert message == {"role": "assistant", "content": "Yes.", "reasoning_content": "shown\nfrom the signature\nshown\nshown"}
    assert asked == [("shown", "s1"), ("", "s2"), ("altered", "s3"), ("shown", ""), ("shown", "")]


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ({"z": 1, "a": {"y": None, "b": "é"}}, '{"z":1,"a":{"y":null,"b":"é"}}'),
        ({}, "{}"),
        (None, "{}"),
        ("", "{}"),
        (" ", "{}"),
        ('{"b": 1, "a": 2}', '{"b": 1, "a": 2}'),
        ('{"path": "a', '{"input":"{\\"path\\": \\"a"}'),
        ("[1]", '{"input":"[1]"}'),
        ("[" * 100_000, '{"input":"' + "[" * 100_000 + '"}'),
    ],
)
def test_arguments_are_always_the_text_of_an_object(given: Any, arguments: str) -> None:
    [message] = assistant({"type": "tool_use", "id": "t1", "name": "read", "input": given})
    function = {"name": "read", "arguments": arguments}
    assert message == {"role": "assistant", "content": None, "tool_calls": [{"id": "t1", "type": "function", "function": function}]}


HOSTED = [
    (
        "web_search",
        "web_search_tool_result",
        [{"type": "web_search_result", "title": "Triglot", "url": "https://example.org", "encrypted_content": "x9", "page_age": "1 day"}],
        "Triglot\nhttps://example.org",
    ),
    (
        "web_search",
        "web_search_tool_result",
        {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
        "max_uses_exceeded",
    ),
    (
        "web_fetch",
        "web_fetch_tool_result",
        {
            "type": "web_fetch_result",
            "url": "https://example.org",
            "retrieved_at": "2026-11-20",
            "content": {"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "page"}},
        },
        "https://example.org\nT\npage",
    ),
    (
        "web_fetch",
        "web_fetch_tool_result",
        {
            "type": "web_fetch_result",
            "url": "https://example.org/a.pdf",
            "content": {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}},
        },
        "https://example.org/a.pdf",
    ),
    (
        "code_execution",
        "code_execution_tool_result",
        {
            "type": "code_execution_result",
            "stdout": "42\n",
            "stderr": "",
            "return_code": 0,
            "content": [{"type": "code_execution_output", "file_id": "f"}],
        },
        "42\n",
    ),
    (
        "code_execution",
        "code_execution_tool_result",
        {"type": "encrypted_code_execution_result", "encrypted_stdout": "x9", "stderr": "oh", "return_code": 2, "content": []},
        "return code 2\noh",
    ),
    (
        "bash_code_execution",
        "bash_code_execution_tool_result",
        {"type": "bash_code_execution_result", "stdout": "a", "stderr": "b", "return_code": 1, "content": []},
        "return code 1\na\nb",
    ),
    (
        "text_editor_code_execution",
        "text_editor_code_execution_tool_result",
        {"type": "text_editor_code_execution_view_result", "file_type": "text", "content": "line", "num_lines": 1},
        "line",
    ),
    (
        "text_editor_code_execution",
        "text_editor_code_execution_tool_result",
        {"type": "text_editor_code_execution_view_result", "file_type": "image", "content": "aGk="},
        "",
    ),
    (
        "text_editor_code_execution",
        "text_editor_code_execution_tool_result",
        {"type": "text_editor_code_execution_str_replace_result", "lines": ["-a", "+b"], "old_start": 1},
        "-a\n+b",
    ),
    (
        "text_editor_code_execution",
        "text_editor_code_execution_tool_result",
        {"type": "text_editor_code_execution_tool_result_error", "error_code": "file_not_found", "error_message": "no a.txt"},
        "file_not_found\nno a.txt",
    ),
    (
        "tool_search_tool_regex",
        "tool_search_tool_result",
        {"type": "tool_search_tool_search_result", "tool_references": [{"type": "tool_reference", "tool_name": "read"}]},
        "read",
    ),
    ("advisor", "advisor_tool_result", {"type": "advisor_result", "text": "Try again."}, "Try again."),
    ("advisor", "advisor_tool_result", {"type": "advisor_redacted_result", "encrypted_content": "x9"}, ""),
]


@pytest.mark.parametrize(("name", "kind", "content", "expected"), HOSTED)
def test_hosted_tools_are_told_never_called(name: str, kind: str, content: Any, expected: str) -> None:
    blocks = [
        text("Let me see."),
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": name, "input": {"query": "triglot"}},
        {"type": kind, "tool_use_id": "srvtoolu_1", "content": content},
        text("Found"),
        text(" it."),
    ]
    told = f'[{name} was called with {{"query":"triglot"}}]\n[result of {name}: {expected}]'
    assert assistant_text(*blocks) == f"Let me see.\n{told}\nFound it."
    assert losses_of("assistant", *blocks) == []


def test_every_kind_of_hosted_result_is_covered() -> None:
    kinds = InputServerToolResultBlock.model_json_schema()["properties"]["type"]["enum"]
    assert {kind for _, kind, _, _ in HOSTED} == set(kinds)


def test_a_hosted_result_without_its_call_has_the_name_of_its_kind() -> None:
    assert user_content({"type": "advisor_tool_result", "tool_use_id": "x", "content": {"text": "Hm."}}) == "[result of advisor: Hm.]"


def test_a_hosted_result_may_be_of_any_shape() -> None:
    deep: Any = "lost"
    for _ in range(900):
        deep = {"content": deep}
    block = {"type": "advisor_tool_result", "tool_use_id": "x", "content": {"text": ["a", 7, None, {"title": "b"}], "content": deep}}
    assert assistant_text(block) == "[result of advisor: a\nb]"


def test_mcp_tools_are_told_never_called() -> None:
    call = {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "lookup", "server_name": "docs", "input": {"q": "é"}}
    told = '[lookup was called with {"q":"é"}]'
    for content, failed, expected in (
        ("fine", False, "[result of lookup: fine]"),
        ([text("a"), text("b")], None, "[result of lookup: a\nb]"),
        ("no", True, "[result of lookup: Error: no]"),
        (None, False, "[result of lookup: ]"),
    ):
        result = {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "content": content, "is_error": failed}
        assert assistant_text(call, result) == f"{told}\n{expected}"
        assert losses_of("assistant", call, result) == []
    alone = {"type": "mcp_tool_result", "tool_use_id": "other", "content": "fine"}
    assert assistant_text(call, alone) == f"{told}\n[result of an MCP tool: fine]"


def test_a_summary_stands_for_what_it_summarises() -> None:
    block = {"type": "compaction", "content": "They spoke of cats.", "encrypted_content": "x9"}
    assert assistant_text(block, text("Go on.")) == "They spoke of cats.\nGo on."
    assert assistant({"type": "compaction", "content": None}) == []
    assert losses_of("assistant", block) == ["content[0].encrypted_content"]


def test_blocks_of_the_user_lose_nothing_in_an_assistant_message() -> None:
    call = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [text("here"), PNG]}
    document = {"type": "document", "title": "D", "source": {"type": "text", "media_type": "text/plain", "data": "d"}}
    messages = assistant(text("Look:"), call, result, document, PNG)
    assert [message["role"] for message in messages] == ["assistant", "tool", "user"]
    assert messages[0]["content"] == "Look:\nDocument: D\nd"
    assert messages[1]["content"] == "here"
    assert messages[2]["content"] == [
        text("Image in the result of tool call t1:"),
        PNG_PART,
        text("Image in the assistant's message:"),
        PNG_PART,
    ]


def test_what_is_converted_can_be_sent() -> None:
    blocks = [block for name, kind, content, _ in HOSTED for block in ({"type": kind, "tool_use_id": name, "content": content},)]
    assert msgspec.json.decode(msgspec.json.encode(assistant(*blocks))) == assistant(*blocks)
