"""Tools for the conversations: a pool of common ones under many names, tools made up on the spot, calls and results."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from recipe.words import city, identifier, number, path, person, phrase, sentences, word

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Value: TypeAlias = str | int
Make: TypeAlias = "Callable[[Random], Value]"
Answer: TypeAlias = Literal["weather", "sum", "result"]


class Parameter(NamedTuple):
    """A parameter of a tool, and how values for it are made."""

    name: str
    make: Make


@dataclass(frozen=True)
class Tool:
    """A tool as one conversation offers it.

    Attributes:
        name: its name.
        description: its description, possibly empty.
        parameters: in the order of the signature.
        phrasings: how users ask for it, with `{0}`, `{1}` for the values; empty for made-up tools.
        answer: how the model words the result.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    phrasings: tuple[str, ...] = ()
    answer: Answer = "result"


class Kind(NamedTuple):
    """A tool of the pool, with the names and descriptions that it goes by."""

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    parameters: tuple[tuple[tuple[str, ...], Make], ...]
    phrasings: tuple[str, ...]
    answer: Answer = "result"


def _command(rng: Random) -> str:
    program = rng.choice(["ls", "cat", "echo", "git", "grep", "make", "python"])
    return " ".join([program, *(rng.choice(["-l", "-a", "status", "-v", word(rng), path(rng)]) for _ in range(rng.randint(0, 2)))])


def _symbol(rng: Random) -> str:
    return "".join(rng.choice(string.ascii_uppercase) for _ in range(rng.randint(2, 5)))


def _short_text(rng: Random) -> str:
    return phrase(rng, 1, 5)


def _language(rng: Random) -> str:
    return rng.choice(["French", "German", "Spanish", "Italian", "Japanese"])


WEATHER = Kind(
    names=("get_weather", "weather", "get_current_weather", "getWeather", "weather_lookup", "get_forecast"),
    descriptions=(
        "Get the weather in a city",
        "Get the current weather",
        "Weather for a location",
        "Current weather in a given city.",
    ),
    parameters=((("city", "location", "place"), city),),
    phrasings=(
        "What is the weather in {0}?",
        "What's the weather in {0}?",
        "what is the weather like in {0}",
        "How is the weather in {0} today?",
        "Weather in {0}?",
        "Tell me the weather in {0}.",
        "Is it raining in {0}?",
        "weather {0}",
        "What is the weather like in {0} right now?",
    ),
    answer="weather",
)
TIME = Kind(
    names=("get_time", "current_time", "clock", "get_current_time"),
    descriptions=("Get the current time", "Tells the time in a timezone or city"),
    parameters=((("timezone", "city", "zone"), city),),
    phrasings=("What time is it in {0}?", "Tell me the time in {0}.", "time in {0}", "What is the time in {0}?"),
)
STOCK = Kind(
    names=("get_stock_price", "stock_price", "quote"),
    descriptions=("Get a stock price", "Price of a stock"),
    parameters=((("symbol", "ticker"), _symbol),),
    phrasings=("What is the stock price of {0}?", "Stock price of {0}", "How much is {0} stock?"),
)
POOL = (
    WEATHER,
    Kind(
        names=("add", "add_numbers", "sum", "calculate_sum"),
        descriptions=("Add two numbers", "Adds numbers", "Compute the sum of two numbers"),
        parameters=((("a", "x"), number), (("b", "y"), number)),
        phrasings=("Add {0} and {1}.", "What is {0} plus {1}?", "What is {0} + {1}?", "Please add {0} and {1}", "Sum {0} and {1}."),
        answer="sum",
    ),
    Kind(
        names=("search", "web_search", "search_web", "find"),
        descriptions=("Search the web", "Search for documents", "Full text search"),
        parameters=((("query", "q", "text"), _short_text),),
        phrasings=("Search for {0}", "Search the web for {0}", "Find {0}", "search {0}", "Look up {0}"),
    ),
    Kind(
        names=("read_file", "Read", "open_file", "cat_file"),
        descriptions=("Read a file", "Reads a file from disk"),
        parameters=((("path", "file_path", "file", "filename"), path),),
        phrasings=("Read the file {0}", "Show me the file {0}", "Open {0}", "read {0}", "What is in the file {0}?"),
    ),
    Kind(
        names=("run", "Bash", "shell", "execute_command", "run_command"),
        descriptions=("Run a shell command", "Executes a command"),
        parameters=((("command", "cmd"), _command),),
        phrasings=("Run {0}", "Run the command {0}", "Execute {0}", "run: {0}"),
    ),
    TIME,
    Kind(
        names=("send_email", "send_message", "email"),
        descriptions=("Send a message to a person", "Sends an email"),
        parameters=((("to", "recipient"), person), (("body", "text", "message"), phrase)),
        phrasings=("Send an email to {0} saying {1}", "Send {0} a message: {1}", "Email {0}: {1}", "Tell {0} that {1}"),
    ),
    STOCK,
    Kind(
        names=("translate", "translate_text"),
        descriptions=("Translate text", "Translates text into a language"),
        parameters=((("text",), _short_text), (("language", "target"), _language)),
        phrasings=("Translate {0} to {1}", "Translate {0} into {1}"),
    ),
    Kind(
        names=("roll_dice", "roll", "dice"),
        descriptions=("Roll a die", "Rolls dice with n sides"),
        parameters=((("sides", "n"), number),),
        phrasings=("Roll a die with {0} sides", "Roll a {0} sided die"),
    ),
    Kind(
        names=("set_alarm", "set_timer", "timer"),
        descriptions=("Set a timer", "Sets an alarm"),
        parameters=((("minutes", "duration"), number),),
        phrasings=("Set a timer for {0} minutes", "Wake me in {0} minutes"),
    ),
)


