from __future__ import annotations

from typing import TYPE_CHECKING

from triglot.backend.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable


class Handle:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.handles: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, callback: Callable[[], None]) -> Handle:
        self.handles.append(Handle(at, callback))
        return self.handles[-1]

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for handle in [handle for handle in self.handles if handle.at <= self.now and not handle.cancelled]:
            self.handles.remove(handle)
            handle.callback()


def deadline() -> tuple[Deadline, Loop, list[float]]:
    loop = Loop()
    expired: list[float] = []
    return Deadline(loop, lambda: expired.append(loop.now)), loop, expired  # type: ignore[arg-type]


def test_expires_after_the_latest_start() -> None:
    timer, loop, expired = deadline()
    for _ in range(1000):
        timer.start(5)
        loop.advance(0.01)
    assert not expired
    loop.advance(4.98)
    assert not expired
    loop.advance(0.02)
    assert len(expired) == 1


def test_a_thousand_starts_make_a_handful_of_timers() -> None:
    timer, loop, _ = deadline()
    made = []
    call_at = loop.call_at
    loop.call_at = lambda at, callback: made.append(at) or call_at(at, callback)  # type: ignore[method-assign,func-returns-value]
    for _ in range(1000):
        timer.start(5)
        loop.advance(0.01)
    assert len(made) <= 3


def test_a_shorter_phase_after_a_longer_one() -> None:
    timer, loop, expired = deadline()
    timer.start(600)
    timer.start(5)
    loop.advance(5)
    assert len(expired) == 1
    assert all(handle.cancelled for handle in loop.handles)


def test_for_ever_and_then_not() -> None:
    timer, loop, expired = deadline()
    timer.start(5)
    timer.start(None)
    loop.advance(1000)
    assert not expired
    timer.start(5)
    loop.advance(5)
    assert len(expired) == 1


def test_cancelled_for_good() -> None:
    timer, loop, expired = deadline()
    timer.start(5)
    timer.cancel()
    loop.advance(5)
    assert not expired
    assert all(handle.cancelled for handle in loop.handles)
