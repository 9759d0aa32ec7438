"""What was made of files that come again: agents send their whole history, pictures included, with each turn."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """Results by key; those not asked for the longest go first. Not for several threads at once.

    Args:
        max_bytes: what all results may take together; a larger one is not kept.
    """

    _ENTRY_BYTES = 200  # what an entry takes besides its result

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self._kept: OrderedDict[bytes, tuple[T, int]] = OrderedDict()

    def get(self, key: bytes) -> T | None:
        """The result, if it is still there."""
        entry = self._kept.get(key)
        if entry is None:
            return None
        self._kept.move_to_end(key)
        return entry[0]

    def put(self, key: bytes, result: T, size: int) -> None:
        """Keep a result of `size` bytes."""
        size += self._ENTRY_BYTES
        if key in self._kept:
            self._left += self._kept.pop(key)[1]
        self._kept[key] = (result, size)
        self._left -= size
        while self._left < 0:
            self._left += self._kept.popitem(last=False)[1][1]
