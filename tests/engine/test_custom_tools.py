"""Grammars of custom tools, held by the real engine while a model writes that knows nothing of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import lark
import openai
import pytest

from triglot.backend.profiles import LLAMA_SERVER
from triglot.dialects.responses.grammar import plan_grammar
from triglot.generated.responses import models as wire

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

# Of the structure of Codex's, with lines short enough for a model that writes by chance.
PATCH = r"""
start: opening section~1..2 closing
opening: "=== Open" LF
closing: "=== Close" LF?
section: added | removed | changed
added: "=== New: " path LF new_line~1..2
removed: "=== Gone: " path LF
changed: "=== Edit: " path LF ("=== Now: " path LF)? edits?
path: /[^\n]{1,6}/
new_line: "+" LF | "+" /[^\n]{1,6}/ LF -> line
edits: (place | edit_line)~1..3 ("=== End" LF)?
place: ("@@" | "@@ " /[^\n]{1,6}/) LF
edit_line: ("+" | "-" | " ") /[^\n]{1,6}/ LF
%import common.LF
"""
SPACED = """
start: sum
sum: NUMBER | sum "+" NUMBER
NUMBER: /[0-9]{1,2}/
%import common.WS_INLINE
%ignore WS_INLINE
"""
EXPRESSIONS = [
    "",
    "yes|no",
    "|a",
    r"(a|)b",
    r"^(?P<month>Jan|Feb) \d{1,2}(?:st|nd)?$",
    r"[^a]{0,9}",
    r"[^\n]{1,8}\n([^\n]{0,8}\n){0,2}",
    r"[\s\S]{5,12}",
    r'"\\\n\r\t\x00\x1b\x7f"',
    r'["\\]{8}',
    r"[\x00-\x1f]{4}",
    r"[\^\]\-\[a-c.*$]{6}",
    r"\.\*(x\.)*(\+y)?[+]",
    r"\w{3,9}",
    r"\D{3}",
    r"(?i)héllo{2}",
    "é{2,4}ü",
    "😀{2}[😀-😎]",
    "((a?b?)*c{0,2}){1,2}d",
    "(a{0,20}){20}b",
]


def form(syntax: str, definition: str) -> dict[str, Any]:
    return {"type": "grammar", "syntax": syntax, "definition": definition}


def belongs(syntax: str, definition: str, text: str) -> bool:
    if syntax == "regex":
        return re.fullmatch(definition, text) is not None
    try:
        lark.Lark(definition, parser="earley", lexer="dynamic_complete").parse(text)
    except lark.exceptions.LarkError:
        return False
    return True


def write(engine_url: str, parameter: dict[str, Any], **options: Any) -> list[str]:
    """The inputs that the model calls a tool with; none when it was cut off on the way."""
    function = {"name": "edit", "parameters": {"type": "object", "properties": {"input": parameter}, "required": ["input"]}}
    body = {
        "messages": [{"role": "user", "content": "Use edit with input=hello"}],
        "tools": [{"type": "function", "function": function}],
        "max_tokens": 400,
        **options,
    }
    answer = httpx.post(f"{engine_url}/v1/chat/completions", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    [choice] = answer.json()["choices"]
    if choice["finish_reason"] != "tool_calls":
        return []
    return [json.loads(call["function"]["arguments"])["input"] for call in choice["message"]["tool_calls"]]


@pytest.mark.parametrize(
    ("syntax", "definition", "tool_choice"),
    [
        ("lark", PATCH, "required"),
        ("lark", PATCH, "auto"),
        ("lark", SPACED, "required"),
        *(("regex", expression, "required") for expression in EXPRESSIONS),
    ],
)
def test_what_the_model_writes_follows_the_grammar(engine_url: str, syntax: str, definition: str, tool_choice: str) -> None:
    plan = plan_grammar(wire.CustomToolGrammar.model_validate(form(syntax, definition)), LLAMA_SERVER)
    assert "pattern" in plan.parameter
    assert plan.accepts is not None
    written = []
    for seed, temperature in enumerate([0, 1, 1.6]):
        written += write(engine_url, plan.parameter, tool_choice=tool_choice, temperature=temperature, seed=seed)
    assert written
    for text in written:
        assert belongs(syntax, definition, text), text
        assert plan.accepts(text), text


def test_without_the_pattern_it_does_not(engine_url: str) -> None:
    [text] = write(engine_url, {"type": "string"}, tool_choice="required", temperature=0)
    assert text == "hello"


@pytest.mark.parametrize(
    "expression",
    [
        "a{1000}",
        "(a{1000}b){1000}",
        "(" * 60 + "a" + ")?b" * 60,
        "(ab)*" * 480,
        "[a-z]*" * 480,
        "((a|b)*(a|c)*)*d" * 20,
        "(a?b?c?d?)*" * 20,
    ],
)
def test_the_engine_takes_what_is_within_the_limits(engine_url: str, expression: str) -> None:
    plan = plan_grammar(wire.CustomToolGrammar.model_validate(form("regex", expression)), LLAMA_SERVER)
    assert "pattern" in plan.parameter
    write(engine_url, plan.parameter, tool_choice="required", max_tokens=40)


@pytest.fixture
def client(gateway: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("tool_choice", ["required", "auto", {"type": "custom", "name": "edit"}], ids=["required", "auto", "named"])
def test_a_custom_call_through_the_gateway(client: openai.OpenAI, tool_choice: Any, streamed: bool) -> None:
    tools: Any = [{"type": "custom", "name": "edit", "description": "Edits.", "format": form("lark", PATCH)}]
    options: Any = {"model": "tiny-demo", "input": "Use edit with input=hello", "tools": tools, "tool_choice": tool_choice, "store": False}
    if streamed:
        with client.responses.stream(**options) as stream:
            response = stream.get_final_response()
    else:
        response = client.responses.create(**options)
    calls = [item for item in response.output if item.type == "custom_tool_call"]
    assert calls
    for call in calls:
        assert call.name == "edit"
        assert belongs("lark", PATCH, call.input), call.input


def test_an_input_that_nothing_held_to_its_grammar_is_incomplete(client: openai.OpenAI) -> None:
    nested = form("lark", 'start: "(" start ")" | /[0-9]/')
    tools: Any = [{"type": "custom", "name": "edit", "format": nested}]
    response = client.responses.create(
        model="tiny-demo", input="Use edit with input=hello", tools=tools, tool_choice="required", store=False, temperature=0
    )
    [call] = [item for item in response.output if item.type == "custom_tool_call"]
    assert call.input == "hello"
    assert call.to_dict()["status"] == "incomplete"
