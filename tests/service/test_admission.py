from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from triglot.dialects import openai_errors
from triglot.dialects.messages import errors as messages_errors
from triglot.errors import ApiError, ErrorKind
from triglot.service.admission import Admission
from triglot.service.affinity import Affinity

OWNERS = ("ann", "bob", "cid")


def admission(slots, queue_limit=100, **options):
    gate = Admission(queue_limit=queue_limit, **options)
    gate.resize(slots)
    return gate


def run(scenario):
    """Run it, but not for ever."""
    return asyncio.run(asyncio.wait_for(scenario, 120))


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_as_many_are_let_through_as_there_are_slots():
    gate = admission(2)
    tickets = [gate.enter("") for _ in range(4)]
    assert [ticket.position for ticket in tickets] == [0, 0, 1, 2]
    assert [ticket.slot for ticket in tickets] == [0, 1, None, None]
    tickets[0].release()
    assert [ticket.position for ticket in tickets] == [0, 0, 0, 1]
    assert tickets[2].slot == 0


def test_everybody_is_let_through_where_slots_are_unknown():
    gate = admission(None, queue_limit=0)
    tickets = [gate.enter("") for _ in range(1000)]
    assert all(ticket.is_admitted and ticket.slot is None for ticket in tickets)
    for ticket in tickets:
        ticket.release()
    assert gate.in_flight == 0


def test_a_number_of_slots_lets_those_through_who_wait():
    gate = admission(1)
    tickets = [gate.enter("") for _ in range(5)]
    gate.resize(3)
    assert [ticket.slot for ticket in tickets] == [0, 1, 2, None, None]
    gate.resize(None)
    assert all(ticket.is_admitted for ticket in tickets)
    assert [ticket.slot for ticket in tickets] == [0, 1, 2, None, None]


def test_a_request_for_several_answers_takes_a_slot_for_each():
    gate = admission(4)
    first = gate.enter("")
    wide = gate.enter("", width=3)
    behind = [gate.enter("ann"), gate.enter("bob")]
    assert [ticket.position for ticket in (first, wide, *behind)] == [0, 0, 1, 2]
    assert (first.slot, wide.slot) == (0, 1)
    wide.release()
    assert [ticket.is_admitted for ticket in behind] == [True, True]
    assert gate.in_flight == 3


def test_what_comes_free_is_kept_for_a_request_for_several_answers():
    gate = admission(3)
    taken = [gate.enter("ann") for _ in range(3)]
    wide = gate.enter("bob", width=3)
    narrow = gate.enter("ann")
    for ticket in taken[:2]:
        ticket.release()
        assert (wide.position, narrow.position) == (1, 2)
    taken[2].release()
    assert (wide.position, narrow.position) == (0, 1)
    wide.release()
    assert narrow.position == 0


def test_a_request_for_several_answers_that_leaves_the_queue_holds_nobody_up():
    gate = admission(2)
    taken = gate.enter("")
    wide, behind = gate.enter("", width=2), gate.enter("")
    assert behind.position == 2
    wide.release()
    assert behind.is_admitted
    taken.release()


@pytest.mark.parametrize("slots", [1, 2, None])
def test_no_request_needs_more_slots_than_there_are(slots):
    gate = admission(slots)
    wide = gate.enter("", width=9)
    assert wide.is_admitted
    wide.release()
    taken = gate.enter("")
    wide = gate.enter("", width=9)
    gate.resize(1)
    taken.release()
    assert wide.is_admitted


def test_a_slot_that_is_no_more_is_used_to_its_end_and_then_no_more():
    gate = admission(3)
    tickets = [gate.enter("") for _ in range(4)]
    gate.resize(1)
    tickets[2].release()
    tickets[1].release()
    assert tickets[3].position == 1
    tickets[0].release()
    assert tickets[3].slot == 0


def test_a_number_that_was_set_holds_whatever_the_backend_says():
    gate = Admission(queue_limit=10, slots=2)
    first, second, third = (gate.enter("") for _ in range(3))
    assert (first.is_admitted, second.is_admitted, third.is_admitted) == (True, True, False)
    assert (first.slot, second.slot) == (None, None)  # nobody knows what slots there are
    gate.resize(4)
    assert not third.is_admitted
    first.release()
    assert third.slot == 0


