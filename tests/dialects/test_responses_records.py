from __future__ import annotations

import itertools
from typing import Any

import pytest

from triglot.dialects.responses.records import record_input


def record(given: Any) -> list[dict[str, Any]]:
    numbers = itertools.count()
    return record_input(given, lambda prefix: f"{prefix}{next(numbers)}")


def test_a_text_is_a_message_of_the_user() -> None:
    [message] = record("hello")
    assert message == {
        "type": "message",
        "id": "msg_0",
        "role": "user",
        "content": [{"type": "input_text", "text": "hello"}],
        "status": "completed",
    }


def test_text_of_the_assistant_has_the_fields_of_an_answer() -> None:
    [short, long] = record(
        [
            {"role": "assistant", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Hi", "annotations": None}]},
        ]
    )
    assert short["content"] == long["content"] == [{"type": "output_text", "text": "Hi", "annotations": []}]


def test_ids_stay_and_nulls_go() -> None:
    [call] = record([{"type": "function_call", "id": "fc_mine", "call_id": "c", "name": "f", "arguments": "{}", "namespace": None}])
    assert call == {"type": "function_call", "id": "fc_mine", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"}


@pytest.mark.parametrize("kind", ["item_reference", "compaction_trigger"])
def test_what_stands_for_something_else_is_no_item(kind: str) -> None:
    assert record([{"type": kind, "id": "x"}, {"role": "user", "content": "hello"}])[0]["role"] == "user"


def test_an_unknown_item_keeps_its_fields() -> None:
    assert record([{"type": "novelty", "shape": {"a": 1}}]) == [{"type": "novelty", "id": "item_0", "shape": {"a": 1}}]


@pytest.mark.parametrize("item_id", [5, 2**70, "", ["x"], {"a": 1}, False])
def test_what_is_no_id_gives_way_to_one(item_id: Any) -> None:
    assert record([{"type": "novelty", "id": item_id}]) == [{"type": "novelty", "id": "item_0"}]


@pytest.mark.parametrize("name", ["content", "output"])
def test_parts_of_an_unknown_item_may_be_anything(name: str) -> None:
    parts = ["text", 5, None, ["x"], {"a": 1}]
    assert record([{"type": "novelty", name: parts}]) == [{"type": "novelty", "id": "item_0", name: parts}]
