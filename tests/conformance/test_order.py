from __future__ import annotations

from typing import Any

import pytest

from triglot_conformance.contract.order import StreamRules

TOY: dict[str, Any] = {
    "framing": {"event_line": "type", "sentinel": None},
    "symbols": {"field": "type", "qualify": {"open": "item.kind"}},
    "order": {
        "start": "idle",
        "phases": {
            "idle": {"begin": "between"},
            "between": {"open/text": "text", "open/*": "other", "end": "done"},
            "text": {"add": "text", "whole": "text", "close": "between"},
            "other": {"close": "between"},
            "done": {},
            "failed": {},
        },
        "anywhere": {"ping": "=", "error": "failed"},
        "terminal": ["done", "failed"],
    },
    "invariants": [
        {"kind": "counter", "field": "n", "from": 0},
        {"kind": "index", "field": "index", "from": 0, "opens": ["open/*"], "inside": ["add", "close"], "per": ["begin"]},
        {"kind": "identity", "field": "item_id", "opens": ["open"], "path": "item.id", "inside": ["add", "close"]},
        {"kind": "concat", "deltas": ["add"], "delta": "text", "whole": "whole", "path": "text"},
        {"kind": "constant", "paths": ["model"]},
        {"kind": "once", "symbols": ["begin", "error"]},
    ],
}
LEGAL: list[dict[str, Any]] = [
    {"type": "begin", "n": 0, "model": "m"},
    {"type": "ping"},
    {"type": "open", "n": 1, "index": 0, "item": {"kind": "text", "id": "a"}},
    {"type": "add", "n": 2, "index": 0, "item_id": "a", "text": "on"},
    {"type": "add", "n": 3, "index": 0, "item_id": "a", "text": "ce"},
    {"type": "whole", "n": 4, "text": "once"},
    {"type": "close", "n": 5, "index": 0, "item_id": "a"},
    {"type": "open", "n": 6, "index": 1, "item": {"kind": "picture", "id": "b"}},
    {"type": "close", "n": 7, "index": 1, "item_id": "b"},
    {"type": "end", "n": 8, "model": "m"},
]
RULES = StreamRules(TOY)


def test_a_legal_stream_has_no_findings() -> None:
    assert RULES.check_order(LEGAL) == []
    assert RULES.check_invariants(LEGAL) == []


@pytest.mark.parametrize("length", range(len(LEGAL)))
def test_every_prefix_is_in_order_but_not_at_an_end(length: int) -> None:
    (finding,) = RULES.check_order(LEGAL[:length])
    assert "not terminal" in finding


@pytest.mark.parametrize("number", [n for n, event in enumerate(LEGAL) if event["type"] in ("begin", "open", "close")])
def test_a_lost_event_is_out_of_order(number: int) -> None:
    assert RULES.check_order(LEGAL[:number] + LEGAL[number + 1 :])


def test_nothing_follows_the_end() -> None:
    assert RULES.check_order([*LEGAL, {"type": "ping"}]) == ["event 10 (ping) may not come in phase done"]
    assert RULES.check_order([*LEGAL[:3], {"type": "error"}]) == []
    assert RULES.check_order([{"type": "error"}, {"type": "error"}])


def test_an_unknown_event_is_out_of_order() -> None:
    assert RULES.check_order([{"type": "begin"}, {"nothing": 1}]) == ["event 1 (unknown) may not come in phase between"]


@pytest.mark.parametrize(
    ("number", "change", "words"),
    [
        (3, {"n": 3}, "n is 3, expected 2"),
        (7, {"index": 0}, "index is 0, expected 1"),
        (3, {"index": 1}, "index is 1, the open one is 0"),
        (8, {"item_id": "a"}, 'item_id is "a", opened as "b"'),
        (6, {"item_id": None}, 'item_id is null, opened as "a"'),
        (5, {"text": "on"}, 'text is "on", the deltas make "once"'),
        (9, {"model": "other"}, 'model is "other", before it was "m"'),
        (9, {"type": "begin"}, "(begin): a second one"),
    ],
)
def test_each_invariant_catches_its_breach(number: int, change: dict[str, Any], words: str) -> None:
    broken = [event | change if n == number else event for n, event in enumerate(LEGAL)]
    assert any(words in finding for finding in RULES.check_invariants(broken)), RULES.check_invariants(broken)