def test_no_slot_is_named_where_there_are_fewer_than_places():
    gate = Admission(queue_limit=10, slots=3)
    gate.resize(2)
    tickets = [gate.enter("") for _ in range(4)]
    assert [ticket.is_admitted for ticket in tickets] == [True, True, True, False]
    assert [ticket.slot for ticket in tickets] == [None] * 4


@pytest.mark.parametrize(
    ("set_to", "told", "has_choice"),
    [(None, None, False), (None, 1, False), (None, 2, True), (2, None, False), (2, 2, True), (0, 2, False)],
)
def test_there_is_a_choice_among_several_slots_that_are_known(set_to, told, has_choice):
    gate = Admission(queue_limit=10, slots=set_to)
    gate.resize(told)
    assert gate.has_choice is has_choice


def test_zero_counts_nothing():
    gate = Admission(queue_limit=0, slots=0)
    gate.resize(1)
    assert all(gate.enter("").is_admitted for _ in range(3))


def test_beyond_the_limit_a_request_is_turned_away_and_leaves_nothing():
    gate = admission(1, queue_limit=1)
    first, second = gate.enter("ann"), gate.enter("ann")
    for owner in ("ann", "bob"):
        with pytest.raises(ApiError, match="All slots of the backend are in use, and 1 requests wait") as told:
            gate.enter(owner)
        assert told.value.kind is ErrorKind.QUEUE_FULL
    assert (gate.in_flight, gate.waiting) == (1, 1)
    first.release()
    assert second.is_admitted
    assert gate.enter("ann").position == 1


def test_a_full_queue_turns_away_the_last_of_whoever_has_most_in_it():
    gate = admission(1, queue_limit=4)
    gate.enter("ann")
    anns = [gate.enter("ann") for _ in range(4)]
    bobs = [gate.enter("bob")]
    assert [ticket.refusal is None for ticket in anns] == [True, True, True, False]
    assert anns[-1].refusal.kind is ErrorKind.QUEUE_FULL
    assert anns[-1].refusal.retry_after_s
    bobs.append(gate.enter("bob"))
    assert [ticket.refusal is None for ticket in anns] == [True, True, False, False]
    for owner in ("ann", "bob"):
        with pytest.raises(ApiError, match="All slots of the backend are in use, and 4 requests wait"):
            gate.enter(owner)
    cid = gate.enter("cid")
    assert [ticket.refusal is None for ticket in (*anns[:2], *bobs, cid)] == [True, True, True, False, True]
    assert gate.waiting == 4
    assert [ticket.position for ticket in (bobs[0], cid, anns[0], anns[1])] == [1, 2, 3, 4]


def test_who_waits_learns_that_it_is_turned_away():
    async def scenario():
        gate = admission(1, queue_limit=1)
        gate.enter("ann")
        first = gate.enter("ann")
        waiting = asyncio.create_task(first.wait())
        await asyncio.sleep(0)
        with pytest.raises(ApiError):
            gate.enter("bob")
        assert not waiting.done(), "who has one is not turned away for another who has one"
        gate.close()
        assert not await waiting

        gate = admission(1, queue_limit=2)
        gate.enter("ann")
        second = [gate.enter("ann") for _ in range(2)][-1]
        waiting = asyncio.create_task(second.wait())
        await asyncio.sleep(0)
        gate.enter("bob")
        assert not await waiting
        assert second.refusal.kind is ErrorKind.QUEUE_FULL
        second.release()
        assert gate.waiting == 2

    run(scenario())


def test_no_queue_at_all():
    gate = admission(1, queue_limit=0)
    held = gate.enter("")
    with pytest.raises(ApiError):
        gate.enter("")
    held.release()
    assert gate.enter("").is_admitted


@pytest.mark.parametrize(
    ("held_s", "running_s", "slots", "waiting", "expected_s"),
    [
        (0.0, 0.0, 1, 0, 1),
        (8.0, 0.0, 1, 0, 8),
        (8.0, 0.0, 2, 0, 4),
        (8.0, 0.0, 2, 2, 12),
        (8.0, 20.0, 1, 0, 20),
        (0.0, 7.5, 1, 0, 8),
        (500.0, 0.0, 1, 0, 60),
    ],
)
def test_when_to_come_back_is_told_from_how_long_answers_take(held_s, running_s, slots, waiting, expected_s):
    clock = Clock()
    gate = admission(slots, queue_limit=waiting, now=clock)
    ticket = gate.enter("")
    clock.now += held_s
    ticket.release()
    for _ in range(slots + waiting):
        gate.enter("")
    clock.now += running_s
    with pytest.raises(ApiError) as told:
        gate.enter("")
    assert told.value.retry_after_s == expected_s


