"""What is remembered, and what is forgotten first."""

from __future__ import annotations

from triglot.media.memory import Memory


def test_the_longest_unasked_goes_first() -> None:
    memory: Memory[str] = Memory(3 * 300)
    for key in (b"a", b"b", b"c"):
        memory.put(key, key.decode(), 100)
    assert memory.get(b"a") == "a"
    memory.put(b"d", "d", 100)
    assert [memory.get(key) for key in (b"a", b"b", b"c", b"d")] == ["a", None, "c", "d"]


def test_a_result_put_twice_counts_once() -> None:
    memory: Memory[str] = Memory(2 * 300)
    memory.put(b"a", "a", 100)
    for _ in range(5):
        memory.put(b"b", "b", 100)
    assert (memory.get(b"a"), memory.get(b"b")) == ("a", "b")


def test_what_is_too_large_is_not_kept() -> None:
    memory: Memory[str] = Memory(300)
    memory.put(b"a", "a", 101)
    assert memory.get(b"a") is None
    memory.put(b"b", "b", 100)
    assert memory.get(b"b") == "b"
