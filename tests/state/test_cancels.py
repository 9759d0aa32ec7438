"""Requests are stopped by their names: in one process, and as a model of it that is simple enough to be believed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from triglot.state.cancels import KINDS, REMEMBERED_S, CancelRegistry, Kind, Names
from triglot.state.local_cancels import LocalCancels

OWNER, OTHER = "key-1", "key-2"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Request:
    """Counts how often it is told to stop."""

    def __init__(self, registry: CancelRegistry, owner: str = OWNER, **names: str) -> None:
        self.told = 0
        self.stopped = asyncio.Event()
        self.registration = registry.register(Names(owner, **names), self._stop)

    def _stop(self) -> None:
        self.told += 1
        self.stopped.set()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(clock: Clock) -> LocalCancels:
    return LocalCancels(clock)


def cancel(registry: CancelRegistry, owner: str = OWNER, **names: str) -> int:
    return asyncio.run(registry.cancel(Names(owner, **names)))


def assert_empty(registry: LocalCancels) -> None:
    assert registry._running == {}
    assert registry._early._until == {}
    assert registry._ended._until == {}


@pytest.mark.parametrize("kind", KINDS)
def test_each_name_stops_its_request(registry: LocalCancels, kind: Kind) -> None:
    request, other = Request(registry, **{kind: "a"}), Request(registry, **{kind: "b"})
    assert cancel(registry, **{kind: "a"}) == 1
    assert (request.told, request.registration.cancelled) == (1, True)
    assert (other.told, other.registration.cancelled) == (0, False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_of_one_kind_only(registry: LocalCancels, kind: Kind) -> None:
    request = Request(registry, **{kind: "a"})
    assert cancel(registry, **{other: "a" for other in KINDS[1:] if other != kind}) == 0
    assert request.told == 0


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_stops_what_belongs_to_another(registry: LocalCancels, kind: Kind) -> None:
    request = Request(registry, **{kind: "a"})
    assert cancel(registry, OTHER, **{kind: "a"}) == 0
    assert request.told == 0


def test_all_requests_of_a_session_stop(registry: LocalCancels) -> None:
    requests = [Request(registry, session_id="s", cancel_id=str(number)) for number in range(3)]
    assert cancel(registry, session_id="s") == 3
    assert [request.told for request in requests] == [1, 1, 1]


def test_any_name_given_counts_and_a_request_counts_once(registry: LocalCancels) -> None:
    both = Request(registry, session_id="s", completion_id="c")
    one = Request(registry, message_id="m")
    assert cancel(registry, session_id="s", completion_id="c", message_id="m") == 2
    assert (both.told, one.told) == (1, 1)


def test_a_cancel_id_alone_counts(registry: LocalCancels) -> None:
    named, of_session = Request(registry, cancel_id="x", session_id="s"), Request(registry, session_id="s")
    assert cancel(registry, cancel_id="x", session_id="s") == 1
    assert (named.told, of_session.told) == (1, 0)
    assert cancel(registry, cancel_id="unknown", session_id="s") == 0
    assert of_session.told == 0


def test_no_name_stops_nothing(registry: LocalCancels) -> None:
    request = Request(registry, session_id="s")
    assert cancel(registry) == 0
    assert request.told == 0


def test_a_name_given_later_counts(registry: LocalCancels) -> None:
    request = Request(registry)
    request.registration.add("completion_id", "chatcmpl-1")
    request.registration.add("completion_id", "chatcmpl-1")
    assert cancel(registry, completion_id="chatcmpl-1") == 1
    assert request.told == 1


def test_a_request_is_told_once_and_then_has_no_names(registry: LocalCancels) -> None:
    request = Request(registry, session_id="s", cancel_id="x")
    assert cancel(registry, session_id="s") == 1
    request.registration.add("completion_id", "c")
    assert cancel(registry, session_id="s", completion_id="c") == 0
    assert cancel(registry, cancel_id="x") == 0
    assert request.told == 1


def test_what_has_ended_is_not_stopped(registry: LocalCancels) -> None:
    request = Request(registry, session_id="s")
    with request.registration:
        request.registration.add("message_id", "m")
    request.registration.close()
    request.registration.add("response_id", "r")
    assert cancel(registry, session_id="s", message_id="m", response_id="r") == 0
    assert (request.told, request.registration.cancelled) == (0, False)
    assert_empty(registry)


def test_a_cancel_may_come_before_its_request(registry: LocalCancels, clock: Clock) -> None:
    assert cancel(registry, cancel_id="x") == 0
    other = Request(registry, OTHER, cancel_id="x")
    clock.now += REMEMBERED_S - 0.001
    request = Request(registry, cancel_id="x", session_id="s")
    assert (request.told, request.registration.cancelled, other.told) == (1, True, 0)
    assert Request(registry, cancel_id="x").told == 0


def test_a_cancel_does_not_wait_for_ever(registry: LocalCancels, clock: Clock) -> None:
    assert cancel(registry, cancel_id="x") == 0
    clock.now += REMEMBERED_S
    assert Request(registry, cancel_id="x").told == 0


@pytest.mark.parametrize("kind", KINDS[1:])
def test_only_a_cancel_id_waits(registry: LocalCancels, kind: Kind) -> None:
    assert cancel(registry, **{kind: "a"}) == 0
    assert Request(registry, **{kind: "a"}).told == 0


def test_a_cancel_that_comes_too_late_does_not_meet_the_next_request(registry: LocalCancels, clock: Clock) -> None:
    Request(registry, cancel_id="x").registration.close()
    clock.now += REMEMBERED_S - 0.001
    assert cancel(registry, cancel_id="x") == 0
    assert Request(registry, cancel_id="x").told == 0


def test_a_cancel_between_a_refused_request_and_its_next_try_is_not_lost(registry: LocalCancels, clock: Clock) -> None:
    Request(registry, cancel_id="x").registration.close(answered=False)
    clock.now += REMEMBERED_S - 0.001
    assert cancel(registry, cancel_id="x") == 0
    assert Request(registry, cancel_id="x").told == 1
    assert Request(registry, cancel_id="x").told == 0


def test_the_last_try_is_the_one_that_counts(registry: LocalCancels) -> None:
    Request(registry, cancel_id="x").registration.close(answered=True)
    Request(registry, cancel_id="x").registration.close(answered=False)
    assert cancel(registry, cancel_id="x") == 0
    assert Request(registry, cancel_id="x").told == 1


def test_what_waits_is_bounded(registry: LocalCancels) -> None:
    assert cancel(registry, OTHER, cancel_id="0") == 0

    async def cancel_many() -> None:
        for number in range(3000):
            await registry.cancel(Names(OWNER, cancel_id=str(number)))

    asyncio.run(cancel_many())
    assert [Request(registry, cancel_id=str(number)).told for number in (0, 1975, 1976, 2999)] == [0, 0, 1, 1]
    assert Request(registry, OTHER, cancel_id="0").told == 1


def test_one_that_cannot_be_stopped_does_not_save_the_others(registry: LocalCancels, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    registry.register(Names(OWNER, session_id="s"), fail)
    request = Request(registry, session_id="s")
    assert cancel(registry, session_id="s") == 2
    assert request.told == 1
    assert "RuntimeError: no" in caplog.text


def test_a_request_may_end_while_it_is_told(registry: LocalCancels) -> None:
    told = []
    registrations = [registry.register(Names(OWNER, session_id="s"), lambda: told.append(registrations.pop().close())) for _ in range(3)]
    assert cancel(registry, session_id="s") == len(told)
    assert cancel(registry, session_id="s") == 0
    assert_empty(registry)


@dataclass
class Running:
    """What the model knows of a request."""

    request: Request
    owner: str
    names: set[tuple[str, str]]
    told: int = 0
    ended: bool = False


SOME_ID = st.sampled_from(["a", "b"])
SOME_OWNER = st.sampled_from([OWNER, OTHER])
SOME_NAMES = st.dictionaries(st.sampled_from(KINDS), SOME_ID)


class Cancels(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.registry = LocalCancels(self.clock)
        self.requests: list[Running] = []
        self.early: dict[tuple[str, str], float] = {}
        self.ended: dict[tuple[str, str], float] = {}

    @rule(owner=SOME_OWNER, names=SOME_NAMES)
    def register(self, owner: str, names: dict[Kind, str]) -> None:
        running = Running(Request(self.registry, owner, **names), owner, set(names.items()))
        self.requests.append(running)
        if "cancel_id" in names and self.early.pop((owner, names["cancel_id"]), 0) > self.clock.now:
            self.stop(running)

    @rule(owner=SOME_OWNER, names=SOME_NAMES)
    def cancel(self, owner: str, names: dict[Kind, str]) -> None:
        exclusive = {("cancel_id", names["cancel_id"])} if "cancel_id" in names else set(names.items())
        meant = [r for r in self.requests if not r.ended and r.owner == owner and r.names & exclusive]
        for running in meant:
            self.stop(running)
        assert cancel(self.registry, owner, **names) == len(meant)
        if not meant and "cancel_id" in names and self.ended.get(key := (owner, names["cancel_id"]), 0) <= self.clock.now:
            self.early[key] = self.clock.now + REMEMBERED_S

    @rule(number=st.integers(0), kind=st.sampled_from(KINDS), name=SOME_ID)
    def add(self, number: int, kind: Kind, name: str) -> None:
        if self.requests:
            running = self.requests[number % len(self.requests)]
            running.request.registration.add(kind, name)
            if not running.ended:
                running.names.add((kind, name))

    @rule(number=st.integers(0), answered=st.booleans())
    def close(self, number: int, answered: bool) -> None:
        if self.requests:
            running = self.requests[number % len(self.requests)]
            running.request.registration.close(answered=answered)
            self.end(running, answered=answered)

    @rule(seconds=st.sampled_from([0.5, 15.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def stop(self, running: Running) -> None:
        running.told += 1
        self.end(running)

    def end(self, running: Running, *, answered: bool = True) -> None:
        if not running.ended:
            running.ended = True
            for kind, name in running.names:
                if kind == "cancel_id":
                    self.ended[running.owner, name] = self.clock.now + REMEMBERED_S if answered else 0

    @invariant()
    def told_are_those_that_were_meant(self) -> None:
        assert [r.request.told for r in self.requests] == [r.told for r in self.requests]
        assert [r.request.registration.cancelled for r in self.requests] == [r.told > 0 for r in self.requests]

    def teardown(self) -> None:
        for running in self.requests:
            running.request.registration.close()
        self.clock.now += REMEMBERED_S
        for owner in (OWNER, OTHER):
            cancel(self.registry, owner, cancel_id="last")
            Request(self.registry, owner, cancel_id="last").registration.close()
        self.clock.now += REMEMBERED_S
        for owner in (OWNER, OTHER):
            assert not self.registry._ended.has(owner, "last")
        assert_empty(self.registry)


def test_any_sequence_stops_what_was_meant_and_leaves_nothing() -> None:
    run_state_machine_as_test(Cancels, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))
