"""Asks again where a server says that it is asked too often: that it limits the rate is no fault, and no result either."""

from __future__ import annotations

from asyncio import sleep
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from triglot_conformance.live.client import send

if TYPE_CHECKING:
    from triglot_conformance.live.client import Answer, Manner
    from triglot_conformance.live.target import Target
    from triglot_conformance.wire.http1 import Request

_LIMITED: Final = 429
_BUSY: Final = 503
_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
_LONGEST_S: Final = 60.0


async def ask(target: Target, request: Request, manner: Manner | None = None) -> Answer:
    """Send a request as `client.send` does, and again after a while where the answer is 429, or 503 with the header `Retry-After`.

    The while is what the header says, up to a minute, or grows from a second on. An answer that stays so counts as none.
    """
    waited_s = 0.0
    for pause_s in _PAUSES_S:
        answer = await send(target, request, manner)
        asked_s = _retry_after_s(answer)
        if answer.status != _LIMITED and (answer.status != _BUSY or asked_s is None):
            return answer
        wanted_s = pause_s if asked_s is None else min(asked_s, _LONGEST_S)
        waited_s += wanted_s
        await sleep(wanted_s)
    answer = await send(target, request, manner)
    if answer.status not in (_LIMITED, _BUSY):
        return answer
    return replace(answer, error=f"the server answers {answer.status} for {waited_s:.0f} s on end: it is asked too often", unreachable=True)


def _retry_after_s(answer: Answer) -> float | None:
    """The time in `Retry-After`; None where it is missing, or a date."""
    value = next((value for name, value in answer.headers if name.lower() == "retry-after"), "")
    return float(value) if value.isascii() and value.isdecimal() and len(value) < 9 else None  # noqa: PLR2004 - years are enough
