"""What a dialect needs of the server that it runs in: the model, its slots and its cache, ids, the clock, the defects."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from faulty.hooks import Hooks
from faulty.model import Plan, Prompt, think

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator

    from faulty.exchange import Request

Value = TypeVar("Value")

MODELS = ("reference", "reference/second")
CONTEXT = 131_072
MAX_OUTPUT = 32_768
_SLOTS = 8
_CACHED = 16  # tokens are cached in units of so many


class Host:
    """One running server, as its dialects see it.

    Attributes:
        models: ids of the models; requests may name any of them.
        context: tokens that a prompt may have, and that all streams together may write at one time.
        gap_s: pause between two tokens.
        reading_s: how long a stream takes to read a token of its prompt.
        api_key: the key that requests must show, or None.
        started: Unix time in seconds.
    """

    def __init__(
        self,
        defects: Iterable[str] = (),
        *,
        gap_s: float = 0.002,
        reading_s: float = 0.0,
        context: int = CONTEXT,
        api_key: str | None = None,
    ) -> None:
        self.hooks = Hooks(defects)
        self.models = MODELS
        self.context = context
        self.gap_s = gap_s
        self.reading_s = reading_s
        self.api_key = api_key
        self.started = self.now()
        self._written = 0
        self._busy = [False] * _SLOTS
        self._free = asyncio.Semaphore(_SLOTS)
        self._prompts: deque[list[str]] = deque(maxlen=16)
        self._tasks: set[asyncio.Task[Any]] = set()

    def plan(self, prompt: Prompt, request: Request) -> Plan:
        """Let the model answer. The caller has checked that the prompt fits."""
        tokens = prompt.tokens()
        shared = max((_shared(tokens, known) for known in self._prompts), default=0)
        cached = min(shared, len(tokens) - 1) // _CACHED * _CACHED
        self._prompts.append(tokens)
        return self.apply(f"{request.dialect}.plan", think(prompt, cached), request)

    def apply(self, point: str, value: Value, request: Request) -> Value:
        """Let the defects at a hook point change a value."""
        return self.hooks.apply(point, value, request)

    def has(self, name: str) -> bool:
        """Whether a defect is on."""
        return self.hooks.has(name)

    def new_id(self, prefix: str) -> str:
        """A fresh id."""
        return prefix + secrets.token_hex(12)

    def now(self) -> int:
        """Unix time in seconds."""
        return int(time.time())

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Keep one slot of the model busy."""
        async with self._free:
            number = self._busy.index(False)
            self._busy[number] = True
            try:
                yield
            finally:
                self._busy[number] = False

    @contextmanager
    def room(self) -> Iterator[Callable[[], bool]]:
        """What a stream writes takes room in the context, until it ends; gives what takes room for a token, if there is any."""
        mine = 0

        def take() -> bool:
            nonlocal mine
            if self._written >= self.context:
                return False
            mine += 1
            self._written += 1
            return True

        try:
            yield take
        finally:
            self._written -= mine

    async def read(self, tokens: int) -> None:
        """Time to read a part of a prompt."""
        await asyncio.sleep(tokens * self.reading_s)

    def slots(self) -> list[dict[str, Any]]:
        """What `/slots` says."""
        return [{"id": number, "n_ctx": self.context, "is_processing": busy} for number, busy in enumerate(self._busy)]

    async def pause(self) -> None:
        """Time for one token."""
        await asyncio.sleep(self.gap_s)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the requests, until it is done or the server closes."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End all that was spawned."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _shared(tokens: list[str], known: list[str]) -> int:
    """Length of the common beginning."""
    return next((n for n, (one, other) in enumerate(zip(tokens, known, strict=False)) if one != other), min(len(tokens), len(known)))
