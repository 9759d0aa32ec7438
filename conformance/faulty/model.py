"""A deterministic model: what it is asked (`Prompt`) fixes what it says (`Plan`).

It follows the steering prompts of the live cases (`skills.py`), calls tools, thinks, keeps to schemas, token limits and stop sequences.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from faulty import skills
from faulty.calls import Call, Tool, forced_call, wanted_calls
from faulty.schemas import any_object, fit

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal["system", "user", "assistant", "tool"]
Finish = Literal["stop", "length", "tool_calls", "stop_sequence"]
_PIECE = re.compile(r"\s?[A-Za-z]{1,5}|\s?\d{1,3}|\s?[^\sA-Za-z\d]|\s")


def pieces(text: str) -> list[str]:
    """The tokens of a text: short pieces of words, which join to the text again."""
    return _PIECE.findall(text)


@dataclass(frozen=True)
class Turn:
    """One message of the conversation; results of tools are turns of the role `tool`, one each."""

    role: Role
    text: str


@dataclass(frozen=True)
class Prompt:
    """What the model is asked.

    Attributes:
        turns: the conversation. A last turn of the assistant is a prefill.
        tools: what it may call; a named choice leaves one in, with `required`.
        choice: whether it may or must call.
        parallel: whether it may make several calls.
        schema: JSON schema of the answer; `{}` for any JSON object; None for free text.
        reasons: whether it thinks first.
        max_tokens: most tokens of thinking, text and calls together.
        stops: texts that end the answer and are not part of it.
    """

    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    choice: Literal["auto", "none", "required"] = "auto"
    parallel: bool = True
    schema: Mapping[str, Any] | None = None
    reasons: bool = False
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()

    def tokens(self) -> list[str]:
        """The prompt as the model reads it."""
        texts = [json.dumps([tool.name, tool.parameters]) for tool in self.tools if self.choice != "none"]
        return [piece for text in [*texts, *(f"<{turn.role}>{turn.text}" for turn in self.turns)] for piece in pieces(text)]


@dataclass(frozen=True)
class Usage:
    """Token counts. `cached` is a part of `prompt`, `reasoning` a part of `completion`."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0
    reasoning: int = 0

    @property
    def uncached(self) -> int:
        """Tokens of the prompt that have to be read."""
        return self.prompt - self.cached


@dataclass(frozen=True)
class Plan:
    """What the model says.

    Attributes:
        reasoning: its thinking; empty for none.
        text: its text; empty for none.
        calls: its tool calls. Only the last can be cut off, and only with `length`.
        finish: why it ended.
        stop: the stop sequence that it met.
        usage: token counts.
    """

    reasoning: str = ""
    text: str = ""
    calls: tuple[Call, ...] = ()
    finish: Finish = "stop"
    stop: str | None = None
    usage: Usage = field(default_factory=Usage)


def think(prompt: Prompt, cached: int = 0) -> Plan:
    """Answer a prompt.

    Args:
        prompt: what is asked.
        cached: tokens of the prompt that an earlier request left in the cache.
    """
    reasoning, text, calls = _say(prompt)
    if not prompt.parallel:
        calls = calls[:1]
    finish: Finish = "tool_calls" if calls else "stop"
    _, stop = min(((text.find(stop), stop) for stop in prompt.stops if stop and stop in text), default=(0, None))
    if stop is not None:
        text, calls, finish = text[: text.find(stop)], (), "stop_sequence"
    return _limit(Plan(reasoning if prompt.reasons else "", text, calls, finish, stop), prompt, cached)


def _say(prompt: Prompt) -> tuple[str, str, tuple[Call, ...]]:
    """Thinking, text and calls, before any limit."""
    asked = next((turn.text for turn in reversed(prompt.turns) if turn.role == "user"), "")
    results = _results(prompt)
    tools = prompt.tools if prompt.choice != "none" else ()
    calls = () if results else wanted_calls(asked, tools)
    if tools and prompt.choice == "required" and not calls:
        calls = (forced_call(tools[0], asked),)
    if calls:
        times = f" {len(calls)} times" if len(calls) > 1 else ""
        return f"I need the {calls[0].name} tool{times}.", "", calls
    if prompt.schema is not None:
        value = fit(prompt.schema, asked) if prompt.schema.get("properties") or "$ref" in prompt.schema else any_object(asked)
        return "The user wants JSON.", json.dumps(value, ensure_ascii=False), ()
    if results:
        return "I have the tool result. I can answer now.", skills.word_results(asked, results), ()
    thought, text = skills.answer(asked, [turn.text for turn in prompt.turns if turn.text != asked])
    return thought, _after_prefill(prompt, text), ()


def _results(prompt: Prompt) -> list[str]:
    """Results of tools that nothing follows."""
    results: list[str] = []
    for turn in reversed(prompt.turns):
        if turn.role != "tool":
            break
        results.insert(0, turn.text)
    return results


def _after_prefill(prompt: Prompt, text: str) -> str:
    last = prompt.turns[-1] if prompt.turns else None
    if last is None or last.role != "assistant":
        return text
    return text.removeprefix(last.text.rstrip()) or "."


def _limit(plan: Plan, prompt: Prompt, cached: int) -> Plan:
    """Cut the plan at the token limit, and count."""
    left = prompt.max_tokens if prompt.max_tokens is not None and prompt.max_tokens >= 0 else 1 << 30
    thought = pieces(plan.reasoning)[:left]
    left -= len(thought)
    words = pieces(plan.text)[:left]
    left -= len(words)
    calls: list[Call] = []
    spent = len(thought) + len(words)
    for call in plan.calls:
        name, arguments = len(pieces(call.name)), pieces(call.arguments)
        if left <= name:
            spent += left
            break
        kept = arguments[: left - name]
        calls.append(Call(call.name, "".join(kept)))
        left -= name + len(kept)
        spent += name + len(kept)
        if len(kept) < len(arguments):
            break
    whole = "".join(thought) == plan.reasoning and "".join(words) == plan.text and tuple(calls) == plan.calls
    usage = Usage(len(prompt.tokens()), cached, spent, len(thought))
    finish = plan.finish if whole else "length"
    return Plan("".join(thought), "".join(words), tuple(calls), finish, plan.stop if whole else None, usage)
