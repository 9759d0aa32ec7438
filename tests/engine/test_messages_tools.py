"""Tools that the Messages API defines, and thinking that goes back and forth, with a model that was trained on neither."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

pytestmark = pytest.mark.engine

BASH: Any = {"type": "bash_20250124", "name": "bash"}
EDITOR: Any = {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 1000}
MEMORY: Any = {"type": "memory_20250818", "name": "memory"}
COMPUTER: Any = {"type": "computer_20251124", "name": "computer", "display_width_px": 800, "display_height_px": 600, "enable_zoom": True}
SEARCH: Any = {"type": "web_search_20260318", "name": "web_search"}


@pytest.fixture
def client(gateway: str) -> Any:
    with anthropic.Anthropic(base_url=gateway, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def ask(request: pytest.FixtureRequest, client: anthropic.Anthropic) -> Any:
    """Sends messages, or one prompt, and gives the answer."""

    def ask(messages: Any, **options: Any) -> Any:
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        options = {"model": "tiny-demo", "max_tokens": 300, "messages": messages, **options}
        if not request.param:
            return client.beta.messages.create(**options)
        with client.beta.messages.stream(**options) as stream:
            return stream.get_final_message()

    return ask


def calls_of(message: Any) -> list[tuple[str, Any]]:
    return [(block.name, block.input) for block in message.content if block.type == "tool_use"]


@pytest.mark.parametrize("display", [None, "summarized", "omitted"])
def test_a_loop_with_the_shell(ask: Any, display: str | None) -> None:
    options: Any = {"tools": [BASH]}
    if display is not None:
        options["thinking"] = {"type": "adaptive", "display": display}
    messages: Any = [{"role": "user", "content": "Use bash with command=ls"}]
    message = ask(messages, **options)
    assert message.stop_reason == "tool_use"
    assert calls_of(message) == [("bash", {"command": "ls"})]
    thoughts = [block for block in message.content if block.type == "thinking"]
    assert len(thoughts) == (display is not None)
    for thought in thoughts:
        assert bool(thought.thinking) is (display == "summarized")
        assert thought.signature.startswith("tg1.")
    [call] = [block for block in message.content if block.type == "tool_use"]
    messages += [
        {"role": "assistant", "content": [block.to_dict() for block in message.content]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "README.md"}]},
    ]
    message = ask(messages, **options)
    assert message.stop_reason == "end_turn"
    assert "README.md" in "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize(
    ("tool", "prompt", "argument"),
    [
        (EDITOR, "Use str_replace_based_edit_tool with command=view", ("command", "view")),
        (MEMORY, "Use memory with command=view", ("command", "view")),
        (COMPUTER, "Use computer with action=screenshot", ("action", "screenshot")),
    ],
    ids=["editor", "memory", "computer"],
)
def test_the_model_keeps_to_the_schema_that_it_is_given(ask: Any, tool: Any, prompt: str, argument: tuple[str, str]) -> None:
    for tools, options in (([tool], {}), ([BASH, SEARCH, tool], {"tool_choice": {"type": "tool", "name": tool["name"]}})):
        message = ask(prompt, tools=tools, **options)
        [(name, arguments)] = calls_of(message)
        assert name == tool["name"]
        assert argument in arguments.items()


def test_a_loop_with_a_member_of_a_toolset(ask: Any) -> None:
    tools: Any = [{"type": "computer_toolset_20260801", "configs": {"screenshot": {"enabled": False}}}, BASH]
    messages: Any = [{"role": "user", "content": "Use computer_type with text=hello"}]
    message = ask(messages, tools=tools, tool_choice={"type": "tool", "name": "type"})
    [call] = [block for block in message.content if block.type == "tool_use"]
    assert (call.toolset_name, call.name, call.input) == ("computer", "type", {"text": "hello"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Typed.", "toolset_name": "computer"}
    messages += [{"role": "assistant", "content": [block.to_dict() for block in message.content]}, {"role": "user", "content": [result]}]
    message = ask(messages, tools=tools)
    assert message.stop_reason == "end_turn"
    assert "Typed." in "".join(block.text for block in message.content if block.type == "text")


def test_every_schema_can_be_kept_to(client: anthropic.Anthropic) -> None:
    """The engine makes a grammar of each; a schema that it cannot read is a 400."""
    browser = {"type": "browser_toolset_20260801", "configs": {"file_upload": {"enabled": True}, "javascript_exec": {"enabled": True}}}
    for tools in ([BASH, EDITOR, MEMORY, COMPUTER], [{"type": "computer_toolset_20260801"}], [browser]):
        message = client.beta.messages.create(
            model="tiny-demo",
            max_tokens=1,
            messages=[{"role": "user", "content": "hello"}],
            tools=tools,  # type: ignore[arg-type]
            tool_choice={"type": "any"},
        )
        assert message.usage.output_tokens > 0


def test_a_budget_cuts_the_thinking_short(ask: Any) -> None:
    def thinking_of(**thinking: Any) -> str:
        message = ask("What is the capital of France?", thinking=thinking)
        assert "".join(block.text for block in message.content if block.type == "text")
        return "".join(block.thinking for block in message.content if block.type == "thinking")

    whole = thinking_of(type="adaptive")
    assert thinking_of(type="enabled", budget_tokens=1000) == whole
    assert thinking_of(type="enabled", budget_tokens=2**40) == whole
    assert len(thinking_of(type="enabled", budget_tokens=5)) < len(whole)


def test_thinking_that_was_omitted_reaches_the_model_again(client: anthropic.Anthropic) -> None:
    """Told by the size of the prompt: the template shows the thinking that led to a call whose result comes back."""

    def second_turn(display: str, *, keep_signature: bool = True) -> int:
        options: Any = {"model": "tiny-demo", "tools": [BASH], "thinking": {"type": "adaptive", "display": display}}
        messages: Any = [{"role": "user", "content": "Use bash with command=ls"}]
        message = client.beta.messages.create(max_tokens=300, messages=messages, **options)
        content = [block.to_dict() for block in message.content]
        assert content[0]["type"] == "thinking"
        if not keep_signature:
            content[0] = {**content[0], "signature": ""}
        result = {"type": "tool_result", "tool_use_id": content[-1]["id"], "content": "README.md"}
        messages += [{"role": "assistant", "content": content}, {"role": "user", "content": [result]}]
        return client.beta.messages.count_tokens(messages=messages, **options).input_tokens

    assert second_turn("omitted") == second_turn("summarized")
    assert second_turn("omitted", keep_signature=False) < second_turn("summarized")
    assert second_turn("summarized", keep_signature=False) == second_turn("summarized")
