from __future__ import annotations

import pytest

from triglot.order import Cursor, OrderTable, OutOfOrderError

TABLE = OrderTable(
    start="idle",
    phases={"idle": {"begin": "open"}, "open": {"add/text": "open", "add/*": "other", "end": "done"}, "other": {"end": "done"}, "done": {}},
    terminal=frozenset({"done"}),
    qualify={"add": ("part", "type")},
)


def test_a_legal_stream() -> None:
    cursor = Cursor(TABLE)
    for event in ({"type": "begin"}, {"type": "add", "part": {"type": "text"}}, {"type": "add", "part": {"type": "new"}}, {"type": "end"}):
        assert not cursor.finished
        cursor.advance(event)
    assert cursor.finished


@pytest.mark.parametrize("event", [{"type": "end"}, {"type": "unheard of"}, {"type": "add", "part": {"type": "text"}}])
def test_an_event_out_of_order_changes_nothing(event: dict[str, object]) -> None:
    cursor = Cursor(TABLE)
    with pytest.raises(OutOfOrderError, match="phase idle"):
        cursor.advance(event)
    cursor.advance({"type": "begin"})


def test_nothing_follows_the_end() -> None:
    cursor = Cursor(TABLE)
    cursor.advance({"type": "begin"})
    cursor.advance({"type": "end"})
    with pytest.raises(OutOfOrderError):
        cursor.advance({"type": "end"})