def test_a_full_queue_is_429_and_in_messages_529():
    error = ApiError(ErrorKind.QUEUE_FULL, "full", retry_after_s=3)
    assert openai_errors.status_of(error) == 429
    assert openai_errors.failure_code(error.kind) == "rate_limit_exceeded"
    assert messages_errors.status_of(error) == 529
    assert messages_errors.error_body(error, "req_1")["error"]["type"] == "overloaded_error"


def test_waiting_ends_with_admission_release_or_time():
    async def scenario():
        gate = admission(1)
        first, second, third = (gate.enter("") for _ in range(3))
        assert await first.wait()
        assert not await second.wait(0.001)
        waits = [asyncio.ensure_future(ticket.wait()) for ticket in (second, third, third)]
        await asyncio.sleep(0)
        second.release()
        first.release()
        first.release()
        assert await asyncio.gather(*waits) == [False, True, True]
        assert gate.in_flight == 1
        third.release()
        assert not await third.wait()

    run(scenario())


def test_a_task_that_is_cancelled_while_it_waits_can_release():
    async def scenario():
        gate = admission(1)
        held, ticket, last = (gate.enter("") for _ in range(3))

        async def use():
            try:
                await ticket.wait()
            finally:
                ticket.release()

        task = asyncio.ensure_future(use())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert last.position == 1
        held.release()
        assert await last.wait(0)

    run(scenario())


def test_a_place_that_comes_with_the_cancellation_is_passed_on():
    async def scenario():
        gate = admission(1)
        held, ticket, last = (gate.enter("") for _ in range(3))
        task = asyncio.ensure_future(ticket.wait())
        await asyncio.sleep(0)
        held.release()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        ticket.release()
        assert last.is_admitted

    run(scenario())


def test_closing_turns_away_who_waits():
    async def scenario():
        gate = admission(1)
        held, ticket = gate.enter(""), gate.enter("")
        task = asyncio.ensure_future(ticket.wait())
        await asyncio.sleep(0)
        gate.close()
        assert not await task
        held.release()
        assert (gate.in_flight, gate.waiting) == (0, 0)

    run(scenario())


def test_owners_take_turns_in_the_order_in_which_they_came():
    gate = admission(1)
    held = gate.enter("cid")
    tickets = [gate.enter(owner) for owner in ("cid", "cid", "bob", "bob", "bob", "ann")]
    assert [ticket.position for ticket in tickets] == [3, 5, 1, 4, 6, 2]
    held.release()
    assert [ticket.position for ticket in tickets] == [2, 4, 0, 3, 5, 1]
    late = gate.enter("dan")
    assert (late.position, tickets[5].position) == (2, 1)


def test_a_conversation_comes_back_to_its_slot():
    gate = admission(3)
    marks = [Affinity(number, 9) for number in (1, 2, 3)]
    for mark in marks:
        gate.enter("", mark)
    slots = {}
    gate = admission(3)
    tickets = [gate.enter("", mark) for mark in marks]
    for mark, ticket in zip(marks, tickets, strict=True):
        slots[mark] = ticket.slot
        ticket.release()
    for mark in reversed(marks):
        ticket = gate.enter("", mark)
        assert ticket.slot == slots[mark]
        ticket.release()


