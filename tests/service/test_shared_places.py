from __future__ import annotations

import asyncio
import itertools
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from triglot.service.admission import Admission
from triglot.service.affinity import Affinity
from triglot.service.places import Claim, open_places

if sys.platform == "win32":
    pytest.skip("Windows cannot share", allow_module_level=True)

from triglot.service import shared_places
from triglot.service.shared_places import SharedPlaces

TAKER = Path(__file__).with_name("place_taker.py")
PATIENCE_S = 30.0


@pytest.fixture
def shares(tmp_path):
    """Makes the shares of as many processes as asked for; in truth all are of this one."""
    made = []

    def make(count, slots):
        new = [SharedPlaces(tmp_path / "slots") for _ in range(count)]
        made.extend(new)
        new[0].resize(slots)
        return new

    yield make
    for places in made:
        places.close()


def test_a_place_has_one_holder(shares):
    one, other = shares(2, 3)
    assert [one.take(None), other.take(None), one.take(None), other.take(None), one.take(None)] == [0, 1, 2, None, None]
    other.give(1)
    other.give(1)
    assert one.take(None) == 1


def test_several_places_are_taken_and_given_back_as_one(shares):
    one, other = shares(2, 4)
    assert one.take(None, 3) == 0
    assert [other.take(None, 2), other.take(None), other.take(None)] == [None, 3, None]
    one.give(0)
    one.give(0)
    assert other.take(None, 4) is None
    assert [one.take(None, 2), other.take(None), one.take(None)] == [0, 2, None]


def test_the_further_places_are_the_first_free_ones(shares):
    one, other = shares(2, 4)
    for place in range(4):
        assert one.take(Affinity(place + 1, 0)) == place
    for place in (3, 2, 1, 0):
        one.give(place)
    assert [other.take(Affinity(3, 0), 3), one.take(None)] == [2, 3]


def test_a_conversation_finds_its_place_in_another_process(shares):
    one, other = shares(2, 3)
    marks = [Affinity((1 << 64) - number, number) for number in (1, 2, 3)]
    for place, mark in enumerate(marks):
        assert one.take(mark) == place
    for place in (2, 0, 1):
        one.give(place)
    assert other.take(marks[1]) == 1
    assert other.take(Affinity(9, 3)) == 2  # kin
    other.give(1)
    assert one.take(None) == 0  # unused for longest
    assert one.take(marks[1]) == 1


def test_what_one_process_says_of_the_number_counts_for_all(shares):
    one, other = shares(2, 1)
    assert (one.take(None), other.take(None)) == (0, None)
    other.resize(2)
    assert one.take(None) == 1
    one.resize(1000)
    assert len([place for place in iter(lambda: other.take(None), None)]) == 254  # noqa: C416 - the rest of 256


def test_turns_are_kept_over_processes(shares):
    one, other = shares(2, 1)
    assert one.last_served("ann") == 0
    one.serve("ann")
    other.serve("bob")
    assert 0 < other.last_served("ann") < one.last_served("bob")


def test_the_earlier_claim_goes_first_while_it_holds(shares, monkeypatch):
    one, other = shares(2, 1)
    clock = itertools.count(10**12, 1000)
    monkeypatch.setattr(shared_places, "time", SimpleNamespace(monotonic_ns=lambda: next(clock)))
    assert one.claim(Claim(5, 7)) == 0
    assert other.claim(Claim(5, 8)) == 1
    assert other.claim(Claim(5, 6)) == 0
    assert one.claim(Claim(5, 7)) == 1
    other.claim(None)
    assert one.claim(Claim(5, 7)) == 0
    assert other.claim(Claim(6, 1)) == 1
    clock = itertools.count(10**12 + 10**9, 1000)  # the first claim was not repeated
    assert other.claim(Claim(6, 1)) == 0
    clock = itertools.count(1000, 1000)  # the machine was started anew
    one._moment = other._moment = 0
    assert one.claim(Claim(7, 1)) == 0


def test_a_seat_is_free_when_its_process_has_gone(tmp_path):
    first, second = SharedPlaces(tmp_path), SharedPlaces(tmp_path)
    assert (first._seat, second._seat) == (0, 1)
    first.close()
    third = SharedPlaces(tmp_path)
    assert third._seat == 0
    second.close()
    third.close()


def test_nothing_is_left_open(tmp_path):
    def opened():
        return len(list(Path("/dev/fd").iterdir()))

    before = opened()
    places = SharedPlaces(tmp_path)
    places.resize(3)
    for _ in range(3):
        places.take(None)
    places.close()
    places.give(0)
    del places
    assert opened() == before


def test_a_board_of_another_make_is_begun_anew(tmp_path):
    (tmp_path / "board").write_bytes(b"\xff" * 100_000)
    places = SharedPlaces(tmp_path)
    assert places.take(None) is None
    places.close()


def test_a_path_too_long_for_a_socket_is_no_hindrance(tmp_path):
    directory = tmp_path / ("long" * 30)
    gates = [Admission(queue_limit=10, places=SharedPlaces(directory)) for _ in range(2)]

    async def scenario():
        for gate in gates:
            gate.resize(1)
        held, ticket = (gate.enter("") for gate in gates)
        assert ticket.position == 1
        held.release()
        assert await ticket.wait(PATIENCE_S)
        ticket.release()
        for gate in gates:
            gate.close()

    asyncio.run(scenario())


def test_a_freed_place_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("triglot.service.admission.POLL_S", 1000.0)  # nobody looks by himself

    async def scenario():
        gates = [Admission(queue_limit=10, places=SharedPlaces(tmp_path)) for _ in range(3)]
        for gate in gates:
            gate.resize(1)
        held, second, third = (gate.enter("") for gate in gates)
        assert (second.position, third.position) == (1, 2)
        held.release()
        assert await second.wait(PATIENCE_S)
        assert not third.is_admitted
        gates[2]._look()  # what it claims does not hold for so long
        second.release()
        assert await third.wait(PATIENCE_S)
        for gate in gates:
            gate.close()

    asyncio.run(scenario())


