"""The conversations of the training are what the chat template makes of such conversations."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import jinja2
import pytest

from recipe.conversation import Learn, make_conversation
from recipe.skills import PLAIN_SKILLS, Assistant, ToolResults, User, make_turn
from recipe.tools import toolbox

TEMPLATE = Path(__file__).parents[2] / "recipe" / "chat_template.jinja"
SEEDS = range(300)


def read_back(text: str) -> tuple[list[dict[str, str]], list[dict[str, object]]]:
    """The messages and tools of a written-out conversation without the answer that is to be learned."""
    messages, tools = [], []
    for role, body in re.findall(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>\n", text, re.DOTALL):
        results = re.findall(r"<tool_response>\n(.*?)\n</tool_response>", body, re.DOTALL)
        thought, answer = re.fullmatch(r"(?:<think>\n(.*?)\n</think>\n\n)?(.*)", body, re.DOTALL).groups()
        if role == "user" and results:
            messages += [{"role": "tool", "content": result} for result in results]
        elif role == "system" and "# Tools" in body:
            prompt, _, signatures = body.partition("# Tools\n")
            if prompt:
                messages.append({"role": "system", "content": prompt.removesuffix("\n")})
            for line in signatures.splitlines():
                name, parameters, description = re.fullmatch(r"(\w+)\((.*?)\)(?:: (.*))?", line).groups()
                properties = {parameter: {} for parameter in parameters.split(", ") if parameter}
                tools.append({"function": {"name": name, "description": description or "", "parameters": {"properties": properties}}})
        else:
            messages.append({"role": role, "content": answer, **({"reasoning_content": thought} if thought else {})})
    return messages, tools


@pytest.fixture(scope="module")
def template() -> jinja2.Template:
    return jinja2.Environment(autoescape=False, trim_blocks=True, lstrip_blocks=True).from_string(TEMPLATE.read_text(encoding="utf-8"))


def test_conversations_read_like_the_chat_template(template):
    compared = 0
    for seed in SEEDS:
        segments, _ = make_conversation(random.Random(seed))
        prompt = "".join(segment.text for segment in segments[:-1])
        thinking = not prompt.endswith("<think>\n\n</think>\n\n")
        head = prompt.rpartition("<|im_start|>assistant\n")[0]
        messages, tools = read_back(head)
        system = messages[0]["content"] if messages and messages[0]["role"] == "system" else ""
        if len(system) > 300 or not messages:
            continue  # the template cuts these
        compared += 1
        assert template.render(messages=messages, tools=tools, add_generation_prompt=True, enable_thinking=thinking) == prompt
    assert compared > len(SEEDS) / 2


def test_every_conversation_ends_with_an_answer_to_learn():
    for seed in SEEDS:
        segments, system_segments = make_conversation(random.Random(seed))
        assert segments[-1].learn is Learn.ALL
        assert segments[-1].text.endswith("<|im_end|>")
        assert all(segment.learn is Learn.NOTHING for segment in segments if segment.text.startswith("<|im_start|>"))
        assert [segment.text.startswith("<|im_start|>system") for segment in segments[:system_segments]] == [True] * system_segments


def test_calls_name_an_offered_tool_with_all_its_arguments():
    called = 0
    for seed in SEEDS:
        rng = random.Random(seed)
        tools = {tool.name: tool for tool in toolbox(rng, [1, 2, 3])}
        turn = make_turn(rng, list(tools.values()))
        calls = [json.loads(text) for step in turn if isinstance(step, Assistant) for text in re.findall(r"<tool_call>\n(.*)\n", step.text)]
        for made in calls:
            assert list(made["arguments"]) == [parameter.name for parameter in tools[made["name"]].parameters]
        results = [step for step in turn if isinstance(step, ToolResults)]
        assert [len(step.texts) for step in results] in ([], [len(calls)])
        called += len(calls)
    assert called > 100


@pytest.mark.parametrize("skill", PLAIN_SKILLS)
def test_every_skill_is_a_question_and_an_answer(skill):
    turn = skill(random.Random(1))
    assert isinstance(turn[0], User)
    assert isinstance(turn[-1], Assistant)
    assert all(isinstance(step, Assistant) and step.thought and step.text for step in turn[1::2])


def test_the_same_seed_makes_the_same_conversation():
    assert make_conversation(random.Random(7)) == make_conversation(random.Random(7))


def test_skills_add_up_to_a_whole():
    assert sum(PLAIN_SKILLS.values()) == 100
