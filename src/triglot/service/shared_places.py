"""Places that several processes of one gateway share.

They meet in a directory. A place is taken by the lock (`flock`) of a file of its own, so the kernel frees it when its holder dies, however
it dies. What decides who is next stands on a board, a file that all of them have in their memory: how many places there are, their last
uses, when each owner was served last, and the claim of each process in which requests wait. Nobody locks the board: whoever reads a row
that is just being written chooses less well once, and never takes a place twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import mmap
import os
import socket
import time
import zlib
from typing import TYPE_CHECKING, Final

from triglot.service.places import Claim, Use, rank_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from triglot.service.affinity import Affinity

_MOST_PLACES: Final = 256  # llama.cpp has no more slots
_OWNERS: Final = 1024  # those whose names fall on the same row share their turns
_MOST_SEATS: Final = 512

# The board: rows of one or three numbers of 64 bits. A seat is a process.
_COUNT: Final = 0
_SEATS_USED: Final = 1
_USES: Final = 2  # conversation, kin, at
_SERVED: Final = _USES + 3 * _MOST_PLACES
_CLAIMS: Final = _SERVED + _OWNERS  # served, arrived, valid until
_BYTES: Final = 8 * (_CLAIMS + 3 * _MOST_SEATS)

_CLAIM_NS: Final = 500_000_000
"""How long a claim that is not repeated holds up others: its process may have been stopped or killed."""


class SharedPlaces:
    """The share of one process in the places.

    Args:
        directory: where the processes meet; it is made if there is none.

    Raises:
        OSError: it cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._board = _open_board(directory / "board")
        self._files: dict[int, int] = {}
        self._taken: dict[int, tuple[int, ...]] = {}  # with the further places that came with each
        self._seat, self._seat_file = self._sit_down()
        self._claims_at = _CLAIMS + 3 * self._seat
        self._bell = _hang_bell(self._bell_of(self._seat))
        self._is_claiming = False
        self._moment = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def resize(self, count: int) -> None:
        """See `Places`. What one process says counts for all."""
        self._board[_COUNT] = min(count, _MOST_PLACES)

    def take(self, affinity: Affinity | None, width: int = 1) -> int | None:
        """See `Places`. Whoever does not get all that it needs lets go of all: two that each held a part would wait for ever."""
        free = {place: Use(*self._row(_USES + 3 * place)) for place in range(self._board[_COUNT]) if place not in self._taken}
        places = self._lock_first(rank_places(free, affinity), 1)
        if width > 1 and places:
            places += self._lock_first([place for place in free if place not in places], width - 1)
        if len(places) == width:
            return self._note_taken(places, affinity)
        for place in places:
            fcntl.flock(self._files[place], fcntl.LOCK_UN)
        return None

    def give(self, place: int) -> None:
        """See `Places`."""
        if place in self._taken:
            for given in (place, *self._taken.pop(place)):
                self._taken.pop(given, None)
                self._board[_USES + 3 * given + 2] = self.arrive()
                fcntl.flock(self._files[given], fcntl.LOCK_UN)
            self.offer()

    def arrive(self) -> int:
        """See `Places`; in nanoseconds of a clock that all processes share."""
        self._moment = max(time.monotonic_ns(), self._moment + 1)
        return self._moment

    def last_served(self, owner: str) -> int:
        """See `Places`."""
        return self._board[_SERVED + _owner_row(owner)]

    def serve(self, owner: str) -> None:
        """See `Places`."""
        self._board[_SERVED + _owner_row(owner)] = self.arrive()

    def claim(self, claim: Claim | None) -> int:
        """See `Places`."""
        if claim is None:
            if self._is_claiming:
                self._is_claiming = False
                self._board[self._claims_at + 2] = 0
            return 0
        now = self.arrive()
        self._is_claiming = True
        self._set_row(self._claims_at, *claim, now + _CLAIM_NS)
        return sum(other < (claim, self._seat) for other in self._other_claims(now))

    def offer(self) -> None:
        """See `Places`."""
        claims = self._other_claims(self.arrive())
        if claims and self._bell is not None:
            with contextlib.suppress(OSError):  # it has gone, or has no time to look: it looks by itself later
                self._bell.sendto(b".", self._bell_of(min(claims)[1]))

    def watch(self, callback: Callable[[], None]) -> bool:
        """See `Places`."""
        if self._loop is None and self._bell is not None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._bell, _answer, self._bell, callback)
        return True

    def close(self) -> None:
        """See `Places`."""
        self.claim(None)
        self._taken.clear()
        if self._bell is not None:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._bell)
            self._bell.close()
        for file in (*self._files.values(), self._seat_file):
            os.close(file)
        self._files.clear()

    def _lock_first(self, places: Iterable[int], count: int) -> list[int]:
        """The first places that nobody else has, at most `count`: they are ours now."""
        return list(itertools.islice((place for place in places if _lock(self._file_of(place))), count))

    def _note_taken(self, places: list[int], affinity: Affinity | None) -> int:
        first, *others = places
        self._taken |= {first: tuple(others), **dict.fromkeys(others, ())}
        for place in places:
            self._set_row(_USES + 3 * place, *((affinity if place == first else None) or (0, 0)), self.arrive())
        return first

    def _row(self, at: int) -> list[int]:
        return self._board[at : at + 3].tolist()

    def _set_row(self, at: int, first: int, second: int, third: int) -> None:
        board = self._board
        board[at] = first
        board[at + 1] = second
        board[at + 2] = third

    def _file_of(self, place: int) -> int:
        file = self._files.get(place)
        if file is None:
            file = self._files[place] = _open(self._directory / f"place-{place}")
        return file

    def _other_claims(self, now: int) -> list[tuple[Claim, int]]:
        """The valid claims of other processes and their seats. One that is valid for too long is from before the machine was started."""
        rows = ((self._row(_CLAIMS + 3 * seat), seat) for seat in range(self._board[_SEATS_USED]) if seat != self._seat)
        return [(Claim(served, arrived), seat) for (served, arrived, until), seat in rows if 0 < until - now <= _CLAIM_NS]

    def _bell_of(self, seat: int) -> str:
        return str(self._directory / f"bell-{seat}")

    def _sit_down(self) -> tuple[int, int]:
        """Take the first free seat: its number, and the file whose lock holds it."""
        for seat in range(_MOST_SEATS):
            file = _open(self._directory / f"seat-{seat}")
            if _lock(file):
                self._board[_SEATS_USED] = max(self._board[_SEATS_USED], seat + 1)
                return seat, file
            os.close(file)
        raise OSError(f"{self._directory} has no room for another process")


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _lock(file: int) -> bool:
    """Whether the file's lock is ours now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_board(path: Path) -> memoryview:
    """The board; empty if it is new, or of another make."""
    file = _open(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_size != _BYTES:
            os.pwrite(file, bytes(_BYTES), 0)  # a gap could meet a full disk later, which would be the end of the process
            os.truncate(file, _BYTES)
        return memoryview(mmap.mmap(file, _BYTES)).cast("Q")
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)  # the memory holds on to the file, and would hold the lock with it
        os.close(file)


def _hang_bell(address: str) -> socket.socket | None:
    """A socket on which others tell of places; without one, where the path is too long, they are found by looking."""
    bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    bell.setblocking(False)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)  # noqa: PTH108 - of a process that has gone: the seat is ours
        bell.bind(address)
    except OSError:
        bell.close()
        return None
    return bell


def _answer(bell: socket.socket, callback: Callable[[], None]) -> None:
    with contextlib.suppress(BlockingIOError):
        while bell.recv(1):
            pass
    callback()


def _owner_row(owner: str) -> int:
    return zlib.crc32(owner.encode()) % _OWNERS
