"""Parts for the model to play, whatever the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .llama_server import AT_ONCE, Answer, Call, Prefill

if TYPE_CHECKING:
    from collections.abc import Callable

DONE = "All done: the proof is written."
THOUGHT = "I have to write the proof first; one command does it."
SECOND_THOUGHT = "The command has run."


def has_result(chat: dict[str, Any]) -> bool:
    return any(message["role"] == "tool" for message in chat["messages"])


def call_then_finish(*calls: Call, thinking: bool = False, prefill: Prefill = AT_ONCE) -> Callable[[dict[str, Any]], Answer]:
    """A model that calls tools, and is done when it has seen a result; requests on the side, which come without tools, get a title."""

    def play(chat: dict[str, Any]) -> Answer:
        if not chat.get("tools"):
            return Answer(text="A title")
        if has_result(chat):
            return Answer(text=DONE, reasoning=SECOND_THOUGHT if thinking else "", prefill=prefill)
        return Answer(calls=calls, reasoning=THOUGHT if thinking else "")

    return play
