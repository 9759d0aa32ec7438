"""Which silence means that an engine hangs."""

from __future__ import annotations

import pytest

from triglot.backend import procfs
from triglot.backend.pulse import Pulse


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> dict[str, float | None]:
    """The CPU time of the process, in seconds."""
    used: dict[str, float | None] = {"s": 0.0}
    monkeypatch.setattr(procfs, "cpu_s", lambda _pid: used["s"])
    return used


def test_an_engine_that_neither_answers_nor_works_hangs_after_the_patience(used):
    pulse = Pulse(20.0)
    assert [pulse.has_stopped(1, beats=False, now=now) for now in (0, 5, 10, 15, 19, 20)] == [False] * 5 + [True]


def test_an_answer_begins_the_patience_anew(used):
    pulse = Pulse(20.0)
    assert not any(pulse.has_stopped(1, beats=now == 15, now=now) for now in (0, 5, 10, 15, 20, 25, 30, 35))
    assert pulse.has_stopped(1, beats=False, now=40)


def test_an_engine_that_works_does_not_hang(used):
    pulse = Pulse(20.0)
    for now in range(0, 200, 5):
        used["s"] = now * 0.5
        assert not pulse.has_stopped(1, beats=False, now=now)


def test_waking_up_for_timers_is_no_work(used):
    pulse = Pulse(20.0)
    for now in range(0, 20, 5):
        used["s"] = now * 0.002
        assert not pulse.has_stopped(1, beats=False, now=now)
    assert pulse.has_stopped(1, beats=False, now=20)


def test_where_cpu_time_is_not_told_nothing_ever_hangs(used):
    used["s"] = None
    pulse = Pulse(20.0)
    assert not any(pulse.has_stopped(1, beats=False, now=now) for now in range(0, 200, 5))


def test_short_patience_looks_often():
    assert Pulse(1.0).interval_s == 0.25
    assert Pulse(600.0).interval_s == 5.0
