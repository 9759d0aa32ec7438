"""Repairs a converted conversation, so that one broken turn does not make a backend refuse all that follow.

Chat templates and servers want the results of a turn's calls directly behind it, one for each call, and no two neighbouring messages of one
role. Clients send histories where a tool was interrupted, a turn was removed, or one turn came in several messages.
"""

from __future__ import annotations

import logging
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from triglot.dialects.chat_request import join_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from triglot.dialects.chat_request import ChatMessage, Part

log = logging.getLogger("triglot")

NO_RESULT: Final = "No result was given for this call."


def repair_history(messages: Sequence[ChatMessage], report: Callable[[str], None] = log.debug) -> list[ChatMessage]:
    """The messages with neighbours of one role merged and every call answered exactly once, directly behind its turn.

    - A result without a call before it becomes text of the user.
    - A call without a result gets one that says so.
    - A further result for the same call is appended to the first. Where turns use an id again, a result belongs to the latest of them.

    Args:
        messages: user, assistant and tool messages, in their order; they are not changed.
        report: is told each repair in a sentence.
    """
    merged = _merge_neighbours(messages)
    return merged if _is_answered(merged) else _merge_neighbours(_answer_calls(merged, report))


def _merge_neighbours(messages: Iterable[ChatMessage]) -> list[ChatMessage]:
    merged: list[ChatMessage] = []
    for role, group in groupby(messages, lambda message: message["role"]):
        run = list(group)
        merged += run if role == "tool" or len(run) == 1 else [_merge(role, run)]
    return merged


def _merge(role: str, run: list[ChatMessage]) -> ChatMessage:
    contents = [content for message in run if (content := message.get("content"))]
    thinking = [message["reasoning_content"] for message in run if "reasoning_content" in message]
    calls = [call for message in run for call in message.get("tool_calls", ())]
    merged: ChatMessage = {"role": role, "content": _merge_contents(contents) or (None if calls else "")}
    if thinking:
        merged["reasoning_content"] = "\n".join(thinking)
    if calls:
        merged["tool_calls"] = calls
    return merged


def _merge_contents(contents: list[str | list[Part]]) -> str | list[Part]:
    if all(isinstance(content, str) for content in contents):
        return "\n\n".join(contents)  # type: ignore[arg-type] # mypy does not see through all()
    parts = [part for content in contents for part in ([{"type": "text", "text": content}] if isinstance(content, str) else content)]
    return join_texts(parts, "\n\n")


def _is_answered(messages: list[ChatMessage]) -> bool:
    """Whether each turn's calls have their results directly behind it, in their order, and nothing else is a result."""
    due: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if not due or due.pop() != message["tool_call_id"]:
                return False
        elif due:
            return False
        elif calls := message.get("tool_calls"):
            due = [call["id"] for call in reversed(calls)]
    return not due


def _answer_calls(messages: list[ChatMessage], report: Callable[[str], None]) -> list[ChatMessage]:
    answered: list[ChatMessage] = []
    texts: dict[int, list[str]] = {}  # index of a tool message in `answered` -> the results for its call
    places: dict[str, list[int]] = {}  # call id -> indices of the tool messages that may take a result, the last of them first
    for message in messages:
        if message["role"] != "tool":
            answered.append(message)
            places |= _make_room(message.get("tool_calls", ()), answered, texts)
        elif found := places.get(message["tool_call_id"]):
            texts[found[-1]].append(message["content"])
            if len(found) > 1:
                found.pop()
        else:
            report(f"a result without its call became text: {message['tool_call_id']!r}")
            answered.append(_tell_orphan(message))
    for index, results in texts.items():
        if not results:
            report(f"a call without a result got one: {answered[index]['tool_call_id']!r}")
        answered[index]["content"] = "\n\n".join(results) if results else NO_RESULT
    return answered


def _make_room(calls: Iterable[dict[str, Any]], answered: list[ChatMessage], texts: dict[int, list[str]]) -> dict[str, list[int]]:
    """Append an empty tool message for each call; gives their indices by call id."""
    places: dict[str, list[int]] = {}
    for call in calls:
        places.setdefault(call["id"], []).append(len(answered))
        texts[len(answered)] = []
        answered.append({"role": "tool", "tool_call_id": call["id"], "content": ""})
    return {call_id: indices[::-1] for call_id, indices in places.items()}


def _tell_orphan(result: ChatMessage) -> ChatMessage:
    text = f"Result of tool call {result['tool_call_id']}, which is not part of this conversation:\n{result['content']}"
    return {"role": "user", "content": text}