class SharedQueue(RuleBasedStateMachine):
    """The admissions of three processes under any sequence of what can happen; time passes with each look at the clock only."""

    def __init__(self):
        super().__init__()
        clock = itertools.count(10**12, 1000)
        self.patch = mock.patch.object(shared_places, "time", SimpleNamespace(monotonic_ns=lambda: next(clock)))
        self.patch.start()
        self.directory = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.gates = [Admission(queue_limit=100, places=open_places(self.directory)) for _ in range(3)]
        self.tickets: list[Any] = []
        self.slots = 2
        for gate in self.gates:
            gate.resize(2)

    def teardown(self):
        for ticket in list(self.tickets):
            self.tickets.remove(ticket)
            self.inside(ticket.release)
        assert not any(gate.waiting or gate.in_flight for gate in self.gates)
        for gate in self.gates:
            gate.close()
        self.loop.close()
        shutil.rmtree(self.directory)
        self.patch.stop()

    def inside(self, act, *arguments):
        """Do something within the event loop, then let every process look until nothing changes any more."""

        async def run():
            result = act(*arguments)
            state = None
            while state != (state := [ticket.is_admitted for ticket in self.tickets]):
                for gate in self.gates:
                    gate._admit()
            for gate in self.gates:
                if gate._poll is not None:
                    gate._poll.cancel()
                    gate._poll = None
            return result

        return self.loop.run_until_complete(run())

    @rule(gate=st.integers(0, 2), owner=st.sampled_from(["ann", "bob"]), mark=st.none() | st.integers(1, 3))
    def enter(self, gate, owner, mark):
        def act():
            self.tickets.append(self.gates[gate].enter(owner, mark and Affinity(mark, 1)))

        self.inside(act)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def release(self, data):
        ticket = data.draw(st.sampled_from(self.tickets))
        self.tickets.remove(ticket)
        self.inside(ticket.release)

    @rule(slots=st.integers(1, 4))
    def resize(self, slots):
        def act():
            for gate in self.gates:
                gate.resize(slots)

        self.slots = slots
        self.inside(act)

    @rule(gate=st.integers(0, 2))
    def die(self, gate):
        """A process ends, and another takes its seat."""
        gone = self.gates[gate]

        def act():
            gone._is_closed = True
            gone._places.close()
            self.tickets = [ticket for ticket in self.tickets if ticket._admission is not gone]
            self.gates[gate] = Admission(queue_limit=100, places=open_places(self.directory))
            self.gates[gate].resize(self.slots)

        self.inside(act)

    @invariant()
    def a_slot_is_given_to_one(self):
        slots = [ticket.slot for ticket in self.tickets if ticket.is_admitted]
        assert None not in slots
        assert len(slots) == len(set(slots))

    @invariant()
    def nobody_waits_beside_a_free_slot(self):
        waiting = [ticket for ticket in self.tickets if not ticket.is_admitted]
        assert not waiting or set(range(self.slots)) <= {ticket.slot for ticket in self.tickets}

    @invariant()
    def nobody_is_passed_by_the_same_owner(self):
        for owner in ("ann", "bob"):
            admitted = [ticket.is_admitted for ticket in self.tickets if ticket.owner == owner]
            assert admitted == sorted(admitted, reverse=True)


TestSharedQueue = SharedQueue.TestCase
TestSharedQueue.settings = hypothesis_settings(max_examples=25, stateful_step_count=30, deadline=None)


class Taker:
    """One process that takes places."""

    def __init__(self, directory, slots):
        command = [sys.executable, str(TAKER), str(directory), str(slots)]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        return self.lines.get(timeout=PATIENCE_S)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def takers(tmp_path):
    made = []

    def start(count, slots):
        new = [Taker(tmp_path, slots) for _ in range(count)]
        made.extend(new)
        assert [taker.hear() for taker in new] == ["ready"] * count
        return new

    yield start
    for taker in made:
        taker.end()


def test_processes_never_use_a_place_together(takers):
    racing = takers(3, 2)
    for taker in racing:
        taker.tell("race 40")
    assert [taker.hear() for taker in racing] == ["raced 0"] * 3


def test_the_places_of_a_process_that_is_killed_are_free(takers):
    victim, heir = takers(2, 2)
    for name in ("one", "two"):
        victim.tell(f"enter {name} ann")
    assert {victim.hear(), victim.hear()} == {"has one 0", "has two 1"}
    heir.tell("enter three ann")
    assert heir.hear() == "waits three 1"
    victim.tell("enter four bob")
    assert victim.hear().startswith("waits four")
    victim.process.kill()
    assert heir.hear() in {"has three 0", "has three 1"}
    heir.tell("enter five ann")
    assert heir.hear() in {"has five 0", "has five 1"}


def test_owners_take_turns_over_processes(takers):
    greedy, modest = takers(2, 1)
    greedy.tell("enter a0 ann")
    assert greedy.hear() == "has a0 0"
    for name in ("a1", "a2", "a3"):
        greedy.tell(f"enter {name} ann")
        assert greedy.hear().startswith(f"waits {name}")
    modest.tell("enter b0 bob")
    assert modest.hear().startswith("waits b0")
    greedy.tell("release a0")
    assert greedy.hear() == "left a0"
    assert modest.hear() == "has b0 0"
    modest.tell("release b0")
    assert modest.hear() == "left b0"
    assert greedy.hear() == "has a1 0"
