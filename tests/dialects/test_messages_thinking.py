from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from triglot.backend.profiles import LLAMA_SERVER, OPENAI
from triglot.dialects.messages.request import convert_prompt, convert_request
from triglot.dialects.messages.signature import restore_thinking, seal_thinking, sign_thinking
from triglot.dialects.messages.thinking import ThinkingPlan, find_altered_thinking, plan_thinking
from triglot.generated.messages.models import CountMessageTokens, CreateMessage
from triglot.generated.messages.support import CREATE_MESSAGE
from triglot.support import find_losses

LEAST: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
ENABLED: Any = {"type": "enabled", "budget_tokens": 2048}


def request_with(thinking: Any, **fields: Any) -> CreateMessage:
    return CreateMessage.model_validate({**LEAST, "thinking": thinking, **fields})


def sent_for(thinking: Any, profile: Any = LLAMA_SERVER, **fields: Any) -> dict[str, Any]:
    names = ("chat_template_kwargs", "reasoning_budget_tokens", "reasoning_effort")
    body = convert_request(request_with(thinking, **fields), profile).body
    return {name: body[name] for name in names if name in body}


@pytest.mark.parametrize(
    ("thinking", "enabled", "display"),
    [
        (None, False, "hidden"),
        ({"type": "disabled"}, False, "hidden"),
        ({"type": "disabled", "display": "omitted"}, False, "hidden"),
        (ENABLED, True, "full"),
        ({**ENABLED, "display": None}, True, "full"),
        ({**ENABLED, "display": "summarized"}, True, "full"),
        ({**ENABLED, "display": "updates"}, True, "full"),
        ({**ENABLED, "display": "omitted"}, True, "omitted"),
        ({"type": "adaptive"}, True, "full"),
        ({"type": "adaptive", "display": "summarized"}, True, "full"),
        ({"type": "adaptive", "display": "omitted"}, True, "omitted"),
        ({"type": "between_tools"}, True, "full"),
        ({"type": "invented_in_2030"}, True, "full"),
    ],
)
def test_what_is_thought_and_shown(thinking: Any, enabled: bool, display: Any) -> None:
    request = request_with(thinking)
    assert plan_thinking(request) == ThinkingPlan(enabled=enabled, display=display)
    assert sent_for(thinking)["chat_template_kwargs"] == {"enable_thinking": enabled}


@pytest.mark.parametrize(("budget", "sent"), [(1, 1), (1024, 1024), (2**31 - 1, 2**31 - 1), (2**31, 2**31 - 1), (2**63, 2**31 - 1)])
def test_the_budget_bounds_the_thinking(budget: int, sent: int) -> None:
    assert sent_for({"type": "enabled", "budget_tokens": budget})["reasoning_budget_tokens"] == sent


@pytest.mark.parametrize("thinking", [None, {"type": "disabled"}, {"type": "adaptive"}, {"type": "between_tools"}])
def test_without_a_budget_none_is_sent(thinking: Any) -> None:
    assert sent_for(thinking).keys() == {"chat_template_kwargs"}


@pytest.mark.parametrize("budget", [0, -1, 1.5, "many", None])
def test_a_budget_that_is_none_is_refused(budget: Any) -> None:
    with pytest.raises(ValidationError, match="budget_tokens"):
        request_with({"type": "enabled", "budget_tokens": budget})


@pytest.mark.parametrize("effort", ["low", "medium", "high", "xhigh", "max"])
@pytest.mark.parametrize("thinking", [None, {"type": "adaptive"}])
def test_the_effort_is_passed_on(effort: str, thinking: Any) -> None:
    assert sent_for(thinking, output_config={"effort": effort})["reasoning_effort"] == effort


def test_an_effort_of_null_is_none() -> None:
    assert "reasoning_effort" not in sent_for(ENABLED, output_config={"effort": None})


def test_other_backends_are_told_only_what_the_api_has() -> None:
    assert sent_for(ENABLED, OPENAI, output_config={"effort": "low"}) == {"reasoning_effort": "low"}


def test_counting_uses_the_same_template() -> None:
    counted = CountMessageTokens.model_validate({"model": "m", "messages": LEAST["messages"], "thinking": {"type": "adaptive"}})
    assert convert_prompt(counted, LLAMA_SERVER)["chat_template_kwargs"] == {"enable_thinking": True}
    assert plan_thinking(counted).enabled


def test_the_budget_is_no_loss() -> None:
    assert find_losses(CREATE_MESSAGE, {**LEAST, "thinking": ENABLED}) == []


def test_altered_thinking_is_dropped_and_told() -> None:
    key = b"0123456789abcdef"

    def block(thinking: str, signature: str | None) -> Any:
        return {"type": "thinking", "thinking": thinking, **({} if signature is None else {"signature": signature})}

    def turn(*content: Any) -> Any:
        return {"role": "assistant", "content": [*content, {"type": "text", "text": "said"}]}

    hello = {"role": "user", "content": "hello"}
    messages = [
        hello,
        {"role": "assistant", "content": "hi"},
        hello,
        turn(block("good", sign_thinking(key, "good")), block("evil", sign_thinking(key, "good"))),
        hello,
        turn(block("", seal_thinking(key, "sealed")), block("evil", seal_thinking(key, "sealed"))),
        hello,
        turn(block("foreign", "EqoB"), block("unsigned", None), block("old", sign_thinking(b"another key", "new"))),
        hello,
    ]
    request = CreateMessage.model_validate({**LEAST, "messages": messages})
    restore = partial(restore_thinking, key)
    found = find_altered_thinking(request, restore)
    assert [str(loss) for loss in found] == ["messages[3].content[1] (thinking)", "messages[5].content[1] (thinking)"]
    assert {loss.level for loss in found} == {"ignored"}
    sent = convert_request(request, LLAMA_SERVER, restore).body["messages"]
    assert [message.get("reasoning_content") for message in sent if message["role"] == "assistant"] == [
        None,
        "good",
        "sealed",
        "foreign\nunsigned\nold",
    ]
