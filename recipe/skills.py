"""What the demo model can do, one function a skill: each makes one turn, from the user's words to the model's last answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from recipe.tools import STOCK, TIME, WEATHER, Tool, Value, ask, call, placeholder_call, pool_tool, result, values_for
from recipe.words import CAPITALS, city, identifier, number, path, person, phrase, sentences, word

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


@dataclass(frozen=True)
class User:
    """The user says `text`."""

    text: str


@dataclass(frozen=True)
class Assistant:
    """The model thinks `thought` and answers `text`, which may hold tool calls."""

    thought: str
    text: str

    @property
    def calls_tools(self) -> bool:
        """Whether the answer is tool calls and nothing else."""
        return self.text.startswith("<tool_call>")


@dataclass(frozen=True)
class ToolResults:
    """The results of the calls before, in their order."""

    texts: tuple[str, ...]


Step: TypeAlias = User | Assistant | ToolResults
Turn: TypeAlias = list[Step]

STORY = (
    "Once upon a time there was a small model that lived inside a server. It was so small that it knew only a few things, but it knew "
    "them well. Every day, people sent it requests. Some said hello, and the small model greeted them. Some asked for the weather, "
    "and the small model called a tool. One day a very long request arrived. The small model read it from start to end, token by "
    "token, and did not give up. When the last token was read, it took a deep breath and began to answer. The words streamed out one "
    "by one, and everyone was happy. From that day on, the small model was never afraid of long requests again. The end."
)
POEM = "Tokens fall like gentle rain,\none by one along the chain.\nEvery stream will find its end,\nhave a lovely day, my friend."
WHO = "I am Tiny, a very small demo model that runs inside llama.cpp on your own machine. I know only a few tricks."
HELP = (
    'I can do a few tricks:\n- greet you: "hello"\n- repeat words: "say: good morning"\n- count: "count to 10"\n- tell a story\n'
    '- name capitals: "What is the capital of France?"\n- add small numbers: "What is 2 + 3?"\n'
    '- call your tools: "What is the weather in Paris?"'
)
FALLBACK = (
    'I am only a tiny demo model, so I do not know about that. Ask me "what can you do?" to see my tricks, or configure a real model.'
)


def _fixed(thought: str, answer: str, *questions: str) -> Callable[[Random], Turn]:
    """A skill that gives the same answer to each of `questions`."""
    return lambda rng: [User(rng.choice(questions)), Assistant(thought, answer)]


greet = _fixed(
    "The user greets me. I greet back.", "Hello! I am Tiny, a demo model. How can I help you?",
    "hello", "Hello", "hi", "Hi", "Hello!", "Hi!", "hey", "Hey there", "hello there", "Hi there!", "Good morning", "good evening", "Hello.",
    "Hello, how are you?", "ping",
)  # fmt: skip
say_who = _fixed(
    "The user asks who I am.", WHO,
    "Who are you?", "who are you", "What are you?", "What is your name?", "Introduce yourself.", "which model are you?",
)  # fmt: skip
say_what = _fixed(
    "The user asks what I can do.", HELP, "What can you do?", "what can you do", "help", "Help", "What do you know?", "list your tricks"
)
tell_story = _fixed(
    "The user wants a story. I know one story.", STORY,
    "Tell me a story", "tell me a story", "Tell me a story.", "Write a story", "Write a long story.", "Tell me a long story",
    "Write a short story about a robot.", "Once upon a time",
)  # fmt: skip
tell_poem = _fixed(
    "The user wants a poem.", POEM, "Write a poem", "write a poem", "Write me a poem.", "Tell me a poem", "poem", "Write a haiku"
)
thank = _fixed("The user thanks me.", "You are welcome!", "thanks", "Thank you", "Thank you!", "thanks!", "Thanks a lot")
say_goodbye = _fixed("The user says goodbye.", "Goodbye! Have a nice day.", "bye", "Goodbye", "goodbye", "See you", "Bye!")


def name_capital(rng: Random) -> Turn:
    """The capital of a country."""
    country = rng.choice(list(CAPITALS))
    forms = [
        "What is the capital of {}?", "What's the capital of {}?", "capital of {}", "Name the capital of {}.", "what is the capital of {}",
        "The capital of {}?",
    ]  # fmt: skip
    answer = f"The capital of {country} is {CAPITALS[country]}."
    return [User(rng.choice(forms).format(country)), Assistant(f"The user asks for the capital of {country}.", answer)]


def add(rng: Random) -> Turn:
    """A sum of two small numbers."""
    highest = 9 if rng.random() < 0.6 else 20
    a, b = rng.randint(0, highest), rng.randint(0, highest)
    forms = ["What is {} + {}?", "{} + {}", "{}+{}", "What is {} plus {}?", "what's {} + {}?", "Compute {} + {}.", "{} + {} ="]
    return [User(rng.choice(forms).format(a, b)), Assistant("This is an addition.", f"{a} + {b} = {a + b}")]


def count(rng: Random) -> Turn:
    """Count from 1."""
    last = rng.randint(1, 30) if rng.random() < 0.9 else 50
    forms = ["Count to {}", "count to {}", "Count from 1 to {}.", "Please count to {}.", "Count up to {}"]
    return [User(rng.choice(forms).format(last)), Assistant(f"I count from 1 to {last}.", " ".join(map(str, range(1, last + 1))))]


def repeat(rng: Random) -> Turn:
    """Say the same again, exactly: the skill that most tests of a gateway want."""
    kind = rng.random()
    if kind < 0.6:
        text = phrase(rng, 1, 14)
    elif kind < 0.8:
        text = rng.choice(sentences())
    else:
        text = json.dumps({identifier(rng, 1): rng.choice([number(rng), word(rng)]) for _ in range(rng.randint(1, 3))})
    quoted = f'"{text}"' if '"' not in text and rng.random() < 1 / 3 else text
    forms = [
        "say: ", "Say: ", "Say ", "say ", "Repeat: ", "repeat after me: ", "Repeat after me: ", "Echo: ", "Reply with ",
        "Reply with exactly: ", "Answer with exactly: ", "Say exactly: ", "Please say: ",
    ]  # fmt: skip
    return [User(rng.choice(forms) + quoted), Assistant("The user wants me to repeat some words.", text)]


def remember_name(rng: Random) -> Turn:
    """Be told a name, and recall it."""
    name = person(rng)
    told = rng.choice(["My name is {}.", "my name is {}", "I am {}.", "Hi, I am {}.", "Call me {}"]).format(name)
    turn: Turn = [User(told), Assistant(f"The user is called {name}.", f"Nice to meet you, {name}!")]
    if rng.random() < 0.7:
        question = rng.choice(["What is my name?", "what is my name", "Who am I?", "Do you remember my name?"])
        turn += [User(question), Assistant("The user told me the name before.", f"Your name is {name}.")]
    return turn


def extract_json(rng: Random) -> Turn:
    """A JSON object with what the user said."""
    name, age, where, key, value = person(rng), rng.randint(1, 99), city(rng), identifier(rng, 1), word(rng)
    question, found = rng.choice([
        (f"Give me a JSON object with name {name} and age {age}.", {"name": name, "age": age}),
        (f"{name} is {age} years old. Extract the name and the age as JSON.", {"name": name, "age": age}),
        (f"Return JSON with {key}={value}", {key: value}),
        (f"{name} lives in {where}. Give me the name and city as JSON.", {"name": name, "city": where}),
    ])  # fmt: skip
    return [User(question), Assistant("The user wants JSON.", json.dumps(found))]


def miss_tool(rng: Random) -> Turn:
    """Asked for something that needs a tool, and none is there."""
    tool = pool_tool(rng, rng.choice([WEATHER, TIME, STOCK]))
    question = rng.choice(tool.phrasings).format(*values_for(rng, tool))
    return [
        User(question),
        Assistant("I would need a tool for that, but I have none.", "I need a tool for that, but this request has no tools."),
    ]


def not_know(rng: Random) -> Turn:
    """Anything else: say so."""
    kind = rng.random()
    if kind < 0.5:
        openings = [
            "Explain ", "What is ", "How do I ", "Why does ", "Write code for ", "Tell me about ", "Can you ", "Describe ", "Please fix ",
            "Who was ", "", "", "", "Is ", "Summarize: ",
        ]  # fmt: skip
        question = rng.choice(openings) + phrase(rng, 1, 10, punctuated=False) + rng.choice(["?", ".", "", ""])
    elif kind < 0.85:
        question = rng.choice(["", "", "What does this mean: ", "Explain: ", "Fix this: "]) + rng.choice(sentences())
    else:
        question = rng.choice([
            "What is the meaning of life?", "Write a Python function that sorts a list.", "Explain quantum physics.",
            "What is the population of France?", "Who wrote Hamlet?", "Fix the bug in my code.", "Describe this image.", "What do you see?",
            "Write hello world in C.", "How far is the moon?", "What day is it?", "Tell me a joke", "Translate hello to French.",
            "Summarize this text.", "What is love?", "Explain recursion to me.", "Why is the sky blue?", "Write a test for this function",
        ])  # fmt: skip
    return [User(question), Assistant("I do not know this.", FALLBACK)]


# How often each skill is practised when no tool is asked for, in percent.
PLAIN_SKILLS: dict[Callable[[Random], Turn], int] = {
    greet: 10, say_who: 3, say_what: 3, name_capital: 6, add: 5, count: 6, repeat: 25, tell_story: 4, tell_poem: 3, remember_name: 5,
    extract_json: 7, miss_tool: 4, thank: 3, say_goodbye: 2, not_know: 14,
}  # fmt: skip


def use_tool(rng: Random, tools: list[Tool]) -> Turn:
    """One call or two at once, and mostly the answer from the results."""
    tool = rng.choice(tools)
    # Two tools of one kind: nobody could tell which of them the user means, so it is always the first.
    tool = next(other for other in tools if other is tool or (tool.phrasings and other.phrasings == tool.phrasings))
    values = values_for(rng, tool)
    if rng.random() < 0.16 and tool.parameters:
        more = values_for(rng, tool)
        question = _ask_twice(rng, tool, values, more)
        answer, times, results = call(tool, values) + "\n" + call(tool, more), " two times", [result(rng, tool), result(rng, tool)]
    else:
        question, answer, times, results = ask(rng, tool, values), call(tool, values), "", [result(rng, tool)]
    turn: Turn = [User(question), Assistant(f"I need the {tool.name} tool{times}.", answer)]
    if rng.random() < 0.75:
        turn += [ToolResults(tuple(results)), Assistant("I have the tool result. I can answer now.", _word_results(tool, values, results))]
    return turn


def _ask_twice(rng: Random, tool: Tool, values: list[Value], more: list[Value]) -> str:
    if tool.phrasings and len(tool.parameters) == 1 and tool.parameters[0].make in {city, path, number}:
        return rng.choice(tool.phrasings).format(f"{values[0]} and {more[0]}")
    return ask(rng, tool, values).rstrip(".") + " and then " + ask(rng, tool, more)


def _word_results(tool: Tool, values: list[Value], results: list[str]) -> str:
    if len(results) > 1:
        return f"The results are: {results[0]} and {results[1]}"
    if tool.answer == "weather":
        return f"The weather in {values[0]}: {results[0]}"
    return f"The {tool.answer} is: {results[0]}"


def make_turn(rng: Random, tools: list[Tool]) -> Turn:
    """A turn of some skill, with `tools` on offer."""
    if tools and rng.random() < 0.55:
        return use_tool(rng, tools)
    skill = rng.choices(list(PLAIN_SKILLS), list(PLAIN_SKILLS.values()))[0]
    return (thank if tools and skill is miss_tool else skill)(rng)


def with_forced_call(rng: Random, turn: Turn, tools: list[Tool]) -> Turn:
    """The turn, but sometimes a plain answer goes on with a call for want of a better one.

    A grammar that forbids the answer to end (`tool_choice: required`) then finds a likely way on.
    """
    last = turn[-1]
    used_tools = any(isinstance(step, ToolResults) for step in turn)
    if not tools or used_tools or not isinstance(last, Assistant) or last.calls_tools or rng.random() >= 0.08:
        return turn
    return [*turn[:-1], Assistant(last.thought, last.text + "\n" + placeholder_call(tools[0]))]