def test_an_empty_string_is_not_yet_a_value() -> None:
    assert RULES.check_invariants([LEGAL[0] | {"model": ""}, *LEGAL[1:]]) == []
    assert RULES.check_invariants([{**LEGAL[0], "model": "other"}, LEGAL[1] | {"model": ""}, *LEGAL[2:]]) != []


def test_a_missing_index_is_a_breach() -> None:
    broken = [{key: value for key, value in event.items() if key != "index"} for event in LEGAL]
    assert any("index is missing" in finding for finding in RULES.check_invariants(broken))


CHUNKS = StreamRules(
    {
        "framing": {"event_line": None, "sentinel": "[DONE]"},
        "symbols": {
            "first_match": [
                {"symbol": "failure", "present": "error"},
                {"symbol": "usage", "present": "usage", "empty": "choices"},
                {"symbol": "piece", "present": "choices"},
            ]
        },
        "order": {"start": "s", "phases": {"s": {"piece": "s", "usage": "t"}, "t": {}, "failed": {}}, "anywhere": {"failure": "failed"},
                  "terminal": ["t", "failed"]},
        "invariants": [
            {"kind": "closed", "per": "choices", "key": "index", "by": "finish_reason"},
            {"kind": "fragments", "per": "choices", "key": "index", "list": "delta.tool_calls", "index": "index", "from": 0,
             "first": ["id", "function.name"]},
        ],
    }
)  # fmt: skip


def piece(*calls: dict[str, Any], index: int = 0, finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": {"tool_calls": list(calls)}, "finish_reason": finish_reason}]}


def first(index: int, **fields: Any) -> dict[str, Any]:
    return {"index": index, "id": f"call{index}", "function": {"name": "f", "arguments": ""}, **fields}


def more(index: int, **fields: Any) -> dict[str, Any]:
    return {"index": index, "function": {"arguments": "x"}, **fields}


def test_events_without_a_type_are_named_by_the_first_rule_that_fits() -> None:
    assert CHUNKS.symbol({"choices": [], "usage": {"total": 1}}) == "usage"
    assert CHUNKS.symbol({"choices": [{"index": 0}], "usage": {"total": 1}}) == "piece"
    assert CHUNKS.symbol({"error": {"message": "x"}}) == "failure"
    assert CHUNKS.symbol({"choices": []}) == ""


def test_fragments_in_order_have_no_findings() -> None:
    events = [piece(first(0)), piece(more(0)), piece(first(1), more(1)), piece(more(1, id="call1")), piece(finish_reason="stop")]
    assert CHUNKS.check_invariants(events) == []


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([piece(more(0))], "lacks id"),
        ([piece({"index": 0, "id": "c", "function": {}})], "lacks function.name"),
        ([piece(first(1))], "index is 1, expected 0"),
        ([piece(first(0)), piece(first(2))], "index is 2, expected 0 or the next"),
        ([piece(first(0)), piece(first(1)), piece(more(0))], "index is 0, expected 1 or the next"),
        ([piece(first(0)), piece(more(0, id="other"))], 'id of 0 changes to "other"'),
        ([piece(first(0))], "choices 0 never gets its finish_reason"),
        ([piece(finish_reason="stop"), piece()], "choices 0 goes on after its finish_reason"),
        ([piece(finish_reason="stop"), piece(index=1)], "choices 1 never gets"),
    ],
)
def test_closed_and_fragments_catch_their_breaches(events: list[dict[str, Any]], words: str) -> None:
    assert any(words in finding for finding in CHUNKS.check_invariants(events)), CHUNKS.check_invariants(events)


def test_a_failed_stream_may_leave_choices_open() -> None:
    assert CHUNKS.check_invariants([piece(first(0)), {"error": {"message": "x"}}]) == []
