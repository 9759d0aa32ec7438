"""The clients: raw sockets, one thread, told over standard input what to do. They keep what arrives for the check at the end."""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from typing import Any

from bench import traffic

_PATIENCE_S = 60.0
_CLIENTS = 8


class Streams:
    """Open streams, read in the background of waiting for orders."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._poll.register(sys.stdin, select.EPOLLIN)
        self._received: dict[int, list[bytes]] = {}
        self._sockets: dict[int, socket.socket] = {}
        self._ended: set[int] = set()

    def run(self) -> None:
        """Obey until standard input ends."""
        _say()
        while True:
            for fd, _ in self._poll.poll():
                if fd != sys.stdin.fileno():
                    self._receive(fd)
                    continue
                line = sys.stdin.readline()
                if not line:
                    return
                order = json.loads(line)
                getattr(self, order.pop("do"))(**order)
                break  # the other events may be about sockets that are closed by now

    def open(self, port: int, dialect: str, streams: int, size: int = 1000) -> None:
        """Open `streams` streams and wait until each has its headers and some body."""
        request = traffic.request(dialect, stream=True, size=size)
        opened = set()
        for _ in range(streams):
            connection = _connect(port)
            connection.sendall(request)
            connection.setblocking(False)
            fd = connection.fileno()
            self._sockets[fd] = connection
            self._received[fd] = []
            opened.add(fd)
            self._poll.register(fd, select.EPOLLIN)
        deadline = time.monotonic() + _PATIENCE_S
        while opened := {fd for fd in opened if not _has_body(self._received[fd])}:
            self._step()
            silent = [b"".join(self._received[fd]) for fd in opened if fd in self._ended or time.monotonic() > deadline]
            if silent:
                raise SystemExit(f"{len(silent)} streams did not begin; one of them got {silent[0][:1000]!r}")
        _say()

    def end(self, dialect: str, events: int) -> None:
        """Wait for the end of every stream, close them all and say how many were whole."""
        deadline = time.monotonic() + _PATIENCE_S
        while len(self._ended) < len(self._sockets) and time.monotonic() < deadline:
            self._step()
        whole = 0
        for fd, connection in self._sockets.items():
            data = dechunk(b"".join(self._received[fd]))
            whole += traffic.ENDS[dialect] in data and data.count(traffic.MARK) >= events
            if fd not in self._ended:
                self._poll.unregister(fd)
            connection.close()
        streams = len(self._sockets)
        for kept in (self._sockets, self._received, self._ended):
            kept.clear()
        _say(streams=streams, whole=whole)

    def requests(self, port: int, dialect: str, *, stream: bool, size: int, count: int) -> None:
        """Send `count` requests over a few connections, one after the other on each; say how many answers were whole."""
        request = traffic.request(dialect, stream=stream, size=size)
        poll = select.epoll()
        connections = {(connection := _connect(port)).fileno(): connection for _ in range(_CLIENTS)}
        answers = dict.fromkeys(connections, b"")
        left, whole = count - _CLIENTS, 0
        for fd, connection in connections.items():
            connection.sendall(request)
            poll.register(fd, select.EPOLLIN)
        start = time.perf_counter()
        while answers:
            for fd, _ in poll.poll():
                data = connections[fd].recv(1 << 18)
                answers[fd] += data
                if data and not is_whole(answers[fd]):
                    continue
                whole += bool(data) and answers[fd].startswith(b"HTTP/1.1 200") and traffic.MARK in answers[fd]
                if data and left > 0:
                    left -= 1
                    answers[fd] = b""
                    connections[fd].sendall(request)
                else:
                    poll.unregister(fd)
                    del answers[fd]
        seconds = time.perf_counter() - start
        for connection in connections.values():
            connection.close()
        poll.close()
        _say(requests=count, whole=whole, seconds=seconds)

    def first_tokens(self, port: int, dialect: str, count: int) -> None:
        """Seconds from the request to the first piece, for `count` streams one after the other on one connection."""
        request = traffic.request(dialect, stream=True, size=1000)
        connection = _connect(port)
        delays = []
        for _ in range(count):
            start = time.perf_counter()
            connection.sendall(request)
            answer = b""
            while traffic.MARK not in answer:
                answer += connection.recv(1 << 16)
            delays.append(time.perf_counter() - start)
            while not is_whole(answer):
                answer += connection.recv(1 << 16)
        connection.close()
        _say(delays=delays)

    def _step(self) -> None:
        for fd, _ in self._poll.poll(1.0):
            if fd != sys.stdin.fileno():
                self._receive(fd)

    def _receive(self, fd: int) -> None:
        data = self._sockets[fd].recv(1 << 18)
        received = self._received[fd]
        received.append(data)
        if (
            not data
            or data.endswith(traffic.LAST_CHUNK)
            or (len(data) < len(traffic.LAST_CHUNK) and b"".join(received[-5:]).endswith(traffic.LAST_CHUNK))
        ):
            self._ended.add(fd)
            self._poll.unregister(fd)


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection((traffic.HOST, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def dechunk(answer: bytes) -> bytes:
    """The body of a whole answer, empty if it is cut off. A relay may put its chunk borders anywhere."""
    _, _, rest = answer.partition(b"\r\n\r\n")
    pieces: list[bytes] = []
    at = 0
    while (border := rest.find(b"\r\n", at)) >= 0:
        size = int(rest[at:border], 16)
        if size == 0:
            return b"".join(pieces)
        pieces.append(rest[border + 2 : border + 2 + size])
        at = border + 2 + size + 2
    return b""


def _has_body(received: list[bytes]) -> bool:
    data = b"".join(received)
    head = data.find(b"\r\n\r\n")
    return head >= 0 and len(data) > head + 4


def is_whole(answer: bytes | bytearray) -> bool:
    """Whether an answer has its last byte."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if not separator or length is None:
        return answer.endswith(traffic.LAST_CHUNK)
    return len(body) >= int(length[1])


def _say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    Streams().run()
