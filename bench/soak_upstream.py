"""A llama-server that goes on by itself: each answer has a prefill, then as many pieces as the request has tokens to spend, at a pace."""

from __future__ import annotations

import heapq
import json
import random
import re
import sys
import time
from typing import TYPE_CHECKING, Any

from bench import traffic
from bench.upstream import MODELS, PROPS, Upstream, say

if TYPE_CHECKING:
    import socket

_TOKENS = re.compile(rb'"max_(?:completion_)?tokens": ?(\d+)')


class Answer:
    """One answer on its way: `left` pieces are still to come."""

    __slots__ = ("connection", "fd", "has_begun", "id", "kind", "left")

    def __init__(self, connection: socket.socket, number: int, left: int) -> None:
        self.connection = connection
        self.fd = connection.fileno()
        self.id = b"%032d" % number
        self.kind = traffic.KINDS[number % len(traffic.KINDS)]
        self.left = left
        self.has_begun = False


class PacedUpstream(Upstream):
    """The server; `soak` sets the pace before the first request."""

    def __init__(self) -> None:
        super().__init__()
        self._due: list[tuple[float, int, Answer]] = []
        self._open: dict[int, Answer] = {}
        self._chance = random.Random(5)
        self._gap_s = self._prefill_s = 0.0
        self._slots = 1
        self._ticks = 0
        self._tally = {"requests": 0, "finished": 0, "broken_in_prefill": 0, "broken_in_answer": 0}

    def run(self) -> None:
        """Serve until standard input ends."""
        say(port=self.port)
        while True:
            wait = self._go_on()
            for fd, events in self._poll.poll(wait):
                if fd == self._listener.fileno():
                    self._accept()
                elif fd == sys.stdin.fileno():
                    line = sys.stdin.readline()
                    if not line:
                        return
                    self._obey(json.loads(line))
                elif fd in self._sockets:
                    self._receive(fd, events)

    def _obey(self, order: dict[str, Any]) -> None:
        match order.pop("do"):
            case "soak":
                self._gap_s, self._prefill_s, self._slots = 1 / order["rate"], order["prefill_s"], order["slots"]
                say()
            case "tally":
                say(**self._tally, open=len(self._open), connections=len(self._sockets))

    def _answer(self, fd: int, head: bytes, body: bytes) -> None:
        connection = self._sockets[fd]
        if head.startswith(b"GET "):
            connection.sendall(traffic.json_response({**PROPS, "total_slots": self._slots} if b"/props" in head[:40] else MODELS))
            return
        if b"/input_tokens" in head[:80]:
            connection.sendall(traffic.json_response({"input_tokens": 15}))
            return
        tokens = _TOKENS.search(body)
        if tokens is None or b'"stream":true' not in body:
            raise SystemExit(f"a request without a number of tokens or a stream: {body[-500:]!r}")
        self._tally["requests"] += 1
        answer = Answer(connection, self._tally["requests"], int(tokens[1]) - traffic.LEAST_TOKENS)
        self._open[fd] = answer
        self._plan(answer, self._chance.uniform(0, self._prefill_s))

    def _dropped(self, fd: int) -> None:
        if answer := self._open.pop(fd, None):
            self._tally["broken_in_answer" if answer.has_begun else "broken_in_prefill"] += 1

    def _plan(self, answer: Answer, wait_s: float) -> None:
        self._ticks += 1
        heapq.heappush(self._due, (time.monotonic() + wait_s, self._ticks, answer))

    def _go_on(self) -> float | None:
        """Send what is due; gives the seconds until something is due again."""
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            answer = heapq.heappop(self._due)[2]
            if self._open.get(answer.fd) is answer:
                self._send_next(answer)
        return max(self._due[0][0] - now, 0.0005) if self._due else None

    def _send_next(self, answer: Answer) -> None:
        if answer.left == 0:
            del self._open[answer.fd]
            self._tally["finished"] += 1
            data = traffic.closing(answer.kind), traffic.LAST_CHUNK
        elif answer.has_begun:
            data = (traffic.piece(answer.kind),)
        else:
            data = (traffic.opening(answer.kind) + traffic.piece(answer.kind),)
        try:
            for part in data:
                answer.connection.sendall(part.replace(traffic.ID, answer.id))
        except ConnectionError:
            return  # the poll tells it too
        answer.has_begun = True
        if answer.left:
            answer.left -= 1
            self._plan(answer, self._gap_s * self._chance.uniform(0.5, 1.5))


if __name__ == "__main__":
    PacedUpstream().run()