def pool_tool(rng: Random, kind: Kind | None = None) -> Tool:
    """A tool of the pool under one of its names."""
    kind = kind or rng.choice(POOL)
    description = rng.choice(kind.descriptions) + rng.choice(["", "", "."]) if rng.random() < 0.85 else ""
    parameters = tuple(Parameter(rng.choice(names), make) for names, make in kind.parameters)
    return Tool(rng.choice(kind.names), description, parameters, kind.phrasings, kind.answer)


def made_up_tool(rng: Random) -> Tool:
    """A tool that exists nowhere else."""
    name = rng.choice([
        identifier(rng, 3), identifier(rng, 2), "get_" + identifier(rng, 1), "create_" + identifier(rng, 1),
        identifier(rng, 1).capitalize(),
    ])  # fmt: skip
    parameters: dict[str, Parameter] = {}
    makers: list[Make] = [number, word, city, _short_text, path]
    for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3])):
        parameter = identifier(rng, 2)
        parameters.setdefault(parameter, Parameter(parameter, rng.choice(makers)))
    words = " ".join(word(rng) for _ in range(rng.randint(2, 6))).capitalize()
    return Tool(name, rng.choice(["", words, rng.choice(sentences())[:80]]), tuple(parameters.values()))


def toolbox(rng: Random, sizes: list[int]) -> list[Tool]:
    """Some tools with different names, about as many as one of `sizes`."""
    tools: dict[str, Tool] = {}
    for _ in range(rng.choice(sizes)):
        tool = pool_tool(rng) if rng.random() < 0.6 else made_up_tool(rng)
        tools.setdefault(tool.name, tool)
    return list(tools.values())


def values_for(rng: Random, tool: Tool) -> list[Value]:
    """One value for each parameter."""
    return [parameter.make(rng) for parameter in tool.parameters]


def ask(rng: Random, tool: Tool, values: list[Value]) -> str:
    """A user's words that lead to this call."""
    if tool.phrasings and rng.random() < 0.8:
        return rng.choice(tool.phrasings).format(*values)
    if not values:
        forms = ["Call {}", "Use {}", "Please call {}", "Use the tool {}", "Call the {} tool"]
        return rng.choice(forms).format(tool.name) + rng.choice(["", ".", ""])
    pairs = [
        f"{parameter.name}{rng.choice(['=', ': ', ' ', '='])}{value}" for parameter, value in zip(tool.parameters, values, strict=True)
    ]
    forms = [
        "Call {} with {}", "Use {} with {}", "call {} with {}", "Please call {} with {}", "Use the tool {} with {}",
        "Call the {} tool with {}",
    ]  # fmt: skip
    return rng.choice(forms).format(tool.name, rng.choice([", ", " and "]).join(pairs)) + rng.choice(["", ".", ""])


def call(tool: Tool, values: list[Value]) -> str:
    """The call as the model writes it."""
    arguments = {parameter.name: value for parameter, value in zip(tool.parameters, values, strict=True)}
    return "<tool_call>\n" + json.dumps({"name": tool.name, "arguments": arguments}, ensure_ascii=False) + "\n</tool_call>"


def placeholder_call(tool: Tool) -> str:
    """A call for want of better arguments."""
    return call(tool, [0 if parameter.make is number else "unknown" for parameter in tool.parameters])


def result(rng: Random, tool: Tool) -> str:
    """What the tool gives back."""
    kind = rng.random()
    if tool.answer == "weather" and kind < 0.6:
        degrees = rng.randint(-20, 45)
        return rng.choice([
            f"{degrees} degrees and {rng.choice(['sunny', 'cloudy', 'rainy', 'snowing', 'windy', 'clear'])}",
            f"{degrees}C, {rng.choice(['sunny', 'rain', 'clouds', 'snow'])}",
            json.dumps({
                rng.choice(["temp", "temperature", "temp_c"]): degrees,
                rng.choice(["sky", "condition", "conditions"]): rng.choice(["sunny", "cloudy", "rain"]),
            }),
        ])  # fmt: skip
    if kind < 0.3:
        return str(number(rng))
    if kind < 0.5:
        return json.dumps({identifier(rng, 1): rng.choice([number(rng), word(rng), True, False]) for _ in range(rng.randint(1, 3))})
    if kind < 0.6:
        return rng.choice(sentences())
    return phrase(rng, 1, 8)
