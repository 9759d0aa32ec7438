from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.dialects.history import NO_RESULT, repair_history
from triglot.dialects.messages.content import convert_assistant, convert_user
from triglot.generated.messages.models import CountMessageTokens


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def said(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def calls(*ids: str, content: str | None = None, thinking: str | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if thinking is not None:
        message["reasoning_content"] = thinking
    message["tool_calls"] = [{"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}} for call_id in ids]
    return message


def result(call_id: str, content: str = "ok") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def orphan(call_id: str, content: str = "ok") -> dict[str, Any]:
    return user(f"Result of tool call {call_id}, which is not part of this conversation:\n{content}")


SOUND = [
    [],
    [user("hi")],
    [user("hi"), said("hello"), user("bye")],
    [said("hello")],
    [user("hi"), calls("1", "2"), result("1"), result("2"), said("done")],
    [user("hi"), calls("1"), result("1"), calls("1"), result("1"), user("and?")],
]


@pytest.mark.parametrize("messages", SOUND)
def test_a_sound_history_stays_as_it_is(messages: list[dict[str, Any]]) -> None:
    repairs: list[str] = []
    assert repair_history(messages, repairs.append) == messages
    assert repairs == []


IMAGE = {"type": "image_url", "image_url": {"url": "data:,"}}
A, B = {"type": "text", "text": "a"}, {"type": "text", "text": "b"}


@pytest.mark.parametrize(
    ("contents", "merged"),
    [
        (["a", "b", "c"], "a\n\nb\n\nc"),
        (["a", [IMAGE, B]], [A, IMAGE, B]),
        ([[IMAGE], "a", "b"], [IMAGE, {"type": "text", "text": "a\n\nb"}]),
        ([[A, IMAGE], [IMAGE, B]], [A, IMAGE, IMAGE, B]),
        ([[IMAGE, A], [B, IMAGE]], [IMAGE, {"type": "text", "text": "a\n\nb"}, IMAGE]),
    ],
)
def test_neighbouring_messages_of_the_user_are_one(contents: list[Any], merged: Any) -> None:
    assert repair_history([user(content) for content in contents]) == [user(merged)]


def test_neighbouring_messages_of_the_assistant_are_one() -> None:
    messages = [said("a"), calls("1", thinking="hm"), calls("2", content="b", thinking="so"), result("1"), result("2")]
    assert repair_history(messages) == [calls("1", "2", content="a\n\nb", thinking="hm\nso"), result("1"), result("2")]
    assert repair_history([calls("1"), calls("2"), result("1"), result("2")]) == [calls("1", "2"), result("1"), result("2")]
    thought = {"role": "assistant", "content": "", "reasoning_content": "hm"}
    assert repair_history([thought, thought]) == [{"role": "assistant", "content": "", "reasoning_content": "hm\nhm"}]


@pytest.mark.parametrize(
    ("broken", "repaired"),
    [
        pytest.param(
            [calls("1", "2"), result("2", "b"), result("1", "a")], [calls("1", "2"), result("1", "a"), result("2", "b")], id="order"
        ),
        pytest.param([calls("1"), user("stop"), result("1")], [calls("1"), result("1"), user("stop")], id="late"),
        pytest.param(
            [calls("1"), user("stop"), said("no"), result("1")], [calls("1"), result("1"), user("stop"), said("no")], id="very late"
        ),
        pytest.param([calls("1"), user("stop")], [calls("1"), result("1", NO_RESULT), user("stop")], id="interrupted"),
        pytest.param([user("go"), calls("1")], [user("go"), calls("1"), result("1", NO_RESULT)], id="last turn"),
        pytest.param([calls("1", "2"), result("2")], [calls("1", "2"), result("1", NO_RESULT), result("2")], id="one of two"),
        pytest.param([result("1"), user("go")], [user(f"{orphan('1')['content']}\n\ngo")], id="orphan"),
        pytest.param([user("hi"), said("ho"), result("1")], [user("hi"), said("ho"), orphan("1")], id="orphan at the end"),
        pytest.param([calls("1"), result("x"), result("1")], [calls("1"), result("1"), orphan("x")], id="orphan among results"),
        pytest.param([result("1"), calls("1")], [orphan("1"), calls("1"), result("1", NO_RESULT)], id="before its call"),
        pytest.param(
            [calls("1"), result("1", "a"), result("1", "b"), result("1", "c")], [calls("1"), result("1", "a\n\nb\n\nc")], id="twice"
        ),
        pytest.param(
            [calls("1", "1"), result("1", "a"), result("1", "b")], [calls("1", "1"), result("1", "a"), result("1", "b")], id="same id"
        ),
        pytest.param(
            [calls("1", "1"), result("1", "a")], [calls("1", "1"), result("1", "a"), result("1", NO_RESULT)], id="same id, one result"
        ),
        pytest.param(
            [calls("1"), user("hi"), calls("1"), result("1", "b")],
            [calls("1"), result("1", NO_RESULT), user("hi"), calls("1"), result("1", "b")],
            id="id used again",
        ),
        pytest.param(
            [calls("1"), result("1", "a"), said("x"), result("1", "b"), said("y")],
            [calls("1"), result("1", "a\n\nb"), said("x\n\ny")],
            id="neighbours once repaired",
        ),
        pytest.param([calls("1"), result("1", ""), user("hi")], [calls("1"), result("1", ""), user("hi")], id="empty is a result"),
        pytest.param([calls("1"), user("hi"), result("1", "")], [calls("1"), result("1", ""), user("hi")], id="empty and late"),
    ],
)
def test_repairs(broken: list[dict[str, Any]], repaired: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(broken)
    assert repair_history(broken) == repaired
    assert broken == before


def test_repairs_are_reported() -> None:
    repairs: list[str] = []
    repair_history([result("x"), calls("1"), user("hi")], repairs.append)
    assert repairs == ["a result without its call became text: 'x'", "a call without a result got one: '1'"]


# Any history at all. Ids are few, so that they meet, repeat and miss each other; texts are numbered, so that each can be found again.

IDS = st.sampled_from(["1", "2", "3"])
TEXT = {"type": "text"}
IMAGE_BLOCK = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
RESULT_CONTENT = st.sampled_from([None, "", "{}", [], [TEXT], [TEXT, IMAGE_BLOCK], [IMAGE_BLOCK]])
BLOCKS = st.one_of(
    st.just(TEXT),
    st.just({"type": "text", "text": ""}),
    st.just(IMAGE_BLOCK),
    st.builds(lambda call_id: {"type": "tool_use", "id": call_id, "name": "f", "input": {}}, IDS),
    st.builds(lambda call_id, content: {"type": "tool_result", "tool_use_id": call_id, "content": content}, IDS, RESULT_CONTENT),
    st.just({"type": "thinking", "thinking": "hm"}),
    st.just({"type": "brand_new"}),
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant"]), "content": st.one_of(st.none(), st.just("{}"), st.lists(BLOCKS, max_size=5))}
    ),
    min_size=1,
    max_size=8,
)


def number(value: Any, marks: list[str]) -> Any:
    """A copy with a text of its own wherever a text is wanted; each is added to `marks`."""
    if value in ("{}", TEXT):
        marks.append(f"<{len(marks)}>")
        return marks[-1] if value == "{}" else {"type": "text", "text": marks[-1]}
    if isinstance(value, list):
        return [number(element, marks) for element in value]
    if isinstance(value, dict):
        return {key: number(element, marks) if key == "content" else element for key, element in value.items()}
    return value


def keep(text: str, _signature: str) -> str:
    return text


def texts_of(messages: list[dict[str, Any]]) -> str:
    contents = [message["content"] for message in messages]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return "".join([content for content in contents if isinstance(content, str)] + [part.get("text", "") for part in parts])


def images_in(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(images_in, value))
    if isinstance(value, dict):
        return value.get("type") in ("image", "image_url") or images_in(value.get("content"))
    return 0


@given(MESSAGES)
def test_any_history_becomes_one_that_a_template_takes(history: list[dict[str, Any]]) -> None:
    marks: list[str] = []
    history = [number(message, marks) for message in history]
    request = CountMessageTokens.model_validate({"model": "m", "messages": history})
    converted = [
        part
        for message in request.messages
        for part in (convert_user(message.content) if message.role == "user" else convert_assistant(message.content, keep))
    ]
    messages = repair_history(converted)

    due: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert due.pop(0) == message["tool_call_id"]  # directly behind the turn, in the order of its calls
        else:
            assert due == []  # and none is missing
            due = [call["id"] for call in message.get("tool_calls", ())]
    assert due == []

    roles = [message["role"] for message in messages]
    assert all(role != following or role == "tool" for role, following in pairwise(roles))
    assert all(
        message["content"] or "tool_calls" in message or "reasoning_content" in message for message in messages if message["role"] != "tool"
    )

    text = texts_of(messages)
    assert [text.count(mark) for mark in marks] == [1] * len(marks)
    assert images_in(messages) == images_in(history)

    assert repair_history(messages) == messages
