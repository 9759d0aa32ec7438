"""Which phase ran out, and that nothing runs on when a request is over."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from triglot.service.phases import Phases
from triglot.service.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable

SOON = 0.01
EVERY = Phases(first_token=SOON, idle=SOON, whole=SOON, total=SOON)


def expired(phases: Phases, tell: Callable[[Timers], Any]) -> str:
    async def run() -> str:
        over = asyncio.get_running_loop().create_future()
        timers = Timers(phases, lambda phase: None if over.done() else over.set_result(phase))
        tell(timers)
        return await asyncio.wait_for(over, 60)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("phase", "tell"),
    [
        ("total", lambda timers: None),
        ("first_token", lambda timers: timers.sent(in_one_piece=False)),
        ("whole", lambda timers: timers.sent(in_one_piece=True)),
        ("whole", lambda timers: (timers.sent(in_one_piece=True), timers.begun())),
        ("idle", lambda timers: (timers.sent(in_one_piece=False), timers.progressed(), timers.resumed())),
        ("idle", lambda timers: (timers.sent(in_one_piece=True), timers.begun())),
    ],
)
def test_the_phase_that_runs_out_is_named(phase: str, tell: Callable[[Timers], Any]) -> None:
    assert expired(Phases(**{phase: SOON}), tell) == phase


def test_the_first_token_ends_its_phase() -> None:
    assert (
        expired(
            Phases(first_token=SOON, idle=2 * SOON), lambda timers: (timers.sent(in_one_piece=False), timers.progressed(), timers.resumed())
        )
        == "idle"
    )


def test_only_the_first_sign_is_the_first() -> None:
    async def run() -> list[bool]:
        timers = Timers(Phases(), print)
        return [timers.progressed(), timers.progressed()]

    assert asyncio.run(run()) == [True, False]


def test_a_client_that_is_slow_to_take_is_no_idle_backend() -> None:
    async def run() -> None:
        over = asyncio.get_running_loop().create_future()
        timers = Timers(Phases(idle=SOON), lambda phase: None if over.done() else over.set_result(phase))
        timers.progressed()
        await asyncio.sleep(10 * SOON)
        assert not over.done()
        timers.resumed()
        assert await asyncio.wait_for(over, 60) == "idle"
        timers.close()

    asyncio.run(run())


def test_closed_ones_hold_nobody() -> None:
    class Request:
        def __init__(self) -> None:
            self.timers = Timers(EVERY, self.expire)

        def expire(self, phase: str) -> None: ...

    async def run() -> weakref.ref[Request]:
        request = Request()
        request.timers.close()
        return weakref.ref(request)

    gc.disable()
    try:
        assert asyncio.run(run())() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "tell",
    [
        lambda timers: timers.sent(in_one_piece=False),
        lambda timers: timers.sent(in_one_piece=True),
        lambda timers: timers.begun(),
        lambda timers: (timers.progressed(), timers.resumed()),
    ],
)
@pytest.mark.parametrize("order", ["told, then closed", "closed, then told"])
def test_nothing_runs_out_when_it_is_closed(tell: Callable[[Timers], Any], order: str) -> None:
    async def run() -> list[str]:
        phases: list[str] = []
        timers = Timers(EVERY, phases.append)
        steps = [lambda: tell(timers), timers.close]
        for step in steps if order.startswith("told") else reversed(steps):
            step()
        await asyncio.sleep(5 * SOON)
        return phases

    assert asyncio.run(run()) == []
