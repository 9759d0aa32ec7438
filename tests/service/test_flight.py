"""What a request waits for before it is sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from triglot.backend.client import Aborted
from triglot.backend.profiles import OPENAI, Facts
from triglot.errors import ApiError, ErrorKind
from triglot.service.admission import Admission
from triglot.service.flight import Cancelled, Flight, Flights
from triglot.service.phases import Phases
from triglot.state.local_cancels import LocalCancels
from triglot.web import ClientConnection, RequestContext


class Discovery:
    """Tells its facts when they are known."""

    def __init__(self) -> None:
        self.known: asyncio.Future[Facts] = asyncio.get_running_loop().create_future()
        self.asked = asyncio.Event()
        self.waiting = 0

    async def facts(self) -> Facts:
        self.asked.set()
        self.waiting += 1
        try:
            return await asyncio.shield(self.known)
        finally:
            self.waiting -= 1

    async def profile(self) -> Any:
        return OPENAI


class Call:
    """Is answered at once."""

    status = 200

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.headers: dict[str, str] = {}

    async def open(self, _within_s: float | None = None) -> bool:
        return True

    def abort(self) -> None:
        pass

    async def aclose(self, *, whole: bool = False) -> None:
        pass


class Backend:
    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def call(self, _method: str, _path: str, *, body: bytes, **_: Any) -> Call:
        self.bodies.append(body)
        return Call(body)


class Stand:
    """A flight, all that it meets, and the conversion of its request, which ends when it may."""

    def __init__(self, **limits: float) -> None:
        self.discovery = Discovery()
        self.backend = Backend()
        self.admission = Admission(queue_limit=9, slots=1)
        self.client = ClientConnection(None)
        self.converted: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.converting = asyncio.Event()
        self.conversions = 0
        backend: Any = self.backend
        discovery: Any = self.discovery
        self.flights = Flights(backend, discovery, admission=self.admission, registry=LocalCancels(), phases=Phases(**limits))
        self.flight = self.begin()

    def begin(self) -> Flight:
        context = RequestContext("chat", "create_chat_completion", "req_1", {}, self.client)
        context.document = {}
        flight = self.flights.begin(context)
        flight.load(self.convert)
        return flight

    async def convert(self) -> bytes:
        self.conversions += 1
        self.converting.set()
        return await asyncio.shield(self.converted)

    def learn(self) -> None:
        self.discovery.known.set_result(Facts())


def run(scenario: Any) -> None:
    async def guarded() -> None:
        await asyncio.wait_for(scenario(), 60)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(guarded())


def test_nothing_is_converted_or_queued_before_the_backend_is_known() -> None:
    async def scenario() -> None:
        stand = Stand()
        for _ in range(3):
            assert not await stand.flight.open(0.01)
        assert (stand.conversions, stand.admission.in_flight, stand.discovery.waiting) == (0, 0, 1)
        stand.converted.set_result(b"{}")
        stand.learn()
        assert await stand.flight.open(1)
        assert (stand.conversions, stand.admission.in_flight, stand.backend.bodies) == (1, 1, [b"{}"])
        stand.client.close()
        assert stand.admission.in_flight == 0

    run(scenario)


def test_a_stream_does_not_begin_while_its_request_may_still_be_refused() -> None:
    async def scenario() -> None:
        stand = Stand()
        stand.learn()
        opening = asyncio.create_task(stand.flight.open(0.01))
        done, _ = await asyncio.wait((opening,), timeout=0.1)
        assert not done
        stand.converted.set_exception(ApiError(ErrorKind.INVALID_REQUEST, "no"))
        with pytest.raises(ApiError, match="no"):
            await opening
        stand.client.close()

    run(scenario)


def test_a_stream_that_has_begun_beats_during_the_conversion() -> None:
    async def scenario() -> None:
        stand = Stand()
        assert not await stand.flight.open(0.01)
        stand.learn()
        for _ in range(3):
            assert not await stand.flight.open(0.01)
        stand.converted.set_result(b"{}")
        assert await stand.flight.open(1)
        assert stand.conversions == 1
        stand.client.close()

    run(scenario)


def test_the_queue_begins_with_the_question_and_not_with_the_conversion() -> None:
    async def scenario() -> None:
        stand = Stand(queue=0.05)
        stand.learn()
        opening = asyncio.create_task(stand.flight.open())
        await asyncio.wait((opening,), timeout=0.1)
        stand.converted.set_result(b"{}")
        assert await opening
        late = Stand(queue=0.05)
        assert not await late.flight.open(0.03)
        with pytest.raises(ApiError, match="did not tell what it is within") as caught:
            await late.flight.open()
        assert (caught.value.kind, caught.value.details) == (ErrorKind.BACKEND_TIMEOUT, {"phase": "queue"})
        await asyncio.sleep(0)
        assert late.discovery.waiting == 0
        for each in (stand, late):
            each.client.close()

    run(scenario)


@pytest.mark.parametrize("waits", [True, False], ids=["while it waits", "between two signs of life"])
def test_a_request_that_is_turned_away_for_another_is_not_sent(waits: bool) -> None:
    async def scenario() -> None:
        stand = Stand()
        stand.admission = stand.flights.admission = Admission(queue_limit=2, slots=1)
        for _ in range(2):
            stand.admission.enter("")
        stand.learn()
        stand.converted.set_result(b"{}")
        assert not await stand.flight.open(0.01)
        opening = asyncio.create_task(stand.flight.open()) if waits else None
        await asyncio.sleep(0)
        stand.admission.enter("bob")
        with pytest.raises(ApiError) as caught:
            await (opening or stand.flight.open())
        assert caught.value.kind is ErrorKind.QUEUE_FULL
        assert stand.backend.bodies == []
        stand.client.close()
        assert stand.admission.waiting == 2

    run(scenario)


def test_both_waits_share_the_limit_of_the_queue() -> None:
    async def scenario() -> None:
        stand = Stand(queue=0.2)
        taken = stand.admission.enter("")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        stand.converted.set_result(b"{}")
        loop.call_later(0.15, stand.learn)
        with pytest.raises(ApiError, match="No place came free"):
            await stand.flight.open()
        assert loop.time() - begun < 0.3
        taken.release()
        stand.client.close()

    run(scenario)


@pytest.mark.parametrize("is_known", [False, True], ids=["while it is asked", "while it is converted"])
@pytest.mark.parametrize("how", ["cancelled", "gone", "late"])
def test_who_stops_waiting_leaves_nothing_behind(how: str, is_known: bool) -> None:
    async def scenario() -> None:
        stand = Stand(**({"total": 0.05} if how == "late" else {}))
        if is_known:
            stand.learn()
        opening = asyncio.create_task(stand.flight.open())
        await (stand.converting if is_known else stand.discovery.asked).wait()
        if how == "cancelled":
            stand.flight.cancel()
        elif how == "gone":
            stand.client.leave()
        with pytest.raises({"cancelled": Cancelled, "gone": Aborted, "late": ApiError}[how]):
            await opening
        assert (stand.discovery.waiting, stand.admission.waiting, stand.backend.bodies) == (0, 0, [])
        stand.client.close()

    run(scenario)


@pytest.mark.parametrize("how", ["cancelled", "late"])
def test_a_stopped_request_frees_its_place_though_nobody_waits_for_it(how: str) -> None:
    """Its task may be writing to a client that does not read."""

    async def scenario() -> None:
        stand = Stand(**({"total": 0.05} if how == "late" else {}))
        stand.learn()
        stand.converted.set_result(b"{}")
        assert await stand.flight.open()
        next_one = stand.admission.enter("")
        if how == "cancelled":
            stand.flight.cancel()
        assert await next_one.wait(5)
        next_one.release()
        stand.client.close()

    run(scenario)


@pytest.mark.parametrize("how", ["cancelled", "gone"])
def test_what_else_is_done_for_a_request_is_given_up_with_it(how: str) -> None:
    async def scenario() -> None:
        stand = Stand()
        attending = asyncio.create_task(stand.flight.attend(stand.convert()))
        await stand.converting.wait()
        if how == "cancelled":
            stand.flight.cancel()
        else:
            stand.client.leave()
        with pytest.raises(Cancelled if how == "cancelled" else Aborted):
            await attending
        with pytest.raises(Cancelled if how == "cancelled" else Aborted):
            await stand.flight.attend(stand.convert())
        assert stand.conversions == 1
        stand.client.close()

    run(scenario)


def test_another_flight_goes_on_with_what_one_has_prepared() -> None:
    async def scenario() -> None:
        stand = Stand()
        stand.learn()
        stand.converted.set_result(b'{"a":1}')
        assert await stand.flight.get_ready()
        assert stand.admission.in_flight == 0, "nothing has to wait for a place that is not used"
        heir = stand.begin()
        heir.take_over(stand.flight)
        stand.flight.end()
        assert await heir.open()
        assert (stand.conversions, stand.backend.bodies) == (1, [b'{"a":1}'])
        stand.client.close()

    run(scenario)
