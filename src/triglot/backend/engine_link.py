"""The engine as the gateway's other processes see it: where it is at this moment, and how it is given orders."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Final

import msgspec

from triglot.backend.client import Place
from triglot.backend.engine_channel import ChannelError, ask
from triglot.backend.engine_state import StateReader
from triglot.backend.orders import Reply
from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from pathlib import Path

    from triglot.backend.engine_state import EngineState
    from triglot.backend.orders import Order

NOTICED_WITHIN_S: Final = 1.0
"""The owner of an engine that has died knows by then."""
_REASONS: Final = {
    "loading": "The model is still being loaded. Try again in a moment; GET /api/engine/progress tells how far it is.",
    "restarting": "The engine has crashed and is being started again. Try again in a moment.",
    "failed": "The engine has crashed and did not come back yet; it is tried again. The log of triglot has the reason.",
    "stopping": "The engine is being stopped.",
    "unloaded": "No model is loaded. Load one with POST /api/engine/load.",
}
_WORTH_WAITING: Final = frozenset({"loading", "restarting"})


class EngineLink:
    """For one process.

    Args:
        directory: where the owner keeps its state and its door.
        wait_s: how long a request waits for an engine that is loading.
    """

    def __init__(self, directory: Path, *, wait_s: float) -> None:
        self._directory = directory
        self._reader = StateReader(directory)
        self._wait_s = wait_s

    def look(self) -> EngineState:
        """The state as it is now."""
        return self._reader.look()

    def find(self, since: float, gone: int | None) -> Place | None:
        """See `triglot.backend.client.Locator`."""
        state = self.look()
        waited_s = time.monotonic() - since
        if state.url is not None:
            is_same = gone is not None and state.serial <= gone
            return None if is_same and waited_s < NOTICED_WITHIN_S else Place(state.url, state.serial, state.key)
        if state.state in _WORTH_WAITING and waited_s < self._wait_s:
            return None
        raise ApiError(ErrorKind.BACKEND_LOADING, _REASONS[state.state], retry_after_s=math.ceil(state.retry_s or 1))

    async def order(self, order: Order) -> Reply:
        """Have an order carried out.

        Raises:
            ApiError: INTERNAL; the owner of the engine has gone.
        """
        try:
            return msgspec.json.decode(await asyncio.to_thread(ask, self._directory, msgspec.json.encode(order)), type=Reply)
        except ChannelError as error:
            raise ApiError(ErrorKind.INTERNAL, f"The order cannot be carried out: {error}.") from error
