"""The clients of the soak: a number of requests open at any time, one in ten of which is stopped halfway, in one of many ways.

Raw sockets, one thread, told over standard input what to do. What arrives is kept until its answer has ended, and then checked.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import re
import select
import socket
import sys
import time
from collections import Counter
from typing import Final

from bench import traffic
from bench.load import dechunk, is_whole
from bench.upstream import say

_DIALECTS: Final = tuple(traffic.PATHS)
_FORMS: Final = tuple(itertools.product(_DIALECTS, (True, False), (True, False)))
"""Dialect, whether streamed, whether large: the first requests have each form once, so that what is made once has been made."""
_BY_ID: Final = ("cancel_id", "session_id", "answer_id")
_WAYS: Final = ("unsent", "gone", "gone", "gone", *_BY_ID)
_ANSWER_ID: Final = re.compile(rb'"(?:(chatcmpl-\w+)|(msg_\w+)|(resp_\w+))"')
_ID_FIELDS: Final = ("completion_id", "message_id", "response_id")
_CANCELLED_ENDS: Final = {**traffic.ENDS, "responses": b"event: response.incomplete"}
_CLIENT_CLOSED: Final = b"HTTP/1.1 499"
_POSITION: Final = b"x-triglot-queue-position:"
_KEPT_FAILURES: Final = 5
_LARGE_SHARE: Final = 0.05
_JSON_SHARE: Final = 0.1


class Exchange:
    """One request, until its answer has ended or it is given up.

    Attributes:
        way: how it is to be stopped; `None` if it is not.
        is_told: the gateway was asked to stop it.
    """

    def __init__(self, number: int, chance: random.Random, events: tuple[int, int], *, is_stopped: bool) -> None:
        self.number = number
        is_sample = number < len(_FORMS)
        form = _FORMS[number] if is_sample else (chance.choice(_DIALECTS), chance.random() >= _JSON_SHARE, chance.random() < _LARGE_SHARE)
        self.dialect, self.streamed, is_large = form
        self.events = chance.randint(*events)
        self.way = chance.choice(_WAYS) if is_stopped and not is_sample else None
        self.received = bytearray()
        self.is_told = False
        size = 60_000 if is_large else 1_000
        names = {"x-cancel-id": f"cancel-{number}", "x-session-id": f"session-{number}"}
        tokens = traffic.LEAST_TOKENS + self.events
        request = traffic.request(self.dialect, stream=self.streamed, size=size, headers=names, max_tokens=tokens)
        self.request = request[: len(request) * 2 // 3] if self.way == "unsent" else request

    @property
    def has_begun(self) -> bool:
        """Whether a piece of the answer is there."""
        return traffic.MARK in self.received

    @property
    def has_ended(self) -> bool:
        """Whether the answer is complete, as far as HTTP is concerned."""
        if self.streamed and self.received.startswith(b"HTTP/1.1 200"):
            return self.received.endswith(traffic.LAST_CHUNK)
        return is_whole(self.received)

    def target(self) -> dict[str, str]:
        """What to cancel it by: the id of its answer if that is wanted, and known."""
        found = _ANSWER_ID.search(self.received) if self.way == "answer_id" else None
        if found:
            field, name = next((field, name) for field, name in zip(_ID_FIELDS, found.groups(), strict=True) if name)
            return {field: name.decode()}
        return {"session_id": f"session-{self.number}"} if self.way == "session_id" else {"cancel_id": f"cancel-{self.number}"}

    def verdict(self) -> str:
        """Whether the answer, which has ended, is whole, cut as it was asked to be, or neither."""
        answer = bytes(self.received)
        head, _, body = answer.partition(b"\r\n\r\n")
        if self.is_told and answer.startswith(_CLIENT_CLOSED):  # before its stream began
            return "cut"
        if not self.streamed:
            return "whole" if answer.startswith(b"HTTP/1.1 200") and body.count(traffic.MARK) == self.events else "wrong"
        if not head.startswith(b"HTTP/1.1 200"):
            return "wrong"
        body = dechunk(answer)
        marks = body.count(traffic.MARK)
        if traffic.ENDS[self.dialect] in body and (marks == self.events if self.dialect != "responses" else marks > self.events):
            return "whole"
        return "cut" if self.is_told and _CANCELLED_ENDS[self.dialect] in body else "wrong"


class Cancel:
    """The request that asks for another one to be stopped."""

    def __init__(self, target: dict[str, str]) -> None:
        body = json.dumps(target).encode()
        head = f"POST /api/inference/cancel HTTP/1.1\r\nHost: {traffic.HOST}\r\nContent-Type: application/json\r\n"
        self.request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        self.received = bytearray()

    @property
    def has_ended(self) -> bool:
        """Whether the answer is complete."""
        return is_whole(self.received)


class Clients:
    """All of them."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._poll.register(sys.stdin, select.EPOLLIN)
        self._sockets: dict[int, socket.socket] = {}
        self._open: dict[int, Exchange | Cancel] = {}
        self._stops: list[tuple[float, int, int, Exchange]] = []
        self._numbers = itertools.count()
        self._chance = random.Random(7)
        self._port = 0
        self._until = 0.0
        self._stopped_share = 0.0
        self._events = (0, 0)
        self._life_s = 0.0
        self._tally: Counter[str] = Counter()
        self._failures: list[str] = []

    def run(self) -> None:
        """Obey until standard input ends."""
        say()
        while True:
            wait = self._stop_due()
            for fd, _ in self._poll.poll(wait):
                if fd == sys.stdin.fileno():
                    line = sys.stdin.readline()
                    if not line:
                        return
                    order = json.loads(line)
                    getattr(self, order.pop("do"))(**order)
                elif fd in self._open:
                    self._receive(fd)

    def soak(  # noqa: PLR0913 - keywords
        self, *, port: int, streams: int, seconds: float, rate: float, events: tuple[int, int], stopped: float
    ) -> None:
        """Have `streams` requests open from now on, for so many seconds; then those that are open come to their ends."""
        self._port, self._until, self._events, self._stopped_share = port, time.monotonic() + seconds, events, stopped
        self._life_s = events[1] / rate
        for _ in range(streams):
            self._begin(self._connect())
        say()

    def tally(self) -> None:
        """Say what has come of all requests so far, and how many are open."""
        open_ = [each for each in self._open.values() if isinstance(each, Exchange)]
        begun = sum(each.has_begun for each in open_)
        say(open=len(self._open), begun=begun, counts=dict(self._tally), failures=self._failures)

    def _begin(self, fd: int) -> None:
        stopped = self._chance.random() < self._stopped_share
        exchange = Exchange(next(self._numbers), self._chance, self._events, is_stopped=stopped)
        self._tally["requests"] += 1
        self._open[fd] = exchange
        if exchange.way:
            moment = time.monotonic() + self._chance.uniform(0, self._life_s * 0.6)
            heapq.heappush(self._stops, (moment, exchange.number, fd, exchange))
        self._sockets[fd].sendall(exchange.request)

    def _stop_due(self) -> float | None:
        """Stop the requests whose time has come; gives the seconds to the next one."""
        now = time.monotonic()
        while self._stops and self._stops[0][0] <= now:
            _, _, fd, exchange = heapq.heappop(self._stops)
            if self._open.get(fd) is exchange:
                self._stop(fd, exchange)
        return self._stops[0][0] - now if self._stops else None

    def _stop(self, fd: int, exchange: Exchange) -> None:
        phase = "unsent" if exchange.way == "unsent" else "answering" if exchange.has_begun else "waiting"
        if exchange.way in _BY_ID:
            exchange.is_told = True
            self._tally[f"cancelled by id, {phase}"] += 1
            other = self._connect()
            self._open[other] = cancel = Cancel(exchange.target())
            self._sockets[other].sendall(cancel.request)
        else:
            self._tally[f"disconnected, {phase}"] += 1
            self._close(fd)
            self._replace()

    def _receive(self, fd: int) -> None:
        each = self._open[fd]
        try:
            data = self._sockets[fd].recv(1 << 18)
        except ConnectionError:
            data = b""
        each.received += data
        if data and not each.has_ended:
            return
        if isinstance(each, Cancel):
            self._note_cancel(each)
            self._close(fd)
        else:
            self._note(each)
            if data and time.monotonic() < self._until and self._chance.random() < 0.5:  # noqa: PLR2004 - half of them use it again
                del self._open[fd]
                self._begin(fd)
            else:
                self._close(fd)
                self._replace()

    def _note(self, exchange: Exchange) -> None:
        verdict = exchange.verdict()
        self._tally[verdict] += 1
        self._tally["queued"] += _POSITION in bytes(exchange.received[:1000]).lower()
        if verdict == "wrong" and len(self._failures) < _KEPT_FAILURES:
            shown = bytes(exchange.received[:600] + b" ... " + exchange.received[-300:])
            self._failures.append(f"{exchange.dialect}, {exchange.events} events, streamed {exchange.streamed}, {exchange.way}: {shown!r}")

    def _note_cancel(self, cancel: Cancel) -> None:
        found = re.search(rb'"cancelled": ?(\d)', cancel.received)
        self._tally["cancels that met their request"] += int(found[1]) if found else 0
        if not found:
            self._tally["wrong"] += 1
            self._failures.append(f"a cancel: {bytes(cancel.received)!r}")

    def _replace(self) -> None:
        if time.monotonic() < self._until:
            self._begin(self._connect())

    def _connect(self) -> int:
        connection = socket.create_connection((traffic.HOST, self._port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        fd = connection.fileno()
        self._sockets[fd] = connection
        self._poll.register(fd, select.EPOLLIN)
        return fd

    def _close(self, fd: int) -> None:
        del self._open[fd]
        self._poll.unregister(fd)
        self._sockets.pop(fd).close()


if __name__ == "__main__":
    Clients().run()
