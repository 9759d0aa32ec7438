from __future__ import annotations

import asyncio

import pytest

from triglot.errors import ApiError, ErrorKind
from triglot.service.admission import Admission


def admission(count, queue_limit=100):
    made = Admission(queue_limit=queue_limit)
    made.resize(count)
    return made


def test_as_many_are_let_through_as_there_are_places():
    gate = admission(2)
    tickets = [gate.enter("") for _ in range(4)]
    assert [ticket.position for ticket in tickets] == [0, 0, 1, 2]
    assert [ticket.slot for ticket in tickets] == [0, 1, None, None]
    tickets[0].release()
    assert [ticket.position for ticket in tickets] == [0, 0, 0, 1]
    assert tickets[2].slot == 0


def test_beyond_the_limit_a_request_is_told_when_to_come_back():
    gate = admission(1, queue_limit=1)
    gate.enter("")
    gate.enter("")
    with pytest.raises(ApiError) as told:
        gate.enter("")
    assert told.value.kind is ErrorKind.QUEUE_FULL
    assert told.value.retry_after_s >= 1
    assert (gate.in_flight, gate.waiting) == (1, 1)


def test_waiting_ends_with_admission_release_or_time():
    async def run():
        gate = admission(1)
        first, second, third = (gate.enter("") for _ in range(3))
        assert await first.wait()
        assert not await second.wait(0.001)
        waits = [asyncio.ensure_future(ticket.wait()) for ticket in (second, third)]
        await asyncio.sleep(0)
        second.release()
        first.release()
        first.release()
        assert await asyncio.gather(*waits) == [False, True]
        assert gate.in_flight == 1

    asyncio.run(run())
