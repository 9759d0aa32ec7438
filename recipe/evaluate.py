"""Evaluation over HTTP: `python -m recipe.evaluate http://127.0.0.1:8080`.

Conversations of the same kind as in training, from a seed that training never saw, are played against a server of the model. An answer
counts when it is exactly right: its text, or the JSON of its tool calls.
"""

from __future__ import annotations

import argparse
import json
import random
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from recipe.skills import Assistant, ToolResults, User, make_turn
from recipe.tools import Tool, toolbox
from recipe.words import number

if TYPE_CHECKING:
    from recipe.skills import Turn

Message: TypeAlias = dict[str, Any]

HELD_OUT_SEED = 987654


class Play(NamedTuple):
    """One turn to be played: what is offered and said before it, and whether the model thinks."""

    turn: Turn
    tools: list[Tool]
    messages: list[Message]
    thinking: bool


class Score:
    """How many answers of each kind were right, and what was wrong with the others."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.wrong: list[str] = []

    def count(self, kind: str, wanted: Any, got: Any, question: str) -> None:
        """Count one answer."""
        self.asked[kind] += 1
        self.right[kind] += wanted == got
        if wanted != got:
            self.wrong.append(f"{kind}: {question!r}\n  wanted {wanted!r}\n  got    {got!r}")


class Client:
    """A Chat Completions client of one server, at temperature 0."""

    def __init__(self, base_url: str) -> None:
        self._url = base_url.rstrip("/") + "/v1/chat/completions"

    def complete(self, messages: list[Message], tools: list[Tool], *, thinking: bool) -> Message:
        """The message of the first choice."""
        body: dict[str, Any] = {"messages": messages, "max_tokens": 400, "temperature": 0}
        body["chat_template_kwargs"] = {"enable_thinking": thinking}
        if tools:
            body["tools"] = [describe(tool) for tool in tools]
        request = urllib.request.Request(self._url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            message: Message = json.load(response)["choices"][0]["message"]
            return message


def describe(tool: Tool) -> dict[str, Any]:
    """The tool as a request offers it."""
    properties = {parameter.name: {"type": "integer" if parameter.make is number else "string"} for parameter in tool.parameters}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": schema}}


def written_calls(text: str) -> list[Any]:
    """The calls in an answer as training writes them."""
    return [json.loads(part) for part in text.replace("<tool_call>", "").split("</tool_call>") if part.strip()]


def received_calls(message: Message) -> list[Any]:
    """The calls in a message as the server parsed them."""
    calls = []
    for made in message.get("tool_calls") or []:
        try:
            calls.append({"name": made["function"]["name"], "arguments": json.loads(made["function"]["arguments"])})
        except json.JSONDecodeError:
            calls.append(made["function"])
    return calls


def run(play: Play, client: Client, score: Score) -> None:
    """Play one turn; the answers of the script, not the model's, go into the history. A wrong tool call ends the turn."""
    turn, tools, messages, thinking = play
    for step in turn:
        match step:
            case User(text):
                messages.append({"role": "user", "content": text})
            case ToolResults(texts):
                ids = [made["id"] for made in messages[-1]["tool_calls"]]
                messages += [{"role": "tool", "tool_call_id": made, "content": text} for made, text in zip(ids, texts, strict=True)]
            case Assistant(thought, text):
                answer = client.complete(messages, tools, thinking=thinking)
                question = messages[-1]["content"]
                if thinking:
                    score.count("reasoning", thought, (answer.get("reasoning_content") or "").strip(), question)
                if step.calls_tools:
                    score.count("tool calls", written_calls(text), received_calls(answer), question)
                    if written_calls(text) != received_calls(answer):
                        return
                    messages.append({"role": "assistant", "content": None, "tool_calls": answer["tool_calls"]})
                else:
                    score.count("from results" if messages[-1]["role"] == "tool" else "text", text, answer.get("content"), question)
                    messages.append({"role": "assistant", "content": text})


def main() -> None:
    """Play and report."""
    parser = argparse.ArgumentParser(description="Measure how often the demo model answers exactly as trained.")
    parser.add_argument("base_url", help="a server of the model, such as http://127.0.0.1:8080")
    parser.add_argument("--turns", type=int, default=400, help="how many turns to play")
    parser.add_argument("--show", type=int, default=10, help="how many wrong answers to print")
    options = parser.parse_args()
    rng = random.Random(HELD_OUT_SEED)
    client, score = Client(options.base_url), Score()
    for _ in range(options.turns):
        tools = toolbox(rng, [1, 1, 2, 3, 4]) if rng.random() < 0.6 else []
        system: list[Message] = [{"role": "system", "content": "You are a helpful assistant."}] if rng.random() < 0.3 else []
        run(Play(make_turn(rng, tools), tools, system, rng.random() < 0.5), client, score)
    for kind, asked in sorted(score.asked.items()):
        print(f"{kind:12}  {score.right[kind]:4} of {asked:4}  {score.right[kind] / asked:6.1%}")
    for wrong in score.wrong[: options.show]:
        print(wrong)


if __name__ == "__main__":
    main()
