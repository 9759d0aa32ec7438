from __future__ import annotations

import pytest

from tests.dialects.grammar.examples import PATCH, SCRIPT, SUMS
from triglot.backend.profiles import LLAMA_SERVER, OPENAI
from triglot.dialects.responses.grammar import GrammarPlan, plan_grammar
from triglot.errors import ApiError, ErrorKind
from triglot.generated.responses import models as wire


def grammar(syntax: str, definition: str) -> wire.CustomToolGrammar:
    return wire.CustomToolGrammar.model_validate({"type": "grammar", "syntax": syntax, "definition": definition})


@pytest.mark.parametrize("form", [None, wire.CustomToolText(type="text")])
def test_free_text_needs_no_plan(form: wire.CustomToolText | None) -> None:
    assert plan_grammar(form, LLAMA_SERVER) == GrammarPlan({"type": "string"})


@pytest.mark.parametrize(("syntax", "definition"), [("lark", PATCH), ("lark", SCRIPT), ("regex", "^[a-z]+$")])
def test_llama_server_holds_the_model_to_a_grammar(syntax: str, definition: str) -> None:
    plan = plan_grammar(grammar(syntax, definition), LLAMA_SERVER)
    assert plan.parameter["type"] == "string"
    assert plan.parameter["pattern"].startswith("^")
    assert plan.hint.endswith(definition)
    assert plan.accepts is not None
    assert plan.loss == ""


def test_others_only_see_it_and_the_input_is_checked() -> None:
    plan = plan_grammar(grammar("regex", "[a-z]+"), OPENAI)
    assert plan.parameter == {"type": "string"}
    assert "regular expression" in plan.hint
    assert plan.accepts is not None
    assert plan.accepts("abc")
    assert not plan.accepts("ab1")


def test_recursion_is_checked_and_not_enforced() -> None:
    plan = plan_grammar(grammar("lark", SUMS), LLAMA_SERVER)
    assert plan.parameter == {"type": "string"}
    assert plan.accepts is not None
    assert plan.accepts("(1 + 2) + 3")
    assert not plan.accepts("(1 + 2")


def test_what_is_too_large_for_a_pattern_is_checked() -> None:
    plan = plan_grammar(grammar("regex", "a{1500}"), LLAMA_SERVER)
    assert plan.parameter == {"type": "string"}
    assert plan.accepts is not None
    assert not plan.accepts("a")
    assert plan.loss == ""


def test_what_is_too_large_for_either_is_told_and_named() -> None:
    plan = plan_grammar(grammar("regex", "(a{1500}){1500}"), LLAMA_SERVER)
    assert plan.parameter == {"type": "string"}
    assert plan.accepts is None
    assert plan.hint
    assert "too large" in plan.loss


def test_a_plan_is_made_once() -> None:
    first, second = (plan_grammar(grammar("lark", PATCH), LLAMA_SERVER) for _ in range(2))
    assert first is second
    assert plan_grammar(grammar("lark", PATCH), OPENAI) is not first


@pytest.mark.parametrize(
    ("syntax", "definition", "message"),
    [
        ("lark", "start: (", "has a Lark grammar that cannot be used: the statement ends too early"),
        ("regex", "(", "has a regular expression that cannot be used: a `(` without its `)`"),
        ("regex", "(" * 10_000, "it is nested too deeply"),
        ("lark", "start: " + "(" * 10_000, "it is nested too deeply"),
        ("lark", "start: x0\n" + "\n".join(f"x{n}: x{n + 1}" for n in range(1_200)) + '\nx1200: "a"', "it is nested too deeply"),
        ("regex", "a" * 20_001, "it is longer than 20000 characters"),
    ],
)
def test_a_definition_that_cannot_be_read_is_refused(syntax: str, definition: str, message: str) -> None:
    with pytest.raises(ApiError, match="The format of a custom tool") as refusal:
        plan_grammar(grammar(syntax, definition), LLAMA_SERVER)
    assert message in refusal.value.message
    assert refusal.value.kind is ErrorKind.INVALID_REQUEST
    assert refusal.value.param == "tools"