class FairQueue(RuleBasedStateMachine):
    """An admission under any sequence of what can happen to it, next to what it owes to everybody."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.slots: int | None = 1
        self.gate = admission(1, queue_limit=12)
        self.tickets: list[Any] = []
        self.waits: list[tuple[Any, asyncio.Task[bool]]] = []
        self.served_since: dict[str, dict[str, int]] = {}  # by owner who waits: how often each other owner was served meanwhile

    def teardown(self):
        for ticket in self.tickets:
            ticket.release()
        self.settle()
        assert all(task.done() for _, task in self.waits)
        assert (self.gate.waiting, self.gate.in_flight) == (0, 0)
        self.loop.close()

    def settle(self):
        for _ in range(4):
            self.loop.run_until_complete(asyncio.sleep(0))

    def waiting(self):
        return [ticket for ticket in self.tickets if not ticket.is_admitted]

    @contextlib.contextmanager
    def watched(self, leaving=None):
        """Those let through are the first of those who wait, and nobody is passed by another owner twice."""
        before = sorted((ticket for ticket in self.waiting() if ticket is not leaving), key=lambda ticket: ticket.position)
        yield
        admitted = [ticket for ticket in before if ticket.is_admitted]
        assert admitted == before[: len(admitted)]
        for ticket in admitted:
            self.serve(ticket.owner)

    def serve(self, owner):
        self.served_since.pop(owner, None)
        for counts in self.served_since.values():
            counts[owner] = counts.get(owner, 0) + 1
            assert counts[owner] <= 1
        for ticket in self.waiting():
            self.served_since.setdefault(ticket.owner, {})

    @rule(owner=st.sampled_from(OWNERS), mark=st.none() | st.integers(1, 4))
    def enter(self, owner, mark):
        full = len(self.waiting()) >= 12
        numbers = Counter(ticket.owner for ticket in self.waiting())
        most = max(numbers.values(), default=0)
        with self.watched():
            try:
                ticket = self.gate.enter(owner, mark and Affinity(mark, mark % 2))
            except ApiError:
                assert full
                assert numbers[owner] + 1 >= most
                return
        turned_away = [other for other in self.tickets if other.refusal is not None]
        assert len(turned_away) == (full and not ticket.is_admitted)
        for other in turned_away:
            self.tickets.remove(other)
            assert numbers[other.owner] == most > numbers[owner] + 1
        self.tickets.append(ticket)
        if ticket.is_admitted:
            self.serve(owner)
        else:
            self.served_since.setdefault(owner, {})

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), twice=st.booleans())
    def release(self, data, twice):
        ticket = data.draw(st.sampled_from(self.tickets))
        self.tickets.remove(ticket)
        if not any(other.owner == ticket.owner for other in self.waiting()):
            self.served_since.pop(ticket.owner, None)
        with self.watched(leaving=ticket):
            ticket.release()
        if twice:
            ticket.release()
        assert ticket.position == 0

    @rule(slots=st.none() | st.integers(1, 4))
    def resize(self, slots):
        self.slots = slots
        with self.watched():
            self.gate.resize(slots)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def wait(self, data):
        ticket = data.draw(st.sampled_from(self.tickets))
        self.waits.append((ticket, self.loop.create_task(ticket.wait())))

    @precondition(lambda self: self.waits)
    @rule(data=st.data())
    def cancel(self, data):
        data.draw(st.sampled_from(self.waits))[1].cancel()
        self.settle()

    @invariant()
    def the_numbers_are_right(self):
        assert self.gate.waiting == len(self.waiting())
        assert self.gate.in_flight == len(self.tickets) - len(self.waiting())

    @invariant()
    def a_slot_is_given_to_one(self):
        slots = [ticket.slot for ticket in self.tickets if ticket.slot is not None]
        assert len(slots) == len(set(slots))

    @invariant()
    def nobody_waits_beside_a_free_slot(self):
        taken = {ticket.slot for ticket in self.tickets if ticket.is_admitted}
        assert not self.waiting() or (self.slots is not None and set(range(self.slots)) <= taken)

    @invariant()
    def nobody_is_passed_by_the_same_owner(self):
        for owner in OWNERS:
            admitted = [ticket.is_admitted for ticket in self.tickets if ticket.owner == owner]
            assert admitted == sorted(admitted, reverse=True)

    @invariant()
    def positions_count_from_one(self):
        assert sorted(ticket.position for ticket in self.waiting()) == list(range(1, len(self.waiting()) + 1))

    @invariant()
    def who_waits_learns_it(self):
        self.settle()
        for ticket, task in self.waits:
            assert task.done() or (ticket in self.tickets and not ticket.is_admitted)


TestFairQueue = FairQueue.TestCase
TestFairQueue.settings = hypothesis_settings(max_examples=60, stateful_step_count=40, deadline=None)
