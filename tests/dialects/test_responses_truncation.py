from __future__ import annotations

from typing import Any

from triglot.dialects.responses.truncation import drop_before, find_cuts

SYSTEM = {"role": "system", "content": "Be nice."}


def turn(number: int) -> list[dict[str, Any]]:
    call = {"id": f"c{number}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return [
        {"role": "user", "content": f"question {number}"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"c{number}", "content": "42"},
        {"role": "assistant", "content": f"answer {number}"},
    ]


def test_a_cut_never_parts_a_call_from_its_result() -> None:
    messages = [SYSTEM, *turn(1), *turn(2), {"role": "user", "content": "question 3"}]
    cuts = find_cuts(messages)
    assert [messages[cut]["content"] for cut in cuts] == ["question 2", "question 3"]
    assert drop_before(messages, cuts[0]) == [SYSTEM, *turn(2), messages[-1]]
    assert drop_before(messages, cuts[1]) == [SYSTEM, messages[-1]]


def test_the_turn_to_be_answered_always_stays() -> None:
    assert find_cuts([SYSTEM, *turn(1)]) == []
    assert drop_before(turn(1) + turn(2), 4) == turn(2)
