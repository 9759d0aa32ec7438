"""Who may ask the backend now: as many requests as it has slots. The others wait here, where they are counted and can be taken back.

The queue is fair: requests of one owner are served as they came, and the owners in turn: next is the one who was served the longest ago.
A request for several answers needs a place for each: while it is next, what comes free is kept for it. If the queue is full, whoever has
most in it goes without: the latest of those requests is turned away, be it the one that comes or one that waits.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from triglot.errors import ApiError, ErrorKind
from triglot.service.places import POLL_S, Claim, OwnPlaces

if TYPE_CHECKING:
    from collections.abc import Callable

    from triglot.service.affinity import Affinity
    from triglot.service.places import Places

_LONGEST_RETRY_S: Final = 60
"""The official SDKs take no notice of a longer one, and come back within seconds."""
_NEWS: Final = 0.2  # what one more answer weighs against all earlier ones


class Ticket:
    """One request's place with the backend, or its position in the queue. Whoever has it releases it, on every path.

    Attributes:
        owner, affinity: of the request.
        width: how many places it needs.
        arrived: the moment when it came, as the places count.
        is_admitted: whether it has been let through, also when that is over.
        admitted_at: when, in seconds.
        place: what it took, the first of several; `None` while it waits, and where nothing is counted.
        slot: the backend's slot that is meant for it; `None` where there is no telling.
        refusal: why it has been turned away; `None` if it has not.
    """

    __slots__ = (
        *("_admission", "_decided", "_is_released", "admitted_at", "affinity", "arrived", "is_admitted", "owner", "place"),
        *("refusal", "slot", "width"),
    )

    def __init__(self, admission: Admission, owner: str, affinity: Affinity | None, width: int, arrived: int) -> None:
        self._admission = admission
        self._decided: asyncio.Future[None] | None = None
        self._is_released = False
        self.owner = owner
        self.affinity = affinity
        self.width = width
        self.arrived = arrived
        self.is_admitted = False
        self.admitted_at = 0.0
        self.place: int | None = None
        self.slot: int | None = None
        self.refusal: ApiError | None = None

    @property
    def position(self) -> int:
        """The how manieth to be served it is, 1 for the next; 0 if it does not wait.

        Of the requests that wait in other processes, one each is counted.
        """
        return 0 if self.is_admitted or self._is_released else self._admission.position_of(self)

    async def wait(self, within_s: float | None = None) -> bool:
        """Return whether the request is admitted, as soon as that is settled: false after `within_s`, or if it is released or turned away.

        A task that is cancelled here still has its ticket to release.
        """
        if not self.is_admitted and not self._is_released:
            if self._decided is None:
                self._decided = asyncio.get_running_loop().create_future()
            await asyncio.wait((self._decided,), timeout=within_s)
        return self.is_admitted and not self._is_released

    def admit(self, now: float) -> None:
        """Let the request through; for the admission alone."""
        self.is_admitted = True
        self.admitted_at = now
        self._settle()

    def refuse(self, refusal: ApiError) -> None:
        """Turn the request away; for the admission alone."""
        self.refusal = refusal
        self.release()

    def release(self) -> None:
        """Give the place to the next one, or leave the queue. Doing it again has no effect."""
        if not self._is_released:
            self._is_released = True
            self._admission.take_back(self)
            self._settle()

    def _settle(self) -> None:
        if self._decided is not None and not self._decided.done():
            self._decided.set_result(None)


class Admission:
    """Lets requests through to the backend, and queues those for which there is no place. It belongs to one event loop.

    Args:
        queue_limit: how many requests may wait.
        slots: how many may go to the backend at once, whatever it says of itself; 0 for all that come.
        places: those of this process alone if not given; closed with the admission.
        now: the time in seconds, to measure how long places are held.

    Attributes:
        waiting: how many requests wait.
        in_flight: how many are admitted and not released.
    """

    def __init__(
        self, *, queue_limit: int, slots: int | None = None, places: Places | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._places = OwnPlaces() if places is None else places
        self._queue_limit = queue_limit
        self._fixed = slots
        self._now = now
        self._told: int | None = None
        self._count: int | None = None
        self._queues: dict[str, deque[Ticket]] = {}
        self._ahead = 0
        self._poll: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._held_s = 0.0
        self._admitted_sum = 0.0
        self.waiting = 0
        self.in_flight = 0
        self._resize(slots or None)

    @property
    def has_choice(self) -> bool:
        """Whether requests are sent to one of several slots."""
        return self._count is not None and self._count > 1 and self._names_slots

    def resize(self, slots: int | None) -> None:
        """The backend has so many slots from now on; `None` if it does not tell: then everybody is let through."""
        self._told = slots
        if self._fixed is None and slots != self._count:
            self._resize(slots)

    def enter(self, owner: str, affinity: Affinity | None = None, width: int = 1) -> Ticket:
        """Take a place, or the last position of the owner's in the queue; perhaps that of a request whose owner has more waiting.

        Args:
            owner: whose turn it takes.
            affinity: what it has in common with earlier ones, whose slot would suit it.
            width: how many answers it asks for, each of which takes a place; it needs no more places than there are.

        Raises:
            ApiError: as many requests wait as may, and no other owner has more of them.
        """
        ticket = Ticket(self, owner, affinity, width, self._places.arrive())
        queue = self._queues.get(owner)
        if queue is None:
            queue = self._queues[owner] = deque()
        queue.append(ticket)
        self.waiting += 1
        self._admit()
        if not ticket.is_admitted and self.waiting > self._queue_limit:
            self._turn_away(max(self._queues.values(), key=lambda queue: (len(queue), queue[-1].arrived))[-1])
            if ticket.refusal is not None:
                raise ticket.refusal
        return ticket

    def position_of(self, ticket: Ticket) -> int:
        """See `Ticket.position`: before it are those before it in its queue, and of each other owner as many or one more."""
        ahead = self._queues[ticket.owner].index(ticket)
        claim = self._claim_of(self._queues[ticket.owner][0])
        others = (queue for owner, queue in self._queues.items() if owner != ticket.owner)
        between = sum(min(len(queue), ahead + (self._claim_of(queue[0]) < claim)) for queue in others)
        return self._ahead + ahead + between + 1

    def take_back(self, ticket: Ticket) -> None:
        """See `Ticket.release`."""
        if ticket.is_admitted:
            self.in_flight -= 1
            self._admitted_sum -= ticket.admitted_at
            held_s = self._now() - ticket.admitted_at
            self._held_s += _NEWS * (held_s - self._held_s) if self._held_s else held_s
            if ticket.place is not None:
                self._places.give(ticket.place)
        else:
            self._leave(ticket)
        self._admit()

    def close(self) -> None:
        """Turn away those who wait, and let go of the places."""
        self._is_closed = True
        for ticket in [ticket for queue in self._queues.values() for ticket in queue]:
            ticket.release()
        self._places.close()

    def _resize(self, count: int | None) -> None:
        self._count = count
        if count is not None:
            self._places.resize(count)
        self._admit()

    def _admit(self) -> None:
        """Serve as many as there are places for."""
        while self.waiting and not self._is_closed:
            claim, ticket = self._foremost()
            if self._count is not None:
                self._ahead = self._places.claim(claim)
                place = None if self._ahead else self._places.take(ticket.affinity, min(ticket.width, self._count))
                if place is None:
                    self._keep_watch()
                    return
                ticket.place = place
                ticket.slot = place if self._names_slots else None
            self._leave(ticket)
            self._places.serve(ticket.owner)
            self.in_flight += 1
            now = self._now()
            self._admitted_sum += now
            ticket.admit(now)

    @property
    def _names_slots(self) -> bool:
        """Whether each place is a slot of the backend."""
        return self._count is not None and self._told is not None and self._count <= self._told

    def _turn_away(self, ticket: Ticket) -> None:
        after_s = self._expect_s(ticket.position)
        message = f"All slots of the backend are in use, and {self.waiting - 1} requests wait for one: try again in {after_s} s."
        ticket.refuse(ApiError(ErrorKind.QUEUE_FULL, message, retry_after_s=after_s))

    def _foremost(self) -> tuple[Claim, Ticket]:
        """Who is next."""
        heads = [queue[0] for queue in self._queues.values()]
        return min((self._claim_of(head), head) for head in heads) if len(heads) > 1 else (self._claim_of(heads[0]), heads[0])

    def _claim_of(self, ticket: Ticket) -> Claim:
        return Claim(self._places.last_served(ticket.owner), ticket.arrived)

    def _leave(self, ticket: Ticket) -> None:
        """Take a ticket out of the queue."""
        queue = self._queues[ticket.owner]
        queue.remove(ticket)
        if not queue:
            del self._queues[ticket.owner]
        self.waiting -= 1
        if not self.waiting:
            self._ahead = 0
            self._places.claim(None)

    def _keep_watch(self) -> None:
        """Look again in a moment, if other processes take and free places too; otherwise only what happens here can change anything."""
        if self._poll is None and self._places.watch(self._heed):
            self._poll = asyncio.get_running_loop().call_later(POLL_S, self._look)

    def _heed(self) -> None:
        """Another process offers a place. If it is not for us, as turns have changed since we last claimed one, then it is for another."""
        self._admit()
        if self._ahead:
            self._places.offer()

    def _look(self) -> None:
        self._poll = None
        self._admit()

    def _expect_s(self, position: int) -> int:
        """When the request at `position` can hope for a place, if places are held as long as of late, or as now if that is longer."""
        age_s = self._now() - self._admitted_sum / self.in_flight if self.in_flight else 0.0
        expected_s = max(self._held_s, age_s) * position / max(self._count or 1, 1)
        return min(max(math.ceil(expected_s), 1), _LONGEST_RETRY_S)
