"""Work that is done once for all who want it at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Joint(Generic[T]):
    """Work with any number of waiters: each may leave without harm to the others, and the last one to leave ends it.

    Args:
        work: begins at once.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._task = asyncio.create_task(work)
        self._waiting = 0

    @property
    def is_open(self) -> bool:
        """Whether who comes now still has something to wait for."""
        return not self._task.done() and not self._task.cancelling()

    async def wait(self) -> T:
        """What the work gives, or raises."""
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._task.cancel()  # which does nothing to what is done
