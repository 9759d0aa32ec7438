"""Parts for the model to play, whatever the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .llama_server import AT_ONCE, Answer, Call, Prefill, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

PROOF = "triglot-was-here"
DONE = "All done: the proof is written."
THOUGHT = "I have to write the proof first; one command does it."
SECOND_THOUGHT = "The command has run."
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # one pixel


def has_result(chat: dict[str, Any]) -> bool:
    return any(message["role"] == "tool" for message in chat["messages"])


def pictures_in(chat: dict[str, Any]) -> list[str]:
    """The beginnings of the images' URLs."""
    parts = [part for message in chat["messages"] if isinstance(message["content"], list) for part in message["content"]]
    return [part["image_url"]["url"][:22] for part in parts if part["type"] == "image_url"]


def call_then_finish(*calls: Call, thinking: bool = False, prefill: Prefill = AT_ONCE) -> Callable[[dict[str, Any]], Answer]:
    """A model that calls tools, and is done when it has seen a result; requests on the side, which come without tools, get a title."""

    def play(chat: dict[str, Any]) -> Answer:
        if not chat.get("tools"):
            return Answer(text="A title")
        if has_result(chat):
            return Answer(text=DONE, reasoning=SECOND_THOUGHT if thinking else "", prefill=prefill)
        return Answer(calls=calls, reasoning=THOUGHT if thinking else "")

    return play


def act(*turns: Turn) -> Callable[[dict[str, Any]], Turn]:
    """A model that gives its answers in order, the first one at the start of the conversation; each is one message in it."""

    def play(chat: dict[str, Any]) -> Turn:
        return turns[min(sum(message["role"] == "assistant" for message in chat["messages"]), len(turns) - 1)]

    return play
