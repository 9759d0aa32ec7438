"""What can be asked of the process that owns the engine, and how it answers: the forms that pass through `engine_channel`."""

from __future__ import annotations

from typing import Literal

import msgspec

from triglot.backend.checks import Report  # noqa: TC001 - msgspec reads the annotations
from triglot.backend.engine_state import EngineState, Load  # noqa: TC001
from triglot.backend.options import EngineOptions  # noqa: TC001

Swap = Literal["auto", "beside", "after"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A question.

    Attributes:
        do: what is asked for.
        options: of `load` and `validate`.
        swap: of `load`; None for what the settings say.
        load_id: of `cancel`; None for any.
    """

    do: Literal["load", "validate", "unload", "cancel"]
    options: EngineOptions | None = None
    swap: Swap | None = None
    load_id: str | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer.

    Attributes:
        report: of the check of the options.
        load: the load that has begun.
        state: of the engine.
        cancelled: whether a load was.
        busy: why nothing was done, when something else goes on.
        error: why nothing could be done, when it is no fault of the options.
    """

    report: Report | None = None
    load: Load | None = None
    state: EngineState | None = None
    cancelled: bool = False
    busy: str | None = None
    error: str | None = None
