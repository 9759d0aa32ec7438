"""Whole conversations, written out as the chat template writes them, with the parts marked that the model learns to write."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from recipe.skills import Assistant, Step, ToolResults, User, make_turn, with_forced_call
from recipe.tools import Tool, toolbox
from recipe.words import phrase, sentences

if TYPE_CHECKING:
    from random import Random


class Learn(Enum):
    """Which tokens of a segment are targets of the training."""

    NOTHING = 0
    ALL = 1
    ALL_BUT_FIRST = 2


class Segment(NamedTuple):
    """A piece of a written-out conversation."""

    text: str
    learn: Learn


class Conversation(NamedTuple):
    """The segments of a conversation; the first `system_segments` of them are its system prompt."""

    segments: list[Segment]
    system_segments: int


def make_conversation(rng: Random) -> Conversation:
    """A random conversation of one to three turns, up to the answer that is to be learned."""
    tools = toolbox(rng, [1, 1, 1, 2, 2, 3, 4, 6]) if rng.random() < 0.55 else []
    system = write_system(system_prompt(rng), tools)
    turns = [with_forced_call(rng, make_turn(rng, tools), tools) for _ in range(rng.choice([1, 1, 1, 1, 1, 2, 2, 2, 3, 3]))]
    steps = [step for turn in turns for step in turn]
    return Conversation([*system, *_write_steps(rng, steps)], len(system))


def system_prompt(rng: Random) -> str:
    """A system prompt: usual ones, none at all, and long ones of little sense."""
    kind = rng.random()
    if kind < 0.25:
        return rng.choice([
            "You are a helpful assistant.", "You are a helpful assistant.", "You are Tiny.", "Be concise.",
            "You are a coding agent. Use tools when you need them.", "Answer in English.",
        ])  # fmt: skip
    if kind < 0.29:
        lines = [rng.choice(sentences()) for _ in range(rng.randint(1, 12))]
        ends = [" ", " ", "\n", "\n- ", "\n\n"]
        return f"You are {phrase(rng, 1, 6)}. " + "".join(rng.choice(lines) + rng.choice(ends) for _ in range(rng.randint(8, 35)))
    if kind < 0.45:
        opening = rng.choice(["You are a helpful assistant. ", ""])
        return opening + " ".join(rng.choice(sentences()) for _ in range(rng.randint(1, 4)))
    return ""


def write_system(prompt: str, tools: list[Tool]) -> list[Segment]:
    """The system message, with the tools as compact signatures."""
    if not prompt and not tools:
        return []
    lines = [prompt] if prompt else []
    if tools:
        lines.append("# Tools")
        lines += [signature(tool) for tool in tools]
    return [Segment("<|im_start|>system\n" + "\n".join(lines) + "<|im_end|>\n", Learn.NOTHING)]


def signature(tool: Tool) -> str:
    """`name(parameters): description`."""
    names = ", ".join(parameter.name for parameter in tool.parameters)
    return f"{tool.name}({names})" + (f": {tool.description}" if tool.description else "")


def _write_steps(rng: Random, steps: list[Step]) -> list[Segment]:
    """The steps up to one answer after the last user message.

    The template drops thoughts from the history, except from tool calls after the last user message whose thoughts the client sends back,
    and it fills in an empty thought where thinking is off. Each of these shapes is practised.
    """
    last_user = max(index for index, step in enumerate(steps) if isinstance(step, User))
    answers = [index for index, step in enumerate(steps) if isinstance(step, Assistant) and index > last_user]
    thinking = rng.random() < 0.6
    thoughts_sent_back = thinking and rng.random() < 0.6
    target = answers[-1] if thoughts_sent_back else rng.choice(answers)
    segments: list[Segment] = []
    for index, step in enumerate(steps[: target + 1]):
        match step:
            case User(text):
                segments.append(Segment(f"<|im_start|>user\n{text}<|im_end|>\n", Learn.NOTHING))
            case ToolResults(texts):
                results = "".join(f"\n<tool_response>\n{text}\n</tool_response>" for text in texts)
                segments.append(Segment(f"<|im_start|>user{results}<|im_end|>\n", Learn.NOTHING))
            case Assistant():
                segments.append(Segment("<|im_start|>assistant\n", Learn.NOTHING))
                with_thought = index in answers and thoughts_sent_back
                segments += _write_answer(step, final=index == target, thinking=thinking, with_thought=with_thought)
    return segments


def _write_answer(step: Assistant, *, final: bool, thinking: bool, with_thought: bool) -> list[Segment]:
    thought = f"<think>\n{step.thought}\n</think>\n\n"
    end = [] if final else [Segment("\n", Learn.NOTHING)]
    if (final and thinking) or with_thought:
        return [Segment(f"{thought}{step.text}<|im_end|>", Learn.ALL), *end]
    if final:
        return [Segment("<think>\n\n</think>\n\n", Learn.NOTHING), Segment(f"{step.text}<|im_end|>", Learn.ALL)]
    # An answer in the history stands without its thought. Its first token is no target: there the model is to begin a thought.
    return [Segment(f"{step.text}<|im_end|>", Learn.ALL_BUT_FIRST), *end]
